"""The bytes of a journal: segment headers, points and all other records. ``docs/format/journal.md`` draws them.

Everything is little-endian. A record is whole when its checksum is right; zeros mean "not written yet". Checksums begin
with the id of the journal (``seed_of``), so that what lies in a content or on a used disk is never taken for a record.
"""

from __future__ import annotations

import json
import struct
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar
from zlib import crc32

from tb_runhistory.errors import JournalError, RecordTooLarge
from tb_runhistory.records.changes import (
    AddProperties,
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    DescribeRun,
    Direction,
    DropPoints,
    EndRun,
    JournalRecord,
    LifecycleStage,
    LogBlobs,
    LogText,
    MetricShape,
    RemoveTags,
    RenameExperiment,
    RestateSeries,
    SetParameter,
    SetTags,
    StageExperiment,
    StageRun,
    StartRun,
)
from tb_runhistory.records.status import RunStatus

MAGIC = b"TBRHJNL\n"
VERSION = 1
SEGMENT_SUFFIX = ".segment"

ALIGNMENT = 8
_HEADER = struct.Struct("<8sI16sQQ")
_APPLIED = struct.Struct("<QQ")
_COMPLEMENT = (1 << 64) - 1
APPLIED_OFFSET = _HEADER.size + 4
APPLIED_SIZE = _APPLIED.size
HEADER_SIZE = 64
"""Bytes before the first record of a segment."""

KIND_POINT = 1
KIND_RECORD = 2
KIND_CONTENTS = 3

POINT_SIZE = 48
"""Bytes of a point record."""
POINT_BODY = struct.Struct("<IQB3xIqdd")
"""What follows a point's checksum: length, sequence, kind, series number, step, wall time, value."""
CHECKSUM = struct.Struct("<I")
PREFIX = struct.Struct("<IIQB")
"""What every record begins with: checksum, length, sequence, kind."""
_BODY_PREFIX = struct.Struct("<IQB")
_SIZE = struct.Struct("<I")
SMALLEST_RECORD = 24
LARGEST_RECORD = 1 << 28
"""No record is larger, in bytes: a declared length beyond this is damage."""

Record = TypeVar("Record", bound=JournalRecord)

_TYPES: dict[str, type[JournalRecord]] = {
    kind.__name__: kind
    for kind in (
        CreateExperiment,
        RenameExperiment,
        StageExperiment,
        CreateRun,
        StageRun,
        StartRun,
        EndRun,
        DescribeRun,
        SetParameter,
        SetTags,
        RemoveTags,
        AddProperties,
        DeclareSeries,
        RestateSeries,
        LogText,
        LogBlobs,
        DropPoints,
    )
}


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


_OF_SESSION = ("root_id", "run_id", "session_id")
_FIELDS = {name: tuple((field.name, _default(field)) for field in fields(kind)) for name, kind in _TYPES.items()}
_ENUMS: dict[str, type[StrEnum]] = {
    "status": RunStatus,
    "data_class": DataClass,
    "shape": MetricShape,
    "stage": LifecycleStage,
}
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_from_json = json.JSONDecoder().decode


@dataclass(frozen=True, slots=True)
class Payload:
    """What a record other than a point consists of, without its prefix and its sequence number."""

    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a segment says of itself: its journal, its number from 1, and the sequence number of its first record."""

    journal_id: str
    number: int
    first_sequence: int


def encode_header(header: SegmentHeader) -> bytes:
    """The 64 bytes at the start of a segment, of which nothing is applied yet."""
    journal = uuid.UUID(header.journal_id).bytes
    unsigned = _HEADER.pack(MAGIC, VERSION, journal, header.number, header.first_sequence)
    return unsigned + CHECKSUM.pack(crc32(unsigned)) + encode_applied(0)


def decode_header(data: bytes) -> SegmentHeader | None:
    """The header in the first 64 bytes of a segment, or None where they are damaged.

    Raises:
      JournalError: the header is intact and of a version this package does not know.
    """
    if len(data) < HEADER_SIZE:
        return None
    magic, version, journal, number, first_sequence = _HEADER.unpack_from(data)
    if magic != MAGIC or CHECKSUM.unpack_from(data, _HEADER.size)[0] != crc32(data[: _HEADER.size]):
        return None
    if version != VERSION:
        raise JournalError(
            f"the journal {uuid.UUID(bytes=journal)} has format version {version} and this package knows {VERSION}: "
            "ship it with the version of tb-runhistory that wrote it, or a newer one"
        )
    return SegmentHeader(str(uuid.UUID(bytes=journal)), number, first_sequence)


def encode_applied(sequence: int) -> bytes:
    """What the shipper writes at ``APPLIED_OFFSET`` of a segment: the store has every record up to this one."""
    return _APPLIED.pack(sequence, sequence ^ _COMPLEMENT)


def decode_applied(data: bytes) -> int:
    """How far a journal is applied, as its segment says; 0 where that is damaged or half written."""
    if len(data) < APPLIED_SIZE:
        return 0
    sequence, complement = _APPLIED.unpack(data)
    return int(sequence) if sequence ^ _COMPLEMENT == complement else 0


def seed_of(journal_id: str) -> int:
    """What the checksums of a journal's records begin with."""
    return crc32(uuid.UUID(journal_id).bytes)


