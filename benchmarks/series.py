"""What single series cost where a store could be bad at them: long, many, resumed, out of order, and stray.

They are applied by the writer as the shipper would, without a journal, so that a row shows the store alone.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.command import Setting, say
from benchmarks.machine import folder_bytes
from benchmarks.recording_process import record
from benchmarks.table import OURS, Bar, Row
from benchmarks.workload import EXPERIMENT, START
from tb_runhistory.records.changes import Change, CreateRun, DataClass, DeclareSeries, EndRun, StartRun
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Floats, Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping.process import collect_seldom
from tb_runhistory.store.base import LoggedPoints, RunHistoryWriter, TreeBatch
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri

_LIMIT = 1_000
_BATCH = 1 << 16
_RESUME_MILLISECONDS, _DESCENDING_MILLISECONDS, _WINDOW_MILLISECONDS = 50.0, 5.0, 20.0
_STRAY_BYTES, _STRAY_TIMES = 2.0, 2.0


@dataclass
class _Recorded:
    """A root run of the store that ``writer`` writes."""

    writer: RunHistoryWriter
    run: str = field(default_factory=new_id)
    session: str = field(default_factory=new_id)
    journal: str = field(default_factory=new_id)
    sequence: int = 0

    def start(self) -> None:
        """Creates and starts the run."""
        self.apply([CreateRun(self.run, self.run, None, self.run, EXPERIMENT, "run", START), self._start("")])

    def resume(self) -> None:
        """Another session begins, in the next batch that is applied."""
        former, self.session = self.session, new_id()
        self.apply([self._start(former)])

    def log(self, tags: Sequence[str], steps: np.ndarray) -> float:
        """Applies one point at each of ``steps`` to each series; the seconds that it took."""
        values: Floats = np.random.default_rng(1).standard_normal(len(steps)).astype(np.float32).astype(np.float64)
        wall_times = np.linspace(START, START + 0.05 * len(steps), len(steps), endpoint=False)
        points = Points(steps.astype(np.int64), wall_times, values)
        declared = [
            DeclareSeries(self.run, self.run, self.session, number, tag, metric=tag) for number, tag in enumerate(tags)
        ]
        return self.apply([], LoggedPoints.of([(series, points) for series in declared]))

    def end(self) -> None:
        """Ends the run."""
        self.apply([EndRun(self.run, self.run, self.session, RunStatus.COMPLETED, START + 1e6)])

    def apply(self, changes: list[Change], points: LoggedPoints | None = None) -> float:
        """Applies one batch; the seconds that it took."""
        self.sequence += 1
        logged = LoggedPoints.of([]) if points is None else points
        batch = TreeBatch(self.journal, self.run, self.sequence - 1, self.sequence, changes, logged)
        began = time.perf_counter()
        self.writer.apply([batch])
        return time.perf_counter() - began

    def _start(self, follows: str) -> StartRun:
        return StartRun(self.run, self.run, self.session, START, "host", follows)


def measure_windows(setting: Setting) -> list[Row]:
    """A window of 1,000 points somewhere in a long series."""
    rows = []
    for whole in (4_000_000, 50_000_000):
        length = setting.scaled(whole, 20_000)
        uri = _long_store(setting.folder, length)
        places = np.random.default_rng(2).integers(0, length - _LIMIT, setting.repeats(50))
        took, shown = [], []
        with open_reader(parse_uri(uri)) as reader:
            [key] = reader.series(Scope(), DataClass.SCALAR).key
            for place in places.tolist():
                began = time.perf_counter()
                [sampled] = reader.read_points([key], _LIMIT, (place, place + _LIMIT - 1))
                took.append(1000 * (time.perf_counter() - began))
                shown.append(float(len(sampled.points)))
        what = f"a window of {_LIMIT:,} points in a series of {length:,}, limit {_LIMIT:,}:"
        rows.append(
            Row(
                "windows",
                f"{what} points shown, the least",
                "points",
                {OURS: [min(shown)]},
                (Bar(1000, at_least=True),),
            )
        )
        rows.append(Row("windows", f"{what} time", "ms", {OURS: took}, (Bar(_WINDOW_MILLISECONDS),)))
    return rows


def measure_corners(setting: Setting) -> list[Row]:
    """A resumed run of many series, descending steps, and a stray step before normal logging."""
    descending = []
    resumed: dict[int, list[float]] = {100: [], 1000: []}
    count = setting.scaled(1_000, 20)
    for _ in range(setting.repeats(5)):
        for points, took in resumed.items():
            with _new_run(setting.folder) as run:
                tags = [f"metric/{number}" for number in range(count)]
                run.log(tags, np.arange(points))
                run.resume()
                took.append(1000 * run.log(tags, np.arange(points // 2, points // 2 + 1)))
        with _new_run(setting.folder) as run:
            length = setting.scaled(100_000, 1_000)
            run.log(["loss"], np.arange(length))
            starts = [length - 20 - 10 * number for number in range(20)]
            batches = [run.log(["loss"], np.arange(start + 9, start - 1, -1)) for start in starts]
            descending.append(1000 * sum(batches) / len(batches))
    plain, stray = (_stray_run(setting, first) for first in (None, 10**9))
    what = "one stray step of 10⁹, then normal logging:"
    return [
        *(
            Row(
                "corners",
                f"resume of a run with {count:,} tags of {points:,} points, amid them: the first batch",
                "ms",
                {OURS: took},
                (Bar(_RESUME_MILLISECONDS),),
            )
            for points, took in resumed.items()
        ),
        Row(
            "corners",
            "10-point batches with descending steps after 100,000 points",
            "ms a batch",
            {OURS: descending},
            (Bar(_DESCENDING_MILLISECONDS),),
        ),
        Row(
            "corners",
            f"{what} bytes more than without it",
            "bytes a point",
            {OURS: [max(0.0, stray[0] - plain[0])]},
            (Bar(_STRAY_BYTES),),
        ),
        Row(
            "corners",
            f"{what} a read of {_LIMIT:,} points beside one without it",
            "times",
            {OURS: [stray[1] / plain[1]]},
            (Bar(_STRAY_TIMES),),
        ),
    ]


def measure_many_series(setting: Setting) -> list[Row]:
    """What a call and a journal cost where one process has 12,000 series open, beside five."""
    few, many = setting.scaled(5, 5), setting.scaled(12_000, 50)
    cost: dict[int, float] = {}
    size: dict[int, float] = {}
    for count in (few, many):
        folder = setting.folder / f"open-{count}"
        shutil.rmtree(folder, ignore_errors=True)
        result = record("open_series", folder, series=count, points=setting.scaled(600_000, 500))
        cost[count], size[count] = result["each"], result["bytes"]
        shutil.rmtree(folder)
    what = f"{many:,} open series in one process beside {few}:"
    return [
        Row(
            "many-series",
            f"{what} `run.log`",
            "µs a call",
            {OURS: [cost[many]]},
            (),
            {OURS: f"with {few}: {cost[few]:.2f} µs"},
        ),
        Row("many-series", f"{what} `run.log`", "times", {OURS: [cost[many] / cost[few]]}),
        Row("many-series", f"{what} bytes of journal a point", "times", {OURS: [size[many] / max(size[few], 1.0)]}),
    ]


@contextmanager
def _new_run(folder: Path) -> Iterator[_Recorded]:
    """A run in a store of its own, which is removed in the end."""
    collect_seldom()
    home = folder / "series"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with open_writer(parse_uri(f"sqlite:///{home}/runs.db")) as writer:
        run = _Recorded(writer)
        run.start()
        yield run
    shutil.rmtree(home)


def _stray_run(setting: Setting, first: int | None) -> tuple[float, float]:
    """Bytes a point at rest, and milliseconds to read it, of a run whose first step is ``first``."""
    home = setting.folder / "stray"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    uri = parse_uri(f"sqlite:///{home}/runs.db")
    batches, size = setting.scaled(1_200, 20), 10
    with open_writer(uri) as writer:
        run = _Recorded(writer)
        run.start()
        if first is not None:
            run.log(["loss"], np.array([first]))
        for number in range(batches):
            run.log(["loss"], np.arange(number * size, (number + 1) * size))
        run.end()
    took = []
    with open_reader(uri) as reader:
        [key] = reader.series(Scope(), DataClass.SCALAR).key
        for _ in range(setting.repeats(15)):
            began = time.perf_counter()
            reader.read_points([key], _LIMIT)
            took.append(1000 * (time.perf_counter() - began))
    return folder_bytes(home) / (batches * size), float(np.median(took))


def _long_store(folder: Path, length: int) -> str:
    """The URI of a store with one series of ``length`` points, made unless it is there."""
    home = folder / f"long-{length}"
    uri = f"sqlite:///{home}/runs.db"
    if not (home / "done").exists():
        say(f"  making a series of {length:,} points …")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        with open_writer(parse_uri(uri)) as writer:
            run = _Recorded(writer)
            run.start()
            for start in range(0, length, _BATCH):
                run.log(["loss"], np.arange(start, min(start + _BATCH, length)))
            run.end()
        (home / "done").touch()
    return uri
