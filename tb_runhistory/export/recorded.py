"""Exporting what this process has at hand: runs and experiments of the recording API."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from tb_runhistory.errors import BadRequest, StoreUnavailable
from tb_runhistory.export.exporting import export_runs
from tb_runhistory.recording.api import Experiment, Run, Workspace
from tb_runhistory.recording.configuration import RecordingMode
from tb_runhistory.recording.notices import notice
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.store.opening import open_reader

FLUSH_SECONDS = 60.0


def export_to_tensorboard(
    run_data: Run | Sequence[Run] | Experiment,
    logsdir: str | os.PathLike[str],
    logger: logging.Logger | None = None,
    recursive: bool = True,
) -> None:
    """Writes runs as event files into a folder, for ``tensorboard --logdir``.

    What was logged before the call is in the export, whether or not the runs have ended. Each run has a folder below
    its parent's, named as in TensorBoard's view of the store, with one event file: metrics with their steps, times and
    64-bit values, texts, descriptions, and parameters with the outcome for HParams.

    Calling it again writes only the runs that have changed, and completes an export that was interrupted. A TensorBoard
    that looks at the folder never sees half a file, and follows (with ``--load_fast=false`` it has to be restarted).
    Files of others in the folder are left alone.

    Args:
      run_data: a run, several runs of one workspace, or an experiment.
      logsdir: the folder; it is made where there is none.
      logger: gets a line a run; without one a progress bar is shown on standard error, where that is a terminal.
      recursive: whether descendants are exported too. Without them an experiment is its root runs.

    Raises:
      TypeError: ``run_data`` is something else.
      BadRequest: the runs are of several workspaces, or there are none.
      NotFound: the store does not have a run, or the experiment.
      StoreError: the store cannot be read, or does not get what was recorded.
      RunHistoryError: the folder cannot be written.
    """
    workspace, scope = _what_is_meant(run_data)
    recorder = workspace.link.recorder
    if recorder.is_disabled:
        notice("recording is disabled by RUNHISTORY_MODE, so there is nothing to export")
        return
    if not workspace.flush(FLUSH_SECONDS):
        raise StoreUnavailable(_not_shipped(workspace))
    with open_reader(recorder.uri) as reader:
        export_runs(reader, scope, Path(logsdir), logger, recursive)


def _what_is_meant(run_data: object) -> tuple[Workspace, Scope]:
    if isinstance(run_data, Experiment):
        return run_data.workspace, Scope(run_data.name)
    runs = [run_data] if isinstance(run_data, Run) else run_data
    if not isinstance(runs, Sequence) or not all(isinstance(run, Run) for run in runs):
        raise TypeError(f"run_data is a Run, a list of runs or an Experiment, not {type(run_data).__name__}")
    if not runs:
        raise BadRequest("there is nothing to export: the list of runs is empty")
    workspaces = {run.experiment.workspace.uri: run.experiment.workspace for run in runs}
    if len(workspaces) > 1:
        raise BadRequest(
            f"the runs are of several stores ({', '.join(sorted(workspaces))}): export those of one store at a time, "
            "each to a folder of its own"
        )
    [workspace] = workspaces.values()
    return workspace, Scope(run_ids=tuple(dict.fromkeys(run.id for run in runs)), stages=ANY_STAGE)


def _not_shipped(workspace: Workspace) -> str:
    ship = f"ship it with 'tb-runhistory sync {workspace.uri}' and export again"
    if workspace.link.recorder.mode is RecordingMode.OFFLINE:
        return f"what this process recorded offline is not in the store {workspace.uri} yet: {ship}"
    return (
        f"the store {workspace.uri} did not take what this process recorded within {FLUSH_SECONDS:.0f} s: "
        f"nothing is lost and nothing was exported; when the store can be reached, {ship}"
    )
