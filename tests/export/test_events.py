"""Records of event files: whatever the points, TensorBoard's own code reads them as they were."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tb_runhistory.export.events import (
    first_record,
    metadata_of,
    more_scalar_records,
    scalar_records,
    tensor_record,
)
from tb_runhistory.provider.tensors import text_tensor
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.points import Points

STEPS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(0, 300),
    st.sampled_from([(1 << 7 * bits) + near for bits in range(1, 9) for near in (-1, 0, 1)]),
)
FLOATS = st.floats(width=64)


def events_in(records: Iterable[bytes | memoryview]) -> list[Any]:
    """The events, each with its length and both checksums looked at."""
    content = b"".join(bytes(record) for record in records)
    events, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        body = content[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", content, at + 8)[0] == masked_crc32c(content[at : at + 8])
        assert struct.unpack_from("<I", content, at + 12 + length)[0] == masked_crc32c(body)
        events.append(event_pb2.Event.FromString(body))
        at += 12 + length + 4
    assert at == len(content)
    return events


def same(one: float, other: float) -> bool:
    """Whether two floats are the same, to the sign of a zero; NaN is NaN."""
    return struct.pack("<d", one) == struct.pack("<d", other) or (math.isnan(one) and math.isnan(other))


def nearest(value: float) -> float:
    """The 32-bit float to show for a value; one beyond their range is not to look infinite."""
    largest = float(np.finfo(np.float32).max)
    return value if not math.isfinite(value) else float(np.float32(max(-largest, min(value, largest))))


@given(st.lists(st.tuples(STEPS, FLOATS, FLOATS), max_size=40), st.text("aé/ \U0001f600", min_size=1, max_size=200))
def test_any_points_are_read_as_they_were(rows: list[tuple[int, float, float]], tag: str) -> None:
    points = Points(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], float),
        np.array([row[2] for row in rows], float),
    )
    events = events_in(scalar_records(tag, metadata_of(DataClass.SCALAR, "scalars", b"", "what it is"), points))
    assert [event.step for event in events] == [row[0] for row in rows]
    for number, (event, (_, wall_time, expected)) in enumerate(zip(events, rows, strict=True)):
        [value] = event.summary.value
        assert value.tag == tag
        assert same(event.wall_time, wall_time)
        assert same(value.simple_value, nearest(expected))
        assert value.HasField("metadata") == (number == 0)
    if events:
        metadata = events[0].summary.value[0].metadata
        assert (metadata.plugin_data.plugin_name, metadata.summary_description) == ("scalars", "what it is")


@given(st.lists(st.tuples(STEPS, FLOATS, FLOATS), min_size=1, max_size=10), st.integers(1, 40_000))
def test_columns_make_the_bytes_that_protobuf_makes(rows: list[tuple[int, float, float]], tag_length: int) -> None:
    steps, wall_times, values = zip(*rows, strict=True)
    tag = "t" * tag_length
    points = Points(np.array(steps, np.int64), np.array(wall_times, float), np.array(values, float))
    for made, (step, wall_time, number) in zip(events_in(more_scalar_records(tag, points)), rows, strict=True):
        expected = event_pb2.Event(wall_time=wall_time, step=step)
        expected.summary.value.add(tag=tag, simple_value=nearest(number))
        if step and not math.isnan(number) and wall_time and number:
            # Protobuf leaves out what is zero; and there are many NaNs.
            assert made.SerializeToString() == expected.SerializeToString()


def test_long_series_are_cut_nowhere() -> None:
    count = 70_000
    points = Points(np.arange(count), np.arange(count) / 8, np.arange(count) / 3)
    events = events_in(scalar_records("loss", metadata_of(DataClass.SCALAR, "scalars"), points))
    assert [event.step for event in events] == list(range(count))
    assert events[-1].summary.value[0].simple_value == np.float32((count - 1) / 3)


def test_a_series_without_points_has_no_records() -> None:
    assert list(scalar_records("loss", metadata_of(DataClass.SCALAR, "scalars"), Points.empty())) == []


@pytest.mark.parametrize(("replaces", "count"), [(False, 1), (True, 2)])
def test_a_file_begins_with_its_version(tmp_path: Path, replaces: bool, count: int) -> None:
    path = tmp_path / "events.out.tfevents.1.x"
    path.write_bytes(first_record(12.5, replaces))
    events = [event_pb2.Event.FromString(raw) for raw in RawEventFileLoader(str(path)).Load()]
    assert (events[0].file_version, events[0].wall_time) == ("brain.Event:2", 12.5)
    assert len(events) == count
    assert all(event.session_log.status == event_pb2.SessionLog.START for event in events[1:])


@given(st.lists(st.tuples(STEPS, FLOATS, st.text(max_size=30)), max_size=5))
def test_texts_are_read_as_they_were(rows: list[tuple[int, float, str]]) -> None:
    metadata = metadata_of(DataClass.TEXT, "text")
    events = events_in(tensor_record("note", metadata, step, time, text_tensor(text)) for step, time, text in rows)
    assert [event.summary.value[0].tensor.string_val[0].decode() for event in events] == [text for _, _, text in rows]
    assert [event.step for event in events] == [step for step, _, _ in rows]
