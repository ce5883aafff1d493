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

from google.protobuf import struct_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

from tb_runhistory.provider.naming import leaf_first
from tb_runhistory.provider.scalars import start_times
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.status import RunStatus, shown_status

# As in tensorboard.plugins.hparams.metadata, which takes long to import.
PLUGIN_NAME = "hparams"
PLUGIN_DATA_VERSION = 0
SESSION_START_TAG = "_hparams_/session_start_info"
SESSION_END_TAG = "_hparams_/session_end_info"

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
        """The tags that are wanted, the start before the end of each run."""
        runs, names = self._snapshot.runs, self._snapshot.names
        parameters = self._effective_parameters()
        now = time.time()
        started = start_times(self._snapshot)
        for row, run_id in enumerate(runs.run_id):
            name, values = names.get(run_id, ""), parameters[run_id]
            if not values or not wanted.has_run(name):
                continue
            if wanted.has_tag(SESSION_START_TAG):
                content = _start(name, values, started[row])
                yield SessionTag(name, SESSION_START_TAG, started[row], content)
            if wanted.has_tag(SESSION_END_TAG):
                heartbeat, ended = float(runs.heartbeat_at[row]), float(runs.ended_at[row])
                status = shown_status(runs.status[row], None if math.isnan(heartbeat) else heartbeat, now)
                yield SessionTag(name, SESSION_END_TAG, started[row], _end(status, ended))

    def any(self) -> bool:
        """Whether there is a session at all."""
        return any(self._effective_parameters().values())

    def _effective_parameters(self) -> dict[str, dict[str, ParameterValue]]:
        """Each run's parameters with those of its ancestors, the nearest winning."""
        recorded = self._snapshot.parameters
        own: dict[str, dict[str, ParameterValue]] = {}
        for run_id, name, value in zip(recorded.run_id, recorded.name, recorded.value, strict=True):
            own.setdefault(run_id, {})[name] = value
        runs = self._snapshot.runs
        effective: dict[str, dict[str, ParameterValue]] = {}
        for run_id, path in zip(runs.run_id, runs.path, strict=True):
            merged: dict[str, ParameterValue] = {}
            for member in path.split("/"):
                merged |= own.get(member, {})
            effective[run_id] = merged
        return effective


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
        target.string_value = value
        return
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    # JSON has no NaN and no infinity: the dashboard would drop the value, or fail.
    if math.isfinite(number):
        target.number_value = number
    else:
        target.string_value = str(value)


def _content(data: plugin_data_pb2.HParamsPluginData) -> bytes:
    data.version = PLUGIN_DATA_VERSION
    # In one order always, so that equal parameters are equal bytes.
    content: bytes = data.SerializeToString(deterministic=True)
    return content
