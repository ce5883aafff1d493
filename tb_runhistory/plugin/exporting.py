"""The answer of ``export``: all runs that meet a filter as one table, written while it is read, part by part.

A run's line says where it stands (``path`` has the names of those above it), what it is, and its cells. As CSV it is
for spreadsheets: moments are in ISO 8601, and a text that a spreadsheet would take for a formula begins with an
apostrophe. As JSON it has the cells of ``messages``. What goes wrong half way can no longer be a status: the table ends
with a sentence instead.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from tb_runhistory.errors import RunHistoryError, TooBusy
from tb_runhistory.plugin.messages import Cell, ExportedRun, Inherited, NonFinite, RolledUp
from tb_runhistory.plugin.requests import ExportFormat, ExportRequest
from tb_runhistory.plugin.run_pages import known_time, shortened, shown_cell, shown_name, stages_of, to_json
from tb_runhistory.query.kinds import Kind, kind_of
from tb_runhistory.query.terms import Column, Filled
from tb_runhistory.query.tree import Cells
from tb_runhistory.query.writing import column_text, literal_text
from tb_runhistory.records.changes import Direction, LifecycleStage
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.store.base import RunHistoryReader

RUNS_AT_ONCE = 500
"""So many runs are read in one turn: a viewer who asks meanwhile waits for no more."""

_MOST_TRIES = 6
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What spreadsheets begin a formula with, as OWASP lists it."""

_OF_RUN = "run_id", "parent_id", "experiment", "path", "name", "status", "stage", "created", "started", "ended"

Turn = Callable[[], AbstractContextManager[None]]


MEDIA_TYPE = {ExportFormat.CSV: "text/csv; charset=utf-8", ExportFormat.JSON: "application/json"}


def export(reader: RunHistoryReader, request: ExportRequest, turn: Turn) -> Iterator[bytes]:
    """The parts of the table. Which runs are in it is decided at once, and what each holds when its part is made.

    Each part is worked out in a ``turn``.
    """
    with turn():
        run_ids = reader.search(request.search).run_id
        scope = request.search.scope
        asked = _Asked(reader, request, reader.directions(scope), stages_of(reader, scope))
    table = _CsvTable(request.columns) if request.format is ExportFormat.CSV else _JsonTable(request.columns)
    return _written(table, _parts(asked, run_ids, turn))


def _written(table: _Table, parts: Iterator[list[ExportedRun]]) -> Iterator[bytes]:
    yield table.begin()
    problem = None
    try:
        for runs in parts:
            yield table.lines(runs)
    except RunHistoryError as error:
        problem = f"This table ends too early: {shortened(str(error))}"
    yield table.end(problem)


def _parts(asked: _Asked, run_ids: Sequence[str], turn: Turn) -> Iterator[list[ExportedRun]]:
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        yield _in_turn(turn, partial(asked.read, run_ids[start : start + RUNS_AT_ONCE]))


def _in_turn(turn: Turn, read: Callable[[], list[ExportedRun]]) -> list[ExportedRun]:
    """What is read once there is a turn for it: an export has time."""
    for _ in range(_MOST_TRIES - 1):
        try:
            with turn():
                return read()
        except TooBusy as error:
            time.sleep(error.retry_after)
    with turn():
        return read()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is exported, and what holds for all parts of it: directions of metrics, and how a run's stage is told."""

    reader: RunHistoryReader
    request: ExportRequest
    directions: Mapping[str, Direction]
    stage_of: Callable[[RunColumns, int], LifecycleStage]

    def read(self, run_ids: Sequence[str]) -> list[ExportedRun]:
        """These runs, in their order, but for those that have vanished."""
        search, stages = self.request.search, self.request.search.scope.stages
        runs = self.reader.runs(Scope(only=tuple(run_ids), stages=stages))
        cells = self.reader.cells(runs.run_id, self.request.columns, search.now, self.directions, stages)
        names = self._names_above(runs)
        row_of = {run_id: row for row, run_id in enumerate(runs.run_id)}
        rows = [row_of[run_id] for run_id in run_ids if run_id in row_of]
        return [_exported(runs, row, self.stage_of(runs, row), names, cells, search.now) for row in rows]

    def _names_above(self, runs: RunColumns) -> dict[str, str]:
        """By id, the names of the runs that stand above these, as far as they are in scope."""
        above = {run_id for path in runs.path for run_id in path.split("/")[:-1]}
        unknown = tuple(above.difference(runs.run_id))
        found = self.reader.runs(replace(self.request.search.scope, only=unknown)) if unknown else runs.take([])
        return {known.run_id[row]: shown_name(known, row) for known in (runs, found) for row in range(len(known))}


