"""Measures recording: what a call costs, what is stored, how fast it is durable, with peers beside it in one table.

python benchmarks/write.py [--rows NAME …] [--quick] [--json FILE]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.command import Benchmark, Command, MeasurementError, Setting
from benchmarks.crowd import measure_crowd
from benchmarks.machine import folder_bytes
from benchmarks.recorders import PEERS, RECORDERS
from benchmarks.recording_process import CHECKOUT, record
from benchmarks.settling import wait_for_rest
from benchmarks.table import OURS, Bar, Row
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import parse_uri

METRICS = 5
_SLOW = ("MLflow",)
_SETTLE_SECONDS = 60.0
_UNWANTED = ("sqlalchemy", "grpc", "tensorboard", "click")
_NAMES = "from tb_runhistory import Experiment, Run, Workspace"


def measure_calls(setting: Setting) -> list[Row]:
    """What a call of ``run.log`` costs the training loop, on average and at worst."""
    steps = setting.scaled(20_000, 200)
    recorders = {name: steps for name in _installed() if name not in _SLOW}
    recorders |= {name: setting.scaled(200, 4) for name in _installed() if name in _SLOW}
    results = _repeated(setting, "calls", 5, {name: {"steps": count} for name, count in recorders.items()})
    without_step = results.pop(f"{OURS} without step")
    what = f"1 run × {METRICS} metrics × {steps:,} steps"
    note = {name: f"{count} steps" for name, count in recorders.items() if name in _SLOW}
    each = _column(results, "each")
    return [
        Row(
            "log",
            f"`run.log(name, value, step=step)`, {what}",
            "µs a call",
            each,
            (Bar(2.0), Bar(1 / 40, "torch")),
            {name: f"`log_metric` was called over {text} only, because it is slow" for name, text in note.items()},
        ),
        Row("log", "the same without a step", "µs a call", {OURS: [result["each"] for result in without_step]}),
        Row("log", "the slowest call in a thousand (99.9th percentile)", "µs", _column(results, "p999")),
        Row("log", "the slowest call of all", "ms", _column(results, "worst"), (Bar(5.0),)),
    ]


def measure_stored(setting: Setting) -> list[Row]:
    """Bytes that a point takes at rest, with everything in the folder counted."""
    rows = []
    steps = setting.scaled(20_000, 200)
    for kind, words, bar in (("float64", "noise in float64", 10.0), ("float32", "values that came from float32", 6.0)):
        samples: dict[str, list[float]] = {}
        for name in _installed():
            if name == f"{OURS} without step":
                continue
            count = setting.scaled(1_000, 40) if name in _SLOW else steps
            folder = _empty(setting, f"stored-{name}")
            record("durable", folder, recorder=name, metrics=METRICS, steps=count, values=kind)
            if name == OURS:
                wait_for_rest(folder, _SETTLE_SECONDS)
            samples[name] = [folder_bytes(folder) / (METRICS * count)]
            shutil.rmtree(folder)
        what = f"stored, {words}, {METRICS} × {steps:,} points, all files"
        rows.append(Row("stored", what, "bytes a point", samples, (Bar(bar),)))
    return rows


def measure_durable(setting: Setting) -> list[Row]:
    """Points a second from the first call until the store holds all of them, one process."""
    steps = {OURS: setting.scaled(200_000, 200), "MLflow": setting.scaled(2_000, 40)}
    samples: dict[str, list[float]] = {}
    for _ in range(setting.repeats(3)):
        for name in _installed():
            if name == f"{OURS} without step":
                continue
            count = steps.get(name, setting.scaled(20_000, 200))
            folder = _empty(setting, f"durable-{name}")
            result = record("durable", folder, recorder=name, metrics=METRICS, steps=count, values="float32")
            ended = _wait_for_points(folder, METRICS * count) if name == OURS else result["ended"]
            samples.setdefault(name, []).append(METRICS * count / (ended - result["began"]))
            shutil.rmtree(folder)
    note = {
        OURS: f"{METRICS} × {steps[OURS]:,} points, until `complete()` has returned and a reader finds all of them",
        "MLflow": f"`log_batch` by the thousand, {METRICS} × {steps['MLflow']:,} points",
        "torch": "until `flush()` and `close()` have returned, which does not wait for the disk",
        "tensorboardX": "until `flush()` and `close()` have returned, which does not wait for the disk",
    }
    present = {name: text for name, text in note.items() if name in samples}
    return [
        Row("durable", "durable through the whole chain", "points/s", samples, (Bar(200_000, at_least=True),), present)
    ]


def measure_live(setting: Setting) -> list[Row]:
    """The shipper's share of a core and of the disk while 100 runs are live, and how far it is behind."""
    options: dict[str, Any] = {"runs": setting.scaled(100, 4), "metrics": METRICS, "per_second": 10}
    options |= {"warm_up": setting.scaled(5, 1), "seconds": setting.scaled(120, 2)}
    folder = _empty(setting, "live")
    result = record("live", folder, **options)
    _wait_for_points(folder, result["points"])
    shutil.rmtree(folder)
    what = f"{options['runs']} live runs × {METRICS} metrics × 10 points a second for {options['seconds']} s:"
    lags = sorted(result["lags"])
    return [
        Row("live", f"{what} the shipper's load", "% of a core", {OURS: [result["busy"]]}, (Bar(15.0),)),
        Row("live", f"{what} written by it", "MB/s", {OURS: [result["written"]]}, (Bar(5.0),)),
        Row("live", f"{what} from `run.log` to the store", "s", {OURS: lags}),
    ]


