"""The bytes of a journal: what is written is what is read, and the golden file can still be read."""

from __future__ import annotations

import struct
import uuid
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.errors import JournalError, RecordTooLarge
from tb_runhistory.journal import format as journal_format
from tb_runhistory.journal.format import (
    APPLIED_OFFSET,
    APPLIED_SIZE,
    HEADER_SIZE,
    KIND_CONTENTS,
    KIND_RECORD,
    POINT_SIZE,
    PREFIX,
    Payload,
    SegmentHeader,
    decode_applied,
    decode_header,
    decode_payload,
    encode_applied,
    encode_header,
    encode_payload,
    encode_point,
    frame,
    segment_name,
)
from tb_runhistory.journal.reader import JournalReader
from tb_runhistory.records.changes import JournalRecord, LogBlobs, LogText
from tests.journal.make_golden import GOLDEN, JOURNAL_ID, expected, golden_segment
from tests.journal.records import INT64, records


@given(records())
def test_every_record_survives_encoding(record: JournalRecord) -> None:
    assert decode_payload(encode_payload(record)) == record


@given(records(), st.integers(1, 2**63 - 1))
def test_a_framed_record_is_aligned_and_decodes(record: JournalRecord, sequence: int) -> None:
    payload = encode_payload(record)
    data = frame(7, sequence, payload)
    assert len(data) % 8 == 0
    assert PREFIX.unpack_from(data)[1:] == (len(data), sequence, payload.kind)
    assert decode_payload(Payload(payload.kind, data[PREFIX.size :])) == record


@given(st.integers(1, 2**63 - 1), st.integers(0, 2**32 - 1), INT64, st.floats(), st.floats())
def test_a_point_is_48_bytes(sequence: int, series: int, step: int, wall_time: float, value: float) -> None:
    data = encode_point(7, sequence, series, step, wall_time, value)
    assert len(data) == POINT_SIZE
    assert struct.pack("<d", value) == data[40:]


@pytest.mark.parametrize(("series", "step"), [(-1, 0), (2**32, 0), (1, 2**63), (1, -(2**63) - 1)])
def test_a_number_that_does_not_fit_is_an_error(series: int, step: int) -> None:
    with pytest.raises((struct.error, OverflowError)):
        encode_point(7, 1, series, step, 0.0, 0.0)


def test_contents_stand_in_the_record_as_they_are() -> None:
    blobs = (bytes(range(256)), b"", "naïve".encode())
    payload = encode_payload(LogBlobs("run", 1, 0, 1.0, blobs))
    assert payload.kind == KIND_CONTENTS
    assert payload.data.endswith(b"".join(blobs))
    assert encode_payload(LogText("run", 1, 0, 1.0, "naïve 🌊")).data.endswith("naïve 🌊".encode())


def test_what_is_larger_than_a_record_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_format, "LARGEST_RECORD", 1000)
    encode_payload(LogText("run", 1, 0, 1.0, "x" * 800))
    with pytest.raises(RecordTooLarge, match=r"LogText record of 1,0\d\d bytes .* \(1,000 bytes\)"):
        encode_payload(LogText("run", 1, 0, 1.0, "x" * 1000))


@given(st.integers(0, 2**64 - 1), st.integers(0, 8 * APPLIED_SIZE - 1))
def test_how_far_a_journal_is_applied_is_right_or_not_there(sequence: int, bit: int) -> None:
    data = bytearray(encode_applied(sequence))
    assert decode_applied(bytes(data)) == sequence
    data[bit // 8] ^= 1 << bit % 8
    assert decode_applied(bytes(data)) == 0
    assert decode_applied(bytes(APPLIED_SIZE)) == decode_applied(b"") == 0


@given(st.uuids(), st.integers(1, 2**31), st.integers(1, 2**62))
def test_a_header_survives_encoding(journal: uuid.UUID, number: int, first_sequence: int) -> None:
    header = SegmentHeader(str(journal), number, first_sequence)
    data = encode_header(header)
    assert len(data) == HEADER_SIZE
    assert decode_header(data) == header


def test_each_flipped_bit_of_a_header_is_noticed() -> None:
    data = encode_header(SegmentHeader(str(uuid.UUID(int=7)), 1, 1))
    for bit in range(8 * APPLIED_OFFSET):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode_header(bytes(damaged)) is None


def test_a_header_of_another_version_says_what_to_do() -> None:
    data = bytearray(encode_header(SegmentHeader(str(uuid.UUID(int=7)), 1, 1)))
    data[8:12] = (2).to_bytes(4, "little")
    data[44:48] = crc32(data[:44]).to_bytes(4, "little")
    with pytest.raises(JournalError, match=r"format version 2 .* ship it with"):
        decode_header(bytes(data))


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"7", b'{"is":"Nothing"}', b'{"is":"EndRun"}', b"\xff"])
@pytest.mark.parametrize("kind", [KIND_RECORD, KIND_CONTENTS, 9])
def test_a_payload_that_is_not_known_is_a_value_error(payload: bytes, kind: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_payload(Payload(kind, payload))


def test_the_golden_journal_reads_as_it_was_written() -> None:
    records, steps = expected()
    reader = JournalReader(GOLDEN / JOURNAL_ID)
    batch = reader.read(1000, final=True)
    reader.close()
    assert batch.records == list(enumerate(records, 1))
    assert batch.points.steps.tolist() == steps
    assert batch.points.values.tolist() == [step / 2 for step in steps]
    assert batch.point_sequence.tolist() == list(range(len(records) + 1, len(records) + len(steps) + 1))
    assert batch.point_series.tolist() == [1] * len(steps)
    assert not reader.damage
    assert not reader.torn


def test_the_golden_journal_is_what_is_written_today() -> None:
    assert (GOLDEN / JOURNAL_ID / segment_name(1)).read_bytes() == golden_segment()
