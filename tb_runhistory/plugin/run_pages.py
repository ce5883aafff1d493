"""From a reader's columns to the messages of the HTTP API.

What a store holds is trusted in nothing: every text of an answer has a most length, and so has the answer.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

from tb_runhistory.errors import NotFound
from tb_runhistory.plugin.messages import Cell, Column, Experiment, NonFinite, Overview, Run, RunPage, Version
from tb_runhistory.plugin.requests import MAX_COLUMNS
from tb_runhistory.query.tree import TreeColumn, TreePage, TreeQuery
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus, shown_status
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


def version(reader: RunHistoryReader) -> Version:
    """The store's version, and the minute: a run stops responding with time alone."""
    minute = int(time.time() // HEARTBEAT_TIMEOUT_SECONDS)
    return Version(f"{reader.version() & (2**64 - 1):x}-{minute:x}")


def overview(reader: RunHistoryReader, scope: Scope, view: Scope) -> Overview:
    """What the runs in scope are and have, and the experiments of the whole view, among which a person can choose."""
    experiments = reader.experiments(view)
    counted = reader.tree_columns(scope)
    # A column's name is what it is asked for by: one that cannot be asked for is not offered.
    columns = (
        Column(_shown_column(column), count)
        for column, count in zip(counted.column, counted.run_count.tolist(), strict=True)
        if len(column.name) <= MAX_NAME_CHARACTERS
    )
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
        columns=list(islice(columns, MAX_COLUMNS)),
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
    room = _PAGE_CHARACTERS // max(1, len(page.runs) * len(page.cells))
    most = min(max(room, _LEAST_CELL_CHARACTERS), _MOST_CELL_CHARACTERS)
    return Run(
        run_id=runs.run_id[row],
        name=shortened(runs.display_name[row], MAX_NAME_CHARACTERS) or f"run {number}",
        experiment=runs.experiment[row][:MAX_NAME_CHARACTERS],
        number=number,
        status=status.value,
        error=shortened(runs.error[row]),
        created_at=_time(runs.created_at[row]) or 0.0,
        started_at=_time(runs.started_at[row]),
        ended_at=last_heard_of or _time(runs.ended_at[row]),
        children=int(page.children[row]),
        dropped=int(runs.dropped[row]),
        cells=[_cell(column[row], most) for column in page.cells],
    )


def _time(seconds: float) -> float | None:
    return float(seconds) if math.isfinite(seconds) else None


def _cell(value: ParameterValue | None, most: int) -> Cell:
    if isinstance(value, str):
        return shortened(value, most)
    if isinstance(value, int) and abs(value) > _MOST_EXACT:
        return shortened(str(value), most) if value.bit_length() <= _MOST_BITS else "a number of many digits"
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return NonFinite("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")


def _shown_column(column: TreeColumn) -> str:
    return f"{column.kind}:{column.name}"
