"""What happens to stored bytes that are not what was written: they are found out, and never shown as data."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from pcodec import ChunkConfig, standalone  # type: ignore[attr-defined]

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.block import BLOCK_POINTS, decode_block, decode_tail, encode_block, encode_tail
from tb_runhistory.points.entry import decode_entry, encode_entry
from tb_runhistory.points.packing import pack, varint
from tb_runhistory.points.payload import MAX_COUNT, Kind, block_key, entry_key, moved, seal, tail_key
from tb_runhistory.points.pyramid import Buckets, decode_buckets, encode_buckets, merge, summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tests.points.series_strategies import noise
from tests.points.test_block import tail_of

Decoder = Callable[[bytes], object]

FILE, MILLISECONDS = b"\x01", b"\x02"
"""How a column says that it is packed."""

POINTS = noise(70)
POINTS.values[[5, 66]] = np.nan, np.inf
LEVEL = summarize(POINTS, 8)
PAYLOADS: dict[str, tuple[Decoder, bytes]] = {
    "block": (decode_block, encode_block(POINTS)),
    "block of few points": (decode_block, encode_block(POINTS.take(slice(0, 5)))),
    "tail": (decode_tail, encode_tail(tail_of((1, 0, POINTS), (9, 1, POINTS.take(slice(0, 3)))))),
    "tail of few points": (decode_tail, encode_tail(tail_of((1, 0, POINTS.take(slice(0, 4))), (300, 0, noise(1))))),
    "buckets": (decode_buckets, encode_buckets(LEVEL)),
    "entry": (decode_entry, encode_entry([b"text", bytes(70_000)], lambda _: "ab" * 32)),
}
ONE, OTHER = "0190aaaa-0000-7000-8000-000000000001", "0190aaaa-0000-7000-8000-000000000002"
each_payload = pytest.mark.parametrize(("decode", "payload"), PAYLOADS.values(), ids=PAYLOADS.keys())
_WIDE = {name: of for name, of in PAYLOADS.items() if not name.startswith("tail")}
each_wide_payload = pytest.mark.parametrize(("decode", "payload"), _WIDE.values(), ids=_WIDE.keys())
"""Those whose count and lengths have four bytes each."""


def resealed(payload: bytes) -> bytes:
    """The payload with the checksum that belongs to it, as a forger would write it."""
    return struct.pack("<I", zlib.crc32(payload[4:])) + payload[4:]


def with_number(payload: bytes, offset: int, form: str, number: int) -> bytes:
    """The payload with another integer at ``offset``."""
    changed = bytearray(payload)
    struct.pack_into(form, changed, offset, number)
    return bytes(changed)


def halves_swapped(payload: bytes) -> bytes:
    """The payload with its two halves in the wrong order."""
    return payload[len(payload) // 2 :] + payload[: len(payload) // 2]


def zeroed_page(payload: bytes) -> bytes:
    """The payload with a stretch of zeros in its middle."""
    start = len(payload) // 2
    return payload[:start] + bytes(len(payload[start : start + 64])) + payload[start + 64 :]


INJURIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda payload: b"", "it ends after 0 bytes"),
    "cut within the header": (lambda payload: payload[:8], "it ends after 8 bytes"),
    "cut after the header": (lambda payload: payload[:9], "checksum"),
    "cut in half": (lambda payload: payload[: len(payload) // 2], "checksum"),
    "torn tail": (lambda payload: payload[:-1], "checksum"),
    "one byte more": (lambda payload: payload + b"\0", "checksum"),
    "bad checksum": (lambda payload: with_number(payload, 0, "<I", zlib.crc32(payload)), "checksum"),
    "all zeros": (lambda payload: bytes(len(payload)), "checksum"),
    "a zeroed page": (zeroed_page, "checksum"),
    "halves in the wrong order": (halves_swapped, "checksum"),
    "foreign version": (lambda payload: resealed(with_number(payload, 4, "<B", 99)), "format 99 .* update"),
    "another kind": (lambda payload: resealed(with_number(payload, 4, "<B", 0)), "format 0"),
    "sealed and cut": (lambda payload: resealed(payload[:-1]), "where .* claimed"),
}


@each_payload
@pytest.mark.parametrize(("injure", "says"), INJURIES.values(), ids=INJURIES.keys())
def test_an_injury_is_found_and_said(
    decode: Decoder, payload: bytes, injure: Callable[[bytes], bytes], says: str
) -> None:
    decode(payload)
    with pytest.raises(DamagedData, match=says):
        decode(injure(payload))


HEADS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "zeros behind the header": (lambda payload: resealed(payload[:9] + bytes(len(payload) - 9)), "claimed"),
    "bad count": (
        lambda payload: resealed(with_number(payload, 5, "<I", 71)),
        "claimed|contradict|cannot be decompressed",
    ),
    "too great a count": (lambda payload: resealed(with_number(payload, 5, "<I", MAX_COUNT + 1)), "more than"),
    "bad length": (lambda payload: resealed(with_number(payload, 9, "<I", 5)), "where .* claimed"),
    "length of the greatest size": (lambda payload: resealed(with_number(payload, 9, "<I", 2**32 - 1)), "claimed"),
    "sealed and cut to the header": (lambda payload: resealed(payload[:11]), "it ends after 11 bytes"),
}


@each_wide_payload
@pytest.mark.parametrize(("injure", "says"), HEADS.values(), ids=HEADS.keys())
def test_a_forged_head_is_found_and_said(
    decode: Decoder, payload: bytes, injure: Callable[[bytes], bytes], says: str
) -> None:
    with pytest.raises(DamagedData, match=says):
        decode(injure(payload))


def head_of(*numbers: int) -> bytes:
    """A tail that has nothing but these numbers in its head, and no columns."""
    return resealed(bytes((0, 0, 0, 0, Kind.TAIL)) + b"".join(map(varint, numbers)))


TAIL_HEADS: dict[str, tuple[bytes, str]] = {
    "too great a count": (head_of(MAX_COUNT + 1, 0, 0, 0, 0), "more than"),
    "lengths of what is not there": (head_of(1, 2, 0, 0, 0), "where .* claimed"),
    "a length of the greatest size": (head_of(1, 2**64 - 1, 0, 0, 0), "where .* claimed"),
    "fewer lengths than columns": (head_of(1, 0, 0, 0), "does not end"),
    "a number that does not end": (resealed(bytes((0, 0, 0, 0, Kind.TAIL)) + b"\xff" * 20), "does not end"),
    "a number of more than 64 bits": (
        resealed(bytes((0, 0, 0, 0, Kind.TAIL)) + b"\xff" * 9 + b"\x02" + bytes(4)),
        "does not end",
    ),
}


@pytest.mark.parametrize(("payload", "says"), TAIL_HEADS.values(), ids=TAIL_HEADS.keys())
def test_a_forged_head_of_a_tail_is_found_and_said(payload: bytes, says: str) -> None:
    with pytest.raises(DamagedData, match=says):
        decode_tail(payload)


@each_payload
def test_every_single_flipped_bit_is_found(decode: Decoder, payload: bytes) -> None:
    for bit in range(8 * len(payload)):
        flipped = bytearray(payload)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedData):
            decode(bytes(flipped))


@each_payload
def test_a_payload_of_one_kind_is_not_read_as_another(decode: Decoder, payload: bytes) -> None:
    for other, _ in PAYLOADS.values():
        if other is not decode:
            with pytest.raises(DamagedData, match="format"):
                other(payload)


@given(data=strategies.data())
@settings(max_examples=300)
def test_forged_bytes_under_a_right_checksum_give_an_answer_or_damage(data: strategies.DataObject) -> None:
    decode, payload = data.draw(strategies.sampled_from(list(PAYLOADS.values())))
    forged = bytearray(payload)
    for _ in range(data.draw(strategies.integers(1, 6))):
        forged[data.draw(strategies.integers(4, len(payload) - 1))] = data.draw(strategies.integers(0, 255))
    try:
        answer = decode(resealed(bytes(forged)))
    except DamagedData:
        return
    if isinstance(answer, Points):
        assert len(answer) == len(answer.values) == len(answer.wall_times) <= MAX_COUNT
    if isinstance(answer, Buckets):
        assert len(merge(answer)) == -(-len(answer) // 16)


def test_a_small_payload_that_unpacks_to_much_is_refused_before_memory_is_taken() -> None:
    bomb = standalone.simple_compress(np.zeros(2**24), ChunkConfig())
    assert len(bomb) < 10_000
    for count in (1, 2**24):
        tracemalloc.start()
        with pytest.raises(DamagedData):
            decode_block(seal(Kind.BLOCK, min(count, MAX_COUNT), [FILE + bomb] * 3))
        assert tracemalloc.get_traced_memory()[1] < 100_000
        tracemalloc.stop()


def test_numbers_of_another_type_are_damage() -> None:
    steps = FILE + standalone.simple_compress(np.arange(3), ChunkConfig())
    for column in (steps, MILLISECONDS + steps[1:], b"\x09" + steps[1:], b""):
        with pytest.raises(DamagedData, match=r"cannot be decompressed|claimed"):
            decode_block(seal(Kind.BLOCK, 3, [steps, steps, column]))
        with pytest.raises(DamagedData, match=r"cannot be decompressed|claimed"):
            decode_block(seal(Kind.BLOCK, 3, [column, steps, steps]))


@pytest.mark.parametrize("count", [0, 1, 256, 299, 301])
def test_columns_of_another_length_than_claimed_are_damage(count: int) -> None:
    column = FILE + standalone.simple_compress(np.arange(300.0), ChunkConfig())
    steps = FILE + standalone.simple_compress(np.arange(count), ChunkConfig())
    with pytest.raises(DamagedData, match=r"claimed|cannot be decompressed"):
        decode_block(seal(Kind.BLOCK, count, [steps, column, column]))


def test_too_many_rows_are_refused_when_written() -> None:
    many = Points(np.arange(MAX_COUNT + 1), np.zeros(MAX_COUNT + 1), np.zeros(MAX_COUNT + 1))
    with pytest.raises(ValueError, match="divide them"):
        encode_block(many.take(slice(0, BLOCK_POINTS + 1)))
    with pytest.raises(ValueError, match="divide them"):
        encode_tail(tail_of((0, 0, many)))
    with pytest.raises(ValueError, match="divide them"):
        seal(Kind.BUCKETS, MAX_COUNT + 1, [])


def test_a_block_of_more_points_than_one_has_is_damage() -> None:
    column = pack(np.zeros(BLOCK_POINTS + 1), in_order=False)
    with pytest.raises(DamagedData, match="more than 4,096"):
        decode_block(seal(Kind.BLOCK, BLOCK_POINTS + 1, [column] * 3))


TABLES = {
    "too few points": ([2, 60, 9, 0], "claimed|cannot"),
    "too many": ([2, 4, 70, 70], "claimed|cannot"),
    "more than a tail has": ([2, 4, 2**31, 2**31], "more points"),
    "one size, of more than a tail has": ([2, 4, 2**31], "more points"),
    "five numbers": ([2, 4, 70, 70, 70], "rows that are claimed"),
}


@pytest.mark.parametrize(("table", "says"), TABLES.values(), ids=TABLES.keys())
def test_a_tail_whose_table_and_columns_disagree_is_damage(table: list[int], says: str) -> None:
    columns = (
        pack(POINTS.steps, in_order=True),
        pack(POINTS.wall_times, in_order=True),
        pack(POINTS.values, in_order=True),
    )
    with pytest.raises(DamagedData, match=says):
        decode_tail(seal(Kind.TAIL, 2, [np.array(table, "<u4").tobytes(), *columns]))


def test_a_tail_gives_no_more_points_than_there_is_room_for() -> None:
    payload = encode_tail(tail_of((1, 0, POINTS)))
    assert len(decode_tail(payload, most_points=70).points) == 70
    with pytest.raises(DamagedData, match="more points"):
        decode_tail(payload, most_points=69)


def test_entries_whose_table_and_bytes_disagree_are_damage() -> None:
    for table, held in (([(3, 1)], b"ab"), ([(3, 1)], b"abcd"), ([(2**63, 1)], b""), ([(3, 0)], b"abc")):
        with pytest.raises(DamagedData, match="claim"):
            decode_entry(seal(Kind.ENTRY, len(table), [np.array(table, "<u8").tobytes(), held]))


PLACES = [
    block_key(key, level)
    for key in (SeriesKey(ONE, OTHER, 0), SeriesKey(ONE, OTHER, 1), SeriesKey(OTHER, ONE, 0), SeriesKey(ONE, ONE, 0))
    for level in (-2, -1, 0)
]
PLACES += [tail_key(ONE, OTHER, 0), tail_key(ONE, OTHER, 1), tail_key(OTHER, OTHER, 0)]
PLACES += [entry_key(SeriesKey(ONE, OTHER, 0), step, number, 1, 0.0) for step, number in ((0, 0), (1, 0), (0, 1))]


def test_a_payload_is_good_at_its_place_only() -> None:
    assert len(set(PLACES)) == len(PLACES)
    for place in PLACES:
        payload = encode_block(POINTS, place)
        for other in PLACES:
            if other == place:
                decode_block(payload, other)
            else:
                with pytest.raises(DamagedData, match="checksum"):
                    decode_block(payload, other)


def test_a_payload_that_is_moved_is_good_at_its_new_place_only() -> None:
    for place, other in pairwise(PLACES):
        payload = moved(encode_block(POINTS, place), other)
        assert payload == encode_block(POINTS, other)
        with pytest.raises(DamagedData, match="checksum"):
            decode_block(payload, place)


CONTRADICTIONS: dict[str, Callable[[Buckets], None]] = {
    "steps that do not increase": lambda buckets: buckets.last.steps.__setitem__(0, buckets.first.steps[1]),
    "a last step before the first": lambda buckets: buckets.last.steps.__setitem__(8, buckets.first.steps[8] - 1),
    "an extreme outside its bucket": lambda buckets: buckets.maximum.steps.__setitem__(2, 0),
    "an empty bucket": lambda buckets: buckets.count.__setitem__(3, 0),
    "more points than there can be": lambda buckets: buckets.count.__setitem__(3, 2**62),
    "more finite values than values": lambda buckets: buckets.finite.__setitem__(3, 9),
    "fewer finite values than none": lambda buckets: buckets.finite.__setitem__(3, -1),
}


@pytest.mark.parametrize("contradict", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_buckets_that_contradict_themselves_are_damage(contradict: Callable[[Buckets], None]) -> None:
    buckets = summarize(POINTS, 8)
    contradict(buckets)
    with pytest.raises(DamagedData, match="contradict"):
        decode_buckets(encode_buckets(buckets))
