"""From a reader's columns to the messages of the HTTP API."""

from __future__ import annotations

import json
import math
import time
from dataclasses import fields, is_dataclass
from typing import Any

from tb_runhistory.errors import NotFound
from tb_runhistory.plugin.messages import Cell, Column, Experiment, NonFinite, Overview, Run, RunPage, Version
from tb_runhistory.plugin.requests import MAX_COLUMNS
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus, shown_status
from tb_runhistory.records.tree import TreeColumn, TreePage, TreeQuery
from tb_runhistory.store.base import RunHistoryReader

# Whole numbers beyond are not exact as 64-bit floats, which a browser's numbers are: their digits travel as a text.
_MOST_EXACT = 2**53


def version(reader: RunHistoryReader) -> Version:
    """The store's version, and the minute: a run stops responding with time alone."""
    minute = int(time.time() // HEARTBEAT_TIMEOUT_SECONDS)
    return Version(f"{reader.version() & (2**64 - 1):x}-{minute:x}")


def overview(reader: RunHistoryReader, scope: Scope, view: Scope) -> Overview:
    """What the runs in scope are and have, and the experiments of the whole view, among which a person can choose."""
    experiments = reader.experiments(view)
    counted = reader.tree_columns(scope)
    shown = list(zip(counted.column, counted.run_count.tolist(), strict=True))[:MAX_COLUMNS]
    columns = zip(experiments.name, experiments.description, experiments.run_count.tolist(), strict=True)
    described = [Experiment(name, description, count) for name, description, count in columns]
    return Overview(
        location=reader.location,
        experiments=described,
        runs=sum(each.runs for each in described if scope.experiment in (None, each.name)),
        columns=[Column(_shown_column(column), count) for column, count in shown],
        column_count=len(counted),
    )


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
        columns=[_shown_column(column) for column in query.columns],
        runs=[_run(page, row, query.now) for row in range(len(page.runs))],
    )


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
    return Run(
        run_id=runs.run_id[row],
        name=runs.display_name[row] or f"run {number}",
        experiment=runs.experiment[row],
        number=number,
        status=status.value,
        error=runs.error[row],
        created_at=float(runs.created_at[row]),
        started_at=_time(runs.started_at[row]),
        ended_at=last_heard_of or _time(runs.ended_at[row]),
        children=int(page.children[row]),
        dropped=int(runs.dropped[row]),
        cells=[_cell(column[row]) for column in page.cells],
    )


def _time(seconds: float) -> float | None:
    return float(seconds) if math.isfinite(seconds) else None


def _cell(value: ParameterValue | None) -> Cell:
    if isinstance(value, int) and abs(value) > _MOST_EXACT:
        return str(value)
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return NonFinite("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")


def _shown_column(column: TreeColumn) -> str:
    return f"{column.kind}:{column.name}"
