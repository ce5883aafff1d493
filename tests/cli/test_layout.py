"""Text for people: widths, times and numbers."""

from __future__ import annotations

import math
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.cli import layout

LINES = st.lists(st.tuples(st.text(), st.text(), st.text()), min_size=1, max_size=5)


@given(text=st.text())
def test_what_is_printable_holds_nothing_that_acts(text: str) -> None:
    shown = layout.printable(text)
    assert shown.isprintable()
    assert "\n" not in shown


def test_what_is_printable_already_stays_as_it_is() -> None:
    assert layout.printable("mnist  数据 é") == "mnist  数据 é"
    assert layout.printable("a\x1b[31m\u202eb\nc") == "a�[31m�b c"
    assert layout.lines_of("a\n\tb\x1b") == ["a", "    b�"]


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("数据", 4), ("e\u0301", 1), ("", 0)])
def test_characters_take_the_columns_that_they_take_on_a_terminal(text: str, columns: int) -> None:
    assert layout.cells(text) == columns


@given(text=st.text(), most=st.integers(1, 20))
def test_what_is_cut_fits_and_says_so(text: str, most: int) -> None:
    shown = layout.cut(text, most)
    assert layout.cells(shown) <= most
    assert shown == text or shown.endswith("…")


@given(rows=LINES, most=st.integers(20, 60))
def test_a_table_fits(rows: list[tuple[str, str, str]], most: int) -> None:
    assert all(layout.cells(line) <= most for line in layout.table(rows, right=[1], most=most))


def test_columns_are_aligned_and_the_first_gives_way() -> None:
    rows = [("a", "1", "x"), ("a longer name than fits", "20", "y")]
    assert layout.table(rows, right=[1]) == ["a                         1  x", "a longer name than fits  20  y"]
    assert layout.table(rows, right=[1], most=21) == ["a                1  x", "a longer name…  20  y"]
    assert layout.table([]) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.04, "0.0s"), (9.96, "10.0s"), (59.4, "59s"), (61, "1m 1s"), (3600, "1h 0m"), (180_000, "2d 2h")],
)
def test_durations_have_their_two_greatest_units(seconds: float | None, text: str) -> None:
    assert layout.lasting(seconds) == text


@pytest.mark.parametrize("seconds", [1e12, -1e12, 1e308, math.inf, -math.inf, math.nan])
def test_durations_that_make_no_sense_are_said_to(seconds: float) -> None:
    assert layout.lasting(seconds) == "?"


def test_times_are_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    assert layout.when(0.0) == "1970-01-01 00:00:00"
    assert layout.when(None) == "-"
    assert layout.when(1e300) == "?"
    monkeypatch.undo()
    time.tzset()


def test_numbers_are_short_and_counts_have_their_noun() -> None:
    assert [layout.number(value) for value in (0.25, 1e-9, 123456.0, float("nan"))] == [
        "0.25",
        "1e-09",
        "1.2346e+05",
        "nan",
    ]
    assert layout.counted(1, "run") == "1 run"
    assert layout.counted(2000, "run") == "2,000 runs"
