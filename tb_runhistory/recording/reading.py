"""What the recording API reads from a store: runs, their labels, parameters and metrics, and where series stand.

Everything here opens the store, and with it SQLAlchemy and numpy: only what asks a question pays for that. Questions
about runs that somebody names see them whatever their lifecycle stage.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import time
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from tb_runhistory.errors import BadRequest, NotFound, StoreError
from tb_runhistory.records.changes import CreateRun, DataClass, LifecycleStage, MetricShape, ParameterValue
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.uri import StoreUri

if TYPE_CHECKING:
    from tb_runhistory.query.tree import TreeQuery
    from tb_runhistory.records.columns import EntryColumns, LabelColumns, RunColumns, Scope, SeriesKey
    from tb_runhistory.store.base import RunHistoryReader

T = TypeVar("T")

TagFilter: TypeAlias = str | Collection[str] | Mapping[str, str | None] | None
"""The name of a tag that a run must have, several names, or names with the values they must have."""

StatusFilter: TypeAlias = RunStatus | str | None

StageFilter: TypeAlias = LifecycleStage | str
"""A lifecycle stage ("active", "archived", "deleted"), or "any"."""

Cell: TypeAlias = float | str | None
MetricResult: TypeAlias = Cell | list[Cell] | dict[str, Cell] | dict[str, list[Cell]]
"""One value, several, one row by column, or several rows by column."""

_Values: TypeAlias = dict[tuple[int, int], Cell]
"""The values of a series by step and, where several were logged at one step, by their place among them."""

_ANY = "any"
_FIRST_PAGE = 100


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as the store has it. Times are seconds since the epoch; ``status`` is the one to show."""

    created: CreateRun
    stage: LifecycleStage
    status: RunStatus
    error: str
    session_id: str
    number: int
    started_at: float | None
    ended_at: float | None
    dropped: int
    refused: int


class KeptReader:
    """A reader of a store that is opened for the first question and kept for the next. Threads may share it."""

    def __init__(self, uri: StoreUri) -> None:
        self._uri = uri
        self._lock = threading.Lock()
        self._reader: RunHistoryReader | None = None
        self._inherited: list[RunHistoryReader] = []

    def ask(self, question: Callable[[RunHistoryReader], T]) -> T:
        """The answer of the store.

        Raises:
          NotFound, StoreError: as ``open_reader``, and as the question does.
        """
        reader, is_new = self._opened()
        try:
            return question(reader)
        except (NotFound, StoreError):
            if is_new:
                raise
        # It may have been moved or replaced since it was opened: another look tells.
        self.close()
        return question(self._opened()[0])

    def close(self) -> None:
        """Closes the reader; the next question opens another."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def forked(self) -> None:
        """In a forked child: the reader is the parent's. It is not even closed, which would touch what they share."""
        self._lock = threading.Lock()
        if self._reader is not None:
            self._inherited.append(self._reader)
            self._reader = None

    def _opened(self) -> tuple[RunHistoryReader, bool]:
        from tb_runhistory.store.opening import check_store, open_reader

        with self._lock:
            if self._reader is not None:
                return self._reader, False
            if self._uri.is_file:  # Where there is none, nothing need be loaded to say so.
                check_store(self._uri)
            self._reader = open_reader(self._uri)
            return self._reader, True


@contextmanager
def reading(uri: StoreUri) -> Iterator[RunHistoryReader]:
    """A reader of the store for the time of the block. Raises what ``open_reader`` does."""
    from tb_runhistory.store.opening import open_reader

    with open_reader(uri) as reader:
        yield reader


def scope_of(experiment: str | None = None, run_id: str | None = None) -> Scope:
    """The runs of an experiment, or a run with its descendants, whatever their stage."""
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    return Scope(experiment, () if run_id is None else (run_id,), stages=ANY_STAGE)


def only(*run_ids: str) -> Scope:
    """Runs without their descendants, whatever their stage."""
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    return Scope(only=run_ids, stages=ANY_STAGE)


def checked_stage(stage: object) -> str:
    """Returns ``stage`` as the text of a lifecycle stage, or "any".

    Raises:
      BadRequest: it is none.
    """
    known = [*(member.value for member in LifecycleStage), _ANY]
    if stage not in known:
        raise BadRequest(f"there is no lifecycle stage {stage!r}: it is {', '.join(known[:-1])} or {known[-1]}")
    return str(stage)


