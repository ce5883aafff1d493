"""Entries: values of series that are not scalar, as bytes. ``docs/format/entry.md`` draws them.

An entry has contents: a text one, its UTF-8; a tensor one, a ``TensorProto``; a blob sequence any number. Small
contents stand in the entry; of a large one the digest does, by which the artifacts have it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.payload import Kind, seal, unseal
from tb_runhistory.records.columns import Content

INLINE_BYTES = 64 * 1024
"""Contents stand in their entry as long as there are no more bytes there than these, or are no larger than a digest."""

_ENTRY = "an entry"
_DIGEST_BYTES = 32
_MOST_BYTES = 2**48


def encode_entry(contents: Sequence[bytes], put: Callable[[bytes], str], key: bytes = b"") -> bytes:
    """The contents as a payload for the place ``key``. ``put`` keeps a large one and returns its SHA-256 digest."""
    table = np.zeros((len(contents), 2), "<u8")
    held = []
    left = INLINE_BYTES
    for row, content in enumerate(contents):
        is_inline = len(content) <= max(left, _DIGEST_BYTES)
        left -= len(content) if is_inline else 0
        held.append(content if is_inline else bytes.fromhex(put(content)))
        table[row] = len(content), is_inline
    return seal(Kind.ENTRY, len(contents), (table.tobytes(), b"".join(held)), key)


def decode_entry(payload: bytes, key: bytes = b"") -> tuple[Content, ...]:
    """The contents of an entry that stands at the place ``key``.

    Raises:
      DamagedData: the bytes are not what ``encode_entry`` made.
    """
    frame = unseal(payload, _ENTRY, (Kind.ENTRY,), 2, key)
    table, held = frame.columns
    if len(table) != 16 * frame.count:
        raise DamagedData(f"{_ENTRY} is damaged: its table does not have the {frame.count:,} rows that are claimed")
    contents = []
    start = 0
    for size, is_inline in np.frombuffer(table, "<u8").reshape(-1, 2).tolist():
        if size > _MOST_BYTES:
            raise DamagedData(f"{_ENTRY} is damaged: it claims a content of {size:,} bytes")
        end = start + (size if is_inline else _DIGEST_BYTES)
        part, start = held[start:end], end
        contents.append(Content(size, part) if is_inline else Content(size, None, part.hex()))
    if start != len(held):
        raise DamagedData(f"{_ENTRY} is damaged: it has {len(held):,} bytes where {start:,} are claimed")
    return tuple(contents)
