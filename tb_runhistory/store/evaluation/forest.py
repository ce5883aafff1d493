"""The trees of many runs in columns: who is above and below whom, worked out for all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.records.identity import id_bytes, id_text
from tb_runhistory.records.points import Floats
from tb_runhistory.store.evaluation.values import Mask, Rows

Ids = NDArray[np.bytes_]
"""Ids of 16 bytes. (numpy leaves out zeros at their end where one is taken out; all that compares them is right.)"""

MOST_DEPTH = 100
NO_ID = b"\0" * 16


@dataclass(frozen=True, slots=True, eq=False)
class RunRows:
    """Rows of runs in any order: what the trees are made of, and what orders runs that are equal otherwise."""

    run_id: Ids
    parent_id: Ids
    stage: NDArray[np.int64]
    experiment: NDArray[np.int64]
    number: NDArray[np.int64]
    created_at: Floats

    def __len__(self) -> int:
        return len(self.run_id)

    @classmethod
    def joined(cls, parts: Sequence[RunRows]) -> Self:
        """All rows of the parts."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES))

    def take(self, rows: Rows | Mask) -> RunRows:
        """The rows at these places."""
        return RunRows(*(getattr(self, name)[rows] for name in _NAMES))

    def is_same_as(self, other: RunRows) -> bool:
        """Whether both are the same rows in the same order."""
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in _NAMES)


_NAMES = tuple(column.name for column in fields(RunRows))


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Runs in the order of their trees: each stands right before all that is below it, siblings by their creation.

    ``parent`` is the row of the parent, -1 at the top, where also a run stands whose parent is not there. ``size``
    counts a run and its descendants, which are the rows up to ``row + size``. ``place`` is that of a run by creation.
    """

    runs: RunRows
    parent: Rows
    depth: NDArray[np.int64]
    size: NDArray[np.int64]
    place: Rows
    _by_id: Rows
    _sorted_ids: Ids

    def __len__(self) -> int:
        return len(self.runs)

    def rows_of(self, ids: Ids) -> Rows:
        """The rows of runs by id, -1 where there is none."""
        return _found(ids, self._sorted_ids, self._by_id)

    def row_of(self, run_id: str) -> int:
        """The row of one run, -1 where there is none."""
        return int(self.rows_of(ids_from([id_bytes(run_id) or NO_ID]))[0])

    def id_texts(self, rows: Rows) -> list[str]:
        """The ids of runs in their usual form."""
        data = np.ascontiguousarray(self.runs.run_id[rows]).tobytes()
        return [id_text(data[at : at + 16]) for at in range(0, len(data), 16)]

    def count_below(self, mask: Mask) -> NDArray[np.int64]:
        """How many of the descendants of each run are in ``mask``."""
        counted = np.concatenate([[0], np.cumsum(mask)])
        rows = np.arange(len(self))
        found: NDArray[np.int64] = counted[rows + self.size] - counted[rows + 1]
        return found

    def count_children(self, mask: Mask) -> NDArray[np.int64]:
        """How many of the children of each run are in ``mask``."""
        return np.bincount(self.parent[mask & (self.parent >= 0)], minlength=len(self))

    def has_parent_in(self, mask: Mask) -> Mask:
        """Which runs have a parent that is in ``mask``."""
        return np.append(mask, np.False_)[self.parent]

    def is_below(self, mask: Mask) -> Mask:
        """Which runs are in ``mask``, or below one that is."""
        tops = np.flatnonzero(mask)
        edges = np.bincount(tops, minlength=len(self) + 1) - np.bincount(
            tops + self.size[tops], minlength=len(self) + 1
        )
        found: Mask = np.cumsum(edges[:-1]) > 0
        return found

    def roots(self) -> Rows:
        """The row of each run's root."""
        tops = np.flatnonzero(self.parent < 0)
        return np.repeat(tops, self.size[tops])

    def by_depth(self) -> Iterator[Rows]:
        """The rows at each depth, from the top."""
        order = np.argsort(self.depth, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(self.depth[order])) + 1)

    def above(self, rows: Rows, depth: int) -> Rows:
        """The row at ``depth`` on the way up from each of these, which are all at that depth or deeper."""
        found = rows.copy()
        while (is_deeper := self.depth[found] > depth).any():
            found[is_deeper] = self.parent[found[is_deeper]]
        return found


def ids_from(ids: Sequence[bytes | None]) -> Ids:
    """A column of ids; what is none is zeros."""
    try:
        data = b"".join([one or NO_ID for one in ids])
    except TypeError:
        data = b""
    if len(data) != 16 * len(ids):
        # A damaged cell may hold anything.
        data = b"".join(one if type(one) is bytes and len(one) == 16 else NO_ID for one in ids)
    return np.frombuffer(data, "S16")


def forest_of(rows: RunRows) -> Forest:
    """The trees that runs make, given in any order. A run that stands in a circle (of a damaged store) is a top."""
    rows = rows.take(np.lexsort((rows.run_id, rows.number, rows.created_at)))
    by_id = np.argsort(rows.run_id)
    parent = _found(rows.parent_id, rows.run_id[by_id], by_id)
    parent, depth = _depths(parent)
    size = np.ones(len(rows), np.int64)
    levels = [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=-1)) + 1)]
    for level in levels[:0:-1]:
        np.add.at(size, parent[level], size[level])
    position = np.zeros(len(rows), np.intp)
    for number, level in enumerate(levels):
        siblings = level[np.argsort(parent[level], kind="stable")]
        before = np.cumsum(size[siblings]) - size[siblings]
        if number:
            above = parent[siblings]
            is_first = np.diff(above, prepend=-1) != 0
            before += 1 + position[above] - before[is_first][np.cumsum(is_first) - 1]
        position[siblings] = before
    order = np.empty(len(rows), np.intp)
    order[position] = np.arange(len(rows))
    above = parent[order]
    above[above >= 0] = position[above[above >= 0]]
    in_order = position[by_id]
    placed = rows.take(order)
    return Forest(placed, above, depth[order], size[order], order, in_order, rows.run_id[by_id])


def _depths(parent: Rows) -> tuple[Rows, NDArray[np.int64]]:
    depth = np.zeros(len(parent), np.int64)
    at = parent.copy()
    for _ in range(MOST_DEPTH + 1):
        is_below = at >= 0
        if not is_below.any():
            return parent, depth
        depth += is_below
        at[is_below] = parent[at[is_below]]
    is_endless = at >= 0
    return np.where(is_endless, -1, parent), np.where(is_endless, 0, depth)


def _found(wanted: Ids, ids: Ids, rows: Rows) -> Rows:
    """The rows of the wanted ones among ``ids``, which are sorted and stand in ``rows``; -1 where there is none."""
    if not len(ids):
        return np.full(len(wanted), -1, np.intp)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where((ids[at] == wanted) & (wanted != NO_ID), rows[at], -1)
