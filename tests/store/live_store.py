"""A store like one that is in use: everything that can be recorded, in all the forms that it is stored in."""

from __future__ import annotations

import math

import numpy as np

from tb_runhistory.records.changes import (
    AddProperties,
    CreateExperiment,
    DataClass,
    DescribeRun,
    DropPoints,
    LifecycleStage,
    ParameterValue,
    SetParameter,
    SetTags,
    StageRun,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryWriter
from tests.conformance.builder import START, BuiltRun, History

LONG = 30_000
TRIALS = 5


def build_live_store(writer: RunHistoryWriter) -> None:
    """A sweep of trials with folds, a long run, two that were resumed, one that runs, one that is archived, one that
    failed; scalars, texts, tensors, blobs, parameters, tags and properties.
    """
    history = History(writer)
    history.apply("", [CreateExperiment("ridge", START, "A **description**.")])
    random = np.random.default_rng(5)
    _sweep(history, random)
    _long(history, random)
    _resumed(history, random)
    running = history.root("running", "ridge", display_name="läuft noch")
    _describe(running, 99)
    for start in range(0, 60, 10):
        running.log("loss", range(start, start + 10), random.normal(size=10).tolist())
        running.log("speed", range(start, start + 10))
    running.log_texts("note", [(step, f"text {step} " * 20) for step in range(8)])
    away = history.root("away", "ridge").log("loss", range(5)).end()
    away.apply(StageRun(away.root_id, away.run_id, LifecycleStage.ARCHIVED))


def _sweep(history: History, random: np.random.Generator) -> None:
    sweep = history.root("sweep")
    _describe(sweep, 0)
    for number in range(TRIALS):
        trial = sweep.child(f"trial-{number}", display_name=f"rate={number / 10}")
        _describe(trial, number)
        for tag in ("loss", "accuracy", "time"):
            trial.log(tag, range(20), random.normal(size=20).tolist())
        if number % 4 == 0:
            fold = trial.child(f"fold-{number}")
            fold.log("loss", [0, 1, 2, 2], [1.0, math.nan, math.inf, 2.0])
            fold.end(RunStatus.FAILED, "Traceback: boom")
        trial.end()
    sweep.end()


def _long(history: History, random: np.random.Generator) -> None:
    long = history.root("long")
    long.log("loss", range(LONG), random.normal(size=LONG).tolist())
    long.log("loss", [10, 20_000, LONG + 5], [0.5, 0.25, 0.125])
    long.log_entries("weights", DataClass.TENSOR, [(step, (bytes(range(100)),)) for step in range(6)], "histograms")
    images = [(step, (b"4", b"4", random.bytes(3000), random.bytes(90_000))) for step in range(3)]
    long.log_entries("picture", DataClass.BLOB_SEQUENCE, images, "images", b"\x08\x01")
    long.apply(DropPoints(long.root_id, long.run_id, 3)).end()


def _resumed(history: History, random: np.random.Generator) -> None:
    resumed = history.root("resumed")
    resumed.log("loss", range(6000), random.normal(size=6000).tolist()).log("speed", range(40))
    resumed.log_texts("note", [(0, "first"), (5, "second"), (5, "third")])
    resumed.end(RunStatus.FAILED, "killed")
    resumed.resume().log("loss", range(5000, 5600), random.normal(size=600).tolist()).log("speed", range(30, 35))
    resumed.log_texts("note", [(4, "again"), (6, "at last")]).end()
    # What it supersedes stands in its block still.
    again = history.root("again").log("loss", range(3000), random.normal(size=3000).tolist())
    again.resume().log("loss", [2000, 2001])


def _describe(run: BuiltRun, number: int) -> None:
    root_id, run_id = run.root_id, run.run_id
    values: dict[str, ParameterValue] = {
        "rate": number / 10,
        "layers": number,
        "big": 2**63 + number,
        "on": bool(number % 2),
        "optimizer": f"sgd-{number}",
        "bad": math.nan,
    }
    run.apply(*(SetParameter(root_id, run_id, name, value) for name, value in values.items()))
    run.apply(SetTags(root_id, run_id, {"kind": f"grid {number}", "bare": None}))
    run.apply(AddProperties(root_id, run_id, {"git": f"a1b2c3{number}"}))
    run.apply(DescribeRun(root_id, run_id, description=f"Run **{number}**."))
