"""A history of sweeps, trials and folds, written through the store's writer: faster than recording it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tb_runhistory.records.changes import Change, CreateRun, DeclareSeries, EndRun, SetParameter, SetTags, StartRun
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Floats, Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, TreeBatch
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri

TRIALS, FOLDS = 9, 10
METRICS = ("loss", "accuracy", "train/loss", "train/accuracy", "learning_rate")
STEPS = 20
START = 1_700_000_000.0
_MODELS = ("tree", "forest", "mlp", "cnn")
_TEAMS = ("red", "green", "blue")
_TREES_AT_ONCE = 20


def generate(path: Path, sweeps: int, seed: int = 7) -> int:
    """Writes ``sweeps`` trees of 100 runs each, every one of five metrics of twenty steps; returns how many runs."""
    chance = np.random.default_rng(seed)
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        for first in range(0, sweeps, _TREES_AT_ONCE):
            numbers = range(first, min(first + _TREES_AT_ONCE, sweeps))
            writer.apply([_sweep(number, chance) for number in numbers])
    return sweeps * (1 + TRIALS * (1 + FOLDS))


def _sweep(number: int, chance: np.random.Generator) -> TreeBatch:
    root, journal = new_id(), new_id()
    began = START + number * 1000
    changes: list[Change] = [SetTags(root, root, {"team": _TEAMS[number % 3]})]
    runs: list[tuple[str, str | None, str, str]] = [(root, None, root, f"sweep-{number:05}")]
    for trial_number in range(TRIALS):
        trial = new_id()
        runs.append((trial, root, f"{root}/{trial}", f"trial-{trial_number}"))
        parameters: dict[str, bool | int | float | str] = {
            "lr": float(10.0 ** -chance.uniform(1, 4)),
            "layers": int(chance.integers(1, 9)),
            "model": _MODELS[int(chance.integers(4))],
            "wide": bool(chance.integers(2)),
            "seed": int(chance.integers(1 << 30)),
        }
        changes += [SetParameter(root, trial, name, value) for name, value in parameters.items()]
        for fold_number in range(FOLDS):
            fold = new_id()
            runs.append((fold, trial, f"{root}/{trial}/{fold}", f"fold-{fold_number}"))
    steps = np.arange(STEPS)
    parts = []
    created: list[Change] = []
    for place, (run, parent, where, name) in enumerate(runs):
        session, now = new_id(), began + place
        failed = chance.random() < 0.03
        created += [
            CreateRun(root, run, parent, where, "generated", name, now),
            StartRun(root, run, session, now, "host"),
        ]
        changes.append(EndRun(root, run, session, RunStatus.FAILED if failed else RunStatus.COMPLETED, now + 60))
        for tag in METRICS:
            values: Floats = chance.random(STEPS, np.float32).astype(float)
            series = DeclareSeries(root, run, session, 1, tag, metric=tag)
            parts.append((series, Points(steps, (now + steps).astype(float), values)))
    return TreeBatch(journal, root, 0, 1, [*created, *changes], LoggedPoints.of(parts))
