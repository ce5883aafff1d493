"""The large sweep: a small neural network on scikit-learn's digits, trials of three cross-validation folds each.

One trial has a learning rate that makes the weights grow until they are NaN, and one asks for an activation that
scikit-learn does not have. Both happen in real sweeps, and a run history has to show them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from tb_runhistory import Run

EXPERIMENT = "digits-mlp"
DESCRIPTION = (
    "A neural network with one hidden layer on scikit-learn's 8 × 8 digits: a grid of trials, three folds each."
)
FOLDS = 3
EPOCHS = 20
PATIENCE = 3
CLASSES = np.arange(10)

Images = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """One point of the grid. Its fields are recorded as the parameters of the trial's run."""

    learning_rate: float
    hidden_size: int
    activation: str
    early_stopping: bool


@dataclass(frozen=True)
class Split:
    """The data of one fold."""

    train_images: Images
    train_labels: Labels
    validation_images: Images
    validation_labels: Labels


@dataclass(frozen=True)
class Score:
    """Mean log loss, NaN once the weights are, and the share of right answers."""

    loss: float
    accuracy: float


def grid() -> list[Trial]:
    """All trials, in the order in which they are recorded."""
    rates, sizes, activations = (0.01, 0.03, 0.1, 0.3), (16, 32, 64), ("relu", "tanh")
    trials = [Trial(*point) for point in itertools.product(rates, sizes, activations, (False, True))]
    trials.insert(17, Trial(learning_rate=1e5, hidden_size=32, activation="relu", early_stopping=False))
    trials.insert(33, Trial(learning_rate=0.01, hidden_size=32, activation="gelu", early_stopping=True))
    return trials


def record(sweep: Run, trials: list[Trial], advance: Callable[[], object]) -> None:
    """Records ``trials`` as child runs of ``sweep``, and calls ``advance`` after each.

    A trial that raises is recorded as failed, and the sweep goes on with the next.
    """
    splits = load_splits()
    best_name, best = "", Score(float("inf"), 0.0)
    for number, trial in enumerate(trials):
        name = f"trial-{number:02d}"
        try:
            # The matrices are small: threads of the linear algebra would wait for each other more than they compute.
            with threadpool_limits(1), sweep.child_run(name) as run:
                score = record_trial(run, trial, splits)
        except ValueError as error:
            sweep.log("failures", f"**{name}** failed: {error}", step=number)
            continue
        finally:
            advance()
        sweep.log("accuracy/mean", score.accuracy, step=number)
        if score.accuracy > best.accuracy:
            best_name, best = name, score
    sweep.log(
        "result", f"The best is **{best_name}**: {best.accuracy:.1%} of what it had not seen, loss {best.loss:.3f}."
    )
    sweep.set_tags({"best": best_name})


def record_trial(run: Run, trial: Trial, splits: list[Split]) -> Score:
    """Records one trial with a child run for each fold. Returns the mean validation score."""
    run.log_parameters(asdict(trial))
    scores = []
    for fold, split in enumerate(splits):
        with run.child_run(f"fold-{fold}") as fold_run:
            scores.append(train(fold_run, trial, split))
    mean = Score(float(np.mean([score.loss for score in scores])), float(np.mean([score.accuracy for score in scores])))
    run.log("loss/mean", mean.loss)
    run.log("accuracy/mean", mean.accuracy)
    run.log("accuracy/spread", float(np.std([score.accuracy for score in scores])))
    if not np.isfinite(mean.loss):
        run.set_tags({"diverged": None})
        run.log(
            "notes",
            f"The loss is **{mean.loss}**: a learning rate of {trial.learning_rate:g} made the weights overflow.",
        )
    return mean


def train(run: Run, trial: Trial, split: Split) -> Score:
    """Trains one network, logs loss and accuracy after each epoch, and returns the last validation score."""
    model = MLPClassifier(
        (trial.hidden_size,),
        activation=trial.activation,
        solver="sgd",
        learning_rate_init=trial.learning_rate,
        batch_size=64,
        random_state=0,
    )
    best, waited = float("inf"), 0
    validation = Score(float("nan"), 0.0)
    for epoch in range(EPOCHS):
        train_one_epoch(model, split.train_images, split.train_labels)
        training = score_of(model, split.train_images, split.train_labels)
        validation = score_of(model, split.validation_images, split.validation_labels)
        for name, score in (("train", training), ("validation", validation)):
            run.log(f"loss/{name}", score.loss, step=epoch)
            run.log(f"accuracy/{name}", score.accuracy, step=epoch)
        best, waited = (validation.loss, 0) if validation.loss < best else (best, waited + 1)
        if trial.early_stopping and waited >= PATIENCE:
            break
    return validation


def train_one_epoch(model: MLPClassifier, images: Images, labels: Labels) -> None:
    """Shows the training data once. A model whose weights have overflowed stays as it is: NaN, and scored as that."""
    try:
        with np.errstate(all="ignore"):
            model.partial_fit(images, labels, classes=CLASSES)
    except ValueError:
        weights = getattr(model, "coefs_", [])
        if all(np.isfinite(layer).all() for layer in weights):
            raise


def score_of(model: MLPClassifier, images: Images, labels: Labels) -> Score:
    """How well the model knows ``images``."""
    with np.errstate(all="ignore"):
        probabilities = model.predict_proba(images)
        chosen = np.maximum(probabilities[np.arange(len(labels)), labels], np.finfo(float).eps)
        return Score(float(-np.log(chosen).mean()), float((probabilities.argmax(axis=1) == labels).mean()))


def load_splits() -> list[Split]:
    """The digits, cut into folds."""
    images, labels = load_digits(return_X_y=True)
    images = images / images.max()
    folds = KFold(FOLDS, shuffle=True, random_state=0).split(images)
    return [Split(images[train], labels[train], images[test], labels[test]) for train, test in folds]
