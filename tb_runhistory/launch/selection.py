"""From runs, or a folder, to what TensorBoard is to show."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from tb_runhistory.errors import BadRequest, NotFound, StoreUnavailable
from tb_runhistory.recording.api import Run
from tb_runhistory.recording.configuration import RecordingMode
from tb_runhistory.recording.reading import reading, stored_run
from tb_runhistory.recording.recorder import Recorder
from tb_runhistory.recording.waiting import READ_SECONDS, Waiting
from tb_runhistory.uri import StoreUri


def listed(runs: Run | Iterable[Run]) -> list[Run]:
    """One run or several, as a list.

    Raises:
      TypeError: something is no run.
    """
    given = [runs] if isinstance(runs, Run) else list(runs) if isinstance(runs, Iterable) else [runs]
    for run in given:
        if not isinstance(run, Run):
            raise TypeError(f"a run is what Experiment.start_logging or Run.get gives, not {type(run).__name__}")
    return given


def recorder_of_all(runs: Iterable[Run]) -> Recorder:
    """The recorder of the one store that all the runs are in.

    Raises:
      BadRequest: they are in several.
    """
    recorders = {run.experiment.workspace.link.recorder.uri.key: run.experiment.workspace.link.recorder for run in runs}
    if len(recorders) > 1:
        shown = " and ".join(sorted(recorder.uri.shown for recorder in recorders.values()))
        raise BadRequest(f"the runs are in several stores ({shown}): make a Tensorboard for each, it shows one store")
    return next(iter(recorders.values()))


def selecting(recorder: Recorder, runs: Iterable[Run]) -> StoreUri:
    """A URI that selects the runs with their descendants, given once the store has them.

    Raises:
      StoreUnavailable: the store does not have them in time, or there is no store, and the text says what to do.
      StoreError: the store cannot be read.
    """
    ids = tuple(dict.fromkeys(run.id for run in runs))
    # A run that has just begun is in this process's journal, and with the first run so is the whole store.
    if recorder.is_disabled or not Waiting(recorder).until_applied(READ_SECONDS):
        _check_stored(recorder, ids)
    return replace(recorder.uri, runs=ids)


def existing_folder(path: str | os.PathLike[str]) -> str:
    """The absolute path of a folder.

    Raises:
      NotFound: there is none.
    """
    folder = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if not os.path.isdir(folder):
        raise NotFound(f"there is no folder {folder}: export runs to it with export_to_tensorboard, or name another")
    return folder


def _check_stored(recorder: Recorder, ids: Iterable[str]) -> None:
    try:
        with reading(recorder.uri) as reader:
            missing = [run_id for run_id in ids if stored_run(reader, run_id) is None]
    except NotFound:
        raise StoreUnavailable(f"there is no store {recorder.uri.shown} yet: {_reason(recorder)}") from None
    if missing:
        raise StoreUnavailable(
            f"the store {recorder.uri.shown} does not have the run {missing[0]!r}: {_reason(recorder)}"
        )


def _reason(recorder: Recorder) -> str:
    if recorder.is_disabled:
        return "RUNHISTORY_MODE=disabled keeps runs from being recorded"
    if recorder.mode is RecordingMode.OFFLINE:
        return f"what was recorded offline is shipped by 'tb-runhistory sync {recorder.uri.shown}'"
    return f"what was recorded waits in {recorder.spool}, where shipper.log says what is wrong"
