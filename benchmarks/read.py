"""Measures viewing: how soon TensorBoard shows a store, what a chart costs and weighs, with its own loaders beside it.

python benchmarks/read.py [--rows NAME …] [--quick] [--slow-peers] [--json FILE] [--folder FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.command import Benchmark, Command, Setting, say
from benchmarks.launching import measure_launch
from benchmarks.liveness import DEFAULT, FASTEST, measure_liveness
from benchmarks.tab import measure_chart, measure_tree
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from benchmarks.viewing import EMPTY, FAST, PYTHON, START_SECONDS, Bars, arguments, view
from benchmarks.workload import Workload


def measure_spike(setting: Setting) -> list[Row]:
    """Whether one outlier in 100,000 points is shown, with TensorBoard's default of 1,000 points a series."""
    workload = Workload(1, 1, setting.scaled(100_001, 3_001), spike=True)
    [run], [tag], last = workload.run_names, workload.tag_names, workload.steps - 1
    spikes: dict[str, list[float]] = {}
    ends: dict[str, list[float]] = {}
    for subject, given in arguments(setting, workload).items():
        if subject == EMPTY:
            continue
        with TensorBoard(*given) as board:
            board.wait_for_runs([run], tag, last, START_SECONDS)
            routes = [
                [(point["step"], point["value"]) for point in board.time_series(tag)[run]],
                [(step, value) for _, step, value in board.scalars(tag, run)],
            ]
        say(f"  {subject}: {' and '.join(f'{len(points):,}' for points in routes)} points")
        spikes[subject] = [float(sum((workload.spike_step, 1000.0) in points for points in routes))]
        ends[subject] = [float(sum(points[0][0] == 0 and points[-1][0] == last for points in routes))]
    what = f"one value of 1000.0 among {workload.steps - 1:,} of 1.0, Time Series and Scalars:"
    of_two = "routes of 2"
    return [
        Row("spike", f"{what} present", of_two, spikes, (Bar(2, at_least=True),)),
        Row("spike", f"{what} first and last step present", of_two, ends, (Bar(2, at_least=True),)),
    ]


COMMAND = Command(
    about="Measures viewing, with TensorBoard's own loaders beside it in one table.",
    benchmarks={
        "100-runs": Benchmark(
            "start, chart and memory over 100 runs × 5 × 10,000 steps",
            view(Workload(100, 5, 10_000), 5, Bars((Bar(0.6, FAST), Bar(1.5, EMPTY)), (Bar(0.6, FAST),))),
        ),
        "long-runs": Benchmark(
            "the same over 20 runs × 5 × 500,000 steps",
            view(Workload(20, 5, 500_000), 3, Bars((Bar(0.15, FAST), Bar(1.5, EMPTY)))),
        ),
        "1000-runs": Benchmark(
            "the same over 1,000 runs × 10,000 steps",
            view(Workload(1_000, 1, 10_000), 3, Bars(chart=(Bar(0.15, FAST),))),
        ),
        "5000-runs": Benchmark(
            "the same over 5,000 runs × 5 × 100 steps",
            view(Workload(5_000, 5, 100), 3, Bars((Bar(0.6, FAST),), (Bar(0.8, FAST),), (Bar(600.0),))),
        ),
        "visible": Benchmark("from the call's return to TensorBoard's answer", measure_liveness),
        "launch": Benchmark("Tensorboard([run]).start() until its address answers", measure_launch),
        "tab-chart": Benchmark("the Run History tab's chart of 100 runs beside the stock one", measure_chart),
        "tab-tree": Benchmark("pages of the tab's tree, 10,000 runs", measure_tree),
        "spike": Benchmark("whether one outlier in 100,000 points is shown", measure_spike),
    },
    subjects=(OURS, FAST, PYTHON, EMPTY, FASTEST, DEFAULT),
    packages=("tb-runhistory", "tensorboard", "tensorboard-data-server", "torch", "tensorboardX"),
    footnotes=(
        f"{FAST}, {PYTHON}: TensorBoard with `--load_fast` true and false on event files of the same numbers; "
        f"{EMPTY}: a TensorBoard on an empty folder.",
        "A start counts from the spawning of the process, asking every 20 ms; a chart is what the stock page asks for.",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
