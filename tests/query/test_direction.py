"""Directions of metrics are guessed as people would."""

from __future__ import annotations

import pytest

from tb_runhistory.query.direction import guessed_direction
from tb_runhistory.records.changes import Direction


@pytest.mark.parametrize(
    "tag",
    [
        "loss",
        "val/loss",
        "valLoss",
        "accuracy_loss",
        "RMSE",
        "rmse_1",
        "error-rate",
        "neg_reward",
        "x",
        "",
        "neg",
        "PPL",
    ],
)
def test_less_is_better(tag: str) -> None:
    assert guessed_direction(tag) is Direction.MINIMIZE


@pytest.mark.parametrize(
    "tag",
    [
        "acc",
        "val_accuracy",
        "top5_acc",
        "ROC-AUC",
        "F1",
        "eval/mAP@50",
        "mIoU",
        "r2",
        "neg_mean_squared_error",
        "recall5",
    ],
)
def test_more_is_better(tag: str) -> None:
    assert guessed_direction(tag) is Direction.MAXIMIZE
