"""The project and its peers behind one interface: start a run, log points, finish.

``loop`` is written out for each, so that what is timed is the call that a user writes and nothing around it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.table import OURS


class Recorder(ABC):
    """One run, recorded by one library below one folder. Made in a process of its own."""

    name: ClassVar[str]
    module: ClassVar[str]

    @classmethod
    def is_installed(cls) -> bool:
        """Whether the library can be imported."""
        try:
            return importlib.util.find_spec(cls.module) is not None
        except ModuleNotFoundError:
            return False

    @abstractmethod
    def __init__(self, folder: Path) -> None:
        """Loads the library and starts the run; everything it writes goes below ``folder``."""

    @abstractmethod
    def loop(self, tags: Sequence[str], values: Sequence[float]) -> None:
        """Logs each value under each tag, the position as the step."""

    @abstractmethod
    def log(self, tag: str, value: float, step: int) -> None:
        """Logs one point."""

    @abstractmethod
    def flush(self) -> None:
        """Returns when what was logged is where others can read it, as far as the library tells."""

    @abstractmethod
    def finish(self) -> None:
        """Ends the run; returns when everything is handed over, as the library's user would."""

    def log_in_bulk(self, tags: Sequence[str], values: Sequence[float]) -> None:
        """Like ``loop``, by the library's call for many points where there is one."""
        self.loop(tags, values)


class RunHistoryRecorder(Recorder):
    """This project."""

    name = OURS
    module = "tb_runhistory"

    def __init__(self, folder: Path) -> None:
        os.environ["RUNHISTORY_JOURNAL_DIR"] = str(folder / "journals")
        from tb_runhistory import Experiment, Workspace

        self.run = Experiment(Workspace(f"sqlite:///{folder}/runs.db"), "benchmark").start_logging("run")

    def loop(self, tags: Sequence[str], values: Sequence[float]) -> None:
        run = self.run
        for step, value in enumerate(values):
            for tag in tags:
                run.log(tag, value, step=step)

    def log(self, tag: str, value: float, step: int) -> None:
        self.run.log(tag, value, step=step)

    def flush(self) -> None:
        self.run.flush()

    def finish(self) -> None:
        from tb_runhistory.recording.links import close_links

        self.run.complete()
        # As the end of the process does, which may be far after the folder is gone.
        close_links()


class CountingRecorder(RunHistoryRecorder):
    """This project, when the caller gives no step."""

    name = f"{OURS} without step"

    def loop(self, tags: Sequence[str], values: Sequence[float]) -> None:
        run = self.run
        for value in values:
            for tag in tags:
                run.log(tag, value)


class TensorboardXRecorder(Recorder):
    """The SummaryWriter of tensorboardX."""

    name = "tensorboardX"
    module = "tensorboardX"

    def __init__(self, folder: Path) -> None:
        self.writer: Any = importlib.import_module(self.module).SummaryWriter(str(folder / "run"))

    def loop(self, tags: Sequence[str], values: Sequence[float]) -> None:
        writer = self.writer
        for step, value in enumerate(values):
            for tag in tags:
                writer.add_scalar(tag, value, step)

    def log(self, tag: str, value: float, step: int) -> None:
        self.writer.add_scalar(tag, value, step)

    def flush(self) -> None:
        self.writer.flush()

    def finish(self) -> None:
        self.writer.flush()
        self.writer.close()


class TorchRecorder(TensorboardXRecorder):
    """The SummaryWriter of torch."""

    name = "torch"
    module = "torch.utils.tensorboard"


class TrackioRecorder(Recorder):
    """trackio, with its watch over the machine off."""

    name = "trackio"
    module = "trackio"

    def __init__(self, folder: Path) -> None:
        os.environ["TRACKIO_DIR"] = str(folder / "trackio")
        self.library: Any = importlib.import_module(self.module)
        self.library.init(project="benchmark", name="run", embed=False, auto_log_gpu=False, auto_log_cpu=False)

    def loop(self, tags: Sequence[str], values: Sequence[float]) -> None:
        log = self.library.log
        for step, value in enumerate(values):
            for tag in tags:
                log({tag: value}, step=step)

    def log(self, tag: str, value: float, step: int) -> None:
        self.library.log({tag: value}, step=step)

    def flush(self) -> None:
        """Nothing: trackio has no such call, and sends twice a second."""

    def log_in_bulk(self, tags: Sequence[str], values: Sequence[float]) -> None:
        for step, value in enumerate(values):
            self.library.log(dict.fromkeys(tags, value), step=step)

    def finish(self) -> None:
        self.library.finish()


class MlflowRecorder(Recorder):
    """MLflow, writing to a SQLite file in-process."""

    name = "MLflow"
    module = "mlflow"

    _BATCH = 1000

    def __init__(self, folder: Path) -> None:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        self.library: Any = importlib.import_module(self.module)
        self.library.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        experiment = self.library.create_experiment("benchmark", artifact_location=str(folder / "artifacts"))
        self.run: Any = self.library.start_run(experiment_id=experiment)

    def loop(self, tags: Sequence[str], values: Sequence[float]) -> None:
        log_metric = self.library.log_metric
        for step, value in enumerate(values):
            for tag in tags:
                log_metric(tag, value, step=step)

    def log(self, tag: str, value: float, step: int) -> None:
        self.library.log_metric(tag, value, step=step)

    def flush(self) -> None:
        """Nothing: each call has written its point."""

    def log_in_bulk(self, tags: Sequence[str], values: Sequence[float]) -> None:
        client = self.library.MlflowClient()
        metric = self.library.entities.Metric
        points = [metric(tag, value, step, step) for step, value in enumerate(values) for tag in tags]
        for start in range(0, len(points), self._BATCH):
            client.log_batch(self.run.info.run_id, metrics=points[start : start + self._BATCH])

    def finish(self) -> None:
        self.library.end_run()


RECORDERS: dict[str, type[Recorder]] = {
    each.name: each
    for each in (
        RunHistoryRecorder,
        CountingRecorder,
        TorchRecorder,
        TensorboardXRecorder,
        TrackioRecorder,
        MlflowRecorder,
    )
}
PEERS = tuple(name for name, each in RECORDERS.items() if not issubclass(each, RunHistoryRecorder))
