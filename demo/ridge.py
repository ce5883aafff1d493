"""The small sweep: ridge regression on scikit-learn's diabetes data, one child run for each strength of the penalty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

from tb_runhistory import Run

EXPERIMENT = "diabetes-ridge"
DESCRIPTION = "Ridge regression on scikit-learn's diabetes data: which penalty predicts best what it has not seen?"
ALPHAS = tuple(round(float(alpha), 2) for alpha in np.arange(0.0, 1.0, 0.05))


def record(sweep: Run, advance: Callable[[], object]) -> None:
    """Records one child run of ``sweep`` for each alpha, and calls ``advance`` after each."""
    features, target = load_diabetes(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(features, target, test_size=0.2, random_state=0)
    best_alpha, best_error = 0.0, float("inf")
    for step, alpha in enumerate(ALPHAS):
        with sweep.child_run(f"alpha={alpha:.2f}") as run:
            model = Ridge(alpha=alpha).fit(train_x, train_y)
            error = float(mean_squared_error(test_y, model.predict(test_x)))
            run.log_parameters({"alpha": alpha})
            run.log("alpha", alpha)
            run.log("mse", error)
        sweep.log("alpha", alpha, step=step)
        sweep.log("mse", error, step=step)
        if error < best_error:
            best_alpha, best_error = alpha, error
        advance()
    sweep.log("result", f"The lowest error, **{best_error:.1f}**, is that of `alpha={best_alpha}`.")
    sweep.set_tags({"best_alpha": str(best_alpha)})
