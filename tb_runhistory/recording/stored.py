"""What the recording API reads from a store: runs, their labels and parameters, and where their series stand.

Everything here opens the store, and with it SQLAlchemy and numpy: only what asks a question pays for that.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, TypeAlias

from tb_runhistory.records.changes import CreateRun, DataClass, ParameterValue
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.uri import StoreUri

if TYPE_CHECKING:
    from tb_runhistory.records.columns import LabelColumns, Scope
    from tb_runhistory.store.base import RunHistoryReader

TagFilter: TypeAlias = str | Collection[str] | Mapping[str, str | None] | None
"""The name of a tag that a run must have, several names, or names with the values they must have."""

StatusFilter: TypeAlias = RunStatus | str | None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as the store has it. Times are seconds since the epoch; ``status`` is the one to show."""

    created: CreateRun
    status: RunStatus
    error: str
    session_id: str
    number: int
    started_at: float | None
    ended_at: float | None
    dropped: int


@contextmanager
def reading(uri: StoreUri) -> Iterator[RunHistoryReader]:
    """A reader of the store for the time of the block. Raises what ``open_reader`` does."""
    from tb_runhistory.store.opening import open_reader

    with open_reader(uri) as reader:
        yield reader


def scope_of(experiment: str | None = None, run_id: str | None = None) -> Scope:
    """The runs of an experiment, or a run with its descendants."""
    from tb_runhistory.records.columns import Scope

    return Scope(experiment, () if run_id is None else (run_id,))


def alone(run_id: str) -> Scope:
    """A run without its descendants."""
    from tb_runhistory.records.columns import Scope

    return Scope(only=(run_id,))


def stored_runs(reader: RunHistoryReader, scope: Scope) -> list[StoredRun]:
    """The runs in scope, those that started last first."""
    columns = reader.runs(scope)
    now = time()
    runs = [
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
            ),
            shown_status(columns.status[row], _time(columns.heartbeat_at[row]), now),
            columns.error[row],
            columns.session_id[row],
            int(columns.number[row]),
            _time(columns.started_at[row]),
            _time(columns.ended_at[row]),
            int(columns.dropped[row]),
        )
        for row in range(len(columns))
    ]
    return sorted(runs, key=lambda run: (run.started_at or run.created.created_at, run.number), reverse=True)


def stored_run(reader: RunHistoryReader, run_id: str) -> StoredRun | None:
    """One run, or None where the store does not have it."""
    return next(iter(stored_runs(reader, alone(run_id))), None)


def selected(
    reader: RunHistoryReader, scope: Scope, runs: Sequence[StoredRun], tags: TagFilter, status: StatusFilter
) -> list[StoredRun]:
    """Those of ``runs`` that have the tags and the status, in their order."""
    wanted = None if status is None else RunStatus(status)
    kept = [run for run in runs if wanted is None or run.status is wanted]
    if tags is None:
        return kept
    found = labels_by_run(reader.tags(scope))
    return [run for run in kept if _has_tags(found.get(run.created.run_id, {}), tags)]


def labels_by_run(columns: LabelColumns) -> dict[str, dict[str, str | None]]:
    """Tags or properties by run id."""
    found: dict[str, dict[str, str | None]] = {}
    for run_id, name, value in zip(columns.run_id, columns.name, columns.value, strict=True):
        found.setdefault(run_id, {})[name] = value
    return found


def parameters_of(reader: RunHistoryReader, run_id: str) -> dict[str, ParameterValue]:
    """A run's own parameters."""
    columns = reader.parameters(alone(run_id))
    return dict(zip(columns.name, columns.value, strict=True))


def next_steps(reader: RunHistoryReader, run_id: str) -> dict[str, int]:
    """By tag, the step after the last one of each of a run's own series."""
    steps: dict[str, int] = {}
    for data_class in DataClass:
        columns = reader.series(alone(run_id), data_class)
        for tag, last in zip(columns.tag, columns.last_step.tolist(), strict=True):
            steps[tag] = last + 1
    return steps


def _has_tags(tags: Mapping[str, str | None], wanted: str | Collection[str] | Mapping[str, str | None]) -> bool:
    if isinstance(wanted, str):
        return wanted in tags
    if isinstance(wanted, Mapping):
        return all(name in tags and tags[name] == value for name, value in wanted.items())
    return all(name in tags for name in wanted)


def _time(seconds: float) -> float | None:
    return None if math.isnan(seconds) else float(seconds)