def is_in_stage(run: StoredRun, stage: str) -> bool:
    """Whether the run is in the stage that is asked for."""
    return stage in (_ANY, run.stage.value)


def experiment_names(reader: RunHistoryReader, stage: str) -> list[str]:
    """The experiments in a lifecycle stage, oldest first."""
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    columns = reader.experiments() if stage == LifecycleStage.ACTIVE else reader.experiments(Scope(stages=ANY_STAGE))
    return [name for name, found in zip(columns.name, columns.stage, strict=True) if stage in (_ANY, found.value)]


def stored_runs(reader: RunHistoryReader, scope: Scope) -> list[StoredRun]:
    """The runs in scope, those that were created last first."""
    runs = _from_columns(reader.runs(scope))
    return sorted(runs, key=lambda run: (run.created.created_at, run.number), reverse=True)


def stored_run(reader: RunHistoryReader, run_id: str) -> StoredRun | None:
    """One run, or None where the store does not have it."""
    return next(iter(_from_columns(reader.runs(only(run_id)))), None)


def children_of(
    kept: KeptReader, scope: Scope, parent_id: str, tags: TagFilter, status: StatusFilter, stage: str
) -> Iterator[StoredRun]:
    """The children of a run, or with "" the roots in scope, those that were created last first.

    A first page costs little however many there are, which is enough for who wants the newest; all others are read at
    once, when one of them is asked for.
    """
    from tb_runhistory.query.tree import TreeQuery

    query = TreeQuery(now=time(), scope=scope, parent_id=parent_id, limit=_FIRST_PAGE)
    page = kept.ask(partial(_page, query))
    yield from kept.ask(partial(selected, [run for run in page if is_in_stage(run, stage)], tags, status))
    if len(page) < _FIRST_PAGE:
        return
    # What was created since then is left out.
    seen, newest = {run.created.run_id for run in page}, page[0].created.created_at
    rest = [
        run
        for run in kept.ask(partial(_runs_in, scope))
        if (run.created.parent_id or "") == parent_id
        and run.created.run_id not in seen
        and run.created.created_at <= newest
        and is_in_stage(run, stage)
    ]
    yield from kept.ask(partial(selected, rest, tags, status))


def selected(
    runs: Sequence[StoredRun], tags: TagFilter, status: StatusFilter, reader: RunHistoryReader
) -> list[StoredRun]:
    """Those of ``runs`` that have the tags and the status, in their order."""
    wanted = None if status is None else RunStatus(status)
    kept = [run for run in runs if wanted is None or run.status is wanted]
    if tags is None or not kept:
        return kept
    found = labels_by_run(reader.tags(only(*(run.created.run_id for run in kept))))
    return [run for run in kept if _has_tags(found.get(run.created.run_id, {}), tags)]


def labels_by_run(columns: LabelColumns) -> dict[str, dict[str, str | None]]:
    """Tags or properties by run id."""
    found: dict[str, dict[str, str | None]] = {}
    for run_id, name, value in zip(columns.run_id, columns.name, columns.value, strict=True):
        found.setdefault(run_id, {})[name] = value
    return found


def parameters_of(reader: RunHistoryReader, run_id: str) -> dict[str, ParameterValue]:
    """A run's own parameters."""
    columns = reader.parameters(only(run_id))
    return dict(zip(columns.name, columns.value, strict=True))


def next_steps(reader: RunHistoryReader, run_id: str) -> dict[str, int]:
    """By tag, the step after the last one of each of a run's own metrics."""
    steps: dict[str, int] = {}
    for data_class in (DataClass.SCALAR, DataClass.TEXT):
        columns = reader.series(only(run_id), data_class)
        for tag, last in zip(columns.tag, columns.last_step.tolist(), strict=True):
            steps[tag] = last + 1
    return steps


