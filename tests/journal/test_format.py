"""The bytes of a journal: what is written is what is read, and the golden file can still be read."""

from __future__ import annotations

import struct
import uuid
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.errors import JournalError
from tb_runhistory.journal.format import (
    HEADER_SIZE,
    LARGEST_RECORD,
    POINT_SIZE,
    PREFIX,
    SegmentHeader,
    decode_header,
    decode_payload,
    encode_header,
    encode_payload,
    encode_point,
    frame,
    segment_name,
)
from tb_runhistory.journal.reader import JournalReader
from tb_runhistory.records.changes import JournalRecord
from tests.journal.make_golden import GOLDEN, JOURNAL_ID, expected, golden_segment
from tests.journal.records import INT64, records


@given(records())
def test_every_record_survives_encoding(record: JournalRecord) -> None:
    assert decode_payload(encode_payload(record)) == record


@given(records(), st.integers(1, 2**63 - 1))
def test_a_framed_record_is_aligned_and_decodes(record: JournalRecord, sequence: int) -> None:
    data = frame(sequence, encode_payload(record))
    assert len(data) % 8 == 0
    assert PREFIX.unpack_from(data)[1:3] == (len(data), sequence)
    assert decode_payload(data[PREFIX.size :]) == record


@given(st.integers(1, 2**63 - 1), st.integers(0, 2**32 - 1), INT64, st.floats(), st.floats())
def test_a_point_is_48_bytes(sequence: int, series: int, step: int, wall_time: float, value: float) -> None:
    data = encode_point(sequence, series, step, wall_time, value)
    assert len(data) == POINT_SIZE
    assert struct.pack("<d", value) == data[40:]


@pytest.mark.parametrize(("series", "step"), [(-1, 0), (2**32, 0), (1, 2**63), (1, -(2**63) - 1)])
def test_a_number_that_does_not_fit_is_an_error(series: int, step: int) -> None:
    with pytest.raises((struct.error, OverflowError)):
        encode_point(1, series, step, 0.0, 0.0)


def test_text_cannot_look_like_a_record() -> None:
    assert all(int.from_bytes(character.encode() * 4, "little") > LARGEST_RECORD for character in (" ", "~"))


@given(st.uuids(), st.integers(1, 2**31), st.integers(1, 2**62))
def test_a_header_survives_encoding(journal: uuid.UUID, number: int, first_sequence: int) -> None:
    header = SegmentHeader(str(journal), number, first_sequence)
    data = encode_header(header)
    assert len(data) == HEADER_SIZE
    assert decode_header(data) == header


def test_each_flipped_bit_of_a_header_is_noticed() -> None:
    data = encode_header(SegmentHeader(str(uuid.UUID(int=7)), 1, 1))
    for bit in range(8 * HEADER_SIZE):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode_header(bytes(damaged)) is None


def test_a_header_of_another_version_says_what_to_do() -> None:
    data = bytearray(encode_header(SegmentHeader(str(uuid.UUID(int=7)), 1, 1)))
    data[8:12] = (2).to_bytes(4, "little")
    data[60:] = crc32(data[:60]).to_bytes(4, "little")
    with pytest.raises(JournalError, match=r"format version 2 .* ship it with"):
        decode_header(bytes(data))


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"7", b'{"is":"Nothing"}', b'{"is":"EndRun"}', b"\xff"])
def test_a_payload_that_is_not_known_is_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_payload(payload)


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
