"""Values that are not scalar (texts, tensors, blob sequences) as TensorBoard asks for them."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.plugin_index import TEXT, PluginIndex
from tb_runhistory.provider.scalars import ListedSeries, listed
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Content, SeriesKey
from tb_runhistory.records.identity import id_bytes, id_text
from tb_runhistory.records.points import Floats
from tb_runhistory.store.base import SeriesReader

MAX_CONTENT_BYTES = 64 << 20
"""What is larger is not shown."""

MAX_ENTRIES = 1000
"""How many entries of a series are shown at most."""

_FEW_RUNS = 64
_SAMPLED_ENTRIES = 4
_BLOB_KEY = struct.Struct(">16s16sIqI")


@dataclass(frozen=True, slots=True, eq=False)
class ShownEntries:
    """The entries of one series by increasing step; wall times are seconds since the epoch."""

    run: str
    tag: str
    key: SeriesKey
    steps: NDArray[np.int64]
    wall_times: Floats
    contents: list[tuple[Content, ...]]
    damaged: int


class Entries:
    """The series of one class that belong to one plugin. Those of one run are given in succession."""

    def __init__(self, snapshot: Snapshot, index: PluginIndex, data_class: DataClass, plugin: str) -> None:
        self._snapshot = snapshot
        self._index = index
        self._data_class = data_class
        self._plugin = plugin
        self._plain_plugin = TEXT if data_class is DataClass.TEXT else ""

    def series(self, wanted: Wanted) -> Iterator[ListedSeries]:
        """The series that are wanted."""
        snapshot = self._snapshot
        rows = snapshot.wanted_rows(wanted)
        if len(rows) > _FEW_RUNS:
            rows = self._index.rows_with(snapshot, self._data_class, self._plugin, rows)
        for series in snapshot.series_of(self._data_class, rows, wanted.tags):
            yield from listed(snapshot, series, self._plugin, self._plain_plugin)

    def longest(self, series: ListedSeries) -> int:
        """How many contents an entry of the series has at most, judged by a few of its entries."""
        assert series.key is not None
        [read] = self._snapshot.reader.read_entries([series.key], _SAMPLED_ENTRIES)
        return max(map(len, read.contents), default=0)

    def read(self, wanted: Wanted, asked: int, deadline: Deadline) -> Iterator[ShownEntries]:
        """At most ``asked`` entries (0: as many as are ever shown) of each series that is wanted."""
        for series in self.series(wanted):
            assert series.key is not None
            deadline.check()
            [read] = self._snapshot.reader.read_entries([series.key], min(asked or MAX_ENTRIES, MAX_ENTRIES))
            yield ShownEntries(
                series.run, series.tag, series.key, read.step, read.wall_time, read.contents, read.damaged
            )


def content_bytes(reader: SeriesReader, content: Content) -> bytes:
    """A content itself.

    Raises:
      BadRequest: it is too large to be shown.
      NotFound, DamagedData: as ``SeriesReader.read_artifact``.
    """
    if content.size > MAX_CONTENT_BYTES:
        raise BadRequest(f"a value of {content.size:,} bytes is not shown: {MAX_CONTENT_BYTES:,} is the most")
    return content.data if content.data is not None else reader.read_artifact(content.digest)


def blob_key(key: SeriesKey, step: int, place: int) -> str:
    """What TensorBoard asks for a blob by: the one at ``place`` of the entry at ``step``."""
    root, run = id_bytes(key.root_id) or b"", id_bytes(key.run_id) or b""
    return base64.urlsafe_b64encode(_BLOB_KEY.pack(root, run, key.number, step, place)).decode()


def read_blob(snapshot: Snapshot, key: str) -> bytes:
    """The blob that ``key`` stands for.

    Raises:
      BadRequest: it is no key of a blob, or the blob is too large.
      NotFound: there is no such blob in view.
    """
    try:
        root, run, number, step, place = _BLOB_KEY.unpack(base64.urlsafe_b64decode(key))
    except (binascii.Error, struct.error, ValueError):
        raise BadRequest(f"{key[:80]!r} is no key of a blob") from None
    row = snapshot.directory.row_of(id_text(run))
    if row is None or not snapshot.is_shown(row):
        raise NotFound("the run of this blob is not there any more: reload the page")
    series = SeriesKey(id_text(root), id_text(run), number)
    [read] = snapshot.reader.read_entries([series], window=(step, step))
    if not len(read) or place >= len(read.contents[-1]):
        raise NotFound("this blob is not there any more: reload the page")
    return content_bytes(snapshot.reader, read.contents[-1][place])
