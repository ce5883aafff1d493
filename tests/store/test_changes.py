"""Applying a change again, or the same history from two journals, changes nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_runhistory.records.changes import (
    AddProperties,
    Change,
    CreateExperiment,
    CreateRun,
    DescribeRun,
    EndRun,
    RemoveTags,
    SetParameter,
    SetTags,
    StartRun,
)
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryReader, TreeBatch
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import START

HISTORY: list[Change] = [
    CreateExperiment("mnist", START, "digits"),
    CreateRun("root", "root", None, "root", "mnist", "sweep", START, "a **sweep**"),
    StartRun("root", "root", "s1", START, "host"),
    CreateRun("root", "child", "root", "root/child", "mnist", "trial", START + 1),
    StartRun("root", "child", "s2", START + 1, "host"),
    SetParameter("root", "child", "lr", 0.1),
    SetParameter("root", "child", "seed", 2**60),
    SetParameter("root", "child", "nan", math.nan),
    SetTags("root", "child", {"good": "yes", "bare": None}),
    RemoveTags("root", "child", ("bare",)),
    AddProperties("root", "child", {"commit": "abc"}),
    DescribeRun("root", "child", "trial 1", None),
    EndRun("root", "child", "s2", RunStatus.FAILED, START + 9, "boom"),
    EndRun("root", "root", "s1", RunStatus.COMPLETED, START + 10),
]


@pytest.fixture
def uri(tmp_path: Path) -> StoreUri:
    """Where the store will be."""
    return parse_uri(f"sqlite:///{tmp_path}/runs.db")


def answers(reader: RunHistoryReader) -> list[object]:
    """Everything that a reader says of runs, in plain values."""
    everything: list[Any] = [reader.experiments(), reader.runs(Scope()), reader.parameters(Scope())]
    told: list[object] = []
    for columns in (*everything, reader.tags(Scope()), reader.properties(Scope())):
        for field in fields(columns):
            column = getattr(columns, field.name)
            told.append((field.name, repr(column.tolist() if isinstance(column, np.ndarray) else column)))
    return told


def apply(uri: StoreUri, journal_id: str, changes: Sequence[Change], together: bool) -> None:
    """Applies the changes of one journal, in one batch or one by one."""
    groups = [changes] if together else [[change] for change in changes]
    with open_writer(uri) as writer:
        for sequence, group in enumerate(groups, 1):
            writer.apply([TreeBatch(journal_id, "root", sequence, group, [], [])])


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_the_same_history_from_another_journal_changes_nothing(uri: StoreUri, together: bool) -> None:
    apply(uri, "first", HISTORY, together)
    with open_reader(uri) as reader:
        before = answers(reader)
    apply(uri, "second", HISTORY, together)
    with open_reader(uri) as reader:
        assert answers(reader) == before
        assert reader.runs(Scope()).status == [RunStatus.COMPLETED, RunStatus.FAILED]


def test_batches_make_no_difference(uri: StoreUri, tmp_path: Path) -> None:
    other = parse_uri(f"sqlite:///{tmp_path}/other.db")
    apply(uri, "journal", HISTORY, together=True)
    apply(other, "journal", HISTORY, together=False)
    with open_reader(uri) as reader, open_reader(other) as other_reader:
        assert answers(reader) == answers(other_reader)


def test_creations_may_come_last(uri: StoreUri) -> None:
    late = [change for change in HISTORY if isinstance(change, CreateRun)]
    early = [change for change in HISTORY if not isinstance(change, CreateRun | DescribeRun)]
    apply(uri, "child", early, together=False)
    with open_reader(uri) as reader:
        assert set(reader.runs(Scope()).experiment) == {"recovered"}
    apply(uri, "parent", late, together=True)
    with open_reader(uri) as reader:
        runs = reader.runs(Scope())
        assert runs.run_id == ["root", "child"]
        assert runs.experiment == ["mnist", "mnist"]
        assert runs.display_name == ["sweep", "trial"]
        assert runs.status == [RunStatus.COMPLETED, RunStatus.FAILED]
        assert sorted(runs.number.tolist()) == [1, 2]