def encode_point(seed: int, sequence: int, series: int, step: int, wall_time: float, value: float) -> bytes:
    """A point record.

    Raises:
      struct.error, OverflowError: a number does not fit: 64 bits for the step, 32 for the series.
    """
    body = POINT_BODY.pack(POINT_SIZE, sequence, KIND_POINT, series, step, wall_time, value)
    return CHECKSUM.pack(crc32(body, seed)) + body


def encode_payload(record: JournalRecord) -> Payload:
    """A record other than a point: JSON, and behind it the contents of a text or of blobs as they are.

    Raises:
      RecordTooLarge: it is larger than a journal takes.
    """
    if isinstance(record, RestateSeries):
        session = (record.root_id, record.run_id, record.session_id)
        return encode_restatement(session, [describe_series(series) for series in record.series])
    name = type(record).__name__
    values: dict[str, Any] = {"is": name}
    contents: tuple[bytes, ...] | None = None
    for field, default in _FIELDS[name]:
        value = getattr(record, field)
        if field == "blobs":
            contents = value
        elif field == "text":
            contents = (value.encode("utf-8", "surrogatepass"),)
        elif value != default:
            values[field] = _plain(value)
    if contents is None:
        payload = Payload(KIND_RECORD, _to_json(values).encode("ascii"))
    else:
        values["sizes"] = [len(content) for content in contents]
        described = _to_json(values).encode("ascii")
        payload = Payload(KIND_CONTENTS, b"".join((_SIZE.pack(len(described)), described, *contents)))
    if len(payload.data) > LARGEST_RECORD - PREFIX.size - ALIGNMENT:
        raise RecordTooLarge(
            f"a {name} record of {len(payload.data):,} bytes is larger than a journal takes ({LARGEST_RECORD:,} bytes)"
        )
    return payload


def describe_series(series: DeclareSeries) -> str:
    """What is to be said of a series beside its session, as JSON."""
    values = [(name, getattr(series, name), default) for name, default in _FIELDS[DeclareSeries.__name__]]
    return _to_json(
        {name: _plain(value) for name, value, default in values if name not in _OF_SESSION and value != default}
    )


def encode_restatement(session: tuple[str, str, str], descriptions: Iterable[str]) -> Payload:
    """A ``RestateSeries``: the session's root_id, run_id and session_id, and what ``describe_series`` says of each."""
    head = _to_json({"is": RestateSeries.__name__, **dict(zip(_OF_SESSION, session, strict=True))})
    return Payload(KIND_RECORD, f'{head[:-1]},"series":[{",".join(descriptions)}]}}'.encode("ascii"))


def _plain(value: Any) -> Any:
    """A field as JSON has it."""
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def frame(seed: int, sequence: int, payload: Payload) -> bytes:
    """The record that carries ``payload``, padded with blanks so that its length is a multiple of 8."""
    length = -(-(PREFIX.size + len(payload.data)) // ALIGNMENT) * ALIGNMENT
    padding = b" " * (length - PREFIX.size - len(payload.data))
    body = b"".join((_BODY_PREFIX.pack(length, sequence, payload.kind), payload.data, padding))
    return CHECKSUM.pack(crc32(body, seed)) + body


def decode_payload(payload: Payload) -> JournalRecord:
    """The record that ``payload`` describes. Fields that are unknown here are left out.

    Raises:
      ValueError: it describes none that is known here.
    """
    data = payload.data
    try:
        if payload.kind == KIND_RECORD:
            values: dict[str, Any] = _from_json(data.decode("ascii"))
        elif payload.kind == KIND_CONTENTS:
            values = _with_contents(data)
        else:
            raise ValueError(f"unknown kind {payload.kind}")
        kind = _TYPES[values.pop("is")]
        if kind is RestateSeries:
            session = {name: values[name] for name in _OF_SESSION}
            values["series"] = tuple(_record(DeclareSeries, {**session, **series}) for series in values["series"])
        return _record(kind, values)
    except (AttributeError, KeyError, TypeError, struct.error) as error:
        raise ValueError(f"not a known journal record: {data[:80]!r}") from error


def _record(kind: type[Record], values: Mapping[str, Any]) -> Record:
    names = kind.__dataclass_fields__
    return kind(**{name: _typed(name, value) for name, value in values.items() if name in names})


def _with_contents(data: bytes) -> dict[str, Any]:
    """The values of a record with contents, which stand in ``data`` behind the JSON that has their sizes."""
    at = _SIZE.size + _SIZE.unpack_from(data)[0]
    values: dict[str, Any] = _from_json(data[_SIZE.size : at].decode("ascii"))
    contents = []
    for size in values.pop("sizes"):
        contents.append(data[at : at + size])
        at += size
    if at > len(data):
        raise ValueError("the contents are cut short")
    if values["is"] == LogText.__name__:
        values["text"] = b"".join(contents).decode("utf-8", "surrogatepass")
    else:
        values["blobs"] = tuple(contents)
    return values


def _typed(name: str, value: Any) -> Any:
    """A JSON value as the type that the field ``name`` has in every record."""
    if name in _ENUMS:
        return _ENUMS[name](value)
    if name == "names":
        return tuple(value)
    if name == "directions":
        return {tag: Direction(direction) for tag, direction in value.items()}
    if name == "plugin_data":
        return b64decode(value)
    return value


def segment_name(number: int) -> str:
    """The file name of a journal's segment, counted from 1."""
    return f"{number:08d}{SEGMENT_SUFFIX}"
