"""Records of TensorBoard's event files: what a run has, as framed ``Event`` messages.

A record is the event's length, that one's checksum, the event, its checksum. Points of a series differ in their step,
wall time and value only, so they are laid out a whole column at a time; a test reads them back with ``event_pb2``.

Values have 32 bits in these files. There is a form with 64, a tensor, but TensorBoard's fast loader, which is the one
that people have, shows nothing of a series that is written so.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from crc32c import crc32c
from numpy.typing import NDArray
from tensorboard.compat.proto import event_pb2, summary_pb2

from tb_runhistory.provider.hparams import PLUGIN_NAME as HPARAMS
from tb_runhistory.provider.hparams import SessionTag
from tb_runhistory.provider.tensors import null_tensor
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.points import Points

_DATA_CLASSES = {
    DataClass.SCALAR: summary_pb2.DATA_CLASS_SCALAR,
    DataClass.TEXT: summary_pb2.DATA_CLASS_TENSOR,
    DataClass.TENSOR: summary_pb2.DATA_CLASS_TENSOR,
    DataClass.BLOB_SEQUENCE: summary_pb2.DATA_CLASS_BLOB_SEQUENCE,
}

_LENGTH, _CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
_LOWEST_STEP = -(1 << 63)
_ROWS_AT_ONCE = 1 << 15

# The keys of the fields that ``_layout`` writes: a field's number and, in the lower three bits, its wire type.
_WALL_TIME, _STEP, _SUMMARY, _VALUE, _TAG, _NUMBER = 1 << 3 | 1, 2 << 3, 5 << 3 | 2, 1 << 3 | 2, 1 << 3 | 2, 2 << 3 | 5
_LARGEST = float(np.finfo(np.float32).max)


def metadata_of(data_class: DataClass, plugin_name: str, plugin_data: bytes = b"", description: str = "") -> Any:
    """What TensorBoard knows of a series besides its values: a ``SummaryMetadata``."""
    metadata = summary_pb2.SummaryMetadata(data_class=_DATA_CLASSES[data_class], summary_description=description)
    metadata.plugin_data.plugin_name = plugin_name
    metadata.plugin_data.content = plugin_data
    return metadata


def first_record(wall_time: float, replaces_earlier: bool) -> bytes:
    """The file's version, which every file begins with.

    With ``replaces_earlier`` a TensorBoard that has the run's earlier file on screen drops what it read there.
    """
    records = _framed(event_pb2.Event(wall_time=wall_time, file_version="brain.Event:2"))
    if replaces_earlier:
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        records += _framed(event_pb2.Event(wall_time=wall_time, step=_LOWEST_STEP, session_log=start))
    return records


def scalar_records(tag: str, metadata: Any, points: Points) -> Iterator[bytes | memoryview]:
    """The records of points of one series, in their order; the first one carries the metadata."""
    if not len(points):
        return
    first = float(_as_float32(points.values[:1])[0])
    value = summary_pb2.Summary.Value(tag=tag, metadata=metadata, simple_value=first)
    yield _framed(_event(float(points.wall_times[0]), int(points.steps[0]), value))
    yield from more_scalar_records(tag, points.take(slice(1, None)))


def more_scalar_records(tag: str, points: Points) -> Iterator[bytes | memoryview]:
    """The records of points that follow others of their series."""
    lengths = _varint_lengths(points.steps)
    edges = np.flatnonzero(np.diff(lengths)) + 1
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(points)], strict=True):
        for start in range(begin, end, _ROWS_AT_ONCE):
            rows = points.take(slice(start, min(start + _ROWS_AT_ONCE, end)))
            yield _scalar_block(tag.encode(), rows, int(lengths[start])).data.cast("B")


def tensor_record(tag: str, metadata: Any, step: int, wall_time: float, tensor: Any) -> bytes:
    """The record of one text, tensor or blob sequence. The first of its series carries the metadata, others None."""
    value = summary_pb2.Summary.Value(tag=tag, tensor=tensor)
    if metadata is not None:
        value.metadata.CopyFrom(metadata)
    return _framed(_event(wall_time, step, value))


def session_record(tag: SessionTag) -> bytes:
    """The record of one of the two tags that hold a run's parameters and their outcome for HParams."""
    return tensor_record(tag.tag, metadata_of(DataClass.TENSOR, HPARAMS, tag.content), 0, tag.wall_time, null_tensor())


def _event(wall_time: float, step: int, value: Any) -> Any:
    return event_pb2.Event(wall_time=wall_time, step=step, summary=summary_pb2.Summary(value=[value]))


def _as_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The nearest 32-bit floats; a finite value beyond their range becomes the largest, so as not to look infinite."""
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), values).astype(np.float32)


def _framed(event: Any) -> bytes:
    content: bytes = event.SerializeToString()
    return _head(len(content)) + content + _CHECKSUM.pack(int(_masked(np.array([crc32c(content)], np.uint32))[0]))


def _head(length: int) -> bytes:
    packed = _LENGTH.pack(length)
    return packed + _CHECKSUM.pack(int(_masked(np.array([crc32c(packed)], np.uint32))[0]))


def _masked(checksums: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Checksums as the format has them: turned and shifted, so that a checksum of checksums is none of itself."""
    turned = checksums >> np.uint32(15) | checksums << np.uint32(17)
    return turned + np.uint32(0xA282EAD8)


def _scalar_block(tag: bytes, points: Points, step_length: int) -> NDArray[np.void]:
    """Records of points whose steps take ``step_length`` bytes each, one row a record."""
    # The number is the last of what is around it, and 4 bytes long.
    entry = bytes([_TAG]) + _varint(len(tag)) + tag + bytes([_NUMBER])
    summary = bytes([_VALUE]) + _varint(len(entry) + 4) + entry
    middle = bytes([_SUMMARY]) + _varint(len(summary) + 4) + summary
    content = np.dtype(
        [("wall_key", "u1"), ("wall_time", "<f8"), ("step_key", "u1"), ("step", "u1", (step_length,)),
         ("middle", f"V{len(middle)}"), ("value", "<f4")]
    )  # fmt: skip
    record = np.dtype([("head", "V12"), ("content", content), ("checksum", "<u4")])
    rows = np.empty(len(points), record)
    rows["head"] = np.void(_head(content.itemsize))
    columns = rows["content"]
    columns["wall_key"], columns["step_key"] = _WALL_TIME, _STEP
    columns["wall_time"], columns["value"] = points.wall_times, _as_float32(points.values)
    columns["middle"] = np.void(middle)
    _put_varints(columns["step"], points.steps)
    contents = columns.tobytes()
    size = content.itemsize
    checksums = [crc32c(contents[start : start + size]) for start in range(0, len(contents), size)]
    rows["checksum"] = _masked(np.array(checksums, np.uint32))
    return rows


def _varint_lengths(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many bytes each step takes: one for each seven bits, and ten for what is negative."""
    limits = np.array([1 << 7 * length for length in range(1, 10)], np.uint64)
    return np.searchsorted(limits, steps.view(np.uint64), side="right") + 1


def _put_varints(target: NDArray[np.uint8], steps: NDArray[np.int64]) -> None:
    """Writes steps that all take as many bytes as ``target`` has columns, seven bits a byte, the lowest first."""
    left = steps.view(np.uint64)
    length = target.shape[1]
    for position in range(length):
        more = 0x80 if position < length - 1 else 0
        target[:, position] = (left >> np.uint64(7 * position) & np.uint64(0x7F)).astype(np.uint8) | more


def _varint(number: int) -> bytes:
    """A length, in the same form."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
