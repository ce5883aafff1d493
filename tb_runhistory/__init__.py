"""TensorBoard's native view of a run history, and the API that records one.

    from tb_runhistory import Experiment, Workspace

    run = Experiment(Workspace("sqlite:///runs.db"), "mnist").start_logging()
    run.log("loss", 0.5, step=1)
    run.complete()

Then ``tensorboard --runhistory_uri=sqlite:///runs.db`` shows it, while it runs and afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tb_runhistory.export.recorded import export_to_tensorboard
    from tb_runhistory.launch.tensorboard import Tensorboard
    from tb_runhistory.recording.api import Experiment, Run, Workspace

__version__ = "0.1.0"

_HOMES = {
    "Experiment": "tb_runhistory.recording.api",
    "Run": "tb_runhistory.recording.api",
    "Tensorboard": "tb_runhistory.launch.tensorboard",
    "Workspace": "tb_runhistory.recording.api",
    "export_to_tensorboard": "tb_runhistory.export.recorded",
}


def __getattr__(name: str) -> object:
    # Public names load on first use, so that TensorBoard's look at our entry point costs nothing.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


__all__ = ["Experiment", "Run", "Tensorboard", "Workspace", "export_to_tensorboard"]
