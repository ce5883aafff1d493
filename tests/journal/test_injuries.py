"""The table of injuries in ``docs/format/journal.md``: each costs exactly what it hits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tb_runhistory.errors import JournalError
from tb_runhistory.journal import writer as writer_module
from tb_runhistory.journal.format import HEADER_SIZE, segment_name
from tb_runhistory.journal.reader import JournalReader
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.records.changes import LogBlobs
from tests.journal.records import Place, first_segment, journal_of, places, read_all, scalar

POINTS = 100


def write_at(path: Path, offset: int, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.fixture
def journal(tmp_path: Path) -> tuple[Path, list[Place]]:
    """A journal with 100 points and 33 texts among them, and where its records are."""
    folder = journal_of(tmp_path / "spool", POINTS, texts=True)
    records = places(first_segment(folder))
    os.truncate(first_segment(folder), records[-1].offset + 4096)  # No test needs a megabyte of zeros.
    return folder, records


def test_a_tail_torn_at_any_byte_costs_what_was_torn(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    whole = first_segment(folder).read_bytes()
    start, end = records[-3].offset, records[-1].offset + records[-1].length
    for cut in range(start, end):
        first_segment(folder).write_bytes(whole[:cut].ljust(len(whole), b"\0"))
        reader, _, sequences = read_all(folder)
        # The last bytes of a record may be zeros anyway.
        survivors = [r.sequence for r in records if not any(whole[max(cut, r.offset) : r.offset + r.length])]
        survivors = [r.sequence for r in records if r.offset + r.length <= cut or r.sequence in survivors]
        assert sequences == survivors
        assert not reader.damage


def test_each_flipped_bit_of_a_record_costs_that_record(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    whole = first_segment(folder).read_bytes()
    for victim in (records[50], next(r for r in records if r.length != 48 and r.sequence > 50)):
        rest = [r.sequence for r in records if r is not victim]
        for bit in range(8 * victim.length):
            at = victim.offset + bit // 8
            write_at(first_segment(folder), at, bytes([whole[at] ^ 1 << bit % 8]))
            reader, _, sequences = read_all(folder)
            write_at(first_segment(folder), at, whole[at : at + 1])
            assert sequences == rest
            assert [damage.missing for damage in reader.damage] == [1]


def test_a_damaged_declaration_costs_no_point(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    write_at(first_segment(folder), records[0].offset + 20, b"#")
    _, steps, _ = read_all(folder)
    assert steps == list(range(POINTS))


def test_points_and_texts_without_any_declaration_are_counted(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    write_at(first_segment(folder), records[0].offset + 20, b"#")
    write_at(first_segment(folder), records[1].offset + 20, b"#")
    reader, steps, _ = read_all(folder)
    assert not steps
    assert sum(damage.missing for damage in reader.damage) == len(records)


def test_a_damaged_restatement_costs_points_only_where_nothing_before_it_is_read(three_segments: Path) -> None:
    restatement, *points = places(three_segments / segment_name(2))
    write_at(three_segments / segment_name(2), restatement.offset + 40, b"#")
    reader, steps, _ = read_all(three_segments)
    assert steps == list(range(200))
    assert [damage.missing for damage in reader.damage] == [1]
    before = sequences_of(three_segments, 1)
    (three_segments / segment_name(1)).unlink()
    reader, steps, _ = read_all(three_segments)
    assert steps == list(range(200 - len(steps), 200))
    assert len(steps) == len(sequences_of(three_segments, 3)) - 1
    assert sum(damage.missing for damage in reader.damage) == len(before) + 1 + len(points)


def test_a_content_that_is_a_journal_is_no_journal_when_what_holds_it_is_damaged(tmp_path: Path) -> None:
    foreign = first_segment(journal_of(tmp_path / "foreign", POINTS)).read_bytes()[:4096]
    writer = JournalWriter.create(tmp_path / "spool")
    number = writer.declare(scalar("image"))
    writer.append(LogBlobs("run", number, 0, 1.0, (foreign, bytes(4) + foreign)))
    writer.append_point(number, 1, 1.0, 1.0)
    writer.close()
    folder = tmp_path / "spool" / writer.journal_id
    victim = places(first_segment(folder))[2]
    write_at(first_segment(folder), victim.offset + 30, b"#")
    reader, steps, sequences = read_all(folder)
    assert (steps, sequences) == ([1], [1, 2, 4])
    assert [damage.missing for damage in reader.damage] == [1]


def test_what_a_power_cut_left_of_a_segment_is_no_damage(journal: tuple[Path, list[Place]]) -> None:
    folder, _ = journal
    for left in (b"", bytes(8192)):
        first_segment(folder).write_bytes(left)
        reader, _, sequences = read_all(folder)
        assert not sequences
        assert not reader.damage


def test_a_zeroed_page_costs_the_records_it_touches(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    write_at(first_segment(folder), 4096, bytes(4096))
    lost = [r.sequence for r in records if r.offset < 8192 and r.offset + r.length > 4096]
    reader, _, sequences = read_all(folder)
    assert sequences == [r.sequence for r in records if r.sequence not in lost]
    assert [damage.missing for damage in reader.damage] == [len(lost)]


def test_a_file_cut_short_costs_what_was_cut(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    for cut in (0, 10, HEADER_SIZE, records[10].offset, records[10].offset + 7):
        os.truncate(first_segment(folder), cut)
        _, _, sequences = read_all(folder)
        assert sequences == [r.sequence for r in records if r.offset + r.length <= cut]
        shutil.copy(first_segment(folder), folder / "copy")
        folder = journal_of(folder.parent, POINTS, texts=True)
        records = places(first_segment(folder))


def test_a_damaged_header_costs_nothing_and_is_named(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    write_at(first_segment(folder), 0, b"JUNK")
    reader, _, sequences = read_all(folder)
    assert sequences == [r.sequence for r in records]
    assert [(damage.segment, damage.offset, damage.missing) for damage in reader.damage] == [(1, 0, 0)]


def test_a_foreign_version_is_refused_and_not_touched(journal: tuple[Path, list[Place]]) -> None:
    folder, _ = journal
    header = bytearray(first_segment(folder).read_bytes()[:HEADER_SIZE])
    header[8] = 99
    header[44:48] = crc32(header[:44]).to_bytes(4, "little")
    write_at(first_segment(folder), 0, bytes(header))
    reader = JournalReader(folder)
    with pytest.raises(JournalError, match="format version 99"):
        reader.read(1, final=True)
    reader.close()


@pytest.fixture
def three_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal of several small segments."""
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    return journal_of(tmp_path / "spool", 200)


