"""Answers to the requests of TensorBoard's ``TensorBoardDataProvider`` service, in its own messages.

The meaning of the requests is that of ``tensorboard.data.provider.DataProvider``, with one departure: see ``sampling``.
Values are 32-bit floats here, because the service's messages are.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from tensorboard.compat.proto import summary_pb2
from tensorboard.data.proto import data_provider_pb2 as messages

from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.hparams import PLUGIN_NAME as HPARAMS
from tb_runhistory.provider.hparams import HParams
from tb_runhistory.provider.points_cache import PointsCache
from tb_runhistory.provider.scalars import ChartPoints, ListedSeries, Scalars, rollup_run_names, start_times
from tb_runhistory.provider.settings import ServerSettings
from tb_runhistory.provider.snapshot import Snapshot, Snapshots, Wanted
from tb_runhistory.provider.tensors import null_tensor, text_tensor
from tb_runhistory.provider.texts import Texts
from tb_runhistory.records.changes import DataClass

SCALARS = "scalars"
TEXT = "text"
_LARGEST = float(np.finfo(np.float32).max)


class Answers:
    """One method a request. Safe to use from several threads.

    Every method raises a ``RunHistoryError`` when the store cannot be read or the request is malformed.
    """

    def __init__(self, snapshots: Snapshots, settings: ServerSettings) -> None:
        self._snapshots = snapshots
        self._settings = settings
        self._cache = PointsCache()
        self._charting = threading.Lock()
        self._reported: set[tuple[str, str]] = set()

    def experiment(self, request: Any) -> Any:
        """``GetExperiment``: one experiment's name and description where there is one, else the store's name."""
        snapshot = self._snapshots.current()
        experiments, location = snapshot.experiments, snapshot.reader.location
        shown = [row for row, name in enumerate(experiments.name) if self._shows(snapshot, name)]
        response = messages.GetExperimentResponse(data_location=location)
        if len(shown) == 1:
            response.name, response.description = experiments.name[shown[0]], experiments.description[shown[0]]
        else:
            response.name = os.path.basename(location.partition("?")[0])
        if shown:
            response.creation_time.FromNanoseconds(int(float(experiments.created_at[shown].min()) * 1e9))
        return response

    def plugins(self, request: Any) -> Any:
        """``ListPlugins``: those that have data."""
        snapshot = self._snapshots.current()
        present: dict[str, Callable[[], bool]] = {
            SCALARS: lambda: len(snapshot.series(DataClass.SCALAR)) > 0,
            TEXT: lambda: any(True for _ in Texts(snapshot).series(Wanted())),
            HPARAMS: lambda: HParams(snapshot).any(),
        }
        return messages.ListPluginsResponse(
            plugins=[messages.Plugin(name=n) for n, has_data in present.items() if has_data()]
        )

    def runs(self, request: Any) -> Any:
        """``ListRuns``: recorded runs, computed ones, and the names that bear the descriptions of experiments."""
        snapshot = self._snapshots.current()
        response = messages.ListRunsResponse()
        recorded = zip(snapshot.runs.run_id, start_times(snapshot), strict=True)
        named = [(snapshot.names[run_id], started) for run_id, started in recorded if run_id in snapshot.names]
        computed = rollup_run_names(snapshot, self._settings.rollups)
        for name, started in [*named, *computed.items(), *Texts(snapshot).experiments_shown().items()]:
            response.runs.add(name=name, start_time=started)
        return response

    def list_scalars(self, request: Any) -> Any:
        """``ListScalars``."""
        response = messages.ListScalarsResponse()
        if request.plugin_filter.plugin_name == SCALARS:
            _add_series(response, self._scalars().series(_wanted(request)), SCALARS, summary_pb2.DATA_CLASS_SCALAR)
        return response

    def read_scalars(self, request: Any) -> Any:
        """``ReadScalars``."""
        response = messages.ReadScalarsResponse()
        if request.plugin_filter.plugin_name != SCALARS:
            return response
        asked, scalars, wanted = _asked(request), self._scalars(), _wanted(request)
        tag_entry = _entries(response)
        if asked == 1:
            for last in scalars.last(wanted):
                data = tag_entry(last.run, last.tag).data
                data.step.append(last.step)
                data.wall_time.append(last.wall_time)
                data.value.append(
                    max(-_LARGEST, min(last.value, _LARGEST)) if math.isfinite(last.value) else last.value
                )
            return response
        deadline = Deadline()
        # One chart at a time. Two take as long side by side as in turn, and twice the memory.
        with deadline.holding(self._charting):
            for shown in scalars.points(wanted, asked, deadline):
                data = tag_entry(shown.run, shown.tag).data
                data.step.extend(shown.points.steps.tolist())
                data.wall_time.extend(shown.points.wall_times.tolist())
                data.value.extend(_shown_as_float32(shown.points.values).tolist())
                self._report_damage(shown)
        return response

    def list_tensors(self, request: Any) -> Any:
        """``ListTensors``: texts, and the parameters as HParams' summary metadata."""
        response = messages.ListTensorsResponse()
        snapshot, wanted = self._snapshots.current(), _wanted(request)
        if request.plugin_filter.plugin_name == TEXT:
            _add_series(response, Texts(snapshot).series(wanted), TEXT, summary_pb2.DATA_CLASS_TENSOR)
        elif request.plugin_filter.plugin_name == HPARAMS:
            tag_entry = _entries(response)
            for tag in HParams(snapshot).tags(wanted):
                series = tag_entry(tag.run, tag.tag).metadata
                series.max_wall_time = tag.wall_time
                series.summary_metadata.plugin_data.plugin_name = HPARAMS
                series.summary_metadata.plugin_data.content = tag.content
                series.summary_metadata.data_class = summary_pb2.DATA_CLASS_TENSOR
        return response

    def read_tensors(self, request: Any) -> Any:
        """``ReadTensors``: texts, and for HParams' tags the empty tensor that its own writer stores."""
        response = messages.ReadTensorsResponse()
        snapshot, wanted, asked = self._snapshots.current(), _wanted(request), _asked(request)
        tag_entry = _entries(response)
        if request.plugin_filter.plugin_name == TEXT:
            for shown in Texts(snapshot).texts(wanted, asked, Deadline()):
                data = tag_entry(shown.run, shown.tag).data
                data.step.extend(shown.steps)
                data.wall_time.extend(shown.wall_times)
                data.value.extend(text_tensor(text) for text in shown.texts)
        elif request.plugin_filter.plugin_name == HPARAMS:
            for tag in HParams(snapshot).tags(wanted):
                data = tag_entry(tag.run, tag.tag).data
                data.step.append(0)
                data.wall_time.append(tag.wall_time)
                data.value.append(null_tensor())
        return response

    def list_blob_sequences(self, request: Any) -> Any:
        """``ListBlobSequences``: there are none."""
        return messages.ListBlobSequencesResponse()

    def read_blob_sequences(self, request: Any) -> Any:
        """``ReadBlobSequences``: there are none."""
        return messages.ReadBlobSequencesResponse()

    def read_blob(self, request: Any) -> Any:
        """``ReadBlob``: always an error."""
        raise NotFound("a run history has no blobs")

    def _scalars(self) -> Scalars:
        snapshot, settings = self._snapshots.current(), self._settings
        return Scalars(snapshot, self._cache, settings.rollups, settings.points_budget)

    def _shows(self, snapshot: Snapshot, experiment: str) -> bool:
        whole = snapshot.scope.experiment is None and not snapshot.scope.run_ids
        return whole or experiment in snapshot.runs.experiment or experiment == snapshot.scope.experiment

    def _report_damage(self, shown: ChartPoints) -> None:
        if shown.lost and (shown.run, shown.tag) not in self._reported:
            self._reported.add((shown.run, shown.tag))
            print(
                f"tb_runhistory: {shown.lost:,} points of {shown.tag!r} of the run {shown.run!r} are damaged in the "
                "store and not shown",
                file=sys.stderr,
                flush=True,
            )


