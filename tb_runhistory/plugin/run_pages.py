"""From a reader's columns to the messages of the HTTP API.

What a store holds is trusted in nothing: every text of an answer has a most length, and so has the answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from tb_runhistory.errors import NotFound
from tb_runhistory.plugin.messages import (
    Cell,
    Column,
    ColumnPage,
    Experiment,
    Group,
    GroupPage,
    NonFinite,
    Overview,
    RolledUp,
    Run,
    RunIds,
    RunName,
    RunNames,
    RunPage,
    StatusCount,
)
from tb_runhistory.plugin.requests import MAX_COLUMNS, ColumnKind, ColumnsRequest
from tb_runhistory.query import terms
from tb_runhistory.query.groups import GroupQuery, condition_of
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.tree import Cells, ColumnCounts, TreePage, TreeQuery
from tb_runhistory.query.writing import column_text, condition_text
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.store.base import RunHistoryReader

# Whole numbers beyond are not exact as 64-bit floats, which a browser's numbers are: their digits travel as a text.
_MOST_EXACT = 2**53

MAX_NAME_CHARACTERS = 255
MAX_TEXT_CHARACTERS = 2000
MAX_EXPERIMENTS = 5000
"""How many experiments a person can choose among, the newest."""

# Python refuses to write the digits of a longer one.
_MOST_BITS = 14_000
_LEAST_CELL_CHARACTERS = 40
_MOST_CELL_CHARACTERS = 1000
_PAGE_CHARACTERS = 2_000_000
"""What the cells of a page share among them: the more there are, the shorter a text is cut."""


def overview(reader: RunHistoryReader, scope: Scope, view: Scope) -> Overview:
    """What the runs in scope are and have, and the experiments of the whole view, among which a person can choose."""
    experiments = reader.experiments(view)
    metrics, parameters = _by_kind(reader.tree_columns(scope))
    kept = min(len(parameters), max(MAX_COLUMNS // 2, MAX_COLUMNS - len(metrics)))
    run_counts: list[int] = experiments.run_count.tolist()
    is_counted = [scope.experiment in (None, name) for name in experiments.name]
    newest = [row for row, name in enumerate(experiments.name) if len(name) <= MAX_NAME_CHARACTERS][-MAX_EXPERIMENTS:]
    return Overview(
        location=reader.location,
        experiments=[
            Experiment(experiments.name[row], shortened(experiments.description[row]), run_counts[row])
            for row in newest
        ],
        runs=sum(count for count, counts in zip(run_counts, is_counted, strict=True) if counts),
        columns=[*metrics[: MAX_COLUMNS - kept], *parameters[:kept]],
        metric_count=len(metrics),
        parameter_count=len(parameters),
    )


def columns(reader: RunHistoryReader, asked: ColumnsRequest) -> ColumnPage:
    """A page of the columns that runs have and a person looks for."""
    metrics, parameters = _by_kind(reader.tree_columns(asked.scope))
    of_kind = {ColumnKind.METRIC: metrics, ColumnKind.PARAMETER: parameters, None: [*metrics, *parameters]}[asked.kind]
    text = asked.text.casefold()
    found = [column for column in of_kind if text in column.column.partition(":")[2].casefold()]
    return ColumnPage(len(found), asked.offset, found[asked.offset : asked.offset + asked.limit])


def names(reader: RunHistoryReader, run_ids: Sequence[str], view: Scope) -> RunNames:
    """What runs and those above them are called, of the runs that ``view`` holds."""
    asked = reader.runs(Scope(view.experiment, view.run_ids, only=tuple(run_ids)))
    ancestors = [path.split("/")[:-1] for path in asked.path]
    above = tuple({run_id for path in ancestors for run_id in path})
    parents = reader.runs(Scope(view.experiment, view.run_ids, only=above)) if above else asked
    name_of = {run_id: _name(parents, row) for row, run_id in enumerate(parents.run_id)}
    row_of = {run_id: row for row, run_id in enumerate(asked.run_id)}

    def named(run_id: str) -> RunName:
        row = row_of[run_id]
        shown = [above for above in ancestors[row] if above in name_of]
        experiment = asked.experiment[row][:MAX_NAME_CHARACTERS]
        return RunName(run_id, _name(asked, row), experiment, shown, [name_of[above] for above in shown])

    return RunNames([named(run_id) for run_id in run_ids if run_id in row_of])


def run_page(reader: RunHistoryReader, query: TreeQuery) -> RunPage:
    """One page of the tree.

    Raises:
      NotFound: the parent is not there.
    """
    page = reader.tree_page(query)
    if query.parent_id and not page.total and not _is_there(reader, query):
        raise NotFound(f"There is no run {query.parent_id!r} here: reload the page to see the runs that there are.")
    return RunPage(
        total=page.total,
        offset=query.offset,
        now=query.now,
        matches=page.matches,
        runs_in_scope=page.runs_in_scope,
        columns=[_shown_column(column) for column in query.columns],
        runs=[_run(page, row, query.now) for row in range(len(page.runs))],
    )


def group_page(reader: RunHistoryReader, query: GroupQuery) -> GroupPage:
    """One page of groups."""
    page = reader.groups(query)
    most = _most_characters(len(page), len(page.cells))
    return GroupPage(
        total=page.total,
        offset=query.offset,
        columns=[f"{column.statistic}:{_shown_column(column.column)}" for column in query.columns],
        groups=[
            Group(
                value=_shown_value(value, _MOST_CELL_CHARACTERS),
                condition=_condition(query.by, value),
                runs=int(page.run_count[row]),
                statuses=_counted(page.statuses[row].tolist()),
                cells=[_cell(column, row, most) for column in page.cells],
            )
            for row, value in enumerate(page.value)
        ],
    )


def _condition(by: terms.Column, value: ParameterValue | None) -> str:
    is_short = not isinstance(value, str) or len(value) <= MAX_NAME_CHARACTERS
    return condition_text(condition_of(by, value)) if is_short else ""


def matching(reader: RunHistoryReader, search: RunSearch) -> RunIds:
    """The runs that meet a filter, however many there are to see."""
    found = reader.search(search)
    return RunIds(found.matches, found.run_id)


def shortened(text: str, most: int = MAX_TEXT_CHARACTERS) -> str:
    """The text, or its beginning and how much more there is."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def to_json(message: object) -> bytes:
    """A message as JSON."""
    return json.dumps(message, default=_fields, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode(
        errors="replace"
    )


def _fields(message: Any) -> dict[str, Any]:
    if not is_dataclass(message):
        raise TypeError(f"{type(message).__name__} is no message")
    return {field.name: getattr(message, field.name) for field in fields(message)}


def _is_there(reader: RunHistoryReader, query: TreeQuery) -> bool:
    scope = Scope(query.scope.experiment, query.scope.run_ids, only=(query.parent_id,))
    return len(reader.runs(scope)) > 0


def _run(page: TreePage, row: int, now: float) -> Run:
    runs: RunColumns = page.runs
    number = int(runs.number[row])
    heartbeat = _time(runs.heartbeat_at[row])
    status = shown_status(runs.status[row], heartbeat, now)
    last_heard_of = heartbeat if status is RunStatus.NOT_RESPONDING else None
    most = _most_characters(len(page.runs), len(page.cells))
    return Run(
        run_id=runs.run_id[row],
        name=_name(runs, row),
        experiment=runs.experiment[row][:MAX_NAME_CHARACTERS],
        number=number,
        status=status.value,
        error=shortened(runs.error[row]),
        created_at=_time(runs.created_at[row]) or 0.0,
        started_at=_time(runs.started_at[row]),
        ended_at=last_heard_of or _time(runs.ended_at[row]),
        children=int(page.children[row]),
        dropped=int(runs.dropped[row]),
        is_match=bool(page.is_match[row]),
        descendants=[] if page.statuses is None else _counted(page.statuses[row].tolist()),
        cells=[_cell(column, row, most) for column in page.cells],
    )


def _name(runs: RunColumns, row: int) -> str:
    return shortened(runs.display_name[row], MAX_NAME_CHARACTERS) or f"run {int(runs.number[row])}"


def _by_kind(counted: ColumnCounts) -> tuple[list[Column], list[Column]]:
    """The metrics and the parameters that can be asked for, which are those whose names are not too long for it."""
    metrics: list[Column] = []
    parameters: list[Column] = []
    for column, count in zip(counted.column, counted.run_count.tolist(), strict=True):
        name, shown = _column_name(column), metrics if isinstance(column, terms.Metric) else parameters
        if len(name) <= MAX_NAME_CHARACTERS:
            kind = ColumnKind.METRIC if isinstance(column, terms.Metric) else ColumnKind.PARAMETER
            shown.append(Column(f"{kind}:{name}", count))
    return metrics, parameters


def _time(seconds: float) -> float | None:
    return float(seconds) if math.isfinite(seconds) else None


def _most_characters(rows: int, columns: int) -> int:
    room = _PAGE_CHARACTERS // max(1, rows * columns)
    return min(max(room, _LEAST_CELL_CHARACTERS), _MOST_CELL_CHARACTERS)


def _counted(counts: list[int]) -> list[StatusCount]:
    return [StatusCount(status.value, count) for status, count in zip(RunStatus, counts, strict=True) if count]


def _cell(cells: Cells, row: int, most: int) -> Cell:
    value = _shown_value(cells.values[row], most)
    over = int(cells.over[row])
    if not over or value is None or isinstance(value, str):
        return value
    return RolledUp(value, over, cells.best[row])


def _shown_value(value: ParameterValue | None, most: int) -> bool | float | str | NonFinite | None:
    if isinstance(value, str):
        return shortened(value, most)
    if isinstance(value, int) and abs(value) > _MOST_EXACT:
        return shortened(str(value), most) if value.bit_length() <= _MOST_BITS else "a number of many digits"
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return NonFinite("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")


def _shown_column(column: terms.Column) -> str:
    if isinstance(column, terms.Metric) and column.fact is terms.Fact.LAST:
        return f"{ColumnKind.METRIC}:{column.tag}"
    if isinstance(column, terms.Parameter) and column.inherited:
        return f"{ColumnKind.PARAMETER}:{column.name}"
    return column_text(column)


def _column_name(column: terms.Column) -> str:
    assert isinstance(column, terms.Metric | terms.Parameter)
    return column.tag if isinstance(column, terms.Metric) else column.name
