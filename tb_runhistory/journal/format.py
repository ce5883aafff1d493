"""The bytes of a journal: segment headers, points and all other records. ``docs/format/journal.md`` draws them.

Everything is little-endian. A record is whole when its checksum is right; zeros mean "not written yet".
"""

from __future__ import annotations

import json
import struct
import uuid
from dataclasses import dataclass, fields
from typing import Any
from zlib import crc32

from tb_runhistory.errors import JournalError
from tb_runhistory.records.changes import (
    AddProperties,
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    DescribeRun,
    DropPoints,
    EndRun,
    JournalRecord,
    LogText,
    MetricShape,
    RemoveTags,
    SetParameter,
    SetTags,
    StartRun,
)
from tb_runhistory.records.status import RunStatus

MAGIC = b"TBRHJNL\n"
VERSION = 1
SEGMENT_SUFFIX = ".segment"
OWNER_FILE = "owner"
APPLIED_FILE = "applied"

ALIGNMENT = 8
_HEADER = struct.Struct("<8sI4x16sQQ12xI")
HEADER_SIZE = _HEADER.size
"""Bytes before the first record of a segment: 64."""

KIND_POINT = 1
KIND_RECORD = 2

POINT_SIZE = 48
"""Bytes of a point record."""
POINT_BODY = struct.Struct("<IQB3xIqdd")
"""What follows a point's checksum: length, sequence, kind, series number, step, wall time, value."""
CHECKSUM = struct.Struct("<I")
PREFIX = struct.Struct("<IIQB")
"""What every record begins with: checksum, length, sequence, kind."""
_BODY_PREFIX = struct.Struct("<IQB")
SMALLEST_RECORD = 24
LARGEST_RECORD = 1 << 28
"""A declared length beyond this is damage. Four characters of JSON read as a length lie beyond it too."""

_TYPES: dict[str, type[JournalRecord]] = {
    kind.__name__: kind
    for kind in (
        CreateExperiment,
        CreateRun,
        StartRun,
        EndRun,
        DescribeRun,
        SetParameter,
        SetTags,
        RemoveTags,
        AddProperties,
        DeclareSeries,
        LogText,
        DropPoints,
    )
}
_FIELDS = {name: tuple(field.name for field in fields(kind)) for name, kind in _TYPES.items()}
_to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a segment says of itself: its journal, its number from 1, and the sequence number of its first record."""

    journal_id: str
    number: int
    first_sequence: int


def encode_header(header: SegmentHeader) -> bytes:
    """The 64 bytes at the start of a segment."""
    journal = uuid.UUID(header.journal_id).bytes
    unsigned = _HEADER.pack(MAGIC, VERSION, journal, header.number, header.first_sequence, 0)
    return unsigned[:-4] + CHECKSUM.pack(crc32(unsigned[:-4]))


def decode_header(data: bytes) -> SegmentHeader | None:
    """The header in the first 64 bytes of a segment, or None where they are damaged.

    Raises:
      JournalError: the header is intact and of a version this package does not know.
    """
    if len(data) < HEADER_SIZE:
        return None
    magic, version, journal, number, first_sequence, checksum = _HEADER.unpack_from(data)
    if magic != MAGIC or checksum != crc32(data[: HEADER_SIZE - 4]):
        return None
    if version != VERSION:
        raise JournalError(
            f"the journal {uuid.UUID(bytes=journal)} has format version {version} and this package knows {VERSION}: "
            "ship it with the version of tb-runhistory that wrote it, or a newer one"
        )
    return SegmentHeader(str(uuid.UUID(bytes=journal)), number, first_sequence)


def encode_point(sequence: int, series: int, step: int, wall_time: float, value: float) -> bytes:
    """A point record.

    Raises:
      struct.error, OverflowError: a number does not fit: 64 bits for the step, 32 for the series.
    """
    body = POINT_BODY.pack(POINT_SIZE, sequence, KIND_POINT, series, step, wall_time, value)
    return CHECKSUM.pack(crc32(body)) + body


def encode_payload(record: JournalRecord) -> bytes:
    """A record other than a point as JSON, without its prefix."""
    name = type(record).__name__
    values = {"is": name, **{field: getattr(record, field) for field in _FIELDS[name]}}
    return _to_json(values).encode("ascii")


def frame(sequence: int, payload: bytes) -> bytes:
    """The record that carries ``payload``, padded with blanks so that its length is a multiple of 8."""
    length = -(-(PREFIX.size + len(payload)) // ALIGNMENT) * ALIGNMENT
    padding = b" " * (length - PREFIX.size - len(payload))
    body = _BODY_PREFIX.pack(length, sequence, KIND_RECORD) + payload + padding
    return CHECKSUM.pack(crc32(body)) + body


def decode_payload(payload: bytes) -> JournalRecord:
    """The record that ``payload`` describes. Fields that are unknown here are left out.

    Raises:
      ValueError: it describes none that is known here.
    """
    values: dict[str, Any] = json.loads(payload)
    try:
        name = values.pop("is")
        return _TYPES[name](**{field: _typed(field, values[field]) for field in _FIELDS[name] if field in values})
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a known journal record: {payload[:80]!r}") from error


def _typed(name: str, value: Any) -> Any:
    """A JSON value as the type that the field ``name`` has in every record."""
    match name:
        case "status":
            return RunStatus(value)
        case "data_class":
            return DataClass(value)
        case "shape":
            return MetricShape(value)
        case "names":
            return tuple(value)
    return value


def segment_name(number: int) -> str:
    """The file name of a journal's segment, counted from 1."""
    return f"{number:08d}{SEGMENT_SUFFIX}"
