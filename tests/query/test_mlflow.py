"""MLflow's filters find here what they find in MLflow: random runs and random filters, asked of both."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tb_runhistory.query.parsing import parse_filter
from tb_runhistory.query.search import RunSearch
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of
from tests.query.model import NOW, ModelRun, record
from tests.query.oracle import matches

MLFLOW_PYTHON = os.environ.get("MLFLOW_PYTHON", sys.executable)
"""An interpreter that has MLflow."""

STATUSES = {
    RunStatus.RUNNING: "RUNNING",
    RunStatus.COMPLETED: "FINISHED",
    RunStatus.FAILED: "FAILED",
    RunStatus.CANCELED: "KILLED",
}
TEXTS = ("adam", "Adam", "AdamW", "sgd", "a_b", "axb", "50%", "Ärger")
PATTERNS = ("%", "a%", "A%", "%b", "a_b", "%dam%", "50%", "adam", "ä%")
NUMBERS = (0.1, 0.25, 1.0, 3.0, 1e-05)
PARAMETERS: dict[str, tuple[ParameterValue, ...]] = {"model": TEXTS, "opt": TEXTS, "lr": NUMBERS}
METRICS = {"loss": "metrics.loss", "acc": "metric.`acc`", "val loss": 'metrics."val loss"', "a.b": "metrics.a.b"}
LOGGED = (-1.0, 0.0, 0.5, 1.0, 2.5, float("inf"))


def random_runs(chance: random.Random) -> list[ModelRun]:
    """Runs as MLflow could have them: without a tree, each parameter of one type, no NaN."""
    runs = []
    for number in range(60):
        started = NOW - chance.choice([5, 10, 20, 30])
        run = ModelRun(f"Run-{number}", "x", number + 1, started, started_at=started, host="here")
        run.display_name = run.name
        run.status = chance.choice(list(STATUSES))
        run.ended_at = None if run.status is RunStatus.RUNNING else started + chance.choice([1, 2, 5])
        run.parameters = {name: chance.choice(values) for name, values in PARAMETERS.items() if chance.random() < 0.7}
        run.tags = {name: chance.choice(TEXTS) for name in ("team", "a.tag") if chance.random() < 0.6}
        run.points = {
            name: {step: chance.choice(LOGGED) for step in range(chance.choice([1, 3]))}
            for name in METRICS
            if chance.random() < 0.7
        }
        runs.append(run)
    return runs


def random_clause(chance: random.Random) -> str:
    """One comparison in MLflow's syntax."""
    equal, order = chance.choice(["=", "!="]), chance.choice([">", ">=", "!=", "=", "<", "<="])
    like = chance.choice(["LIKE", "ILIKE", "like"])
    text, pattern = chance.choice(TEXTS), chance.choice(PATTERNS)
    texts = [
        *(f"{word}.model" for word in ("params", "param", "parameter", "parameters")),
        "params.`opt`",
        'params."opt"',
    ]
    texts += ["tags.team", "tag.`a.tag`", "tags.a.tag"]
    status = chance.choice(list(STATUSES.values()))
    moment = int((NOW - chance.choice([3, 5, 10, 20, 30])) * 1000)
    named = f"Run-{chance.randrange(60)}"
    several = ", ".join(f"'<Run-{chance.randrange(60)}>'" for _ in range(3))
    return chance.choice(
        [
            f"{chance.choice(list(METRICS.values()))} {order} {chance.choice(LOGGED[:-1])}",
            f"{chance.choice(texts)} {equal} {chance.choice([repr(text), json.dumps(text, ensure_ascii=False)])}",
            f"{chance.choice(texts)} {like} '{pattern}'",
            f"{chance.choice([*texts, 'params.lr'])} IS {chance.choice(['NULL', 'NOT NULL'])}",
            f"params.lr {equal} '{chance.choice(NUMBERS)}'",
            f"{chance.choice(['attributes', 'attr', 'run'])}.status {equal} '{status}'",
            f"status {like} '{chance.choice(['FIN%', '%ED', 'R%', '%I%'])}'",
            f"attributes.start_time {order} {moment}",
            f"end_time {order} {moment}",
            f"attributes.run_name {equal} '{named}'",
            f"attributes.`Run name` {like} '{chance.choice(['Run-1%', 'run-_', '%3'])}'",
            f"run_id {equal} '<{named}>'",
            f"attributes.run_id {chance.choice(['IN', 'NOT IN'])} ({several})",
        ]
    )


def mlflow_answers(runs: list[ModelRun], filters: list[str]) -> list[list[str]]:
    """The names of the runs that MLflow finds for each filter."""
    asked = {
        "runs": [
            {
                "name": run.name,
                "start_time": int((run.started_at or 0) * 1000),
                "end_time": int((run.ended_at or 0) * 1000),
                "status": STATUSES[run.status],
                "params": {name: str(value) for name, value in run.parameters.items()},
                "tags": run.tags,
                "metrics": {name: list(points.items()) for name, points in run.points.items()},
            }
            for run in runs
        ],
        "filters": filters,
    }
    ended = subprocess.run(
        [MLFLOW_PYTHON, str(Path(__file__).parent / "mlflow_answers.py")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": ""},
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    answers: list[list[str]] = json.loads(ended.stdout)
    return answers


@pytest.mark.slow
@pytest.mark.skipif(
    sys.executable == MLFLOW_PYTHON and importlib.util.find_spec("mlflow") is None,
    reason="MLflow is not installed: MLFLOW_PYTHON may name an interpreter that has it",
)
def test_filters_find_what_they_find_in_mlflow(tmp_path: Path) -> None:
    chance = random.Random(2026)
    runs = random_runs(chance)
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        record(runs, History(writer))
    with open_reader(uri) as reader:
        check_filters(chance, runs, reader)


def check_filters(chance: random.Random, runs: list[ModelRun], reader: RunHistoryReader) -> None:
    """Asks MLflow, the reader and the oracle the same random filters."""
    joined = [" and ", " AND ", "\n  and "]
    filters = [
        chance.choice(joined).join(random_clause(chance) for _ in range(chance.choice([1, 1, 2, 3])))
        for _ in range(400)
    ]
    answers = mlflow_answers(runs, filters)
    by_id = {run.run_id: run.name for run in runs}
    for text, names in zip(filters, answers, strict=True):
        condition = parse_filter(re.sub(r"<(Run-\d+)>", lambda found: id_of(found[1]), text))
        assert condition is not None
        assert sorted(run.name for run in matches(runs, condition)) == names, text
        assert sorted(by_id[run_id] for run_id in reader.search(RunSearch(NOW, filter=condition)).run_id) == names, text
    assert sum(0 < len(names) < len(runs) for names in answers) > 200