def metrics_by_run(
    reader: RunHistoryReader, scope: Scope, name: str | None, all_values: bool
) -> dict[str, dict[str, MetricResult]]:
    """The metrics of the runs in scope, by run id and metric name; all, or the one named ``name``.

    ``all_values`` gives also what a later value of the same session replaced at its step.
    """
    found: dict[str, dict[str, dict[str, _Values]]] = {}
    shapes: dict[tuple[str, str], MetricShape] = {}
    for data_class in (DataClass.SCALAR, DataClass.TEXT):
        columns = reader.series(scope, data_class)
        rows = [row for row, metric in enumerate(columns.metric) if name is None or metric == name]
        keys = [columns.key[row] for row in rows]
        logged = (
            _numbers(reader, keys, all_values) if data_class is DataClass.SCALAR else _texts(reader, keys, all_values)
        )
        for row, key, values in zip(rows, keys, logged, strict=True):
            metric = columns.metric[row]
            found.setdefault(key.run_id, {}).setdefault(metric, {})[columns.column[row]] = values
            shapes[key.run_id, metric] = columns.shape[row]
    return {
        run: {metric: _shaped(columns, shapes[run, metric]) for metric, columns in metrics.items()}
        for run, metrics in found.items()
    }


def _runs_in(scope: Scope, reader: RunHistoryReader) -> list[StoredRun]:
    return stored_runs(reader, scope)


def _page(query: TreeQuery, reader: RunHistoryReader) -> list[StoredRun]:
    return _from_columns(reader.tree_page(query).runs)


def _numbers(reader: RunHistoryReader, keys: Sequence[SeriesKey], all_values: bool) -> list[_Values]:
    series = reader.read_all_values(keys) if all_values else [shown.points for shown in reader.read_points(keys)]
    return [_placed(points.steps.tolist(), points.values.tolist()) for points in series]


def _texts(reader: RunHistoryReader, keys: Sequence[SeriesKey], all_values: bool) -> list[_Values]:
    found = reader.read_entries(keys, all_values=all_values)
    return [_placed(entries.step.tolist(), _contents(reader, entries)) for entries in found]


def _contents(reader: RunHistoryReader, entries: EntryColumns) -> list[Cell]:
    """The texts of a series, large ones from the artifacts; None where one cannot be read."""
    texts: list[Cell] = []
    for contents in entries.contents:
        text: str | None = None
        if contents:
            with suppress(StoreError):
                data = contents[0].data
                data = reader.read_artifact(contents[0].digest) if data is None else data
                text = data.decode("utf-8", "replace")
        texts.append(text)
    return texts


def _placed(steps: Sequence[int], values: Sequence[Cell]) -> _Values:
    placed: _Values = {}
    before, place = None, 0
    for step, value in zip(steps, values, strict=True):
        place = place + 1 if step == before else 0
        before = step
        placed[step, place] = value
    return placed


def _shaped(columns: dict[str, _Values], shape: MetricShape) -> MetricResult:
    if shape is not MetricShape.ROW:
        values = [value for column in columns.values() for value in column.values()]
        return values[0] if shape is MetricShape.SCALAR and len(values) == 1 else values
    steps = sorted({step for column in columns.values() for step in column})
    if len(steps) == 1:
        return {name: column.get(steps[0]) for name, column in columns.items()}
    # A row that had no value in a column has None there, so that rows can be read across.
    return {name: [column.get(step) for step in steps] for name, column in columns.items()}


def _from_columns(columns: RunColumns) -> list[StoredRun]:
    now = time()
    return [
        StoredRun(
            CreateRun(
                columns.root_id[row],
                columns.run_id[row],
                columns.parent_id[row] or None,
                columns.path[row],
                columns.experiment[row],
                columns.display_name[row],
                float(columns.created_at[row]),
                columns.description[row],
                columns.chosen_id[row],
            ),
            columns.stage[row],
            shown_status(columns.status[row], _time(columns.heartbeat_at[row]), now),
            columns.error[row],
            columns.session_id[row],
            int(columns.number[row]),
            _time(columns.started_at[row]),
            _time(columns.ended_at[row]),
            int(columns.dropped[row]),
            int(columns.refused[row]),
        )
        for row in range(len(columns))
    ]


def _has_tags(tags: Mapping[str, str | None], wanted: str | Collection[str] | Mapping[str, str | None]) -> bool:
    if isinstance(wanted, str):
        return wanted in tags
    if isinstance(wanted, Mapping):
        return all(name in tags and tags[name] == value for name, value in wanted.items())
    return all(name in tags for name in wanted)


def _time(seconds: float) -> float | None:
    return None if math.isnan(seconds) else float(seconds)
