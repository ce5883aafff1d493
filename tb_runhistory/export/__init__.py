"""Run history as TensorBoard's event files, for whoever has to hand over a folder.

from tb_runhistory import export_to_tensorboard

export_to_tensorboard(run, "logs")
"""

from __future__ import annotations

from tb_runhistory.export.recorded import export_to_tensorboard

__all__ = ["export_to_tensorboard"]
