"""Which dashboards have data besides scalars, and in which runs: found once, and of runs that change found anew."""

from __future__ import annotations

import threading

import numpy as np

from tb_runhistory.provider.directory import Rows, RunDirectory
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.changes import DataClass

TEXT = "text"
_CLASSES = (DataClass.TEXT, DataClass.TENSOR, DataClass.BLOB_SEQUENCE)
_MOST_PLUGINS = 64
"""How many are told apart. TensorBoard has a dozen."""


class PluginIndex:
    """The plugins of the series that runs have, for the snapshots of one scope. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._directory: RunDirectory | None = None
        self._generation = 0
        self._bits: dict[tuple[DataClass, str], int] = {}
        self._of_row = np.zeros(0, np.uint64)

    def plugins(self, snapshot: Snapshot) -> set[str]:
        """The plugins that the series of the runs in view belong to."""
        with self._lock:
            self._refresh(snapshot)
            found = int(np.bitwise_or.reduce(self._of_row[snapshot.rows], initial=np.uint64(0)))
            return {plugin for (_, plugin), bit in self._bits.items() if found & bit}

    def has_seen(self, plugin: str) -> bool:
        """Whether a run in the runs that were looked at so far has series of this plugin: nothing is read for it."""
        return any(plugin == known for _, known in self._bits)

    def rows_with(self, snapshot: Snapshot, data_class: DataClass, plugin: str, rows: Rows) -> Rows:
        """Those of ``rows`` whose runs have series of this class and plugin."""
        with self._lock:
            self._refresh(snapshot)
            bit = self._bits.get((data_class, plugin), 0)
            known: Rows = rows[rows < len(self._of_row)]
            found: Rows = known[(self._of_row[known] & np.uint64(bit)) != 0]
            return found

    def _refresh(self, snapshot: Snapshot) -> None:
        directory = snapshot.directory
        if directory is not self._directory:
            self._directory, self._generation = directory, 0
            self._bits, self._of_row = {}, np.zeros(0, np.uint64)
        generation = directory.generation
        if generation == self._generation:
            return
        changed = directory.changed_since(self._generation)
        longer = np.zeros(len(directory), np.uint64)
        longer[: len(self._of_row)] = self._of_row
        longer[changed] = 0
        for data_class in _CLASSES:
            for series in snapshot.series_of(data_class, changed):
                for key, named in zip(series.key, series.plugin_name, strict=True):
                    row = directory.row_of(key.run_id)
                    plugin = named or (TEXT if data_class is DataClass.TEXT else "")
                    if row is not None and plugin:
                        longer[row] |= np.uint64(self._bit(data_class, plugin))
        self._of_row, self._generation = longer, generation

    def _bit(self, data_class: DataClass, plugin: str) -> int:
        key = (data_class, plugin)
        if key not in self._bits and len(self._bits) < _MOST_PLUGINS:
            self._bits[key] = 1 << len(self._bits)
        return self._bits.get(key, 0)
