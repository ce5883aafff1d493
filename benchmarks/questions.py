"""Questions about a hundred thousand runs, and about a million: roll-ups, filters on relatives, pages at each depth."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.command import MeasurementError, Setting, say
from benchmarks.generated_history import generate
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from tb_runhistory import Workspace
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import Change, CreateRun, DeclareSeries, DescribeRun, SetParameter, SetTags, StartRun
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedPoints, TreeBatch
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri

MLFLOW = "MLflow"
_REPEATS = 15
_START_SECONDS = 600.0
_PAGE, _FIRST, _QUICK = 100.0, 400.0, 50.0
_FILLED = "coalesce(metrics.loss.min, min(leaves.metrics.loss.min))"
_SEARCHED = "tags.sweep = 'a' and metrics.metric_0 < 0.5"
_ORDER = "metrics.metric_1 desc"
_METRICS = [f"metric_{number}" for number in range(5)]
_PARAMETERS = [f"parameter_{number}" for number in range(5)]

Asked = tuple[str, list[tuple[str, str]]]


def measure_questions(setting: Setting) -> list[Row]:
    """What a click waits for at a hundred thousand runs: the first of a process, and each after a change."""
    return _measured(setting, "questions", setting.scaled(1_000, 3), 1.0)


def measure_million(setting: Setting) -> list[Row]:
    """The same at a million runs: in ten times the time."""
    return _measured(setting, "million", setting.scaled(10_000, 4), 10.0)


def _measured(setting: Setting, name: str, sweeps: int, factor: float) -> list[Row]:
    uri, count = _store(setting.folder, sweeps)
    with open_reader(uri) as reader:
        root = reader.tree_page(TreeQuery(time.time(), limit=1)).runs.run_id[0]
        trial = reader.tree_page(TreeQuery(time.time(), parent_id=root, limit=1)).runs.run_id[0]
    rows = []
    questions = list(_questions(root, trial).items())
    for what, (path, query) in questions[: setting.scaled(len(questions), 2)]:
        with TensorBoard(f"--runhistory_uri={uri.text}") as board:
            board.wait_for_runs([], "", 0, _START_SECONDS)
            # As a page that opens does: it asks which plugins there are, and then its first question.
            board.answer("/data/plugins_listing")
            first = 1000 * board.time_tab(path, query)
            took = []
            for _ in range(setting.repeats(_REPEATS)):
                _change(uri, root)
                took.append(1000 * board.time_tab(path, query))
            memory = board.own_peak_memory()
        bar = factor * (_PAGE if path in ("runs", "groups") else _QUICK)
        measure = f"{count:,} runs: {what}"
        rows.append(Row(name, measure, "ms", {OURS: took}, (Bar(bar),)))
        rows.append(Row(name, f"{measure}, first request of a process", "ms", {OURS: [first]}, (Bar(factor * _FIRST),)))
        say(f"  {what}: {first:.0f} ms, then {np.median(took):.0f} ms; TensorBoard takes {memory:.0f} MiB")
    return rows


def _questions(root: str, trial: str) -> dict[str, Asked]:
    page = [("limit", "100"), ("column", _FILLED), ("column", "mean(repeats.metrics.accuracy)"), ("statuses", "1")]
    return {
        "first page of roots, with roll-ups and statuses": ("runs", page),
        "roots sorted by a roll-up over all descendants": (
            "runs",
            [*page, ("sort", "min(descendants.metrics.loss.min)"), ("order", "asc")],
        ),
        "roots sorted by a median over leaves": ("runs", [*page, ("sort", "median(leaves.metrics.accuracy)")]),
        "with a filter on children": ("runs", [*page, ("filter", "any(children.metrics.loss.min < 0.002)")]),
        "with a filter on the parent and on descendants": (
            "runs",
            [*page, ("filter", "parent.params.lr > 0.01 and status = 'Failed' or count(descendants) > 90")],
        ),
        "groups by a parameter (`v1/groups`)": (
            "groups",
            [("by", "params.model"), ("column", "mean:metrics.loss"), ("sort", "runs"), ("order", "desc")],
        ),
        "trials of an opened sweep": ("runs", [*page, ("parent", root), ("column", "inherited.params.lr")]),
        "folds of an opened trial": ("runs", [*page, ("parent", trial), ("column", "inherited.params.lr")]),
        "`v1/overview`": ("overview", []),
        "`v1/columns`": ("columns", [("text", "lo")]),
        "`v1/completions`": ("completions", [("text", "params.mo")]),
    }


def measure_search(setting: Setting) -> list[Row]:
    """A search with a filter and an order, beside MLflow's: which runs match, and all of them with what they have."""
    count = setting.scaled(2_000, 20)
    ours, theirs = _our_search(setting.folder, count), _mlflow_search(setting.folder, count)
    measure = f"{count:,} runs: `search_runs` with `{_SEARCHED}`, by `{_ORDER}`"
    rows = []
    for what, is_whole in (("", False), (", then 5 metrics and 5 parameters of each match", True)):
        asked: dict[str, Callable[[], int]] = {OURS: partial(ours, is_whole)}
        notes = {}
        if theirs is not None:
            asked[MLFLOW] = theirs
            notes[MLFLOW] = "`search_runs` always reads all that its runs have"
        found = {ask() for ask in asked.values()}
        if len(found) > 1:
            raise MeasurementError(f"not all find as many runs: {found}")
        samples = {
            subject: [_milliseconds(ask) for _ in range(setting.repeats(_REPEATS))] for subject, ask in asked.items()
        }
        bars = () if is_whole else (Bar(1 / 20, MLFLOW),)
        rows.append(Row("search", f"{measure}: {found.pop():,} match{what}", "ms", samples, bars, notes))
    return rows


