"""Runs to look at, in two forms from the same numbers: a run-history store, and TensorBoard's event files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.event_files import EventFile
from tb_runhistory.records.changes import Change, CreateRun, DeclareSeries, EndRun, StartRun
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, RunHistoryWriter, TreeBatch
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri

EXPERIMENT = "benchmark"
START = 1_750_000_000.0
_DONE = "done"
_BATCH_POINTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Workload:
    """``runs`` runs, each with ``tags`` scalar series of ``steps`` points. With ``spike`` all values but one are 1."""

    runs: int
    tags: int
    steps: int
    spike: bool = False

    @property
    def run_names(self) -> list[str]:
        """The runs as TensorBoard names them, from either form."""
        return [f"{EXPERIMENT}/run-{number:04}" for number in range(self.runs)]

    @property
    def tag_names(self) -> list[str]:
        """The tags of each run."""
        return [f"metric/{number}" for number in range(self.tags)]

    @property
    def spike_step(self) -> int:
        """Where the value 1000.0 stands, in a workload with a spike."""
        return round(self.steps * 0.54321)

    def store(self, folder: Path) -> str:
        """The URI of a store with these runs, made below ``folder`` unless it is there."""
        home = folder / f"{self._name}-store"
        if not (home / _DONE).exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            with open_writer(parse_uri(f"sqlite:///{home}/runs.db")) as writer:
                self._fill(writer)
            (home / _DONE).touch()
        return f"sqlite:///{home}/runs.db"

    def event_files(self, folder: Path) -> Path:
        """A log directory with the event files of these runs, made below ``folder`` unless it is there."""
        home = folder / f"{self._name}-events"
        if not (home / _DONE).exists():
            shutil.rmtree(home, ignore_errors=True)
            for number, name in enumerate(self.run_names):
                series = [self.points(number, tag) for tag in range(self.tags)]
                with EventFile(home / name) as file:
                    file.write(self.tag_names, series)
            (home / _DONE).touch()
        return home

    @property
    def _name(self) -> str:
        return f"{self.runs}x{self.tags}x{self.steps}" + ("-spike" if self.spike else "")

    def points(self, run: int, tag: int) -> Points:
        """The points of a series: a curve that falls, with noise, at irregular times; values fit 32-bit floats."""
        steps = np.arange(self.steps)
        random = np.random.default_rng((run, tag))
        times = START + 60 * run + np.cumsum(random.uniform(0.02, 0.08, self.steps))
        if self.spike:
            values = np.where(steps == self.spike_step, 1000.0, 1.0)
        else:
            noise = 0.05 * random.standard_normal(self.steps)
            values = (1 / (1 + steps / 1000) + noise).astype(np.float32).astype(float)
        return Points(steps, times, values)

    def _fill(self, writer: RunHistoryWriter) -> None:
        """Applies the runs in batches of a size that the shipper would make."""
        journal, sequence = new_id(), 0
        waiting: list[TreeBatch] = []
        size = 0
        for number in range(self.runs):
            for root, changes, points in self._batches_of(number):
                sequence += 1
                waiting.append(TreeBatch(journal, root, sequence - 1, sequence, changes, points))
                size += 1 + len(points)
                if size >= _BATCH_POINTS:
                    writer.apply(waiting)
                    waiting, size = [], 0
        writer.apply(waiting)
        writer.forget(journal)

    def _batches_of(self, number: int) -> Iterator[tuple[str, list[Change], LoggedPoints]]:
        """One run: its root id with changes and points, as its journal would give them."""
        run, session = new_id(), new_id()
        name, began = f"run-{number:04}", START + 60 * number
        created = CreateRun(run, run, None, run, EXPERIMENT, name, began)
        yield run, [created, StartRun(run, run, session, began, "host")], LoggedPoints.of([])
        series = [self.points(number, tag) for tag in range(self.tags)]
        declared = [DeclareSeries(run, run, session, tag, name, metric=name) for tag, name in enumerate(self.tag_names)]
        size = max(1, _BATCH_POINTS // self.tags)
        for first in range(0, self.steps, size):
            part = slice(first, first + size)
            taken = [points.take(part) for points in series]
            yield run, [], LoggedPoints.of(list(zip(declared, taken, strict=True)))
        yield (
            run,
            [EndRun(run, run, session, RunStatus.COMPLETED, float(series[0].wall_times[-1]))],
            LoggedPoints.of([]),
        )
