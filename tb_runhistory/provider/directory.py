"""Which runs there are, and the names they have in TensorBoard: kept in memory, a row a run, and following the store.

TensorBoard knows runs by name only, so a run must have one name however the view is narrowed, and must keep it as
other runs arrive, are renamed, archived and deleted. That is why names are given to all runs of a store whatever their
stage, in the order of the runs' numbers (the first of several siblings keeps the plain name, a later one gets the end
of its id behind it), and why a name once given stays until its run, or one above it, is called otherwise. Where runs
were renamed to what others are called, a directory that is made anew may give the plain name to another of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.provider.naming import child_prefix, experiment_name, run_name, segment
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.identity import id_bytes, id_text
from tb_runhistory.records.points import Floats

Rows = NDArray[np.intp]

_NameParts = tuple[str, int, int]

_COLUMNS = (
    "_parent", "_of_experiment", "_number", "_depth", "_started", "_is_in_stage", "_is_selected", "_is_described",
    "_changed",
)  # fmt: skip
_FIRST_CAPACITY = 256
_UNREADABLE = "\ufffd"
"""What a reader gives for the name of an experiment that cannot be read: its runs are in view as any."""

_NO_ROW = -1


class RunDirectory:
    """Runs by row: rows are only ever added, and what stands in one is replaced as a whole.

    One thread at a time may call ``update``; others may read meanwhile, and see a row as it was or as it is.
    """

    def __init__(self, scope: Scope) -> None:
        """``scope`` says which runs are in view; ``update`` must be given at least the whole experiments of those."""
        self.generation = 0
        """The number of updates so far."""
        self._selected = frozenset(scope.run_ids)
        self._found: set[str] = set()
        self._experiment = scope.experiment
        self._stages = scope.stages
        self._rows: dict[bytes, int] = {}
        self._ids: list[bytes] = []
        self._roots: list[bytes] = []
        self._shown_names: list[str] = []
        self._interned: dict[str, str] = {}
        self._names: list[str] = []
        self._named: dict[str, int] = {}
        self._first_segments: dict[str, str] = {}
        self._taken_segments: set[str] = set()
        self._experiments: list[str] = []
        self._experiment_rows: dict[str, int] = {}
        self._parent = np.empty(0, np.int32)
        self._of_experiment = np.empty(0, np.int32)
        self._number = np.empty(0, np.int64)
        self._depth = np.empty(0, np.int64)
        self._started = np.empty(0)
        self._is_in_stage = np.empty(0, np.bool_)
        self._is_selected = np.empty(0, np.bool_)
        self._is_described = np.empty(0, np.bool_)
        self._changed = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._ids)

    def name(self, row: int) -> str:
        """The run's name in TensorBoard."""
        return self._names[row]

    def run_id(self, row: int) -> str:
        """The run's id."""
        return id_text(self._ids[row])

    def root_id(self, row: int) -> str:
        """The id of the run's root."""
        return id_text(self._roots[row])

    def row_named(self, name: str) -> int | None:
        """The row of the run with this name."""
        return self._named.get(name)

    def row_of(self, run_id: str) -> int | None:
        """The row of the run with this id."""
        data = id_bytes(run_id)
        return None if data is None else self._rows.get(data)

    def rows_of(self, run_ids: Iterable[str]) -> Rows:
        """The rows of those of the runs that are here."""
        found = (self.row_of(run_id) for run_id in run_ids)
        return np.array([row for row in found if row is not None], np.intp)

    def experiment(self, row: int) -> str:
        """The name of the run's experiment, as the store has it."""
        return self._experiments[int(self._of_experiment[row])]

    def first_segment(self, experiment: str) -> str:
        """What the names of an experiment's runs begin with."""
        known = self._first_segments.get(experiment)
        if known is None:
            known = self._first_segments[experiment] = experiment_name(experiment, self._taken_segments)
            self._taken_segments.add(known)
        return known

    def start_times(self, rows: Rows) -> Floats:
        """When runs started, or were created where they have not; seconds since the epoch."""
        return self._started[rows]

    def described(self, rows: Rows) -> Rows:
        """Those of ``rows`` whose runs have a description."""
        return rows[self._is_described[rows]]

    def changed_since(self, generation: int) -> Rows:
        """The rows that were given by a later update."""
        return np.flatnonzero(self._changed[: len(self)] > generation)

    def newest_change(self, rows: Rows) -> int:
        """The generation of the last update of any of ``rows``."""
        return int(self._changed[rows].max(initial=0))

    def below(self, rows: Rows) -> Rows:
        """The rows of all descendants of the runs in ``rows``."""
        found = np.zeros(len(self), np.bool_)
        newest, parents = rows, self.parents()
        while len(newest):
            newest = np.flatnonzero(np.isin(parents, newest) & ~found)
            found[newest] = True
        return np.flatnonzero(found)

    def shown(self, experiments: frozenset[str]) -> Rows:
        """The rows that are in view, given which experiments are."""
        count = len(self)
        is_shown = self._is_in_stage[:count] & self._is_selected[:count]
        hidden = [row for row, name in enumerate(self._experiments) if not self._shows(name, experiments)]
        if hidden:
            is_shown &= ~np.isin(self._of_experiment[:count], hidden)
        return np.flatnonzero(is_shown)

    def experiments_of(self, rows: Rows) -> set[str]:
        """The names of the experiments that runs are in."""
        return {self._experiments[number] for number in np.unique(self._of_experiment[rows]).tolist()}

    @property
    def missing(self) -> list[str]:
        """What the scope names as runs and none of the runs has as its id or chosen id."""
        return sorted(self._selected - self._found)

    def with_ancestors(self, rows: Rows) -> Rows:
        """The rows and all that stand above them, in the directory's order."""
        found = set(rows.tolist())
        for row in rows.tolist():
            while (above := int(self._parent[row])) != _NO_ROW and above not in found:
                found.add(above)
                row = above
        return np.array(sorted(found), np.intp)

    def ancestors(self, row: int) -> list[int]:
        """The rows above a row, the nearest first."""
        found: dict[int, None] = {}
        # A damaged store may claim a circle.
        while (above := int(self._parent[row])) != _NO_ROW and above not in found:
            found[above] = None
            row = above
        return list(found)

    def parents(self) -> NDArray[np.int32]:
        """The row of each run's parent, -1 where there is none."""
        return self._parent[: len(self)]

    def update(self, batches: Iterable[RunColumns], is_all: bool = False) -> None:
        """Takes what is known of runs now; a run and a parent that are both new stand in the same update.

        With ``is_all`` these are all runs that there are: others are gone for good.
        """
        self.generation += 1
        parents: dict[int, bytes | None] = {}
        before: dict[int, _NameParts] = {}
        for runs in batches:
            self._grow(len(self) + len(runs))
            for place, run_id in enumerate(runs.run_id):
                data = id_bytes(run_id)
                if data is None:
                    continue
                row = self._rows.get(data)
                if row is None:
                    row = self._add(data)
                elif row not in parents:
                    before[row] = self._name_parts(row)
                parents[row] = id_bytes(runs.parent_id[place])
                self._set(row, runs, place)
        touched = np.fromiter(parents, np.intp, len(parents))
        renamed: list[int] = []
        # By depth first, because a parent's name is part of its children's.
        for row in touched[np.lexsort((self._number[touched], self._depth[touched]))].tolist():
            self._hang(row, parents[row])
            if row not in before:
                self._name(row)
            elif before[row] != self._name_parts(row):
                renamed.append(row)
        if renamed:
            self._rename(renamed)
        if is_all:
            self._forget_others()

    def _shows(self, experiment: str, experiments: frozenset[str]) -> bool:
        is_in_view = experiment in experiments or experiment == _UNREADABLE
        return is_in_view and self._experiment in (None, experiment)

    def _add(self, data: bytes) -> int:
        row = len(self._ids)
        self._shown_names.append("")
        self._names.append("")
        self._roots.append(data)
        # The row is whole but for its cells before anyone can count it.
        self._ids.append(data)
        self._rows[data] = row
        return row

    def _set(self, row: int, runs: RunColumns, place: int) -> None:
        self._roots[row] = id_bytes(runs.root_id[place]) or self._ids[row]
        shown = segment(runs.display_name[place]) or f"run {runs.number[place]}"
        self._shown_names[row] = self._interned.setdefault(shown, shown)
        self._of_experiment[row] = self._experiment_row(runs.experiment[place])
        self._number[row], self._depth[row] = runs.number[place], runs.depth[place]
        started = float(runs.started_at[place])
        self._started[row] = float(runs.created_at[place]) if math.isnan(started) else started
        self._is_in_stage[row] = runs.stage[place] in self._stages
        self._is_described[row] = bool(runs.description[place])
        self._is_selected[row] = (
            not self._selected or runs.run_id[place] in self._selected or runs.chosen_id[place] in self._selected
        )
        if self._selected:
            self._found |= self._selected.intersection((runs.run_id[place], runs.chosen_id[place]))
        self._changed[row] = self.generation

    def _hang(self, row: int, parent: bytes | None) -> None:
        """Sets what follows from the rows of others."""
        above = _NO_ROW if parent is None else self._rows.get(parent, _NO_ROW)
        self._parent[row] = above if above != row else _NO_ROW
        if above != _NO_ROW:
            self._is_selected[row] |= self._is_selected[above]
        root = self._rows.get(self._roots[row])
        if root is not None:
            self._roots[row] = self._ids[root]

    def _experiment_row(self, experiment: str) -> int:
        row = self._experiment_rows.get(experiment)
        if row is None:
            row = self._experiment_rows[experiment] = len(self._experiments)
            self._experiments.append(experiment)
        return row

    def _name_parts(self, row: int) -> _NameParts:
        """What a run's name follows from."""
        return self._shown_names[row], int(self._parent[row]), int(self._of_experiment[row])

    def _name(self, row: int) -> None:
        parent = int(self._parent[row])
        if parent == _NO_ROW:
            prefix = self.first_segment(self.experiment(row))
        else:
            prefix = child_prefix(self._names[parent], self.run_id(parent))
        name = run_name(prefix, self._shown_names[row], self.run_id(row), self._named)
        self._names[row] = name
        self._named[name] = row

    def _rename(self, rows: Sequence[int]) -> None:
        """Gives these runs, and all below them, the names they have now."""
        changed = np.array(rows, np.intp)
        renamed = np.union1d(changed, self.below(changed)).astype(np.intp)
        ordered = renamed[np.lexsort((self._number[renamed], self._depth[renamed]))].tolist()
        for row in ordered:
            self._named.pop(self._names[row], None)
        for row in ordered:
            self._name(row)
            self._changed[row] = self.generation

    def _forget_others(self) -> None:
        """Takes out of view what the newest update did not have. Their rows stay, and nothing leads there."""
        for row in np.flatnonzero(self._changed[: len(self)] != self.generation).tolist():
            if self._rows.pop(self._ids[row], None) is not None:
                self._is_in_stage[row] = False
                self._named.pop(self._names[row], None)

    def _grow(self, count: int) -> None:
        if count > len(self._parent):
            capacity = max(_FIRST_CAPACITY, count + count // 4)
            for column in _COLUMNS:
                setattr(self, column, _extended(getattr(self, column), capacity))


def _extended(column: NDArray[Any], capacity: int) -> NDArray[Any]:
    longer = np.zeros(capacity, column.dtype)
    longer[: len(column)] = column
    return longer
