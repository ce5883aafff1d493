"""Measures what a team's history costs: a hundred thousand runs, thousands of series, crowds of viewers.

python benchmarks/scale.py [--rows NAME …] [--quick] [--json FILE] [--folder FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.command import Benchmark, Command
from benchmarks.large_history import measure_listing, measure_rush, measure_short_runs
from benchmarks.outages import measure_killed_server
from benchmarks.questions import MLFLOW, measure_million, measure_questions, measure_search
from benchmarks.series import measure_corners, measure_many_series, measure_windows
from benchmarks.table import OURS

COMMAND = Command(
    about="Measures what a large history costs to record, to store and to look at.",
    benchmarks={
        "short-runs": Benchmark("100,000 runs × 5 metrics × 20 steps through the recording API", measure_short_runs),
        "listing": Benchmark("the data server and the tab over 100,000 runs", measure_listing),
        "rush": Benchmark("60 overviews and 200 sorted pages at once, 20,000 runs", measure_rush),
        "questions": Benchmark("the tab's questions over 100,000 runs: roll-ups, filters, pages", measure_questions),
        "million": Benchmark("the same over 1,000,000 runs", measure_million),
        "search": Benchmark("a search over 2,000 runs, beside MLflow's", measure_search),
        "windows": Benchmark("1,000 points anywhere in 4,000,000 and in 50,000,000", measure_windows),
        "corners": Benchmark("resumed runs, descending and stray steps", measure_corners),
        "many-series": Benchmark("12,000 open series in one process", measure_many_series),
        "killed": Benchmark("the data server killed three times in a row on a busy machine", measure_killed_server),
    },
    subjects=(OURS, MLFLOW),
    packages=("tb-runhistory", "tensorboard", "mlflow"),
)

if __name__ == "__main__":
    sys.exit(COMMAND.main())
