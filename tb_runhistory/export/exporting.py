"""Exporting from a store: which folders need writing, and their writing, one after the other."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tb_runhistory.errors import DamagedData, NotFound, RunHistoryError
from tb_runhistory.export.contents import DEFAULT_PLUGINS, FolderContent, SeriesContent, contents_of
from tb_runhistory.export.events import (
    first_record,
    metadata_of,
    more_scalar_records,
    scalar_records,
    session_record,
    tensor_record,
)
from tb_runhistory.export.run_folder import folder_of, has_foreign_files, held, is_current, owner_of, replace
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.provider.tensors import blobs_tensor, stored_tensor, text_tensor
from tb_runhistory.query.terms import Condition
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import ANY_STAGE, Content, DamagedBlock, Scope
from tb_runhistory.store.base import RunHistoryReader

MOST_POINTS_AT_ONCE = 500_000
MOST_ENTRIES_AT_ONCE = 500
_SAMPLE_VALUES = 256


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export did.

    ``written`` and ``unchanged`` are numbers of runs (and of experiments with a description), ``points`` and ``bytes``
    count what was written, ``lost`` the points that could not be, because they are damaged in the store.
    """

    logdir: str
    written: int
    unchanged: int
    points: int
    bytes: int
    lost: int


def export_runs(
    reader: RunHistoryReader,
    scope: Scope,
    logdir: Path,
    logger: logging.Logger | None = None,
    recursive: bool = True,
    condition: Condition | None = None,
) -> ExportResult:
    """Exports the runs in scope, without ``recursive`` those without their descendants: of an experiment the roots.
    With a condition it is those that meet it.

    An experiment that is named is exported even where it is archived or deleted; its runs are where they are not.
    Progress goes to ``logger``, or without one to a bar on standard error.

    Raises:
      NotFound: the experiment or a run does not exist.
      RunHistoryError: the store cannot be read, or the folder not be written.
      KeyboardInterrupt: as it came, once a line has said how to go on.
    """
    snapshot = Snapshot(reader, _with_stage_of_experiment(reader, scope), condition=condition)
    folders = contents_of(snapshot, None if recursive else _topmost(snapshot, scope))
    try:
        logdir.mkdir(parents=True, exist_ok=True)
        waiting = [content for content in folders if not _is_there(logdir, content)]
        with _Progress(logger, logdir, waiting) as progress:
            export = _Export(reader, logdir, progress)
            for content in waiting:
                export.write(content)
                progress.finished(content)
    except OSError as error:
        raise RunHistoryError(
            f"cannot write to {error.filename or logdir}: {error.strerror or error}; when that is mended, export to "
            f"{logdir} again: it goes on with what is missing"
        ) from None
    return ExportResult(
        str(logdir), len(waiting), len(folders) - len(waiting), export.points, export.bytes, export.lost
    )


def _is_there(logdir: Path, content: FolderContent) -> bool:
    return is_current(folder_of(logdir, content.name), owner_of(content.run_id), content.fingerprint())


