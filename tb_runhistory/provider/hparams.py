"""Parameters for TensorBoard's HParams dashboard.

TensorBoard's data-provider protocol has no call for hyperparameters, so they travel as HParams' own summary metadata:
a run with parameters has a "session start" with their values and a "session end" with its status. There is no tag for
the experiment, so that the dashboard derives the columns and their domains from the runs that are there now.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from google.protobuf import struct_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

from tb_runhistory.provider.directory import Rows
from tb_runhistory.provider.naming import leaf_first
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.query.terms import Parameter
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import ParameterColumns, RunColumns
from tb_runhistory.records.status import RunStatus, shown_status

# As in tensorboard.plugins.hparams.metadata, which takes long to import.
PLUGIN_NAME = "hparams"
PLUGIN_DATA_VERSION = 0
SESSION_START_TAG = "_hparams_/session_start_info"
SESSION_END_TAG = "_hparams_/session_end_info"

MAX_PARAMETERS = 1000
"""Of one run, in the dashboard's table. Its columns are beyond use long before."""

MAX_NAME_CHARACTERS = 255
MAX_VALUE_CHARACTERS = 1000
_MOST_BITS = 3000

_STATUSES = {
    RunStatus.COMPLETED: api_pb2.STATUS_SUCCESS,
    RunStatus.FAILED: api_pb2.STATUS_FAILURE,
    RunStatus.CANCELED: api_pb2.STATUS_FAILURE,
    RunStatus.NOT_RESPONDING: api_pb2.STATUS_FAILURE,
}


@dataclass(frozen=True, slots=True)
class SessionTag:
    """One of the two tags of a run that is a session; ``content`` is the plugin data of its summary metadata."""

    run: str
    tag: str
    wall_time: float
    content: bytes


class HParams:
    """The sessions of a snapshot: the runs that have parameters, their own or an ancestor's."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def tags(self, wanted: Wanted) -> Iterator[SessionTag]:
        """The tags that are wanted, those of a run in succession and the start before the end."""
        snapshot = self._snapshot
        now = time.time()
        for rows, parameters in snapshot.parameters_of(snapshot.wanted_rows(wanted)):
            effective = self._effective(rows, parameters)
            [runs] = snapshot.runs_of(rows)
            for place, run_id in enumerate(runs.run_id):
                row = snapshot.directory.row_of(run_id)
                if row is not None and effective.get(row):
                    yield from _session(runs, place, snapshot.directory.name(row), effective[row], wanted, now)

    def any(self) -> bool:
        """Whether there is a session at all."""
        snapshot = self._snapshot
        if any(isinstance(column, Parameter) for column in snapshot.reader.tree_columns(snapshot.scope).column):
            return True
        # What only stands above the runs in view is inherited.
        above = np.setdiff1d(snapshot.directory.with_ancestors(snapshot.rows), snapshot.rows)
        return len(above) > 0 and any(True for _ in self.tags(Wanted()))

    def _effective(self, rows: Rows, recorded: ParameterColumns) -> dict[int, dict[str, ParameterValue]]:
        """The parameters of the runs in rows with those of their ancestors, the nearest winning."""
        runs = self._snapshot.directory
        own: dict[int, dict[str, ParameterValue]] = {}
        for run_id, name, value in zip(recorded.run_id, recorded.name, recorded.value, strict=True):
            row = runs.row_of(run_id)
            if row is not None and len(own.setdefault(row, {})) < MAX_PARAMETERS:
                own[row][name[:MAX_NAME_CHARACTERS]] = value
        effective: dict[int, dict[str, ParameterValue]] = {}
        for row in rows.tolist():
            above = [row, *runs.ancestors(row)]
            known = next((place for place, member in enumerate(above) if member in effective), len(above))
            inherited = effective[above[known]] if known < len(above) else {}
            for member in reversed(above[:known]):
                # Those who add nothing share what they inherit.
                inherited = effective[member] = inherited | own[member] if member in own else inherited
        return effective


def _session(
    runs: RunColumns, place: int, name: str, values: dict[str, ParameterValue], wanted: Wanted, now: float
) -> Iterator[SessionTag]:
    started, created = float(runs.started_at[place]), float(runs.created_at[place])
    started = created if math.isnan(started) else started
    if wanted.has_tag(SESSION_START_TAG):
        yield SessionTag(name, SESSION_START_TAG, started, _start(name, values, started))
    if wanted.has_tag(SESSION_END_TAG):
        heartbeat, ended = float(runs.heartbeat_at[place]), float(runs.ended_at[place])
        status = shown_status(runs.status[place], None if math.isnan(heartbeat) else heartbeat, now)
        yield SessionTag(name, SESSION_END_TAG, started, _end(status, ended))


def _start(name: str, values: dict[str, ParameterValue], started: float) -> bytes:
    # The dashboard shows the group's name, cut off at some twenty characters, as the trial's.
    info = plugin_data_pb2.SessionStartInfo(start_time_secs=started, group_name=leaf_first(name))
    for name, value in values.items():
        _set_value(info.hparams[name], value)
    return _content(plugin_data_pb2.HParamsPluginData(session_start_info=info))


def _end(status: RunStatus, ended: float) -> bytes:
    info = plugin_data_pb2.SessionEndInfo(status=_STATUSES.get(status, api_pb2.STATUS_RUNNING))
    if not math.isnan(ended):
        info.end_time_secs = ended
    return _content(plugin_data_pb2.HParamsPluginData(session_end_info=info))


def _set_value(target: struct_pb2.Value, value: ParameterValue) -> None:
    if isinstance(value, bool):
        target.bool_value = value
        return
    if isinstance(value, str):
        target.string_value = value if len(value) <= MAX_VALUE_CHARACTERS else f"{value[:MAX_VALUE_CHARACTERS]}…"
        return
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    # JSON has no NaN and no infinity: the dashboard would drop the value, or fail.
    if math.isfinite(number):
        target.number_value = number
    else:
        is_long = isinstance(value, int) and value.bit_length() > _MOST_BITS
        target.string_value = "a number of many digits" if is_long else str(value)


def _content(data: plugin_data_pb2.HParamsPluginData) -> bytes:
    data.version = PLUGIN_DATA_VERSION
    # In one order always, so that equal parameters are equal bytes.
    content: bytes = data.SerializeToString(deterministic=True)
    return content
