"""Reading event files back with TensorBoard's own loader."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util

Point = tuple[int, float, float]


@dataclass
class ReadRun:
    """What TensorBoard reads of one folder: points, texts and other tensors by tag, and the metadata of each tag."""

    scalars: dict[str, list[Point]] = field(default_factory=dict)
    texts: dict[str, list[tuple[int, float, str]]] = field(default_factory=dict)
    tensors: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


def read_logdir(logdir: Path) -> dict[str, ReadRun]:
    """The runs in a log directory by their names. A damaged record fails."""
    runs: dict[str, ReadRun] = {}
    for path in sorted(logdir.rglob("*tfevents*")):
        run = runs.setdefault(str(path.parent.relative_to(logdir)), ReadRun())
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                metadata = run.metadata.setdefault(value.tag, value.metadata)
                plugin = metadata.plugin_data.plugin_name
                if plugin == "scalars":
                    number = float(tensor_util.make_ndarray(value.tensor).item())
                    run.scalars.setdefault(value.tag, []).append((event.step, event.wall_time, number))
                elif plugin == "text":
                    text = value.tensor.string_val[0].decode()
                    run.texts.setdefault(value.tag, []).append((event.step, event.wall_time, text))
                else:
                    run.tensors.setdefault(value.tag, []).append((event.step, value.tensor))
    return runs


def files_of(logdir: Path) -> dict[Path, tuple[int, int]]:
    """Every file below, with its inode and the time of its last change: equal when nothing was written."""
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(logdir.rglob("*")) if path.is_file()}