def sequences_of(folder: Path, number: int) -> list[int]:
    return [place.sequence for place in places(folder / segment_name(number))]


def test_a_missing_segment_costs_its_records(three_segments: Path) -> None:
    lost = sequences_of(three_segments, 2)
    last = max(sequences_of(three_segments, 3))
    (three_segments / segment_name(2)).unlink()
    reader, _, sequences = read_all(three_segments)
    assert not set(sequences) & set(lost)
    assert last in sequences
    assert [damage.missing for damage in reader.damage] == [len(lost)]


def test_segments_in_the_wrong_order_cost_the_one_that_comes_too_late(three_segments: Path) -> None:
    first, second = (three_segments / segment_name(number) for number in (1, 2))
    late = sequences_of(three_segments, 1)
    expected = [*sequences_of(three_segments, 2), *sequences_of(three_segments, 3)]
    first.rename(three_segments / "swapped")
    second.rename(first)
    (three_segments / "swapped").rename(second)
    reader, _, sequences = read_all(three_segments)
    assert sequences[: len(expected)] == expected
    assert sum(damage.missing for damage in reader.damage) == len(late)


def test_a_torn_end_of_a_full_segment_is_no_loss(three_segments: Path) -> None:
    last = places(three_segments / segment_name(1))[-1]
    write_at(three_segments / segment_name(1), last.offset + last.length, b"\x01")
    reader, steps, _ = read_all(three_segments)
    assert steps == list(range(200))
    assert not reader.damage


@pytest.mark.parametrize("injure", [b"\0" * 48, b"\xff" * 48], ids=["zeros", "ones"])
def test_a_living_journal_is_read_past_damage_only_when_it_is_certain(
    journal: tuple[Path, list[Place]], injure: bytes
) -> None:
    folder, records = journal
    victim = records[100]
    write_at(first_segment(folder), victim.offset, injure[: victim.length])
    reader = JournalReader(folder)
    before = reader.read(1000)
    assert before.sequence == victim.sequence - 1
    assert not reader.damage
    after = reader.read(1000)
    reader.close()
    assert after.sequence == records[-1].sequence
    assert [damage.missing for damage in reader.damage] == [1]


def test_a_living_journal_waits_at_a_torn_end(journal: tuple[Path, list[Place]]) -> None:
    folder, records = journal
    whole = first_segment(folder).read_bytes()
    last = records[-1]
    write_at(first_segment(folder), last.offset + 30, bytes(last.length - 30))
    reader = JournalReader(folder)
    for _ in range(3):
        assert reader.read(1000).sequence == records[-2].sequence
    write_at(first_segment(folder), last.offset, whole[last.offset : last.offset + last.length])
    assert reader.read(1000).sequence == last.sequence
    reader.close()
    assert not reader.damage


def flip(data: bytearray, at: int, value: int) -> None:
    data[at % len(data)] ^= value or 1


def zero(data: bytearray, at: int, value: int) -> None:
    start = at % len(data)
    data[start : start + 8 * value] = bytes(len(data[start : start + 8 * value]))


def cut(data: bytearray, at: int, value: int) -> None:
    del data[at % len(data) :]


def shift(data: bytearray, at: int, value: int) -> None:
    data[at % len(data) : at % len(data)] = bytes([value]) * value


INJURIES: list[Callable[[bytearray, int, int], None]] = [flip, zero, cut, shift]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(INJURIES), st.integers(0, 2**16), st.integers(0, 255)), max_size=8))
def test_no_injury_invents_or_repeats_a_record(
    journal: tuple[Path, list[Place]], injuries: list[tuple[Callable[[bytearray, int, int], None], int, int]]
) -> None:
    folder, records = journal
    whole = first_segment(folder).read_bytes()
    end = records[-1].offset + records[-1].length
    damaged = bytearray(whole[:end])
    for injure, at, value in injuries:
        if damaged:
            injure(damaged, at, value)
    first_segment(folder).write_bytes(damaged)
    try:
        reader, steps, sequences = read_all(folder, limit=50)
    finally:
        first_segment(folder).write_bytes(whole)
    assert sequences == sorted(set(sequences))
    assert set(sequences) <= {r.sequence for r in records}
    assert steps == sorted(set(steps))
    # What is untouched and stands at its place survives.
    untouched = [
        r.sequence
        for r in records
        if whole[r.offset : r.offset + r.length] == bytes(damaged[r.offset : r.offset + r.length])
    ]
    if {1, 2} & set(sequences):
        assert set(untouched) <= set(sequences)
    assert reader.finished
