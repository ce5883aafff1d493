"""The cells of a page of the tree: parameters, own and inherited, and the last values of metrics."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, and_, bindparam, select

from tb_runhistory.query.tree import ColumnKind, RunField, TreeColumn
from tb_runhistory.records.changes import DataClass, ParameterValue
from tb_runhistory.records.columns import RunColumns
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES, TEXT
from tb_runhistory.store.sql.columns import MAX_CELL, TextBudget, cut_in_store, parameter_value
from tb_runhistory.store.sql.paths import ids_of
from tb_runhistory.store.sql.runs.scope import RunPlace
from tb_runhistory.store.sql.schema import params, series
from tb_runhistory.store.sql.types import Id, storable
from tb_runhistory.store.sql.wanted import Lookup

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""

_OWN = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(params.c.run_id, params.c.name, params.c.kind, params.c.number, cut_in_store(params.c.text, MAX_CELL))
        .select_from(
            wanted.join(params, and_(params.c.root_id == wanted.c.root_id, params.c.run_id == wanted.c.run_id))
        )
        .where(params.c.name.in_(bindparam("names", expanding=True)))
    ),
)
_LAST = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(series.c.run_id, series.c.tag, series.c.last_value)
        .select_from(
            wanted.join(series, and_(series.c.root_id == wanted.c.root_id, series.c.run_id == wanted.c.run_id))
        )
        .where(
            series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR],
            series.c.tag.in_(bindparam("tags", expanding=True)),
            series.c.count > 0,
        )
    ),
)

_TEXT_PLACE = 4


@dataclass(frozen=True, slots=True)
class StoredParameter:
    """A parameter as its row holds it: its kind, the number to compare by, and a text."""

    kind: Any
    number: Any
    text: Any

    @property
    def word(self) -> str | None:
        """What a text is compared by; None for a number."""
        return self.text if self.kind == TEXT else None


Inherited: TypeAlias = Mapping[str, Mapping[str, StoredParameter]]
"""By parameter name and parent's run id, what the children of the parent inherit."""


def parameter_names(columns: Iterable[RunField | TreeColumn]) -> list[str]:
    """The names of those columns that are parameters."""
    return [column.name for column in columns if isinstance(column, TreeColumn) and column.kind is ColumnKind.PARAMETER]


def inherited_parameters(connection: Connection, parents: Sequence[RunPlace], names: Sequence[str]) -> Inherited:
    """What the children of each parent inherit of the parameters ``names``: the value of the nearest run above."""
    found: dict[str, dict[str, StoredParameter]] = defaultdict(dict)
    if not parents or not names:
        return found
    lines = {parent.run_id: [parent.root_id, *ids_of(parent.path)] for parent in parents}
    above = {(parent.root_id, run_id) for parent in parents for run_id in lines[parent.run_id]}
    own = _own_parameters(connection, sorted(above), names)
    for parent_id, line in lines.items():
        for name in names:
            nearest = next((own[run_id, name] for run_id in reversed(line) if (run_id, name) in own), None)
            if nearest is not None:
                found[name][parent_id] = nearest
    return found


def read_cells(
    connection: Connection, page: RunColumns, columns: Sequence[TreeColumn], inherited: Inherited
) -> list[list[ParameterValue | None]]:
    """For each column, the values of the page's runs."""
    members = list(zip(page.root_id, page.run_id, strict=True))
    own = _own_parameters(connection, members, parameter_names(columns))
    last = _last_values(connection, members, [column.name for column in columns if column.kind is ColumnKind.METRIC])

    def cell(column: TreeColumn, run_id: str, parent_id: str) -> ParameterValue | None:
        if column.kind is ColumnKind.METRIC:
            return last.get((run_id, column.name))
        stored = own.get((run_id, column.name)) or inherited.get(column.name, {}).get(parent_id)
        return None if stored is None else parameter_value(stored.kind, stored.number, stored.text)

    return [
        [cell(column, run_id, parent_id) for run_id, parent_id in zip(page.run_id, page.parent_id, strict=True)]
        for column in columns
    ]


def _own_parameters(
    connection: Connection, members: Sequence[RunKey], names: Sequence[str]
) -> dict[tuple[str, str], StoredParameter]:
    """By run id and name, the parameters ``names`` of the runs."""
    wanted = _by_stored_name(names)
    if not wanted:
        return {}
    rows = TextBudget().rows(_OWN.rows(connection, members, names=list(wanted)), {_TEXT_PLACE: MAX_CELL})
    # A damaged index may lead to rows of other names.
    return {(run_id, wanted[name]): StoredParameter(*cells) for run_id, name, *cells in rows if name in wanted}


def _last_values(
    connection: Connection, members: Sequence[RunKey], tags: Sequence[str]
) -> dict[tuple[str, str], float]:
    wanted = _by_stored_name(tags)
    if not wanted:
        return {}
    rows = _LAST.rows(connection, members, tags=list(wanted))
    return {
        (row.run_id, wanted[row.tag]): row.last_value if type(row.last_value) is float else math.nan
        for row in rows
        if row.tag in wanted
    }


def _by_stored_name(names: Iterable[str]) -> dict[str, str]:
    return {storable(name): name for name in names}
