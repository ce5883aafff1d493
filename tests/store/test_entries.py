"""Texts, tensors and blob sequences follow the rules of points, and cost what is logged."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tb_runhistory.points.entry import INLINE_BYTES
from tb_runhistory.records.changes import DataClass, DeclareSeries
from tb_runhistory.records.columns import EntryColumns
from tb_runhistory.store.base import LoggedEntries
from tb_runhistory.store.sql.series.entries_reading import read_entries, referenced_artifacts
from tests.store.logged import LoggedStore
from tests.store.test_points_writing import counted


def words(entries: EntryColumns) -> list[str]:
    """The texts that were read."""
    return [b"".join(content.data or b"?" for content in contents).decode() for contents in entries.contents]


LOTS = st.lists(
    st.tuples(st.integers(1, 3), st.lists(st.integers(0, 8), min_size=1, max_size=5)), min_size=1, max_size=7
)


@settings(max_examples=150, deadline=None)
@given(lots=LOTS, together=st.booleans())
@example(lots=[(3, [3, 2]), (1, [2]), (2, [0])], together=False)
def test_texts_read_like_a_dictionary_of_steps(lots: list[tuple[int, list[int]]], together: bool) -> None:
    store = LoggedStore()
    logged: list[tuple[int, int, str]] = []
    first_steps: dict[int, int] = {}
    batch = []
    for session, steps in lots:
        first_steps.setdefault(session, steps[0])
        texts = []
        for step in steps:
            logged.append((step, session, f"{len(logged)}"))
            texts.append((step, float(len(logged)), logged[-1][2]))
        if together:
            series = DeclareSeries(store.run, store.run, str(session), 0, "note", DataClass.TEXT)
            batch.append(LoggedEntries(series, [(step, at, (word.encode(),)) for step, at, word in texts]))
        else:
            store.log_texts(texts, session=session)
    if together:
        store.apply(entries=batch)

    kept = [
        (step, word)
        for step, session, word in logged
        if not any(other > session and first <= step for other, first in first_steps.items())
    ]
    shown = dict(kept)
    facts = store.facts(DataClass.TEXT)
    if not shown:
        assert len(facts) == 0
        return
    read = store.texts()
    assert (read.step.tolist(), words(read), read.total) == (
        sorted(shown),
        [shown[step] for step in sorted(shown)],
        len(shown),
    )
    assert words(store.texts(all_values=True)) == [word for _, word in sorted(kept, key=lambda entry: entry[0])]
    assert (facts.count[0], facts.hidden[0]) == (len(shown), len(logged) - len(shown))
    assert (facts.first_step[0], facts.last_step[0]) == (min(shown), max(shown))
    assert facts.last_wall_time[0] == 1 + int(shown[max(shown)])


def test_the_last_wall_time_is_that_of_the_last_step() -> None:
    store = LoggedStore()
    store.log_texts([(5, 100.0, "five"), (3, 900.0, "three")])
    assert store.facts(DataClass.TEXT).last_wall_time.tolist() == [100.0]


def test_a_text_costs_the_same_whatever_there_is_already() -> None:
    store = LoggedStore()
    store.log_texts([(step, 1.0, "word " * 1000) for step in range(500)])
    with counted(store) as sent:
        store.log_texts([(500, 1.0, "more")])
    assert sent() <= 7
    store.log_texts([(2, 1.0, "again")])
    with counted(store) as sent:
        store.log_texts([(501, 1.0, "more"), (3, 1.0, "again")])
    assert sent() <= 10


def test_limits_and_windows() -> None:
    store = LoggedStore()
    store.log_texts([(step, 1.0, f"{step}") for step in range(100)] + [(50, 2.0, "later")])
    for limit in (1, 2, 7, 100, 200):
        read = store.texts(limit=limit)
        assert (len(read), read.total) == (min(limit, 100), 100)
        assert read.step[-1] == 99
        assert limit == 1 or read.step[0] == 0
    assert words(store.texts(window=(49, 51))) == ["49", "later", "51"]
    assert words(store.texts(window=(49, 51), all_values=True)) == ["49", "50", "later", "51"]
    assert words(store.texts(window=(49, 51), all_values=True, limit=1)) == ["51"]
    assert store.texts(window=(200, 300)).total == 0


def test_a_wall_time_that_is_no_number_stands() -> None:
    store = LoggedStore()
    store.log_texts([(1, math.nan, "when?")])
    assert np.isnan(store.texts().wall_time).tolist() == [True]
    assert np.isnan(store.facts(DataClass.TEXT).last_wall_time).tolist() == [True]


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES, INLINE_BYTES + 1, 3_000_000])
def test_large_contents_are_kept_as_artifacts(size: int, tmp_path: Path) -> None:
    store = LoggedStore(artifacts=tmp_path / "artifacts")
    blobs = (bytes(range(256)) * (size // 256) + bytes(size % 256), b"small")
    series = DeclareSeries(
        store.run, store.run, "1", 0, "x", DataClass.BLOB_SEQUENCE, plugin_name="images", plugin_data=b"\0"
    )
    store.apply(entries=[LoggedEntries(series, [(1, 1.0, blobs)])])
    key = store.key("x", DataClass.BLOB_SEQUENCE)
    [read] = read_entries(store.connection, [key], None, False, None)
    assert [content.size for content in read.contents[0]] == [size, 5]
    large = read.contents[0][0]
    assert (large.data is None) == (size > INLINE_BYTES)
    assert list(referenced_artifacts(store.connection)) == ([large.digest] if large.data is None else [])
    assert store.count("entries", f"length(payload) > {INLINE_BYTES + 200}") == 0
    facts = store.facts(DataClass.BLOB_SEQUENCE)
    assert (facts.plugin_name, facts.plugin_data) == (["images"], [b"\0"])


@pytest.mark.parametrize("column", ["payload", "step", "number", "series"])
def test_a_damaged_entry_costs_itself(column: str) -> None:
    store = LoggedStore()
    store.log_texts([(step, 1.0, f"{step}") for step in range(10)])
    other = "zeroblob(30)" if column == "payload" else f"{column} + 1000"
    store.connection.execute(text(f"UPDATE entries SET {column} = {other} WHERE step = 4"))
    read = store.texts()
    assert words(read) == [f"{step}" for step in range(10) if step != 4]
    assert read.damaged == (0 if column == "series" else 1)
    store.log_texts([(4, 1.0, "again"), (10, 1.0, "more")])
    assert set(words(store.texts())) >= {"again", "more"}


def test_one_tag_may_be_of_several_classes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LoggedStore(artifacts=Path(folder))
        store.log([1], tag="x")
        for data_class in (DataClass.TEXT, DataClass.TENSOR):
            series = DeclareSeries(store.run, store.run, "1", 0, "x", data_class)
            store.apply(entries=[LoggedEntries(series, [(1, 1.0, (b"x",))])])
        numbers = [
            store.key("x", data_class).number for data_class in (DataClass.SCALAR, DataClass.TEXT, DataClass.TENSOR)
        ]
        assert numbers == [0, 1, 2]
