"""The rows of ``series`` that a transaction touches, in columns: read once, changed in memory, written once."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Integer, Select, and_, bindparam, case, func, select, update
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.errors import RefusedData
from tb_runhistory.points.facts import FACT_NAMES, Facts
from tb_runhistory.records.changes import DataClass, DeclareSeries, MetricShape
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Floats
from tb_runhistory.store.sql.bulk import execute_rows, insert_rows, optional
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES
from tb_runhistory.store.sql.rows import row_checksum
from tb_runhistory.store.sql.same import of_run, same_run
from tb_runhistory.store.sql.schema import series
from tb_runhistory.store.sql.series.tails import RunKey
from tb_runhistory.store.sql.types import Id, storable
from tb_runhistory.store.sql.wanted import Lookup

_Group: TypeAlias = tuple[str, str, DataClass]
"""The series of one class of a run: root_id, run_id, data class."""

_TAGS_AT_ONCE = 4096
_MOST_NUMBER = 2**31 - 1

_CHANGING = ("session", "hidden", *FACT_NAMES)
_OPTIONAL = frozenset({"last_wall_time", "last_value", "first_value", "minimum", "maximum", "sum"})


def _stored(wanted: CTE) -> Select[tuple[Any, ...]]:
    columns = (wanted.c.place, series.c.tag, series.c.number, *(series.c[name] for name in _CHANGING))
    named = and_(series.c.data_class == bindparam("data_class"), series.c.tag.in_(bindparam("tags", expanding=True)))
    return select(*columns).select_from(wanted.join(series, same_run(series, wanted))).where(named)


def _next_numbers(wanted: CTE) -> Select[tuple[Any, ...]]:
    # Numbers have no gaps: so the count says what comes next even where the last number is damaged.
    is_number = series.c.number.between(0, _MOST_NUMBER - 1)
    known = func.max(case((is_number, series.c.number + 1), else_=0))
    numbers = select(wanted.c.place, known, func.count()).select_from(wanted.join(series, same_run(series, wanted)))
    return numbers.group_by(wanted.c.place)


_RUN = {"place": Integer, "root_id": Id, "run_id": Id}
_STORED = Lookup(_RUN, _stored)
_NEXT_NUMBERS = Lookup(_RUN, _next_numbers)
_UPDATE = (
    update(series)
    .where(
        of_run(series),
        series.c.data_class == bindparam("of_class"),
        series.c.tag == bindparam("of_tag"),
    )
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)


class SeriesTable:
    """The series that are declared, one position each in every column, those that are not stored yet among them.

    ``positions`` is that of each declaration. ``runs`` are the runs of the series, and ``run_places`` says which of
    them a series is of. ``session`` is the ordinal of the newest session that logged to it, 0 where none did.
    """

    def __init__(self, connection: Connection, declared: Iterable[DeclareSeries]) -> None:
        self._connection = connection
        self.declared: list[DeclareSeries] = []
        self._tags: list[str] = []
        self._groups: dict[_Group, dict[str, int]] = {}
        self.positions = np.array(self._number(declared), np.int64)
        length = len(self.declared)
        self.facts = Facts.none(length)
        self.hidden = np.zeros(length, np.int64)
        self.session = np.zeros(length, np.int64)
        self.numbers = np.full(length, -1, np.int64)
        self._load()
        self.is_new = self.numbers < 0
        self._give_numbers()

    def key(self, position: int) -> SeriesKey:
        """The key of a series."""
        one = self.declared[position]
        return SeriesKey(one.root_id, one.run_id, int(self.numbers[position]))

    def run_of(self, position: int) -> RunKey:
        """The run that a series belongs to."""
        return self.runs[int(self.run_places[position])]

    def _number(self, declared: Iterable[DeclareSeries]) -> list[int]:
        """Gives each series its position; the position of each declaration."""
        runs: dict[RunKey, int] = {}
        positions, run_places = [], []
        group: _Group | None = None
        for one in declared:
            if group is None or group[1] != one.run_id or group[2] is not one.data_class or group[0] != one.root_id:
                group = one.root_id, one.run_id, one.data_class
                known = self._groups.setdefault(group, {})
                place = runs.setdefault(group[:2], len(runs))
            position = known.get(one.tag)
            if position is None:
                position = known[one.tag] = len(self.declared)
                self.declared.append(one)
                self._tags.append(one.tag)
                run_places.append(place)
            positions.append(position)
        self.runs = list(runs)
        self.run_places = np.array(run_places, np.int64)
        return positions

    def _load(self) -> None:
        # Runs mostly log the same metrics: one question for all that do.
        alike: dict[tuple[DataClass, tuple[str, ...]], list[_Group]] = defaultdict(list)
        for group, known in self._groups.items():
            alike[group[2], tuple(known)].append(group)
        for (data_class, tags), groups in alike.items():
            stored = [storable(tag) for tag in tags]
            found = [self._groups[group] for group in groups]
            if stored != list(tags):
                for position in (position for known in found for position in known.values()):
                    self._tags[position] = storable(self._tags[position])
                found = [{storable(tag): position for tag, position in known.items()} for known in found]
            wanted = [(place, *group[:2]) for place, group in enumerate(groups)]
            for start in range(0, len(tags), _TAGS_AT_ONCE):
                asked = {"data_class": DATA_CLASS_CODES[data_class], "tags": stored[start : start + _TAGS_AT_ONCE]}
                self._take(_STORED.all_rows(self._connection, wanted, **asked), found)

    def _take(self, rows: Sequence[Any], found: Sequence[dict[str, int]]) -> None:
        if not rows:
            return
        places, tags, numbers, sessions, hidden, *facts = zip(*rows, strict=True)
        at = np.array([found[place][tag] for place, tag in zip(places, tags, strict=True)])
        self.numbers[at] = integers(numbers)
        damaged = at[(self.numbers[at] < 0) | (self.numbers[at] > _MOST_NUMBER)]
        if len(damaged):
            one = self.declared[int(damaged[0])]
            raise RefusedData(f"the series {one.tag[:80]!r} of the run {one.run_id} is damaged: it has no number")
        self.session[at] = integers(sessions)
        self.hidden[at] = integers(hidden)
        self.facts.put(at, facts_from(facts))

    def _give_numbers(self) -> None:
        new: dict[RunKey, list[int]] = defaultdict(list)
        for position in np.flatnonzero(self.is_new).tolist():
            new[self.run_of(position)].append(position)
        runs = list(new)
        nexts = [0] * len(runs)
        wanted = [(place, *run) for place, run in enumerate(runs)]
        for place, *least in _NEXT_NUMBERS.rows(self._connection, wanted):
            nexts[place] = max(least)
        for run, number in zip(runs, nexts, strict=True):
            self.numbers[new[run]] = np.arange(number, number + len(new[run]))

    def store(self) -> None:
        """Writes what has changed; a series without any value is not written."""
        has_value = self.facts.count + self.hidden > 0
        new, old = np.flatnonzero(self.is_new & has_value), np.flatnonzero(~self.is_new)
        if len(new):
            insert_rows(self._connection, series, {**self._declared_columns(new), **self._changing_columns(new)})
        if len(old):
            declared = [self.declared[position] for position in old.tolist()]
            keys: dict[str, Sequence[Any]] = {
                "of_root": [one.root_id for one in declared],
                "of_run": [one.run_id for one in declared],
                "of_class": [DATA_CLASS_CODES[one.data_class] for one in declared],
                "of_tag": [self._tags[position] for position in old.tolist()],
            }
            changed = {f"new_{name}": column for name, column in self._changing_columns(old).items()}
            execute_rows(self._connection, _UPDATE, {**keys, **changed})
        self.is_new[new] = False

    def _changing_columns(self, rows: NDArray[np.intp]) -> dict[str, Sequence[Any] | NDArray[Any]]:
        columns: dict[str, Sequence[Any] | NDArray[Any]] = {"session": self.session[rows], "hidden": self.hidden[rows]}
        for name in FACT_NAMES:
            column = getattr(self.facts, name)[rows]
            columns[name] = optional(column) if name in _OPTIONAL else column
        return columns

    def _declared_columns(self, rows: NDArray[np.intp]) -> dict[str, Sequence[Any]]:
        columns: dict[str, list[Any]] = defaultdict(list)
        for position in rows.tolist():
            one = self.declared[position]
            row: dict[str, Any] = {
                "root_id": one.root_id,
                "run_id": one.run_id,
                "data_class": DATA_CLASS_CODES[one.data_class],
                "tag": self._tags[position],
                "number": int(self.numbers[position]),
                "declaration": declaration_of(one),
            }
            row["checksum"] = row_checksum(series, row)
            for name, value in row.items():
                columns[name].append(value)
        return dict(columns)


def declaration_of(declared: DeclareSeries) -> str | None:
    """JSON with what a series has that a plain metric has not; None where it has nothing of that."""
    parts: dict[str, str] = {}
    if declared.metric and declared.metric != declared.tag:
        parts["metric"] = declared.metric
    if declared.column:
        parts["column"] = declared.column
    if declared.shape is not MetricShape.SCALAR:
        parts["shape"] = declared.shape.value
    if declared.description:
        parts["description"] = storable(declared.description)
    if declared.plugin_name:
        parts["plugin_name"] = declared.plugin_name
    if declared.plugin_data:
        parts["plugin_data"] = b64encode(declared.plugin_data).decode("ascii")
    return json.dumps(parts, separators=(",", ":")) if parts else None


def integers(column: Sequence[Any]) -> NDArray[np.int64]:
    """A column of int64 as it is stored; a cell that holds something else is 0."""
    try:
        return np.array(column, np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.array([cell if type(cell) is int and -(2**63) <= cell < 2**63 else 0 for cell in column], np.int64)


def floats(column: Sequence[Any]) -> Floats:
    """A column of float64 as it is stored: NaN for NULL, and for a cell that holds something else."""
    try:
        return np.array(column, np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.array([cell if type(cell) in (int, float) else np.nan for cell in column], np.float64)


def facts_from(columns: Sequence[Sequence[Any]]) -> Facts:
    """Facts as they are stored, given by column."""
    read = [
        floats(column) if name in _OPTIONAL else integers(column)
        for name, column in zip(FACT_NAMES, columns, strict=True)
    ]
    return Facts(*read)  # type: ignore[arg-type]
