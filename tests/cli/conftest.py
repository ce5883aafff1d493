"""Stores for the command to look at, and calling it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner, Result

from tb_runhistory.cli import main
from tb_runhistory.records.changes import (
    AddProperties,
    CreateExperiment,
    DataClass,
    DropPoints,
    LifecycleStage,
    ParameterValue,
    SetParameter,
    SetTags,
    StageRun,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, BuiltRun, History
from tests.recording.conftest import own_scripts, store

__all__ = ["own_scripts", "store"]

Call: TypeAlias = Callable[..., Result]
PROGRAM = str(Path(sys.executable).with_name("tb-runhistory"))


def call(*arguments: str) -> Result:
    """Calls the command in this process."""
    return CliRunner().invoke(main, list(arguments))


def answer(*arguments: str) -> Any:
    """What the command prints with ``--json``."""
    result = call(*arguments, "--json")
    assert result.stderr == ""
    return json.loads(result.stdout)


def run_program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Calls the installed command as a process of its own."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60, **options)


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of a store with experiments, a sweep of thirty trials, a fold below one, runs in all states and stages,
    and six runs for which the same id was chosen.
    """
    uri = f"sqlite:///{tmp_path_factory.mktemp('history') / 'runs.db'}"
    with open_writer(parse_uri(uri)) as writer:
        built = History(writer)
        built.apply("", [CreateExperiment("empty", START)])
        sweep = built.root("0190-sweep", display_name="sweep", description="A **grid**.\nOf rates.")
        describe(sweep)
        for number in range(30):
            trial = sweep.child(f"0190-trial-{number:02}", display_name=f"rate={number / 10}")
            trial.log("loss", [1, 2, 3], [1.0, 0.5, number]).log("accuracy", [1], [0.25])
            if number == 4:
                fold = trial.child("0190-fold", display_name="fold \x1b[31m数据")
                fold.log("odd", [0, 1, 2], [math.nan, math.inf, -math.inf]).end(RunStatus.FAILED, "Boom\n  at \x1b[31m")
            trial.end()
        sweep.end()
        other = built.root("0190-other", "ridge", display_name="rate=0.1").log_texts("note", [(3, "hello\nthere")])
        other.log_entries("weights", DataClass.TENSOR, [(0, (b"t",)), (1, (b"u",))], "histograms")
        for name in ("first", "second", "third", "fourth", "fifth", "sixth"):
            twin = built.root(f"0190-{name}", "twins", display_name=name)
            twin.child(f"0190-twin-of-{name}", chosen_id="0190-twin", display_name="0190-twin").end()
            twin.end()
        away = built.root("0190-away", "ridge", display_name="away")
        away.child("0190-away-child", display_name="away child").end()
        away.end().apply(StageRun(away.root_id, away.run_id, LifecycleStage.ARCHIVED))
        gone = built.root("0190-gone", "junk", display_name="gone").end()
        gone.apply(StageRun(gone.root_id, gone.run_id, LifecycleStage.DELETED))
    return uri


def describe(run: BuiltRun) -> None:
    """Parameters, labels and dropped points."""
    root_id, run_id = run.root_id, run.run_id
    values: dict[str, ParameterValue] = {
        "rate": 0.1,
        "layers": 3,
        "big": 2**63,
        "on": True,
        "optimizer": "sgd",
        "bad": math.nan,
        "text": "NaN",
    }
    run.apply(*(SetParameter(root_id, run_id, name, value) for name, value in values.items()))
    run.apply(SetTags(root_id, run_id, {"kind": "grid", "bare": None}), AddProperties(root_id, run_id, {"git": "a1"}))
    run.apply(DropPoints(root_id, run_id, 7))