class _Export:
    def __init__(self, reader: RunHistoryReader, logdir: Path, progress: _Progress) -> None:
        self._reader = reader
        self._logdir = logdir
        self._progress = progress
        self.points = self.bytes = self.lost = 0

    def write(self, content: FolderContent) -> None:
        folder = folder_of(self._logdir, content.name)
        owner, fingerprint = owner_of(content.run_id), content.fingerprint()
        with held(folder):
            # Another export may have come first.
            if not is_current(folder, owner, fingerprint):
                replaces = not has_foreign_files(folder, owner)
                self.bytes += replace(folder, owner, fingerprint, self._records(content, replaces))

    def _records(self, content: FolderContent, replaces: bool) -> Iterator[bytes | memoryview]:
        yield first_record(content.start_time, replaces)
        for tag in content.sessions:
            yield session_record(tag)
        plain_text = metadata_of(DataClass.TEXT, DEFAULT_PLUGINS[DataClass.TEXT])
        for shown in content.descriptions:
            for step, wall_time, text in zip(shown.steps, shown.wall_times, shown.texts, strict=True):
                yield tensor_record(shown.tag, plain_text, step, wall_time, text_tensor(text))
        for series in content.entries:
            yield from self._entry_records(content, series)
        for series in content.scalars:
            yield from self._scalar_records(content, series)

    def _entry_records(self, content: FolderContent, series: SeriesContent) -> Iterator[bytes]:
        metadata = metadata_of(series.data_class, series.plugin_name, series.plugin_data, series.description)
        written = 0
        for window in self._windows(series, MOST_ENTRIES_AT_ONCE):
            [read] = self._reader.read_entries([series.key], window=window)
            for step, wall_time, contents in zip(
                read.step.tolist(), read.wall_time.tolist(), read.contents, strict=True
            ):
                tensor = self._tensor(series.data_class, contents)
                if tensor is not None:
                    yield tensor_record(series.tag, None if written else metadata, step, wall_time, tensor)
                    written += 1
        self._count_lost(content, series, series.count - written)

    def _tensor(self, data_class: DataClass, contents: Sequence[Content]) -> Any:
        """The value as TensorBoard's message; None where what is stored makes none."""
        try:
            blobs = [
                self._reader.read_artifact(content.digest) if content.data is None else content.data
                for content in contents
            ]
        except (NotFound, DamagedData):
            return None
        if data_class is DataClass.BLOB_SEQUENCE:
            return blobs_tensor(blobs)
        if len(blobs) != 1:
            return None
        return (
            stored_tensor(blobs[0])
            if data_class is DataClass.TENSOR
            else text_tensor(blobs[0].decode("utf-8", "replace"))
        )

    def _scalar_records(self, content: FolderContent, series: SeriesContent) -> Iterator[bytes | memoryview]:
        written = 0
        damaged: set[DamagedBlock] = set()
        metadata = metadata_of(series.data_class, series.plugin_name, series.plugin_data, series.description)
        for window in self._windows(series, MOST_POINTS_AT_ONCE):
            [read] = self._reader.read_points([series.key], window=window)
            damaged.update(read.damaged)
            if written:
                yield from more_scalar_records(series.tag, read.points)
            else:
                yield from scalar_records(series.tag, metadata, read.points)
            written += len(read.points)
            self._progress.wrote(len(read.points))
        self.points += written
        self._count_lost(content, series, max(sum(block.count for block in damaged), series.count - written))

    def _count_lost(self, content: FolderContent, series: SeriesContent, lost: int) -> None:
        if lost > 0:
            self.lost += lost
            values = "points" if series.data_class is DataClass.SCALAR else "values"
            self._progress.say(
                f"{lost:,} {values} of {series.tag!r} of the run {content.name!r} are damaged in the store "
                "and not exported"
            )

    def _windows(self, series: SeriesContent, most: int) -> Iterator[tuple[int, int] | None]:
        """Ranges of steps, both ends included, that together are all and hold not too many values each."""
        if series.count <= most:
            yield None
            return
        steps = self._some_steps(series)
        parts = min(-(-series.count // most), len(steps))
        starts = sorted({steps[len(steps) * part // parts] for part in range(1, parts)})
        yield from zip([-(1 << 63), *starts], [*(start - 1 for start in starts), (1 << 63) - 1], strict=True)

    def _some_steps(self, series: SeriesContent) -> list[int]:
        if series.data_class is DataClass.SCALAR:
            [sample] = self._reader.read_points([series.key], _SAMPLE_VALUES)
            steps: list[int] = sample.points.steps.tolist()
        else:
            [entries] = self._reader.read_entries([series.key], _SAMPLE_VALUES)
            steps = entries.step.tolist()
        return steps or [0]


def _with_stage_of_experiment(reader: RunHistoryReader, scope: Scope) -> Scope:
    """The scope with the stage that the experiment has which it names."""
    known = reader.experiments(Scope(stages=ANY_STAGE))
    stages = dict(zip(known.name, known.stage, strict=True))
    stage = stages.get(scope.experiment or "")
    return scope if stage is None else dataclasses.replace(scope, stages=scope.stages | {stage})


def _topmost(snapshot: Snapshot, scope: Scope) -> frozenset[str]:
    runs = snapshot.runs
    if scope.run_ids:
        wanted = set(scope.run_ids)
        named = zip(runs.run_id, runs.chosen_id, strict=True)
        return frozenset(run_id for run_id, chosen_id in named if run_id in wanted or chosen_id in wanted)
    return frozenset(run_id for run_id, parent_id in zip(runs.run_id, runs.parent_id, strict=True) if not parent_id)


class _Progress:
    """Says how far it is: to a logger a line a run, else a bar over the points. A context manager."""

    def __init__(self, logger: logging.Logger | None, logdir: Path, waiting: list[FolderContent]) -> None:
        self._logger = logger
        self._logdir = logdir
        self._waiting = len(waiting)
        self._done = 0
        self._total = sum(content.point_count for content in waiting)
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        if self._logger is not None:
            self._logger.info("exporting %d runs, %d points, to %s", self._waiting, self._total, self._logdir)
        else:
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._total, unit=" points", unit_scale=True, desc="Exporting", file=sys.stderr, disable=None
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.say(f"interrupted: export to {self._logdir} again, and it goes on with what is missing")
        if self._bar is not None:
            self._bar.close()
        elif self._done == self._waiting and self._logger is not None:
            self._logger.info("exported to %s", self._logdir)

    def wrote(self, points: int) -> None:
        if self._bar is not None:
            self._bar.update(points)

    def finished(self, content: FolderContent) -> None:
        self._done += 1
        if self._logger is not None:
            self._logger.info("exported %s (%d of %d)", content.name, self._done, self._waiting)

    def say(self, sentence: str) -> None:
        if self._logger is not None:
            self._logger.warning(sentence)
        else:
            self._bar.write(f"tb_runhistory: {sentence}", file=sys.stderr)
