"""A history of a hundred thousand short runs: recorded through the API, stored, and looked at."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.command import MeasurementError, Setting, say
from benchmarks.machine import folder_bytes
from benchmarks.recording_process import record
from benchmarks.settling import wait_for_rest
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from tb_runhistory.records.changes import DataClass, DescribeRun
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.base import LoggedPoints, TreeBatch
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri

METRICS, STEPS = 5, 20
_TRIALS, _FOLDS = 9, 10
_SETTLE_SECONDS = 600.0
_REPEATS = 15
_TAG = "metric/0"


def measure_short_runs(setting: Setting) -> list[Row]:
    """Bytes that a point of a short run takes, all files at rest, and points a second until the store has them."""
    return [
        *_short_runs(setting, "short-noise", "float64", "of noise in float64"),
        *_short_runs(setting, "short-recorded", "float32", "from float32"),
    ]


def _short_runs(setting: Setting, name: str, dtype: str, values: str) -> list[Row]:
    folder = setting.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    sweeps, trials, folds = _shape(setting, 1_000)
    shape = {"sweeps": sweeps, "trials": trials, "folds": folds, "metrics": METRICS, "steps": STEPS}
    result = record("short_runs", folder, **shape, dtype=dtype)
    points = result["runs"] * METRICS * STEPS
    ended = _wait_for_points(folder, points)
    stored = folder_bytes(folder) / points
    what = f"{result['runs']:,} runs × {METRICS} metrics × {STEPS} steps {values} through the API:"
    return [
        Row("short-runs", f"{what} stored, all files", "bytes a point", {OURS: [stored]}, (Bar(20.0),)),
        Row(
            "short-runs",
            f"{what} from the first call until the store has all",
            "points/s",
            {OURS: [points / (ended - result["began"])]},
            (Bar(100_000, at_least=True),),
        ),
        Row("short-runs", f"{what} the calls alone", "points/s", {OURS: [points / result["seconds"]]}),
    ]


def measure_listing(setting: Setting) -> list[Row]:
    """What a viewer of the whole history waits for, before and after a change of the store, and what it weighs."""
    folder = setting.folder / "short-recorded"
    if not (folder / "runs.db").exists():
        _short_runs(setting, "short-recorded", "float32", "from float32")
    uri = f"sqlite:///{folder}/runs.db"
    with open_reader(parse_uri(uri)) as reader:
        runs = reader.runs(Scope())
    [root, *_] = [row for row, depth in enumerate(runs.depth.tolist()) if depth == 0]
    name = f"short/{runs.display_name[root]}"
    count = f"{len(runs):,} runs:"
    with TensorBoard(f"--runhistory_uri={uri}") as board:
        start = board.wait_for_runs([name], _TAG, STEPS - 1, 600.0)
        board.answer("/data/plugin/timeseries/tags")
        change = partial(_change, uri, runs.run_id[root])
        changed = _timed(setting, change, partial(_time_chart, board, name))
        overview = _timed(setting, change, partial(board.time_tab, "overview", []))
        roots = _timed(setting, change, partial(board.time_tab, "runs", [("limit", "100")]))
        memory = board.data_server_memory()
    children = _children_of_one_tree(setting)
    return [
        Row("listing", f"{count} start until a run's last step is readable", "s", {OURS: [start]}),
        Row(
            "listing",
            f"{count} data server's memory at its peak, with all tags listed",
            "MiB",
            {OURS: [memory]},
            (Bar(250.0),),
        ),
        Row(
            "listing", f"{count} one chart of one run after a change of the store", "ms", {OURS: changed}, (Bar(300.0),)
        ),
        Row("listing", f"{count} `v1/overview`", "ms", {OURS: overview}, (Bar(50.0),)),
        Row("listing", f"{count} first page of roots", "ms", {OURS: roots}, (Bar(50.0),)),
        *children,
    ]


def measure_rush(setting: Setting) -> list[Row]:
    """Sixty overviews, then two hundred sorted pages, all asked for at once, each of another order of the columns."""
    sweeps, trials, folds = _shape(setting, 200)
    folder = setting.folder / "short-rush"
    if not (folder / "runs.db").exists():
        shutil.rmtree(folder, ignore_errors=True)
        record("short_runs", folder, sweeps=sweeps, trials=trials, folds=folds, metrics=METRICS, steps=STEPS)
        _wait_for_points(folder, sweeps * (1 + trials * (1 + folds)) * METRICS * STEPS)
    rows = []
    with TensorBoard(f"--runhistory_uri=sqlite:///{folder}/runs.db") as board:
        board.wait_for_runs([], "", 0, 600.0)
        parent = board.tab("runs", [("limit", "1")])["runs"][0]["run_id"]
        asked: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {
            f"{setting.scaled(60, 4)} overviews": [("overview", [])] * setting.scaled(60, 4),
            f"{setting.scaled(200, 4)} sorted pages": [
                (
                    "runs",
                    [
                        ("sort", f"metrics.metric/{number % METRICS}"),
                        ("limit", str(50 + number)),
                        ("parent", "" if number % 2 else parent),
                    ],
                )
                for number in range(setting.scaled(200, 4))
            ],
        }
        for what, requests in asked.items():
            took, refused, lost = _ask_at_once(board, requests)
            rows += [
                Row("rush", f"{what} at once, 20,000 runs: the last answer", "s", {OURS: [max(took)]}, (Bar(10.0),)),
                Row(
                    "rush",
                    f"{what} at once: told to come again later (503, `Retry-After`)",
                    "requests",
                    {OURS: [float(refused)]},
                ),
                Row(
                    "rush",
                    f"{what} at once: neither answered nor refused",
                    "requests",
                    {OURS: [float(lost)]},
                    (Bar(0.0),),
                ),
            ]
        rows.append(
            Row("rush", "memory of TensorBoard at its peak", "MiB", {OURS: [board.own_peak_memory()]}, (Bar(400.0),))
        )
    return rows


def _shape(setting: Setting, sweeps: int) -> tuple[int, int, int]:
    return (sweeps, _TRIALS, _FOLDS) if not setting.quick else (2, 2, 2)


def _timed(setting: Setting, change: Callable[[], None], ask: Callable[[], float]) -> list[float]:
    """Milliseconds of an answer, each time after a change of the store, so that no earlier one serves."""
    took = []
    for _ in range(1 + setting.repeats(_REPEATS)):
        change()
        took.append(1000 * ask())
    return took[1:]


def _change(uri: str, root_id: str) -> None:
    """Changes a root run of the store a little."""
    change = DescribeRun(root_id, root_id, description=f"changed at {time.time()}")
    with open_writer(parse_uri(uri)) as writer:
        writer.apply([TreeBatch(new_id(), root_id, 0, 1, [change], LoggedPoints.of([]))])


def _time_chart(board: TensorBoard, name: str) -> float:
    """Seconds until one chart of one run is answered."""
    began = time.perf_counter()
    if not board.time_series(_TAG, name):
        raise MeasurementError(f"{name} is not shown")
    return time.perf_counter() - began


def _children_of_one_tree(setting: Setting) -> list[Row]:
    """The first page of the children of one root, with all the runs in its tree."""
    folder = setting.folder / "one-tree"
    trials, folds = setting.scaled(1_000, 2), setting.scaled(99, 2)
    if not (folder / "runs.db").exists():
        shutil.rmtree(folder, ignore_errors=True)
        record("short_runs", folder, sweeps=1, trials=trials, folds=folds, metrics=1, steps=2)
        _wait_for_points(folder, (1 + trials * (1 + folds)) * 2)
    uri = f"sqlite:///{folder}/runs.db"
    with TensorBoard(f"--runhistory_uri={uri}") as board:
        board.wait_for_runs([], "", 0, 600.0)
        root = board.tab("runs", [("limit", "1")])["runs"][0]["run_id"]
        trial = board.tab("runs", [("limit", "1"), ("parent", root)])["runs"][0]["run_id"]
        pages = {
            "its root alone": [("limit", "100")],
            "children of its root": [("limit", "100"), ("parent", root)],
            "children of a trial": [("limit", "100"), ("parent", trial)],
        }
        return [
            Row(
                "listing",
                f"one tree of {1 + trials * (1 + folds):,} runs: first page, {what}",
                "ms",
                {OURS: _timed(setting, partial(_change, uri, root), partial(board.time_tab, "runs", query))},
                (Bar(50.0),),
            )
            for what, query in pages.items()
        ]


def _ask_at_once(board: TensorBoard, requests: list[tuple[str, list[tuple[str, str]]]]) -> tuple[list[float], int, int]:
    """The seconds of each answer, how many were refused for now, and how many were neither."""
    gate = threading.Barrier(len(requests))

    def ask(request: tuple[str, list[tuple[str, str]]]) -> tuple[float, int]:
        gate.wait()
        began = time.perf_counter()
        status = 0
        with contextlib.suppress(OSError, http.client.HTTPException):
            status = board.tab_status(*request)
        return time.perf_counter() - began, status

    with ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(ask, requests))
    statuses = [status for _, status in answers]
    say(f"  {statuses.count(200)} answered, {statuses.count(503)} refused of {len(requests)}")
    return (
        [took for took, _ in answers],
        statuses.count(503),
        len(statuses) - statuses.count(200) - statuses.count(503),
    )


def _wait_for_points(folder: Path, count: int) -> float:
    """Waits until the store in ``folder`` holds ``count`` points and is at rest; the wall time when it held them."""
    uri = parse_uri(f"sqlite:///{folder}/runs.db")
    wait_for_rest(folder, _SETTLE_SECONDS)
    ended = time.time()
    with open_reader(uri) as reader:
        stored = int(reader.series(Scope(), DataClass.SCALAR).count.sum())
    if stored != count:
        raise MeasurementError(f"{stored:,} of {count:,} points are in the store")
    return ended
