"""What a journal gives back: everything, while it is written and afterwards, whatever the size of the reads."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tb_runhistory.journal import writer as writer_module
from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.reader import JournalReader
from tb_runhistory.journal.spool import read_applied, segment_numbers, write_applied
from tb_runhistory.journal.verify import verify_journal
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.records.changes import DeclareSeries, JournalRecord, LogBlobs, LogText, StartRun
from tests.journal.records import journal_of, read_all, records, scalar

IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)


@IN_TMP
@given(
    st.lists(st.one_of(records(), st.tuples(st.integers(0, 99), st.floats(width=32))), max_size=60), st.integers(1, 9)
)
def test_everything_written_is_read_in_order(
    tmp_path: Path, written: list[JournalRecord | tuple[int, float]], limit: int
) -> None:
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    expected: list[JournalRecord | tuple[int, float]] = []
    for each in written:
        if isinstance(each, DeclareSeries):
            continue
        if isinstance(each, LogText | LogBlobs):
            each = replace(each, number=number)
        accepted = (
            writer.append_point(number, each[0], 1.0, each[1]) if isinstance(each, tuple) else writer.append(each)
        )
        assert accepted
        expected.append(each)
    writer.close()
    reader = JournalReader(tmp_path / writer.journal_id)
    found: dict[int, JournalRecord | tuple[int, float]] = {}
    while not reader.finished:
        batch = reader.read(limit, final=True)
        found |= dict(batch.records)
        points = zip(batch.points.steps.tolist(), batch.points.values.tolist(), strict=True)
        found |= dict(zip(batch.point_sequence.tolist(), points, strict=True))
    reader.close()
    assert [repr(found[sequence]) for sequence in sorted(found)[2:]] == [repr(each) for each in expected]
    assert sorted(found) == list(range(1, writer.sequence + 1))
    assert not reader.damage


@pytest.mark.parametrize("limit", [1, 7, 1 << 16])
def test_points_keep_their_order_over_many_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 8192)
    folder = journal_of(tmp_path, 3000, texts=True)
    reader, steps, sequences = read_all(folder, limit)
    assert steps == list(range(3000))
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(reader.consumed) > 10
    assert not reader.damage


def test_a_journal_can_be_read_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 1 << 16)
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    count = 60_000
    done = threading.Event()

    def write() -> None:
        for step in range(count):
            writer.append_point(number, step, 1.0, 0.5)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    reader = JournalReader(tmp_path / writer.journal_id)
    steps: list[int] = []
    while len(steps) < count:
        is_over = done.is_set()
        batch = reader.read(1000)
        steps += batch.points.steps.tolist()
        assert len(batch) or not is_over
    thread.join()
    reader.close()
    writer.close()
    assert steps == list(range(count))
    assert not reader.damage


def test_wall_times_are_whole_milliseconds(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    writer.append_point(number, 1, 1700000000.1234567, 1.0)
    reader = JournalReader(tmp_path / writer.journal_id)
    assert reader.read(10).points.wall_times.tolist() == [1700000000.123]
    reader.close()
    writer.close()


def test_a_large_record_is_read(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path)
    text = LogText("run", 1, 1, 1.0, "x" * (9 << 20))
    assert writer.append(text)
    assert writer.append(LogText("run", 1, 2, 1.0, "small"))
    writer.close()
    reader = JournalReader(tmp_path / writer.journal_id)
    batch = reader.read(10, final=True)
    reader.close()
    assert [record for _, record in batch.records] == [text, LogText("run", 1, 2, 1.0, "small")]


def test_a_later_segment_can_be_read_without_those_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    writer = JournalWriter.create(tmp_path)
    running = StartRun("run", "run", "session", 1.0, "host")
    writer.append(running)
    kept, released = writer.declare(scalar("kept")), writer.declare(scalar("released"))
    writer.release([released])
    for step in range(200):
        writer.append_point(kept, step, 1.0, 1.0)
    writer.close()
    folder = tmp_path / writer.journal_id
    (folder / "00000001.segment").unlink()
    reader = JournalReader(folder, after=150)
    batch = reader.read(1000, final=True)
    reader.close()
    assert batch.points.steps.tolist()[-1] == 199
    assert reader.declarations.keys() == {kept}
    assert running in [record for _, record in batch.records]
    assert not reader.damage


def test_an_empty_journal_is_finished_at_once(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, 0)
    report = verify_journal(folder)
    assert (report.points, report.records, report.missing, report.torn) == (0, 2, 0, ())


def test_segments_that_were_applied_and_removed_are_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    folder = journal_of(tmp_path, 500)
    numbers = segment_numbers(folder)
    for number in numbers[:3]:
        (folder / segment_name(number)).unlink()
    assert verify_journal(folder).missing > 100
    write_applied(folder, numbers[-1], 400)
    assert read_applied(folder) == 400
    assert verify_journal(folder).missing == 0
