"""A program that asks MLflow: runs and filters as JSON on standard input, the names of the matching runs on its output.

It imports nothing of this project, so that MLflow may have an environment of its own.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from typing import Any

from mlflow import MlflowClient


def main() -> None:
    """Records the runs, then answers each filter. ``<Run-7>`` in a filter stands for the id of the run of that name."""
    question = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiment = client.create_experiment("x")
        ids = {run["name"]: _record(client, experiment, run) for run in question["runs"]}
        names = {run_id: name for name, run_id in ids.items()}
        answers = []
        for text in question["filters"]:
            written = re.sub(r"<(Run-\d+)>", lambda found: ids[found[1]], text)
            found = client.search_runs([experiment], written, max_results=1000)
            answers.append(sorted(names[run.info.run_id] for run in found))
    json.dump(answers, sys.stdout)


def _record(client: Any, experiment: str, run: dict[str, Any]) -> str:
    created = client.create_run(experiment, start_time=run["start_time"], run_name=run["name"], tags=run["tags"])
    run_id: str = created.info.run_id
    for name, text in run["params"].items():
        client.log_param(run_id, name, text)
    for name, points in run["metrics"].items():
        for step, value in points:
            client.log_metric(run_id, name, value, step=step)
    if run["status"] != "RUNNING":
        client.set_terminated(run_id, run["status"], run["end_time"])
    return run_id


if __name__ == "__main__":
    main()
