"""From what a journal says to what a store applies: the records of a batch by tree, its points by series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tb_runhistory.journal.reader import JournalBatch
from tb_runhistory.records.changes import NO_TREE, Change, DeclareSeries, LogBlobs, LogText, RestateSeries
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedEntries, LoggedPoints, TreeBatch

Entry = tuple[int, float, tuple[bytes, ...]]
_NO_POINTS = LoggedPoints.of([])


class _Tree:
    """What is gathered for one tree."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.points = _NO_POINTS
        self.entries: defaultdict[int, list[Entry]] = defaultdict(list)


def by_tree(
    journal_id: str, batch: JournalBatch, declarations: Mapping[int, DeclareSeries], applied: Mapping[str, int]
) -> list[TreeBatch]:
    """The batch by tree, without what a tree has already (``applied``: for each root the last sequence number).

    Experiments come first, then trees in the order of their first change, entry or point. Points keep their order.
    """
    trees: defaultdict[str, _Tree] = defaultdict(_Tree)
    for sequence, record in batch.records:
        if isinstance(record, DeclareSeries | RestateSeries) or sequence <= applied.get(record.root_id, 0):
            continue
        tree = trees[record.root_id]
        if isinstance(record, LogText | LogBlobs):
            if record.number in declarations:
                tree.entries[record.number].append((record.step, record.wall_time, _contents(record)))
        else:
            tree.changes.append(record)
    for root, points in _points_by_tree(batch, declarations, applied):
        trees[root].points = points
    return [
        TreeBatch(
            journal_id,
            root,
            max(batch.after, applied.get(root, 0)),
            batch.sequence,
            trees[root].changes,
            trees[root].points,
            [LoggedEntries(declarations[number], entries) for number, entries in trees[root].entries.items()],
        )
        for root in sorted(trees, key=lambda root: root != NO_TREE)
    ]


def _contents(record: LogText | LogBlobs) -> tuple[bytes, ...]:
    # A lone surrogate has no UTF-8.
    return (record.text.encode("utf-8", "replace"),) if isinstance(record, LogText) else record.blobs


def _points_by_tree(
    batch: JournalBatch, declarations: Mapping[int, DeclareSeries], applied: Mapping[str, int]
) -> list[tuple[str, LoggedPoints]]:
    """The points by tree, and there by series: they are sorted once, and each tree has a slice of the columns."""
    batch = _without_applied(batch, declarations, applied)
    if not len(batch.points):
        return []
    lowest = int(batch.point_series.min())
    counts = np.bincount(batch.point_series - lowest)
    numbers = np.flatnonzero(counts)
    series = [declarations[number] for number in (numbers + lowest).tolist()]
    # Series of one tree stand together, in the order of their numbers.
    roots = dict.fromkeys(declared.root_id for declared in series)
    ranks = {root: rank for rank, root in enumerate(roots)}
    tree = np.fromiter((ranks[declared.root_id] for declared in series), np.int64, len(series))
    order = np.argsort(tree, kind="stable")
    points = _sorted(batch, lowest, numbers[order], len(counts))
    ends = np.cumsum(counts[numbers[order]])
    starts = np.concatenate([np.zeros(1, np.int64), ends])
    bounds = np.searchsorted(tree[order], np.arange(len(roots) + 1)).tolist()
    ordered = [series[position] for position in order.tolist()]
    return [
        (root, _slice(ordered, starts, points, first, last))
        for root, first, last in zip(roots, bounds[:-1], bounds[1:], strict=True)
    ]


def _sorted(batch: JournalBatch, lowest: int, numbers: np.ndarray, span: int) -> Points:
    """The points with those of each of ``numbers`` (above ``lowest``) together, in that order."""
    places = np.zeros(span, np.uint16 if len(numbers) <= 1 << 16 else np.int64)  # 16 bits are sorted by counting.
    places[numbers] = np.arange(len(numbers))
    return batch.points.take(np.argsort(places[batch.point_series - lowest], kind="stable"))


def _slice(series: Sequence[DeclareSeries], starts: np.ndarray, points: Points, first: int, last: int) -> LoggedPoints:
    begin, end = int(starts[first]), int(starts[last])
    return LoggedPoints(series[first:last], starts[first : last + 1] - begin, points.take(slice(begin, end)))


def _without_applied(
    batch: JournalBatch, declarations: Mapping[int, DeclareSeries], applied: Mapping[str, int]
) -> JournalBatch:
    """The batch without points that their tree has: some only when a journal is read again."""
    if not len(batch.points) or max(applied.values(), default=0) < int(batch.point_sequence[0]):
        return batch
    numbers, inverse = np.unique(batch.point_series, return_inverse=True)
    done = np.array([applied.get(declarations[number].root_id, 0) for number in numbers.tolist()], np.int64)
    fresh = batch.point_sequence > done[inverse]
    return replace(
        batch,
        point_sequence=batch.point_sequence[fresh],
        point_series=batch.point_series[fresh],
        points=batch.points.take(fresh),
    )