def _exported(
    runs: RunColumns, row: int, stage: LifecycleStage, names: Mapping[str, str], cells: Sequence[Cells], now: float
) -> ExportedRun:
    started, ended, heartbeat = (
        known_time(times[row]) for times in (runs.started_at, runs.ended_at, runs.heartbeat_at)
    )
    status = shown_status(runs.status[row], heartbeat, now)
    return ExportedRun(
        run_id=runs.run_id[row],
        parent_id=runs.parent_id[row],
        experiment=shortened(runs.experiment[row]),
        path=[names[run_id] for run_id in runs.path[row].split("/")[:-1] if run_id in names],
        name=shown_name(runs, row),
        status=status.value,
        stage=stage.value,
        created_at=known_time(runs.created_at[row]) or 0.0,
        started_at=started,
        ended_at=heartbeat if status is RunStatus.NOT_RESPONDING else ended,
        cells=[shown_cell(column, row) for column in cells],
    )


class _Table(Protocol):
    """How the table is written."""

    def begin(self) -> bytes:
        """What stands before the first run."""

    def lines(self, runs: Sequence[ExportedRun]) -> bytes:
        """Some runs more."""

    def end(self, problem: str | None) -> bytes:
        """What stands behind the last run; ``problem`` says why there are not all of them."""


class _JsonTable:
    """``{"columns": [...], "runs": [...], "problem": null}``, a run a line."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._headings = headings(columns)
        self._separator = b"\n"

    def begin(self) -> bytes:
        return b'{"columns":' + to_json(self._headings) + b',\n"runs":['

    def lines(self, runs: Sequence[ExportedRun]) -> bytes:
        if not runs:
            return b""
        separator, self._separator = self._separator, b",\n"
        return separator + b",\n".join(map(to_json, runs))

    def end(self, problem: str | None) -> bytes:
        return b'\n],\n"problem":' + to_json(problem) + b"}\n"


class _CsvTable:
    """A heading, then a line for each run."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._headings = [_harmless(text) for text in headings(columns)]
        self._are_moments = [kind_of(column) is Kind.MOMENT for column in columns]

    def begin(self) -> bytes:
        # With the mark in front spreadsheets read it as UTF-8.
        return b"\xef\xbb\xbf" + _csv([[*_OF_RUN, *self._headings]])

    def lines(self, runs: Sequence[ExportedRun]) -> bytes:
        return _csv(map(self._line, runs))

    def end(self, problem: str | None) -> bytes:
        return b"" if problem is None else _csv([[problem]])

    def _line(self, run: ExportedRun) -> list[str]:
        of_run = [run.run_id, run.parent_id, run.experiment, "/".join(run.path), run.name, run.status, run.stage]
        times = [_moment(seconds) for seconds in (run.created_at, run.started_at, run.ended_at)]
        cells = zip(run.cells, self._are_moments, strict=True)
        return [*map(_harmless, of_run), *times, *(_moment(cell) if at else _plain(cell) for cell, at in cells)]


def headings(columns: Sequence[Column]) -> list[str]:
    """What the columns of the table are called: a metric that is filled with a roll-up simply by its own text."""
    whole = [column_text(column) for column in columns]
    short = [
        column_text(column.own) if isinstance(column, Filled) else text
        for column, text in zip(columns, whole, strict=True)
    ]
    return [text if short.count(brief) > 1 else brief for text, brief in zip(whole, short, strict=True)]


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode(errors="replace")


def _plain(cell: Cell) -> str:
    """A cell as a spreadsheet takes it: of a roll-up the value, and numbers with a point."""
    value = cell.rolled_up if isinstance(cell, RolledUp) else cell.inherited if isinstance(cell, Inherited) else cell
    if value is None:
        return ""
    if isinstance(value, NonFinite):
        return value.non_finite
    if isinstance(value, str):
        return _harmless(value)
    return str(value).lower() if isinstance(value, bool) else literal_text(value)


def _moment(cell: Cell) -> str:
    seconds = cell.rolled_up if isinstance(cell, RolledUp) else cell
    if not isinstance(seconds, float):
        return _plain(cell)
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return _plain(seconds)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
