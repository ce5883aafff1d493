"""Runs that began together do not all move their appended points into blocks in one commit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tb_runhistory.records.identity import new_id
from tb_runhistory.store.base import LoggedPoints, TreeBatch
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, points_of

RUNS = 40
CYCLES = 170


def moved(path: Path) -> int:
    """How many runs have no appended points now."""
    with closing(sqlite3.connect(path)) as raw:
        waiting = raw.execute("SELECT count(DISTINCT run_id) FROM appends").fetchone()[0]
    return RUNS - int(waiting)


def test_no_commit_carries_most_of_the_moves(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        history = History(writer)
        runs = [history.root(new_id()) for _ in range(RUNS)]
        moves = []
        for cycle in range(CYCLES):
            logged = [LoggedPoints(run.series("loss"), points_of([cycle])) for run in runs]
            writer.apply([TreeBatch(f"j-{p.series.run_id}", p.series.root_id, cycle + 1, [], [p], []) for p in logged])
            moves.append(moved(path))
        assert sum(moves) >= 2 * RUNS, "each run has moved at least twice"
        assert max(moves) <= RUNS / 2