def measure_wide(setting: Setting) -> list[Row]:
    """The shipper's share of a core while 20 runs of 1,000 metrics each log one point a second to every one."""
    options: dict[str, Any] = {"runs": setting.scaled(20, 2), "metrics": setting.scaled(1_000, 10), "per_second": 1}
    options |= {"warm_up": setting.scaled(10, 1), "seconds": setting.scaled(90, 2)}
    folder = _empty(setting, "wide")
    result = record("live", folder, **options)
    _wait_for_points(folder, result["points"])
    shutil.rmtree(folder)
    what = (
        f"{options['runs']} live runs × {options['metrics']:,} metrics × 1 point a second for {options['seconds']} s:"
    )
    return [
        Row("wide", f"{what} the shipper's load", "% of a core", {OURS: [result["busy"]]}, (Bar(25.0),)),
        Row("wide", f"{what} written by it", "MB/s", {OURS: [result["written"]]}),
        Row("wide", f"{what} from `run.log` to the store", "s", {OURS: sorted(result["lags"])}),
    ]


def measure_imports(setting: Setting) -> list[Row]:
    """How long the import takes in a fresh process, and what must not come along with it."""
    lines = {"tensorboardX": "import tensorboardX", "trackio": "import trackio", "MLflow": "import mlflow"}
    lines["torch"] = "from torch.utils.tensorboard import SummaryWriter"
    peers = {name: lines[name] for name in _installed() if name in lines}
    samples: dict[str, list[float]] = {}
    names: list[float] = []
    unwanted: set[str] = set()
    for repeat in range(setting.repeats(8)):
        for name, line in {OURS: "import tb_runhistory", **(peers if repeat < 4 else {})}.items():
            took, _ = _import_in_fresh_process(line)
            samples.setdefault(name, []).append(took)
        took, loaded = _import_in_fresh_process(_NAMES)
        names.append(took)
        unwanted |= loaded
    # The first of each finds files that were not read for long.
    warm = {name: values[1:] or values for name, values in samples.items()}
    return [
        Row("import", "`import tb_runhistory`, and of peers what they are logged with", "ms", warm, (Bar(150.0),)),
        Row("import", f"`{_NAMES}`", "ms", {OURS: names[1:] or names}, (Bar(150.0),)),
        Row(
            "import",
            f"of {', '.join(_UNWANTED)} imported with it",
            "modules",
            {OURS: [float(len(unwanted))]},
            (Bar(0.0),),
        ),
    ]


def _installed() -> list[str]:
    return [name for name, recorder in RECORDERS.items() if recorder.is_installed()]


def _repeated(
    setting: Setting, task: str, wanted: int, options: dict[str, dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """The results of a task by recorder. Repetitions go round all of them, so that each is measured in each minute."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in options}
    for _ in range(setting.repeats(wanted)):
        for name, own in options.items():
            folder = _empty(setting, f"{task}-{name}")
            results[name].append(record(task, folder, recorder=name, metrics=METRICS, **own))
            shutil.rmtree(folder)
    return results


def _column(results: dict[str, list[dict[str, Any]]], name: str) -> dict[str, list[float]]:
    return {recorder: [result[name] for result in own] for recorder, own in results.items()}


def _empty(setting: Setting, name: str) -> Path:
    """A folder's path where nothing is."""
    folder = setting.folder / name.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _wait_for_points(folder: Path, count: int) -> float:
    """Waits until the store in ``folder`` holds ``count`` points; the wall time then."""
    uri = parse_uri(f"sqlite:///{folder}/runs.db")
    deadline = time.monotonic() + _SETTLE_SECONDS
    with open_reader(uri) as reader:
        while time.monotonic() < deadline:
            stored = int(reader.series(Scope(), DataClass.SCALAR).count.sum())
            if stored == count:
                return time.time()
            time.sleep(0.005)
    raise MeasurementError(f"{stored:,} of {count:,} points are in the store after {_SETTLE_SECONDS:.0f} s")


def _import_in_fresh_process(line: str) -> tuple[float, set[str]]:
    """Milliseconds that the line takes, and which of the unwanted modules are there afterwards."""
    program = (
        f"import sys, time; start = time.perf_counter()\n{line}\n"
        f"print((time.perf_counter() - start) * 1000, *(set({_UNWANTED}) & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    took, *loaded = output.stdout.split()
    return float(took), set(loaded)


COMMAND = Command(
    about="Measures recording, with peers beside it in one table.",
    benchmarks={
        "log": Benchmark("what a call costs, on average and at worst", measure_calls),
        "stored": Benchmark("bytes that a point takes at rest", measure_stored),
        "durable": Benchmark("points a second until they are in the store", measure_durable),
        "live": Benchmark("the shipper's load while many runs are live", measure_live),
        "wide": Benchmark("the same with 1,000 metrics a run", measure_wide),
        "import": Benchmark("what an import takes and brings along", measure_imports),
        "crowd": Benchmark("16 processes recording into one file with a reader beside", measure_crowd),
    },
    subjects=(OURS, *PEERS),
    absent=tuple(name for name in PEERS if not RECORDERS[name].is_installed()),
    packages=("tb-runhistory", "numpy", "torch", "tensorboardX", "trackio", "mlflow"),
)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
