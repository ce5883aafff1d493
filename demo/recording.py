"""Records the two sweeps into a store, once."""

from __future__ import annotations

from collections.abc import Callable

from tqdm import tqdm

from demo import digits, ridge
from demo.environment import say
from tb_runhistory import Experiment, Run, Workspace


def record_missing(uri: str, trials: list[digits.Trial] | None = None) -> None:
    """Records what the store does not hold yet: each sweep, unless an earlier start recorded it to its end.

    A recording that was interrupted stays in the history as what it is, and its sweep is recorded again.
    """
    chosen = digits.grid() if trials is None else trials
    workspace = Workspace(uri)
    if is_missing(workspace, ridge.EXPERIMENT):
        experiment = Experiment(workspace, ridge.EXPERIMENT, ridge.DESCRIPTION)
        record_sweep(experiment, len(ridge.ALPHAS), ridge.record)
    if is_missing(workspace, digits.EXPERIMENT):
        experiment = Experiment(workspace, digits.EXPERIMENT, digits.DESCRIPTION)
        record_sweep(experiment, len(chosen), lambda sweep, advance: digits.record(sweep, chosen, advance))


def is_missing(workspace: Workspace, name: str) -> bool:
    """Whether no sweep of the experiment ``name`` is complete; says what there is."""
    statuses = [run.status for run in Experiment(workspace, name).get_runs()]
    if "Completed" in statuses:
        say(f"{name} is recorded already.")
        return False
    if statuses:
        say(f"{name} was interrupted earlier; that stays in the history, and the sweep is recorded again.")
    return True


def record_sweep(experiment: Experiment, count: int, record: Callable[[Run, Callable[[], object]], None]) -> None:
    """Records one sweep of ``count`` trials as a run of ``experiment``, with a progress bar."""
    with (
        tqdm(total=count, desc=experiment.name, unit="trial") as progress,
        experiment.start_logging(display_name="sweep") as sweep,
    ):
        record(sweep, lambda: progress.update())
