"""How long TensorBoard takes to show a workload, and what it weighs, from a store and from event files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.command import Setting, say
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from benchmarks.workload import Workload

FAST = "fast loader"
PYTHON = "Python loader"
EMPTY = "nothing to show"
SUBJECTS = (OURS, FAST, PYTHON, EMPTY)
START_SECONDS = 1800.0
DATA_SERVER_MIB = 200.0


@dataclass(frozen=True, slots=True)
class Bars:
    """What a workload's rows are to hold; a row without bars is measured all the same."""

    start: tuple[Bar, ...] = ()
    chart: tuple[Bar, ...] = ()
    both_processes: tuple[Bar, ...] = ()


def arguments(setting: Setting, workload: Workload) -> dict[str, list[str]]:
    """TensorBoard's arguments by subject. What they name is made first, unless it is there."""
    say(f"  making {workload.runs:,} runs × {workload.tags} × {workload.steps:,} points, a store and event files …")
    events = workload.event_files(setting.folder)
    empty = setting.folder / "empty"
    empty.mkdir(exist_ok=True)
    chosen = {
        OURS: [f"--runhistory_uri={workload.store(setting.folder)}"],
        FAST: [f"--logdir={events}", "--load_fast=true"],
        EMPTY: [f"--logdir={empty}", "--load_fast=true"],
    }
    if setting.slow_peers:
        chosen[PYTHON] = [f"--logdir={events}", "--load_fast=false"]
    return chosen


def view(workload: Workload, repeats: int, bars: Bars) -> Callable[[Setting], list[Row]]:
    """What measures start, chart and memory of a workload, all subjects in turn, each in a TensorBoard of its own."""

    def measure(setting: Setting) -> list[Row]:
        actual = Workload(min(workload.runs, 3), workload.tags, min(workload.steps, 50)) if setting.quick else workload
        start: dict[str, list[float]] = {}
        chart: dict[str, list[float]] = {}
        server: dict[str, list[float]] = {}
        whole: dict[str, list[float]] = {}
        chosen = arguments(setting, actual)
        for repeat in range(setting.repeats(repeats)):
            for subject, given in chosen.items():
                if subject == PYTHON and repeat:
                    continue
                runs = [] if subject == EMPTY else actual.run_names
                tag = actual.tag_names[0]
                with TensorBoard(*given) as board:
                    took = board.wait_for_runs(runs, tag, actual.steps - 1, START_SECONDS)
                    start.setdefault(subject, []).append(took)
                    if subject == EMPTY:
                        continue
                    _wait_for_chart(board, actual)
                    chart.setdefault(subject, []).extend(board.time_chart(tag) for _ in range(setting.repeats(3)))
                    server.setdefault(subject, []).append(board.data_server_memory())
                    whole.setdefault(subject, []).append(board.whole_memory())
                say(f"  {subject}: start {took:.2f} s")
        size = f"{actual.runs:,} runs × {actual.tags} × {actual.steps:,} steps:"
        name = f"{workload.runs}x{workload.tags}x{workload.steps}"
        return [
            Row(name, f"{size} start until every run is listed and its last step readable", "s", start, bars.start),
            Row(name, f"{size} one chart, one tag over all runs, Time Series", "s", chart, bars.chart),
            Row(name, f"{size} data server's memory at its peak", "MiB", server, (Bar(DATA_SERVER_MIB),)),
            Row(name, f"{size} memory of TensorBoard and data server together", "MiB", whole, bars.both_processes),
        ]

    return measure


def _wait_for_chart(board: TensorBoard, workload: Workload) -> None:
    """The first chart, not timed: all runs are in it, each to its last step, or loading is not done yet."""
    tag, last = workload.tag_names[0], workload.steps - 1
    shown: dict[str, int] = {}
    while shown != dict.fromkeys(workload.run_names, last):
        shown = {run: int(points[-1]["step"]) for run, points in board.time_series(tag).items()}
