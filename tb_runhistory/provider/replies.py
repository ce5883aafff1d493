"""TensorBoard's reply messages, serialized a run at a time.

A message whose repeated field is written in pieces is the pieces one behind the other. So a reply about half a million
series never stands in memory as objects, only as the bytes that are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from tensorboard.compat.proto import summary_pb2

from tb_runhistory.errors import BadRequest
from tb_runhistory.provider.scalars import ListedSeries

MAX_REPLY_BYTES = 96 << 20
"""A larger reply is refused. TensorBoard's client takes 256 MiB, and this server's memory is bounded."""

MAX_DESCRIPTION_CHARACTERS = 2000
MAX_TAG_CHARACTERS = 1000

_MOST_SUMMARIES = 1000
"""How many are kept to be used again."""


class Reply:
    """The bytes of one reply, added to piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, message: Any) -> None:
        """Adds what is set in ``message``, which is of the reply's type.

        Raises:
          BadRequest: the reply becomes too large.
        """
        self.add_bytes(message.SerializeToString())

    def add_bytes(self, piece: bytes) -> None:
        """Adds a piece that is serialized already.

        Raises:
          BadRequest: the reply becomes too large.
        """
        self._size += len(piece)
        if self._size > MAX_REPLY_BYTES:
            raise BadRequest(
                f"the reply is larger than {MAX_REPLY_BYTES >> 20} MiB: show fewer runs or tags, or narrow the view "
                "with ?experiment=NAME or ?run=ID in --runhistory_uri"
            )
        self._pieces.append(piece)

    def to_bytes(self) -> bytes:
        """The whole reply."""
        return b"".join(self._pieces)


def add_by_run(
    reply: Reply, message: Callable[[], Any], shown: Iterable[Any], fill: Callable[[Any, Any], None]
) -> None:
    """Adds what is ``shown``, each of which has a ``run`` and a ``tag``, and those of one run are in succession.

    ``message`` makes an empty message of the reply's type, ``fill`` sets what stands under a tag.
    """
    for run, of_run in groupby(shown, key=lambda series: series.run):
        piece = message()
        entry = piece.runs.add(run_name=run)
        for series in of_run:
            fill(entry.tags.add(tag_name=series.tag[:MAX_TAG_CHARACTERS]), series)
        reply.add(piece)


class Summaries:
    """The summary metadata of series, of which many share the same."""

    def __init__(self, plugin: str, data_class: int) -> None:
        self._plugin = plugin
        self._data_class = data_class
        self._made: dict[tuple[str, bytes], Any] = {}

    def describe(self, metadata: Any, series: ListedSeries) -> None:
        """Sets the metadata of a series."""
        metadata.max_step = series.last_step
        metadata.max_wall_time = series.last_wall_time
        metadata.summary_metadata.CopyFrom(self._of(series.description, series.plugin_data))

    def _of(self, description: str, plugin_data: bytes) -> Any:
        made = self._made.get((description, plugin_data))
        if made is None:
            if len(self._made) >= _MOST_SUMMARIES:
                self._made.clear()
            made = self._made[description, plugin_data] = summary_pb2.SummaryMetadata(
                summary_description=description[:MAX_DESCRIPTION_CHARACTERS], data_class=self._data_class
            )
            made.plugin_data.plugin_name = self._plugin
            made.plugin_data.content = plugin_data
        return made