def _milliseconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - began)


def _store(folder: Path, sweeps: int) -> tuple[StoreUri, int]:
    home = folder / f"questions-{sweeps}"
    count = sweeps * 100
    if not (home / "done").exists():
        say(f"  making {count:,} runs …")
        home.mkdir(parents=True, exist_ok=True)
        generate(home / "runs.db", sweeps)
        (home / "done").touch()
    return parse_uri(f"sqlite:///{home}/runs.db"), count


def _change(uri: StoreUri, root_id: str) -> None:
    """Changes a root run of the store a little, so that no earlier answer serves."""
    change = DescribeRun(root_id, root_id, description=f"changed at {time.time()}")
    with open_writer(uri) as writer:
        writer.apply([TreeBatch(new_id(), root_id, 0, 1, [change], LoggedPoints.of([]))])


def _our_search(folder: Path, count: int) -> Callable[[bool], int]:
    path = folder / f"search-{count}" / "runs.db"
    uri = parse_uri(f"sqlite:///{path}")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = new_id()
        with open_writer(uri) as writer:
            writer.apply([_run(journal, number, values) for number, values in enumerate(_values(count))])
    columns = [*(f"metrics.{name}" for name in _METRICS), *(f"params.{name}" for name in _PARAMETERS)]

    def ask(is_whole: bool) -> int:
        # A workspace made anew each time, as in a cell of a notebook.
        found = Workspace(uri.text).search_runs(_SEARCHED, _ORDER)
        return len(found.to_columns(*columns)[columns[0]]) if is_whole else len(found)

    return ask


def _values(count: int) -> list[list[float]]:
    """Of each run the metrics, then the parameters."""
    values: list[list[float]] = np.random.default_rng(3).random((count, len(_METRICS) + len(_PARAMETERS))).tolist()
    return values


def _run(journal: str, number: int, values: Sequence[float]) -> TreeBatch:
    run, session, now = new_id(), new_id(), 1_700_000_000.0 + number
    step, moment = np.array([0]), np.array([now])
    changes: list[Change] = [
        CreateRun(run, run, None, run, "search", f"run-{number}", now),
        StartRun(run, run, session, now, "host"),
        SetTags(run, run, {"sweep": "a"}),
        *(SetParameter(run, run, name, value) for name, value in zip(_PARAMETERS, values[5:], strict=True)),
    ]
    points = [
        (DeclareSeries(run, run, session, 1, tag, metric=tag), Points(step, moment, np.array([value])))
        for tag, value in zip(_METRICS, values[:5], strict=True)
    ]
    return TreeBatch(journal, run, 0, 1, changes, LoggedPoints.of(points))


def _mlflow_search(folder: Path, count: int) -> Callable[[], int] | None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    try:
        mlflow: Any = importlib.import_module("mlflow")
    except ImportError:
        return None
    home = folder / f"search-{count}"
    is_made = (home / "mlflow.db").exists()
    client = mlflow.MlflowClient(f"sqlite:///{home}/mlflow.db")
    if not is_made:
        say(f"  making {count:,} runs in MLflow …")
        client.create_experiment("search", artifact_location=str(home / "artifacts"))
    experiment = client.get_experiment_by_name("search").experiment_id
    if not is_made:
        entities = mlflow.entities
        for values in _values(count):
            metrics = [entities.Metric(tag, value, 0, 0) for tag, value in zip(_METRICS, values[:5], strict=True)]
            parameters = [entities.Param(name, str(value)) for name, value in zip(_PARAMETERS, values[5:], strict=True)]
            run_id = client.create_run(experiment, tags={"sweep": "a"}).info.run_id
            client.log_batch(run_id, metrics, parameters)
    return lambda: len(client.search_runs([experiment], _SEARCHED, order_by=[_ORDER], max_results=count))
