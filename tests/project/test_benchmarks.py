"""The benchmarks run: each row of both commands, on workloads too small for the figures to mean anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.read import COMMAND
from benchmarks.scale import COMMAND as SCALE
from benchmarks.table import OURS, Bar, Row, markdown, shown_number
from demo.environment import CHECKOUT


def run_quick(command: str, folder: Path, *arguments: str) -> list[Row]:
    """Runs a command with tiny workloads; its rows, all of which stand in the table that it printed."""
    file = folder / "measured.json"
    ended = subprocess.run(
        [sys.executable, f"benchmarks/{command}", "--quick", f"--json={file}", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rows = [
        Row(row["name"], row["measure"], row["unit"], row["samples"]) for row in json.loads(file.read_text())["rows"]
    ]
    for row in rows:
        assert f"| {row.measure} | {row.unit} | {row.cell(OURS)} |" in ended.stdout
    return rows


def values_of(rows: list[Row], name: str) -> list[list[float]]:
    """What was measured of this project in the rows of one benchmark."""
    return [row.samples[OURS] for row in rows if row.name == name]


def test_recording_is_measured(tmp_path: Path) -> None:
    rows = run_quick("write.py", tmp_path)
    measured = ["log", "stored", "durable", "live", "wide", "import", "crowd"]
    assert list(dict.fromkeys(row.name for row in rows)) == measured
    for row in rows:
        assert row.samples[OURS], row.measure
    errors, lost, _ = values_of(rows, "crowd")
    assert (errors, lost) == ([0.0], [0.0])
    assert values_of(rows, "import")[-1] == [0.0]


def test_viewing_is_measured(tmp_path: Path) -> None:
    rows = run_quick("read.py", tmp_path, "--rows", "100-runs", "visible", "launch", "tab-chart", "tab-tree", "spike")
    for row in rows:
        assert row.samples[OURS], row.measure
    assert values_of(rows, "spike") == [[2.0], [2.0]]


def test_a_large_history_is_measured(tmp_path: Path) -> None:
    rows = run_quick("scale.py", tmp_path)
    assert list(dict.fromkeys(row.name for row in rows)) == list(SCALE.benchmarks)
    for row in rows:
        assert row.samples[OURS], row.measure


def test_export_is_measured(tmp_path: Path) -> None:
    rows = run_quick("export.py", tmp_path)
    assert list(dict.fromkeys(row.name for row in rows)) == ["export", "read-back"]
    assert values_of(rows, "read-back") == [[250.0]]


@pytest.mark.slow
def test_viewing_is_measured_in_all_sizes(tmp_path: Path) -> None:
    rows = run_quick("read.py", tmp_path, "--slow-peers")
    assert len({row.name for row in rows}) == len(COMMAND.benchmarks)


def test_help_names_every_row() -> None:
    for command, names in (("write.py", ("log", "crowd")), ("read.py", ("long-runs", "spike"))):
        program = [sys.executable, f"benchmarks/{command}", "--help"]
        shown = subprocess.run(program, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
        for name in names:
            assert f"\n  {name} " in shown


def test_a_bar_is_judged_by_the_median_and_against_its_peer() -> None:
    row = Row(
        "start", "start", "s", {OURS: [1.0, 9.0, 2.0], "peer": [4.0]}, (Bar(0.5, "peer"), Bar(1.9), Bar(3, "gone"))
    )
    assert [row.verdict(bar) for bar in row.bars] == [True, False, None]
    assert row.verdict(Bar(2, at_least=True)) is True
    table = markdown([row], (OURS, "peer", "gone"))
    assert table.splitlines()[2] == (
        "| start | s | 2 (1–9) | 4, **2 ×** | ≤ 0.5 × peer; ≤ 1.9; ≤ 3 × gone | yes; **no**; – |"
    )


def test_numbers_keep_three_digits_that_count() -> None:
    assert [shown_number(n) for n in (0, 0.012345, 1.0, 1.2345, 12.345, 234567.8)] == [
        "0", "0.0123", "1", "1.23", "12.3", "234,568",
    ]  # fmt: skip