def _wanted(request: Any) -> Wanted:
    selected = request.run_tag_filter
    return Wanted.of(
        selected.runs.names if selected.HasField("runs") else None,
        selected.tags.names if selected.HasField("tags") else None,
    )


def _asked(request: Any) -> int:
    """The number of points asked for; 0 for all, which is also what a request without a number means."""
    count: int = request.downsample.num_points
    if count < 0:
        raise BadRequest(f"the number of points must not be negative: {count}")
    return count


def _entries(response: Any) -> Callable[[str, str], Any]:
    """Adds the entry of a run and tag to the response and returns it; runs get one entry each."""
    runs: dict[str, Any] = {}

    def tag_entry(run: str, tag: str) -> Any:
        entry = runs.get(run)
        if entry is None:
            entry = runs[run] = response.runs.add(run_name=run)
        return entry.tags.add(tag_name=tag)

    return tag_entry


def _add_series(response: Any, listed: Iterable[ListedSeries], plugin: str, data_class: int) -> None:
    tag_entry = _entries(response)
    for series in listed:
        entry = tag_entry(series.run, series.tag).metadata
        entry.max_step = series.last_step
        entry.max_wall_time = series.last_wall_time
        summary = entry.summary_metadata
        # The plugins' own metadata messages are empty at their version 0.
        summary.plugin_data.plugin_name = plugin
        summary.data_class = data_class
        if series.description:
            summary.summary_description = series.description


def _shown_as_float32(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Finite values beyond the range of a 32-bit float become its largest, so that they don't look infinite."""
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), values)
