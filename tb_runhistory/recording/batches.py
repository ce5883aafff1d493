"""From what a journal says to what a store applies: the records of a batch by tree, its points by series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tb_runhistory.journal.reader import JournalBatch
from tb_runhistory.records.changes import NO_TREE, Change, DeclareSeries, LogText
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedPoints, LoggedTexts, TreeBatch


class _Tree:
    """What is gathered for one tree."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.points: list[LoggedPoints] = []
        self.texts: dict[int, list[tuple[int, float, str]]] = {}


def by_tree(
    journal_id: str,
    batch: JournalBatch,
    declarations: Mapping[int, DeclareSeries],
    applied: Mapping[str, int] | None = None,
) -> list[TreeBatch]:
    """The batch by tree, without what a tree has already (``applied``: for each root the last sequence number).

    Experiments come first, then trees in the order of their first change, text or point. Points keep their order.
    """
    done = applied or {}
    trees: dict[str, _Tree] = {}
    for sequence, record in batch.records:
        if isinstance(record, DeclareSeries) or sequence <= done.get(record.root_id, 0):
            continue
        tree = trees.setdefault(record.root_id, _Tree())
        if not isinstance(record, LogText):
            tree.changes.append(record)
        elif record.number in declarations:
            tree.texts.setdefault(record.number, []).append((record.step, record.wall_time, record.text))
    for series, points in _by_series(batch, declarations, done):
        trees.setdefault(series.root_id, _Tree()).points.append(LoggedPoints(series, points))
    roots = sorted(trees, key=lambda root: root != NO_TREE)
    return [
        TreeBatch(
            journal_id,
            root,
            batch.sequence,
            trees[root].changes,
            trees[root].points,
            [LoggedTexts(declarations[number], texts) for number, texts in trees[root].texts.items()],
        )
        for root in roots
    ]


def _by_series(
    batch: JournalBatch, declarations: Mapping[int, DeclareSeries], done: Mapping[str, int]
) -> Iterator[tuple[DeclareSeries, Points]]:
    order = np.argsort(batch.point_series, kind="stable")
    numbers, starts = np.unique(batch.point_series[order], return_index=True)
    for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=False):
        series = declarations[number]
        fresh = rows[batch.point_sequence[rows] > done.get(series.root_id, 0)]
        if len(fresh):
            yield series, batch.points.take(fresh)
