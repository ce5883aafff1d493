"""Answers to the requests of TensorBoard's ``TensorBoardDataProvider`` service, in its own messages.

The meaning of the requests is that of ``tensorboard.data.provider.DataProvider``, with one departure: see ``sampling``.
Values are 32-bit floats here, because the service's messages are.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol, TypeVar

import numpy as np
from tensorboard.compat.proto import summary_pb2
from tensorboard.data.proto import data_provider_pb2 as messages

from tb_runhistory.errors import BadRequest, DamagedData, NotFound
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.entries import Entries, ShownEntries, blob_key, content_bytes, read_blob
from tb_runhistory.provider.hparams import PLUGIN_NAME as HPARAMS
from tb_runhistory.provider.hparams import HParams, SessionTag
from tb_runhistory.provider.listing_cache import ListingCache
from tb_runhistory.provider.plugin_index import TEXT, PluginIndex
from tb_runhistory.provider.points_cache import PointsCache
from tb_runhistory.provider.replies import Reply, Summaries, add_by_run
from tb_runhistory.provider.scalars import SCALARS, ChartPoints, ListedSeries, Scalars
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.provider.tensors import null_tensor, stored_tensor, text_tensor
from tb_runhistory.provider.texts import Descriptions, ShownTexts, cut
from tb_runhistory.query.terms import Metric
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.points import Floats

_LARGEST = float(np.finfo(np.float32).max)
_LAST_TIME = 253402300799.0
_BLOB_PIECE = 1 << 20
_MOST_REPORTED = 1000


class RunHistoryProvider:
    """One method a request, which gives the serialized reply. Safe to use from several threads.

    Every method raises a ``RunHistoryError`` when the store cannot be read or the request is malformed. ``rollups`` are
    the statistics that are shown as runs over the children of a run; ``points_budget`` is about how many points one
    request gets, None for as many as are asked for.
    """

    def __init__(self, rollups: Sequence[str] = (), points_budget: int | None = None) -> None:
        self._rollups = tuple(rollups)
        self._budget = points_budget
        self._cache = PointsCache()
        self._index = PluginIndex()
        self._listings = ListingCache()
        self._reported: set[tuple[str, str]] = set()

    def experiment(self, snapshot: Snapshot, request: Any) -> bytes:
        """``GetExperiment``: one experiment's name and description where there is one, else the store's name."""
        experiments, location = snapshot.experiments, snapshot.reader.location
        shown = [row for row, name in enumerate(experiments.name) if self._shows(snapshot, name)]
        response = messages.GetExperimentResponse(data_location=location)
        if len(shown) == 1:
            response.name = experiments.name[shown[0]]
            response.description = cut(experiments.description[shown[0]])
        else:
            response.name = os.path.basename(location.partition("?")[0])
        if shown:
            created = float(np.nan_to_num(experiments.created_at[shown], nan=_LAST_TIME).min())
            response.creation_time.FromNanoseconds(int(min(max(created, 0.0), _LAST_TIME) * 1e9))
        return _bytes(response)

    def plugins(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ListPlugins``: those that have data."""
        present = set(self._index.plugins(snapshot))
        columns = snapshot.reader.tree_columns(snapshot.scope).column
        if any(isinstance(column, Metric) for column in columns):
            present.add(SCALARS)
        if TEXT not in present and Descriptions(snapshot).any():
            present.add(TEXT)
        if HParams(snapshot).any():
            present.add(HPARAMS)
        return _bytes(messages.ListPluginsResponse(plugins=[messages.Plugin(name=name) for name in sorted(present)]))

    def runs(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ListRuns``: recorded runs, computed ones, and the names that bear the descriptions of experiments."""
        runs, reply = snapshot.directory, Reply()
        started = runs.start_times(snapshot.rows).tolist()
        recorded = zip(map(runs.name, snapshot.rows.tolist()), started, strict=True)
        computed = self._scalars(snapshot, SCALARS).computed_run_names()
        for name, start in chain(recorded, computed.items(), Descriptions(snapshot).experiments_shown().items()):
            reply.add(messages.ListRunsResponse(runs=[messages.Run(name=name, start_time=start)]))
        return reply.to_bytes()

    def list_scalars(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ListScalars``."""
        plugin, wanted, reply = request.plugin_filter.plugin_name, _wanted(request), Reply()
        summaries = Summaries(plugin, summary_pb2.DATA_CLASS_SCALAR)
        scalars = self._scalars(snapshot, plugin)

        def add(reply: Reply, found: Iterable[ListedSeries]) -> bytes:
            add_by_run(
                reply,
                messages.ListScalarsResponse,
                found,
                lambda entry, series: summaries.describe(entry.metadata, series),
            )
            return reply.to_bytes()

        if plugin != SCALARS or wanted != Wanted():
            return add(reply, scalars.series(wanted))
        for piece in self._listings.listing(snapshot, lambda rows: add(Reply(), scalars.recorded(rows))):
            reply.add_bytes(piece)
        return add(reply, scalars.computed(wanted))

    def read_scalars(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ReadScalars``."""
        asked, wanted, reply = _asked(request), _wanted(request), Reply()
        scalars = self._scalars(snapshot, request.plugin_filter.plugin_name)
        found = scalars.last(wanted) if asked == 1 else scalars.points(wanted, asked, Deadline())
        add_by_run(reply, messages.ReadScalarsResponse, found, self._fill_points)
        return reply.to_bytes()

    def list_tensors(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ListTensors``: tensors, texts, and the parameters as HParams' summary metadata."""
        plugin, wanted, reply = request.plugin_filter.plugin_name, _wanted(request), Reply()
        if plugin == HPARAMS:
            sessions = HParams(snapshot).tags(wanted)
            add_by_run(reply, messages.ListTensorsResponse, sessions, _describe_session)
            return reply.to_bytes()
        summaries = Summaries(plugin, summary_pb2.DATA_CLASS_TENSOR)
        found: list[ListedSeries] = []
        if plugin == TEXT:
            found += self._entries(snapshot, DataClass.TEXT, plugin).series(wanted)
            described = Descriptions(snapshot).shown(wanted)
            found += [ListedSeries(shown.run, shown.tag, 0, shown.wall_times[0]) for shown in described]
        tensors = self._entries(snapshot, DataClass.TENSOR, plugin).series(wanted)
        add_by_run(
            reply,
            messages.ListTensorsResponse,
            _by_run(found, tensors),
            lambda entry, series: summaries.describe(entry.metadata, series),
        )
        return reply.to_bytes()

    def read_tensors(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ReadTensors``: tensors, texts, and for HParams' tags the empty tensor that its own writer stores."""
        plugin, wanted, asked = request.plugin_filter.plugin_name, _wanted(request), _asked(request)
        reply, deadline = Reply(), Deadline()
        if plugin == HPARAMS:
            sessions = map(_session_tensor, HParams(snapshot).tags(wanted))
            add_by_run(reply, messages.ReadTensorsResponse, sessions, _fill_tensors)
            return reply.to_bytes()
        found: list[_Tensors] = []
        if plugin == TEXT:
            texts = self._entries(snapshot, DataClass.TEXT, plugin).read(wanted, asked, deadline)
            found += (self._tensors(snapshot, shown, _stored_text) for shown in texts)
            found += map(_text_tensors, Descriptions(snapshot).shown(wanted))
        stored = self._entries(snapshot, DataClass.TENSOR, plugin).read(wanted, asked, deadline)
        tensors = (self._tensors(snapshot, shown, stored_tensor) for shown in stored)
        add_by_run(reply, messages.ReadTensorsResponse, _by_run(found, tensors), _fill_tensors)
        return reply.to_bytes()

    def list_blob_sequences(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ListBlobSequences``."""
        plugin, reply = request.plugin_filter.plugin_name, Reply()
        summaries = Summaries(plugin, summary_pb2.DATA_CLASS_BLOB_SEQUENCE)
        entries = self._entries(snapshot, DataClass.BLOB_SEQUENCE, plugin)

        def describe(entry: Any, series: ListedSeries) -> None:
            summaries.describe(entry.metadata, series)
            entry.metadata.max_length = entries.longest(series)

        add_by_run(reply, messages.ListBlobSequencesResponse, entries.series(_wanted(request)), describe)
        return reply.to_bytes()

    def read_blob_sequences(self, snapshot: Snapshot, request: Any) -> bytes:
        """``ReadBlobSequences``: the keys by which the blobs can be read."""
        reply, asked = Reply(), _asked(request)
        entries = self._entries(snapshot, DataClass.BLOB_SEQUENCE, request.plugin_filter.plugin_name)
        found = entries.read(_wanted(request), asked, Deadline())
        add_by_run(reply, messages.ReadBlobSequencesResponse, found, _fill_blob_sequences)
        return reply.to_bytes()

    def read_blob(self, snapshot: Snapshot, request: Any) -> Iterator[bytes]:
        """``ReadBlob``: the blob in pieces."""
        # Read before the first piece is asked for, so that whoever asks for the answer gets the error.
        blob = read_blob(snapshot, request.blob_key)
        starts = range(0, len(blob), _BLOB_PIECE)
        return (_bytes(messages.ReadBlobResponse(data=blob[start : start + _BLOB_PIECE])) for start in starts)

    def _scalars(self, snapshot: Snapshot, plugin: str) -> Scalars:
        rollups = self._rollups if plugin == SCALARS else ()
        return Scalars(snapshot, self._cache, rollups, self._budget, plugin, self._index)

    def _entries(self, snapshot: Snapshot, data_class: DataClass, plugin: str) -> Entries:
        return Entries(snapshot, self._index, data_class, plugin)

    def _shows(self, snapshot: Snapshot, experiment: str) -> bool:
        scope = snapshot.scope
        if scope.experiment is None and not scope.run_ids:
            return True
        return experiment == scope.experiment or experiment in snapshot.directory.experiments_of(snapshot.rows)

    def _fill_points(self, entry: Any, shown: ChartPoints) -> None:
        points = shown.points
        entry.data.step.extend(points.steps.tolist())
        entry.data.wall_time.extend(points.wall_times.tolist())
        entry.data.value.extend(_shown_as_float32(points.values).tolist())
        if shown.lost:
            self._report(shown.run, shown.tag, f"{shown.lost:,} points")

    def _tensors(self, snapshot: Snapshot, shown: ShownEntries, tensor_of: Callable[[bytes], Any]) -> _Tensors:
        """The first contents of the entries as tensors; what is no tensor, or cannot be read, is left out."""
        tensors = _Tensors(shown.run, shown.tag)
        steps, wall_times = shown.steps.tolist(), shown.wall_times.tolist()
        for step, wall_time, contents in zip(steps, wall_times, shown.contents, strict=True):
            with contextlib.suppress(DamagedData, NotFound, BadRequest):
                tensor = tensor_of(content_bytes(snapshot.reader, contents[0])) if contents else None
                if tensor is not None:
                    tensors.add(step, wall_time, tensor)
        lost = shown.damaged + len(steps) - len(tensors.steps)
        if lost:
            self._report(shown.run, shown.tag, f"{lost:,} values")
        return tensors

    def _report(self, run: str, tag: str, what: str) -> None:
        if (run, tag) in self._reported or len(self._reported) >= _MOST_REPORTED:
            return
        self._reported.add((run, tag))
        print(
            f"tb_runhistory: {what} of {tag[:80]!r} of the run {run!r} are damaged in the store and not shown",
            file=sys.stderr,
            flush=True,
        )


@dataclass(slots=True)
class _Tensors:
    """The tensors of one series."""

    run: str
    tag: str
    steps: list[int] = field(default_factory=list)
    wall_times: list[float] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, step: int, wall_time: float, value: Any) -> None:
        self.steps.append(step)
        self.wall_times.append(wall_time)
        self.values.append(value)


class _Shown(Protocol):
    @property
    def run(self) -> str: ...


_ShownT = TypeVar("_ShownT", bound=_Shown)


def _by_run(some: list[_ShownT], further: Iterable[_ShownT]) -> Iterable[_ShownT]:
    """All of them, those of one run in succession, as those of ``further`` are already."""
    return sorted(chain(some, further), key=lambda shown: shown.run) if some else further


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


def _describe_session(entry: Any, tag: SessionTag) -> None:
    entry.metadata.max_wall_time = tag.wall_time
    summary = entry.metadata.summary_metadata
    summary.plugin_data.plugin_name = HPARAMS
    summary.plugin_data.content = tag.content
    summary.data_class = summary_pb2.DATA_CLASS_TENSOR


def _session_tensor(tag: SessionTag) -> _Tensors:
    return _Tensors(tag.run, tag.tag, [0], [tag.wall_time], [null_tensor()])


def _text_tensors(shown: ShownTexts) -> _Tensors:
    return _Tensors(shown.run, shown.tag, shown.steps, shown.wall_times, [text_tensor(text) for text in shown.texts])


def _stored_text(content: bytes) -> Any:
    return text_tensor(cut(content.decode(errors="replace")))


def _fill_tensors(entry: Any, shown: _Tensors) -> None:
    entry.data.step.extend(shown.steps)
    entry.data.wall_time.extend(shown.wall_times)
    entry.data.value.extend(shown.values)


def _fill_blob_sequences(entry: Any, shown: ShownEntries) -> None:
    entry.data.step.extend(shown.steps.tolist())
    entry.data.wall_time.extend(shown.wall_times.tolist())
    for step, contents in zip(shown.steps.tolist(), shown.contents, strict=True):
        references = entry.data.values.add()
        for place in range(len(contents)):
            references.blob_refs.add(blob_key=blob_key(shown.key, step, place))


def _shown_as_float32(values: Floats) -> Floats:
    """Finite values beyond the range of a 32-bit float become its largest, so that they don't look infinite."""
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), values)


def _bytes(message: Any) -> bytes:
    content: bytes = message.SerializeToString()
    return content
