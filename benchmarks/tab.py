"""What the Run History tab waits for: the points of a chart, and pages of the tree of runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.command import Setting, say
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from benchmarks.viewing import FAST, START_SECONDS, arguments
from benchmarks.workload import EXPERIMENT, START, Workload
from tb_runhistory.records.changes import Change, CreateRun, DeclareSeries, EndRun, SetParameter, StartRun
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, TreeBatch
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri

_CHART_MILLISECONDS, _CHART_TIMES, _PAGE_MILLISECONDS = 50.0, 15.0, 100.0
_REPEATS = 15
_PARAMETERS = [f"parameter-{number}" for number in range(8)]
_METRICS = [f"metric-{number}" for number in range(5)]
_COLUMNS = [("column", f"inherited.params.{name}") for name in _PARAMETERS] + [
    ("column", f"metrics.{tag}") for tag in _METRICS
]
_BATCHES_AT_ONCE = 500


def measure_chart(setting: Setting) -> list[Row]:
    """One tag over 100 runs with 1,000 points each, as the tab asks for it and as the Time Series page does."""
    workload = Workload(setting.scaled(100, 3), 1, setting.scaled(1_000, 50))
    [tag], last = workload.tag_names, workload.steps - 1
    chosen = arguments(setting, workload)
    anew: dict[str, list[float]] = {}
    again: dict[str, list[float]] = {}
    repeats = setting.repeats(_REPEATS)
    for subject in (OURS, FAST):
        with TensorBoard(*chosen[subject]) as board:
            board.wait_for_runs(workload.run_names, tag, last, START_SECONDS)
            if subject == FAST:
                board.time_chart(tag)
                anew[FAST] = [1000 * board.time_chart(tag) for _ in range(repeats)]
                continue
            ids = [run["run_id"] for run in board.tab("runs", [("limit", "500")])["runs"]]
            query = [("tag", tag), *(("run", run_id) for run_id in ids)]
            board.time_tab("points", query)
            again[OURS] = [1000 * board.time_tab("points", query) for _ in range(repeats)]
            # What was asked for with one limit does not serve another: these are read from the store.
            limits = [("limit", str(1001 + number)) for number in range(repeats)]
            anew[OURS] = [1000 * board.time_tab("points", [limit, *query]) for limit in limits]
    what = f"{workload.runs:,} runs × {workload.steps:,} points of one tag, the tab's chart:"
    bars = (Bar(_CHART_MILLISECONDS), Bar(1 / _CHART_TIMES, FAST))
    note = "the request of the stock Time Series page"
    return [
        Row("tab-chart", f"{what} read from the store", "ms", anew, bars, {FAST: note}),
        Row("tab-chart", f"{what} asked for again", "ms", again),
    ]


def measure_tree(setting: Setting) -> list[Row]:
    """The first page, and the first page by a metric and by a parameter, of 10,000 roots and of 10,000 children."""
    count = setting.scaled(10_000, 20)
    rows = []
    for are_children in (False, True):
        uri = _tree_store(setting.folder, count, are_children)
        with TensorBoard(f"--runhistory_uri={uri}") as board:
            board.wait_for_runs([], "", 0, START_SECONDS)
            parent = board.tab("runs", [])["runs"][0]["run_id"] if are_children else ""
            for what, sort in (
                ("created", "created"),
                ("a metric", "metrics.metric-2"),
                ("a parameter", "inherited.params.parameter-7"),
            ):
                query = [("parent", parent), ("sort", sort), ("order", "asc"), ("limit", "100"), *_COLUMNS]
                board.time_tab("runs", query)
                took = [1000 * board.time_tab("runs", query) for _ in range(setting.repeats(_REPEATS))]
                runs = f"{count:,} {'children of one run' if are_children else 'roots'}"
                measure = f"{runs}: first page of 100 with {len(_COLUMNS)} columns, sorted by {what}"
                rows.append(Row("tab-tree", measure, "ms", {OURS: took}, (Bar(_PAGE_MILLISECONDS),)))
    return rows


def _tree_store(folder: Path, count: int, are_children: bool) -> str:
    """The URI of a store with ``count`` short runs, all roots or all children of one, made unless it is there."""
    home = folder / f"tree-{count}-{'children' if are_children else 'roots'}"
    uri = f"sqlite:///{home}/runs.db"
    if not (home / "done").exists():
        say(f"  making {count:,} runs …")
        home.mkdir(parents=True, exist_ok=True)
        with open_writer(parse_uri(uri)) as writer:
            waiting: list[TreeBatch] = []
            for batch in _batches(count, are_children):
                waiting.append(batch)
                if len(waiting) == _BATCHES_AT_ONCE:
                    writer.apply(waiting)
                    waiting = []
            writer.apply(waiting)
        (home / "done").touch()
    return uri


def _batches(count: int, are_children: bool) -> Iterator[TreeBatch]:
    random, journal, root = np.random.default_rng(0), new_id(), new_id()
    if are_children:
        created = CreateRun(root, root, None, root, EXPERIMENT, "sweep", START)
        yield TreeBatch(journal, root, 0, 1, [created], LoggedPoints.of([]))
    for number in range(count):
        run, session, began = new_id(), new_id(), START + number
        tree, path = (root, f"{root}/{run}") if are_children else (run, run)
        changes: list[Change] = [
            CreateRun(tree, run, root if are_children else None, path, EXPERIMENT, f"trial-{number}", began),
            StartRun(tree, run, session, began, "host"),
            *(SetParameter(tree, run, name, float(random.random())) for name in _PARAMETERS),
        ]
        points = [
            (
                DeclareSeries(tree, run, session, place, tag, metric=tag),
                Points(np.arange(3), began + np.arange(3.0), random.normal(size=3)),
            )
            for place, tag in enumerate(_METRICS)
        ]
        last = 2 * number + 2
        yield TreeBatch(journal, tree, last - 1, last, changes, LoggedPoints.of(points))
        ended = EndRun(tree, run, session, RunStatus.COMPLETED, began + 60)
        yield TreeBatch(journal, tree, last, last + 1, [ended], LoggedPoints.of([]))
