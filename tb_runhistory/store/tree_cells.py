"""The cells of a page of the tree: parameters, own and inherited, and the last values of metrics."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, and_, func, select

from tb_runhistory.records.changes import DataClass, ParameterValue
from tb_runhistory.records.columns import RunColumns
from tb_runhistory.records.tree import ColumnKind, RunField, TreeColumn
from tb_runhistory.store.schema import params, series
from tb_runhistory.store.sql_columns import parameter_value

RunPlace: TypeAlias = tuple[str, str]
"""A run's root_id and path."""


@dataclass(frozen=True, slots=True)
class StoredParameter:
    """A parameter as its row holds it: its kind, the number to compare by, and its text."""

    kind: str
    number: float | None
    text: str | None

    @property
    def value(self) -> ParameterValue:
        """The value that was recorded."""
        return parameter_value(self.kind, self.number, self.text)


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
    above = sorted({(root_id, member) for root_id, path in parents for member in path.split("/")})
    own = _own_parameters(connection, above, names)
    for _, path in parents:
        *_, parent_id = ids = path.split("/")
        for name in names:
            nearest = next((own[member, name] for member in reversed(ids) if (member, name) in own), None)
            if nearest is not None:
                found[name][parent_id] = nearest
    return found


def read_cells(
    connection: Connection, page: RunColumns, columns: Sequence[TreeColumn], inherited: Inherited
) -> list[list[ParameterValue | None]]:
    """For each column, the values of the page's runs."""
    members = list(zip(page.root_id, page.run_id, strict=True))
    own = _own_parameters(connection, members, parameter_names(columns))
    last = _last_values(connection, members, [each.name for each in columns if each.kind is ColumnKind.METRIC])

    def cell(column: TreeColumn, run_id: str, parent_id: str) -> ParameterValue | None:
        if column.kind is ColumnKind.METRIC:
            return last.get((run_id, column.name))
        stored = own.get((run_id, column.name)) or inherited.get(column.name, {}).get(parent_id)
        return None if stored is None else stored.value

    return [
        [cell(column, run_id, parent_id) for run_id, parent_id in zip(page.run_id, page.parent_id, strict=True)]
        for column in columns
    ]


def _own_parameters(
    connection: Connection, members: Sequence[tuple[str, str]], names: Sequence[str]
) -> dict[tuple[str, str], StoredParameter]:
    """By run id and name, the parameters ``names`` of the runs given as (root_id, run_id)."""
    if not names:
        return {}
    wanted = func.json_each(json.dumps(members)).table_valued("value")
    named = func.json_each(json.dumps(sorted(set(names)))).table_valued("value")
    is_member = and_(
        params.c.root_id == func.json_extract(wanted.c.value, "$[0]"),
        params.c.run_id == func.json_extract(wanted.c.value, "$[1]"),
        params.c.name.in_(select(named.c.value)),
    )
    query = select(params.c.run_id, params.c.name, params.c.kind, params.c.number, params.c.text)
    rows = connection.execute(query.select_from(wanted.join(params, is_member)))
    return {(run_id, name): StoredParameter(kind, number, word) for run_id, name, kind, number, word in rows}


def _last_values(
    connection: Connection, members: Sequence[tuple[str, str]], tags: Sequence[str]
) -> dict[tuple[str, str], float]:
    if not tags:
        return {}
    wanted = func.json_each(json.dumps(members)).table_valued("value")
    named = func.json_each(json.dumps(sorted(set(tags)))).table_valued("value")
    is_wanted = and_(
        series.c.root_id == func.json_extract(wanted.c.value, "$[0]"),
        series.c.run_id == func.json_extract(wanted.c.value, "$[1]"),
        series.c.data_class == DataClass.SCALAR.value,
        series.c.count > 0,
        series.c.tag.in_(select(named.c.value)),
    )
    query = select(series.c.run_id, series.c.tag, series.c.last_value).select_from(wanted.join(series, is_wanted))
    return {(run_id, tag): float("nan") if last is None else last for run_id, tag, last in connection.execute(query)}
