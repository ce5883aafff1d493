"""From a reader's columns to the messages of the HTTP API.

What a store holds is trusted in nothing: every text of an answer has a most length, and so has the answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from tb_runhistory.errors import NotFound
from tb_runhistory.plugin.messages import (
    Cell,
    Column,
    ColumnPage,
    Experiment,
    Group,
    GroupPage,
    Inherited,
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
from tb_runhistory.plugin.requests import MAX_COLUMNS, ColumnKind, ColumnsRequest, MatchingRequest, NamesRequest
from tb_runhistory.query import terms
from tb_runhistory.query.direction import guessed_direction
from tb_runhistory.query.groups import GroupQuery, condition_of
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.tree import Cells, ColumnCounts, TreePage, TreeQuery
from tb_runhistory.query.writing import column_text, condition_text
from tb_runhistory.records.changes import Direction, LifecycleStage, ParameterValue
from tb_runhistory.records.columns import ACTIVE, ANY_STAGE, RunColumns, Scope
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
_STAGES = tuple(LifecycleStage)
_LEAST_CELL_CHARACTERS = 40
MOST_CELL_CHARACTERS = 1000
_PAGE_CHARACTERS = 2_000_000
"""What the cells of a page share among them: the more there are, the shorter a text is cut."""


def overview(
    reader: RunHistoryReader, scope: Scope, view: Scope, condition: terms.Condition | None, now: float
) -> Overview:
    """What the runs in scope are and have, how many meet a condition, and the experiments that can be chosen."""
    found = None if condition is None else reader.search(RunSearch(now, scope, condition, limit=0))
    experiments = reader.experiments(replace(view, stages=scope.stages))
    metrics, parameters = _by_kind(reader.tree_columns(scope))
    kept = min(len(parameters), max(MAX_COLUMNS // 2, MAX_COLUMNS - len(metrics)))
    run_counts: list[int] = experiments.run_count.tolist()
    is_counted = [scope.experiment in (None, name) for name in experiments.name]
    newest = [row for row, name in enumerate(experiments.name) if len(name) <= MAX_NAME_CHARACTERS][-MAX_EXPERIMENTS:]
    return Overview(
        location=reader.location,
        experiments=[
            Experiment(
                experiments.name[row], shortened(experiments.description[row]), experiments.view[row], run_counts[row]
            )
            for row in newest
        ],
        runs=sum(count for count, counts in zip(run_counts, is_counted, strict=True) if counts),
        matches=None if found is None else found.matches,
        columns=_shown_columns([*metrics[: MAX_COLUMNS - kept], *parameters[:kept]]),
        metric_count=len(metrics),
        parameter_count=len(parameters),
        has_progress=any(parameter.name == terms.TOTAL_STEPS for parameter in parameters),
    )


def columns(reader: RunHistoryReader, asked: ColumnsRequest) -> ColumnPage:
    """A page of the columns that runs have and a person looks for."""
    text = asked.text.casefold()
    found = [counted for counted in _of_kind(reader, asked) if text in counted.name.casefold()]
    return ColumnPage(len(found), asked.offset, _shown_columns(found[asked.offset : asked.offset + asked.limit]))


def names(reader: RunHistoryReader, query: NamesRequest, view: Scope, now: float) -> RunNames:
    """What runs and those above them are called, and their cells, of the runs that ``view`` holds, in any stage."""
    run_ids = query.run_ids
    seen = replace(view, stages=ANY_STAGE)
    asked = reader.runs(replace(seen, only=tuple(run_ids)))
    ancestors = [path.split("/")[:-1] for path in asked.path]
    above = tuple({run_id for path in ancestors for run_id in path})
    parents = reader.runs(replace(seen, only=above)) if above else asked
    name_of = {run_id: shown_name(parents, row) for row, run_id in enumerate(parents.run_id)}
    row_of = {run_id: row for row, run_id in enumerate(asked.run_id)}

    cells = reader.cells(asked.run_id, query.columns, now) if query.columns else []
    most = _most_characters(len(asked), len(cells))

    def named(run_id: str) -> RunName:
        row = row_of[run_id]
        shown = [above for above in ancestors[row] if above in name_of]
        experiment = asked.experiment[row][:MAX_NAME_CHARACTERS]
        names_above = [name_of[above] for above in shown]
        own = [shown_cell(cell, row, most) for cell in cells]
        return RunName(run_id, shown_name(asked, row), experiment, shown, names_above, own)

    columns = [column_text(column) for column in query.columns]
    return RunNames(columns, [named(run_id) for run_id in run_ids if run_id in row_of])


def run_page(reader: RunHistoryReader, query: TreeQuery) -> RunPage:
    """One page of the tree.

    Raises:
      NotFound: the parent is not there.
    """
    page = reader.tree_page(query)
    if query.parent_id and not page.total and not _is_there(reader, query):
        raise NotFound(f"There is no run {query.parent_id!r} here: reload the page to see the runs that there are.")
    stage_of = stages_of(reader, query.scope)
    return RunPage(
        total=page.total,
        offset=query.offset,
        now=query.now,
        matches=page.matches,
        runs_in_scope=page.runs_in_scope,
        columns=[column_text(column) for column in query.columns],
        runs=[_run(page, row, query.now, stage_of) for row in range(len(page.runs))],
    )


def group_page(reader: RunHistoryReader, query: GroupQuery) -> GroupPage:
    """One page of groups."""
    page = reader.groups(query)
    most = _most_characters(len(page), len(page.cells))
    return GroupPage(
        total=page.total,
        offset=query.offset,
        matches=page.matches,
        runs_in_scope=page.runs_in_scope,
        columns=[f"{column.statistic}:{column_text(column.column)}" for column in query.columns],
        groups=[
            Group(
                value=_shown_value(value, MOST_CELL_CHARACTERS),
                condition=_condition(query.by, value),
                runs=int(page.run_count[row]),
                statuses=_counted(page.statuses[row].tolist()),
                cells=[shown_cell(column, row, most) for column in page.cells],
            )
            for row, value in enumerate(page.value)
        ],
    )


def _condition(by: terms.Column, value: ParameterValue | None) -> str:
    is_short = not isinstance(value, str) or len(value) <= MAX_NAME_CHARACTERS
    return condition_text(condition_of(by, value)) if is_short else ""


def matching(reader: RunHistoryReader, asked: MatchingRequest) -> RunIds:
    """The runs that meet a filter, however many there are to see."""
    search = asked.search
    if asked.best is not None:
        said = reader.directions(search.scope).get(asked.best.tag)
        direction = said or guessed_direction(asked.best.tag)
        search = replace(search, order=(terms.Order(asked.best, descending=direction is Direction.MAXIMIZE),))
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
    scope = replace(query.scope, only=(query.parent_id,))
    return len(reader.runs(scope)) > 0


def stages_of(reader: RunHistoryReader, scope: Scope) -> Callable[[RunColumns, int], LifecycleStage]:
    """What gives the stage of a run in scope: its own, or its experiment's where that is further out of sight."""
    if scope.stages == ACTIVE:
        return lambda runs, row: LifecycleStage.ACTIVE
    experiments = reader.experiments(Scope(stages=ANY_STAGE))
    of_experiment = dict(zip(experiments.name, experiments.stage, strict=True))

    def stage_of(runs: RunColumns, row: int) -> LifecycleStage:
        return max(runs.stage[row], of_experiment.get(runs.experiment[row], LifecycleStage.ACTIVE), key=_STAGES.index)

    return stage_of


