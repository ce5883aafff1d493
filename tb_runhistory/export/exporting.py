"""Exporting from a store: which folders need writing, and their writing, one after the other."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tb_runhistory.errors import RunHistoryError
from tb_runhistory.export.contents import FolderContent, SeriesContent, contents_of
from tb_runhistory.export.events import (
    first_record,
    more_scalar_records,
    scalar_records,
    session_record,
    text_records,
)
from tb_runhistory.export.run_folder import folder_of, has_foreign_files, held, is_current, owner_of, replace
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.columns import DamagedBlock, Scope
from tb_runhistory.store.base import RunHistoryReader

MOST_POINTS_AT_ONCE = 500_000
_SAMPLE_POINTS = 256


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
) -> ExportResult:
    """Exports the runs in scope, without ``recursive`` those without their descendants: of an experiment the roots.

    Progress goes to ``logger``, or without one to a bar on standard error.

    Raises:
      NotFound: the experiment or a run does not exist.
      RunHistoryError: the store cannot be read, or the folder not be written.
      KeyboardInterrupt: as it came, once a line has said how to go on.
    """
    snapshot = Snapshot(reader, scope)
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
        for shown in content.descriptions:
            yield from text_records(shown.tag, "", shown.steps, shown.wall_times, shown.texts)
        for series in content.texts:
            [read] = self._reader.read_texts([series.key])
            yield from text_records(
                series.tag, series.description, read.step.tolist(), read.wall_time.tolist(), read.text
            )
        for series in content.scalars:
            yield from self._scalar_records(content, series)

    def _scalar_records(self, content: FolderContent, series: SeriesContent) -> Iterator[bytes | memoryview]:
        written = 0
        damaged: set[DamagedBlock] = set()
        for window in self._windows(series):
            [read] = self._reader.read_points([series.key], window=window)
            damaged.update(read.damaged)
            if written:
                yield from more_scalar_records(series.tag, read.points)
            else:
                yield from scalar_records(series.tag, series.description, read.points)
            written += len(read.points)
            self._progress.wrote(len(read.points))
        self.points += written
        lost = max(sum(block.count for block in damaged), series.count - written)
        if lost > 0:
            self.lost += lost
            self._progress.say(
                f"{lost:,} points of {series.tag!r} of the run {content.name!r} are damaged in the store "
                "and not exported"
            )

    def _windows(self, series: SeriesContent) -> Iterator[tuple[int, int] | None]:
        """Ranges of steps, both ends included, that together are all and hold not too many points each."""
        if series.count <= MOST_POINTS_AT_ONCE:
            yield None
            return
        [sample] = self._reader.read_points([series.key], _SAMPLE_POINTS)
        parts = -(-series.count // MOST_POINTS_AT_ONCE)
        steps = sample.points.steps.tolist()
        starts = sorted({steps[len(steps) * part // parts] for part in range(1, parts)})
        yield from zip([-(1 << 63), *starts], [*(start - 1 for start in starts), (1 << 63) - 1], strict=True)


def _topmost(snapshot: Snapshot, scope: Scope) -> frozenset[str]:
    runs = snapshot.runs
    if scope.run_ids:
        return frozenset(scope.run_ids)
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
