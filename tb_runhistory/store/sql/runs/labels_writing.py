"""Writing what describes runs: parameters, tags and properties."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select, update

from tb_runhistory.records.changes import AddProperties, ParameterValue, RemoveTags, SetParameter, SetTags
from tb_runhistory.store.sql.codes import BOOLEAN, INTEGER, NUMBER, TEXT
from tb_runhistory.store.sql.rows import checksum_of
from tb_runhistory.store.sql.runs.run_rows import RunKey
from tb_runhistory.store.sql.same import of_run, same_run
from tb_runhistory.store.sql.schema import params, properties, tags
from tb_runhistory.store.sql.types import Id, Word, storable
from tb_runhistory.store.sql.wanted import Lookup

LabelKey: TypeAlias = tuple[str, str, str]
"""The root_id and run_id of a run and the name of what describes it."""

Cells: TypeAlias = tuple[Any, ...]

_EXACT_INTEGER = 2**53
_DECIMAL_BITS = 10_000
"""Python refuses to read or write much longer integers in decimal digits."""


def parameter_cells(value: ParameterValue) -> tuple[int, float | None, str | None]:
    """The cells of a parameter: its kind, the number to compare by, and a text where that does not give it back."""
    if isinstance(value, bool):
        return BOOLEAN, float(value), None
    if isinstance(value, int):
        if abs(value) <= _EXACT_INTEGER:
            return INTEGER, float(value), None
        return INTEGER, _as_float(value), str(value) if value.bit_length() <= _DECIMAL_BITS else hex(value)
    if isinstance(value, float):
        if math.isnan(value):
            return NUMBER, None, None
        # SQLite keeps no sign of zero in a column.
        is_exact = value != 0.0 or math.copysign(1.0, value) > 0
        return NUMBER, float(value) + 0.0, None if is_exact else str(value)
    return TEXT, None, storable(value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


class LabelsWriter:
    """What the changes of one transaction say of runs' parameters, tags and properties. ``store`` writes it.

    ``is_new`` tells whether a run is new in this transaction: then nothing of it is stored yet.
    """

    def __init__(self, connection: Connection, is_new: Callable[[RunKey], bool]) -> None:
        self._connection = connection
        self._is_new = is_new
        self._params: dict[LabelKey, Cells] = {}
        self._tags: dict[LabelKey, Cells | None] = {}
        self._properties: dict[LabelKey, Cells] = {}

    def set_parameter(self, change: SetParameter) -> None:
        """As ``SetParameter`` says."""
        key = (change.root_id, change.run_id, storable(change.name))
        if key not in self._params:
            self._params[key] = parameter_cells(change.value)

    def set_tags(self, change: SetTags) -> None:
        """As ``SetTags`` says."""
        for name, value in change.tags.items():
            cell = None if value is None else storable(value)
            self._tags[change.root_id, change.run_id, storable(name)] = (cell,)

    def remove_tags(self, change: RemoveTags) -> None:
        """As ``RemoveTags`` says."""
        for name in change.names:
            self._tags[change.root_id, change.run_id, storable(name)] = None

    def add_properties(self, change: AddProperties) -> None:
        """As ``AddProperties`` says."""
        for name, value in change.properties.items():
            self._properties.setdefault((change.root_id, change.run_id, storable(name)), (storable(value),))

    def store(self) -> list[LabelKey]:
        """Writes all of it. Returns the parameters that came into being."""
        new = self._add(_PARAMS, self._params)
        self._add(_PROPERTIES, self._properties)
        self._store_tags()
        return new

    def _add(self, labels: _Labels, wanted: Mapping[LabelKey, Cells]) -> list[LabelKey]:
        """Adds what is not there. The first value stands."""
        stored = self._stored(labels, wanted)
        new = [key for key in wanted if key not in stored]
        labels.insert(self._connection, [(key, wanted[key]) for key in new])
        return new

    def _store_tags(self) -> None:
        stored = self._stored(_TAGS, self._tags)
        new, changed, removed = [], [], []
        for key, cells in self._tags.items():
            if cells is None:
                if key in stored:
                    removed.append(key)
            elif key not in stored:
                new.append((key, cells))
            elif stored[key] != (*cells, checksum_of((*key, *cells))):
                changed.append((key, cells))
        _TAGS.insert(self._connection, new)
        _TAGS.update(self._connection, changed)
        _TAGS.delete(self._connection, removed)

    def _stored(self, labels: _Labels, wanted: Iterable[LabelKey]) -> dict[LabelKey, Cells]:
        keys = [key for key in wanted if not self._is_new(key[:2])]
        return {tuple(row[:3]): tuple(row[3:]) for row in labels.lookup.rows(self._connection, keys)}


class _Labels:
    """One of the three tables and the statements that it needs."""

    def __init__(self, table: Table) -> None:
        self._names = [column.name for column in table.c]
        self._insert = insert(table)
        key = and_(of_run(table), table.c.name == bindparam("of_name"))
        self._update = update(table).where(key)
        self._delete = delete(table).where(key)
        self.lookup = Lookup(
            {"root_id": Id, "run_id": Id, "name": Word},
            lambda wanted: select(table).select_from(
                wanted.join(table, and_(same_run(table, wanted), table.c.name == wanted.c.name))
            ),
        )

    def insert(self, connection: Connection, rows: list[tuple[LabelKey, Cells]]) -> None:
        if rows:
            named = [
                dict(zip(self._names, (*key, *cells, checksum_of((*key, *cells))), strict=True)) for key, cells in rows
            ]
            connection.execute(self._insert, named)

    def update(self, connection: Connection, rows: list[tuple[LabelKey, Cells]]) -> None:
        if rows:
            changed = [
                {
                    **_identity(key),
                    **dict(zip(self._names[3:], (*cells, checksum_of((*key, *cells))), strict=True)),
                }
                for key, cells in rows
            ]
            connection.execute(self._update, changed)

    def delete(self, connection: Connection, keys: list[LabelKey]) -> None:
        if keys:
            connection.execute(self._delete, [_identity(key) for key in keys])


def _identity(key: LabelKey) -> dict[str, str]:
    return dict(zip(("of_root", "of_run", "of_name"), key, strict=True))


_PARAMS, _TAGS, _PROPERTIES = _Labels(params), _Labels(tags), _Labels(properties)