def _run(page: TreePage, row: int, now: float, stage_of: Callable[[RunColumns, int], LifecycleStage]) -> Run:
    runs: RunColumns = page.runs
    number = int(runs.number[row])
    heartbeat = known_time(runs.heartbeat_at[row])
    status = shown_status(runs.status[row], heartbeat, now)
    last_heard_of = heartbeat if status is RunStatus.NOT_RESPONDING else None
    most = _most_characters(len(page.runs), len(page.cells))
    return Run(
        run_id=runs.run_id[row],
        name=shown_name(runs, row),
        experiment=runs.experiment[row][:MAX_NAME_CHARACTERS],
        number=number,
        status=status.value,
        stage=stage_of(runs, row).value,
        error=shortened(runs.error[row]),
        created_at=known_time(runs.created_at[row]) or 0.0,
        started_at=known_time(runs.started_at[row]),
        ended_at=last_heard_of or known_time(runs.ended_at[row]),
        children=int(page.children[row]),
        dropped=int(runs.dropped[row]),
        is_match=bool(page.is_match[row]),
        descendants=[] if page.statuses is None else _counted(page.statuses[row].tolist()),
        cells=[_cell_of_run(column, row, most) for column in page.cells],
    )


def shown_name(runs: RunColumns, row: int) -> str:
    """What the run at ``row`` is called."""
    return shortened(runs.display_name[row], MAX_NAME_CHARACTERS) or f"run {int(runs.number[row])}"


@dataclass(frozen=True, slots=True)
class _Counted:
    """A column by the name in it, and how many runs have it; 0 where nobody counts them."""

    name: str
    column: terms.Column
    runs: int


def _of_kind(reader: RunHistoryReader, asked: ColumnsRequest) -> list[_Counted]:
    if asked.kind in _LABELS:
        kind = _LABELS[asked.kind]
        names = reader.label_names(kind, asked.scope)
        return [_Counted(name, terms.Label(kind, name), 0) for name in names if len(name) <= MAX_NAME_CHARACTERS]
    metrics, parameters = _by_kind(reader.tree_columns(asked.scope))
    if asked.kind is None:
        return [*metrics, *parameters]
    return metrics if asked.kind is ColumnKind.METRICS else parameters


_LABELS = {ColumnKind.TAGS: terms.LabelKind.TAG, ColumnKind.PROPERTIES: terms.LabelKind.PROPERTY}


def _by_kind(counted: ColumnCounts) -> tuple[list[_Counted], list[_Counted]]:
    """The metrics and the parameters that can be asked for, which are those whose names are not too long for it.

    A parameter is what a run has or inherits.
    """
    metrics: list[_Counted] = []
    parameters: list[_Counted] = []
    for column, runs in zip(counted.column, counted.run_count.tolist(), strict=True):
        if isinstance(column, terms.Metric) and len(column.tag) <= MAX_NAME_CHARACTERS:
            metrics.append(_Counted(column.tag, column, runs))
        elif isinstance(column, terms.Parameter) and len(column.name) <= MAX_NAME_CHARACTERS:
            parameters.append(_Counted(column.name, terms.Parameter(column.name, inherited=True), runs))
    return metrics, parameters


def _shown_columns(counted: Sequence[_Counted]) -> list[Column]:
    return [Column(column_text(each.column), each.runs) for each in counted]


def known_time(seconds: float) -> float | None:
    """The moment, in seconds since the epoch; None where it is none."""
    return float(seconds) if math.isfinite(seconds) else None


def _most_characters(rows: int, columns: int) -> int:
    room = _PAGE_CHARACTERS // max(1, rows * columns)
    return min(max(room, _LEAST_CELL_CHARACTERS), MOST_CELL_CHARACTERS)


def _counted(counts: list[int]) -> list[StatusCount]:
    return [StatusCount(status.value, count) for status, count in zip(RunStatus, counts, strict=True) if count]


def shown_cell(cells: Cells, row: int, most: int = MOST_CELL_CHARACTERS) -> Cell:
    """What a cell holds, its text cut at ``most`` characters."""
    value = _shown_value(cells.values[row], most)
    over = int(cells.over[row])
    if not over or value is None or isinstance(value, str):
        return value
    return RolledUp(value, over, cells.best[row])


def _cell_of_run(cells: Cells, row: int, most: int) -> Cell:
    """The same, with the run that it is inherited from."""
    value, source = shown_cell(cells, row, most), cells.best[row]
    if not source or value is None or isinstance(value, RolledUp | Inherited):
        return value
    return Inherited(value, source)


def _shown_value(value: ParameterValue | None, most: int) -> bool | float | str | NonFinite | None:
    if isinstance(value, str):
        return shortened(value, most)
    if isinstance(value, int) and abs(value) > _MOST_EXACT:
        return shortened(str(value), most) if value.bit_length() <= _MOST_BITS else "a number of many digits"
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return NonFinite("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
