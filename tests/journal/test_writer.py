"""What ``Run.log`` relies on: acknowledged records stay, nothing raises because of the disk, forks are safe."""

from __future__ import annotations

import errno
import io
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from tb_runhistory.errors import JournalError, RecordTooLarge
from tb_runhistory.journal import format as journal_format
from tb_runhistory.journal import writer as writer_module
from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.reader import JournalReader
from tb_runhistory.journal.segment import FileMemory
from tb_runhistory.journal.spool import is_mmap_safe, journal_folders, segment_numbers, spool_folder
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.records.changes import (
    DropPoints,
    EndRun,
    JournalRecord,
    LogText,
    RestateSeries,
    SetParameter,
    StartRun,
)
from tb_runhistory.records.status import RunStatus
from tests.journal.records import places, read_all, scalar
from tests.journal.small_disk import SmallDisk, mounted
from tests.recording.training import wait_until


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    """A new journal in ``tmp_path``."""
    writer = JournalWriter.create(tmp_path)
    yield writer
    writer.close()


def records_of(folder: Path) -> list[JournalRecord]:
    reader = JournalReader(folder)
    batch = reader.read(1 << 20, final=True)
    reader.close()
    return [record for _, record in batch.records]


def test_a_journal_is_empty_at_first(journal: JournalWriter, tmp_path: Path) -> None:
    assert (journal.sequence, journal.dropped, journal.applied()) == (0, 0, 0)
    assert journal_folders(tmp_path) == [tmp_path / journal.journal_id]


def test_series_are_numbered_from_one(journal: JournalWriter) -> None:
    assert [journal.declare(scalar(tag)) for tag in "abc"] == [1, 2, 3]


def test_numbers_that_do_not_fit_raise_and_leave_the_journal_as_it_was(journal: JournalWriter, tmp_path: Path) -> None:
    number = journal.declare(scalar("loss"))
    before = journal.sequence
    for series, step in ((number, 2**63), (number, -(2**63) - 1), (-1, 0)):
        with pytest.raises((struct.error, OverflowError)):
            journal.append_point(series, step, 1.0, 1.0)
    with pytest.raises(struct.error):
        journal.append_point(number, 1, 1.0, "text")  # type: ignore[arg-type]
    assert journal.sequence == before
    assert journal.append_point(number, 5, 1.0, 1.0)
    journal.close()
    reader, steps, _ = read_all(tmp_path / journal.journal_id)
    assert steps == [5]
    assert not reader.damage


def test_threads_share_a_journal(journal: JournalWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 1 << 16)
    numbers = [journal.declare(scalar(str(index))) for index in range(4)]

    def log(number: int) -> None:
        for step in range(10_000):
            assert journal.append_point(number, step, 1.0, 1.0)

    threads = [threading.Thread(target=log, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    reader, steps, _ = read_all(tmp_path / journal.journal_id)
    assert sorted(steps) == sorted(list(range(10_000)) * 4)
    assert not reader.damage


def test_a_signal_handler_may_log_whatever_it_interrupts(
    journal: JournalWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 8192)
    main, handler = journal.declare(scalar("main")), journal.declare(scalar("handler"))
    logged = [0, 0]

    def on_alarm(*_: object) -> None:
        logged[1] += journal.append_point(handler, logged[1], 1.0, 1.0)
        journal.append(LogText("run", handler, logged[1], 1.0, "alarm"))
        signal.setitimer(signal.ITIMER_REAL, 1e-4 + logged[1] % 97 * 1e-6)

    former = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 1e-4)
    try:
        while logged[1] < 1000:
            logged[0] += journal.append_point(main, logged[0], 1.0, 1.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    journal.close()
    reader = JournalReader(tmp_path / journal.journal_id)
    series: list[int] = []
    while not reader.finished:
        series += reader.read(1 << 16, final=True).point_series.tolist()
    reader.close()
    assert [series.count(main), series.count(handler)] == logged
    assert not reader.damage


def test_writing_without_a_mapping_gives_the_same_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "is_mmap_safe", lambda folder: False)
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    for step in range(30_000):
        assert writer.append_point(number, step, 1.0, 1.0)
    writer.close()
    reader, steps, _ = read_all(tmp_path / writer.journal_id)
    assert steps == list(range(30_000))
    assert not reader.damage


def test_a_write_that_fails_drops_the_point_and_the_journal_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(writer_module, "is_mmap_safe", lambda folder: False)
    monkeypatch.setattr(writer_module, "RETRY_SECONDS", 0.0)
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    write, is_full = FileMemory.__setitem__, [False]

    def write_half(memory: FileMemory, where: slice, record: bytes) -> None:
        if is_full[0]:
            write(memory, where, record[: len(record) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(memory, where, record)

    monkeypatch.setattr(FileMemory, "__setitem__", write_half)
    accepted = []
    for step in range(10):
        is_full[0] = step in (4, 5)
        accepted.append(writer.append_point(number, step, 1.0, 1.0))
    writer.close()
    assert accepted == [step not in (4, 5) for step in range(10)]
    reader, steps, _ = read_all(tmp_path / writer.journal_id)
    assert steps == [0, 1, 2, 3, 6, 7, 8, 9]
    assert DropPoints("run", "run", 2) in records_of(tmp_path / writer.journal_id)
    assert not reader.damage
    assert capsys.readouterr().err.count("no room for the journal") == 1


@pytest.mark.parametrize("mapped", [True, False])
def test_the_end_of_a_run_without_room_is_written_to_what_is_kept_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: bool
) -> None:
    monkeypatch.setattr(writer_module, "is_mmap_safe", lambda folder: mapped)
    writer = JournalWriter.create(tmp_path)
    writer.append(StartRun("run", "run", "session", 1.0, "host"))
    number = writer.declare(scalar("loss"))
    monkeypatch.setattr(os, "posix_fallocate", lambda *arguments: no_room())
    accepted = sum(writer.append_point(number, step, 1.0, 1.0) for step in range(30_000))
    assert not writer.append(SetParameter("run", "run", "lr", 0.1))
    end = EndRun("run", "run", "session", RunStatus.COMPLETED, 2.0)
    assert writer.append(end)
    assert not writer.append_point(number, 0, 1.0, 1.0)
    writer.close()
    folder = tmp_path / writer.journal_id
    reader, steps, _ = read_all(folder)
    assert steps == list(range(accepted))
    assert not reader.damage
    assert records_of(folder)[3:] == [
        DropPoints("run", "run", 30_000 - accepted),
        end,
        DropPoints("run", "run", 1),
        SetParameter("run", "run", "lr", 0.1),
    ]


def test_where_not_even_the_end_can_be_written_nothing_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "is_mmap_safe", lambda folder: False)
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    monkeypatch.setattr(FileMemory, "__setitem__", lambda *arguments: no_room())
    monkeypatch.setattr(os, "posix_fallocate", lambda *arguments: no_room())
    assert not writer.append_point(number, 0, 1.0, 1.0)
    assert not writer.append(EndRun("run", "run", "session", RunStatus.COMPLETED, 2.0))
    writer.close()
    assert read_all(tmp_path / writer.journal_id)[1] == []


def no_room() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk") as disk:
        yield disk


def test_a_full_disk_costs_points_and_nothing_else(
    small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    writer = JournalWriter.create(small_disk.folder)
    number = writer.declare(scalar("loss"))
    small_disk.fill()
    accepted = [writer.append_point(number, step, 1.0, 1.0) for step in range(30_000)]
    full_from = accepted.index(False)
    assert accepted == [True] * full_from + [False] * (30_000 - full_from)
    assert full_from > 20_000
    assert writer.dropped == 30_000 - full_from

    assert not writer.append(SetParameter("run", "run", "lr", 0.1))
    late = writer.declare(scalar("late"))
    assert not writer.append_point(late, 0, 1.0, 1.0)
    times = []
    for step in range(2000):
        started = time.perf_counter()
        writer.append_point(number, step, 1.0, 1.0)
        times.append(time.perf_counter() - started)
    assert median(times) <= 10e-6

    dropped_points = 30_000 - full_from + 1 + 2000
    small_disk.free()
    monkeypatch.setattr(writer, "_retry_at", 0.0)
    assert writer.append_point(late, 1, 1.0, 1.0)
    assert writer.append_point(number, 30_000, 1.0, 1.0)
    assert writer.dropped == 0
    writer.close()
    folder = small_disk.folder / writer.journal_id
    reader, steps, _ = read_all(folder)
    assert steps == [*range(full_from), 1, 30_000]
    assert not reader.damage
    found = records_of(folder)
    assert DropPoints("run", "run", dropped_points) in found
    assert SetParameter("run", "run", "lr", 0.1) in found
    assert capfd.readouterr().err.count("no room for the journal") == 1


def test_a_disk_that_is_full_from_the_start_is_no_error(small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = small_disk.folder / "spool"
    spool.mkdir()
    reserve = small_disk.folder / "reserve"
    reserve.write_bytes(bytes(1 << 16))
    small_disk.fill()
    reserve.unlink()
    writer = JournalWriter.create(spool)
    started = StartRun("run", "run", "session", 1.0, "host")
    assert not writer.append(started)
    small_disk.free()
    monkeypatch.setattr(writer, "_retry_at", 0.0)
    number = writer.declare(scalar("loss"))
    assert writer.append_point(number, 0, 1.0, 1.0)
    writer.close()
    assert started in records_of(spool / writer.journal_id)


def test_room_is_asked_for_once_a_second(journal: JournalWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(*arguments: object) -> None:
        asked.append(arguments)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    number = journal.declare(scalar("loss"))
    for step in range(50_000):
        journal.append_point(number, step, 1.0, 1.0)
    assert len(asked) <= 2
    assert segment_numbers(journal._folder) == [1]


def test_a_spool_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"set RUNHISTORY_JOURNAL_DIR"):
        JournalWriter.create(tmp_path / "file" / "spool")


def test_a_closed_journal_drops_what_is_logged(journal: JournalWriter) -> None:
    number = journal.declare(scalar("loss"))
    journal.close()
    journal.close()
    assert not journal.append_point(number, 1, 1.0, 1.0)
    assert journal.applied() == 0


def test_the_spool_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_JOURNAL_DIR", str(tmp_path))
    assert spool_folder("key") == tmp_path / "key"
    monkeypatch.delenv("RUNHISTORY_JOURNAL_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert spool_folder("key") == tmp_path / "state" / "tb-runhistory" / "journals" / "key"


def test_only_folders_named_by_an_id_are_journals(journal: JournalWriter, tmp_path: Path) -> None:
    for name in ("notes", ".hidden", "damaged"):
        (tmp_path / name).mkdir()
    assert journal_folders(tmp_path) == [tmp_path / journal.journal_id]


def test_only_known_file_systems_are_mapped(tmp_path: Path) -> None:
    assert is_mmap_safe(Path("/dev/shm"))
    assert not is_mmap_safe(Path("/proc"))


def in_child(function: Callable[[], bool]) -> int:
    """Runs ``function`` in a forked child; its exit code, 0 for True."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if function() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_an_owner_is_known_to_its_own_process_and_to_others(journal: JournalWriter, tmp_path: Path) -> None:
    folder = tmp_path / journal.journal_id
    assert owner_lives(folder)
    assert in_child(lambda: owner_lives(folder)) == 0
    journal.close()
    assert not owner_lives(folder)


def test_asking_after_the_owner_does_not_end_its_ownership(journal: JournalWriter, tmp_path: Path) -> None:
    folder = tmp_path / journal.journal_id
    for _ in range(3):
        assert owner_lives(folder)
    assert in_child(lambda: all(owner_lives(folder) for _ in range(3))) == 0


def test_a_forked_child_neither_owns_nor_ends_its_parents_journal(journal: JournalWriter, tmp_path: Path) -> None:
    folder = tmp_path / journal.journal_id

    def close_in_child() -> bool:
        journal.close()
        return not journal.append_point(1, 1, 1.0, 1.0)

    assert in_child(close_in_child) == 0
    assert owner_lives(folder)
    assert in_child(lambda: owner_lives(folder)) == 0
    assert journal.declare(scalar("loss")) == 1


def test_ownership_ends_with_the_process_even_when_its_children_live(tmp_path: Path) -> None:
    ready, wait = os.pipe(), os.pipe()
    owner = os.fork()
    if owner == 0:
        writer = JournalWriter.create(tmp_path)
        if os.fork() == 0:
            os.close(wait[1])
            os.read(wait[0], 1)
            os._exit(0)
        os.write(ready[1], writer.journal_id.encode())
        signal.pause()
    folder = tmp_path / os.read(ready[0], 100).decode()
    try:
        assert owner_lives(folder)
        os.kill(owner, signal.SIGSTOP)
        os.waitpid(owner, os.WUNTRACED)
        assert owner_lives(folder), "a stopped process is not a dead one"
        os.kill(owner, signal.SIGKILL)
        os.waitid(os.P_PID, owner, os.WEXITED | os.WNOWAIT)
        # A zombie is a dead one. The kernel takes a moment to release what it held.
        wait_until(lambda: not owner_lives(folder))
    finally:
        os.waitpid(owner, 0)
        for descriptor in (*ready, *wait):
            os.close(descriptor)


def in_another_process(journal_of: Callable[[], JournalWriter], then: Callable[[Path], None]) -> None:
    """Calls ``then`` with the folder of a journal that a child process has made. The child lives until it returns."""
    ready = os.pipe()
    owner = os.fork()
    if owner == 0:
        writer = journal_of()
        os.write(ready[1], str(writer._folder).encode())
        signal.pause()
    folder = Path(os.read(ready[0], 1000).decode())
    try:
        then(folder)
    finally:
        os.kill(owner, signal.SIGKILL)
        os.waitpid(owner, 0)
        for descriptor in ready:
            os.close(descriptor)


def test_reading_all_files_of_a_journal_does_not_end_its_ownership(tmp_path: Path) -> None:
    def begin() -> JournalWriter:
        writer = JournalWriter.create(tmp_path)
        for path in (tmp_path / writer.journal_id).iterdir():
            path.read_bytes()
        return writer

    def check(folder: Path) -> None:
        assert owner_lives(folder)

    in_another_process(begin, check)
    wait_until(lambda: not owner_lives(journal_folders(tmp_path)[0]))


@pytest.mark.parametrize("mapped", [True, False])
def test_a_process_that_closes_all_descriptors_owns_its_journal_and_harms_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: bool
) -> None:
    monkeypatch.setattr(writer_module, "is_mmap_safe", lambda folder: mapped)
    spool, foreign = tmp_path / "spool", tmp_path / "foreign"

    def use_descriptors() -> bool:
        writer = JournalWriter.create(spool)
        number = writer.declare(scalar("loss"))
        writer.append_point(number, 0, 1.0, 1.0)
        sys.stderr = io.StringIO()  # That of a test is one of the descriptors.
        os.closerange(3, 200)
        opened = [os.open(foreign, os.O_RDWR | os.O_CREAT) for _ in range(100)]
        os.write(opened[0], b"precious")
        accepted = [writer.append_point(number, step, 1.0, 1.0) for step in range(1, 30_000)]
        writer.close()
        return all(accepted) and all(os.fstat(descriptor).st_size == len(b"precious") for descriptor in opened)

    assert in_child(use_descriptors) == 0
    assert foreign.read_bytes() == b"precious"
    reader, steps, _ = read_all(journal_folders(spool)[0])
    assert steps == list(range(30_000))
    assert not reader.damage


def test_what_a_cleaner_removes_of_a_living_journal_costs_nothing(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    folder = tmp_path / writer.journal_id
    for step in range(100):
        writer.append_point(number, step, 1.0, 1.0)
        if step in (20, 40):
            (folder / segment_name(1)).unlink()
            if step == 40:
                folder.rmdir()
            assert writer.restore()
            assert owner_lives(folder)
    assert writer.restore()
    writer.close()
    reader, steps, _ = read_all(folder)
    assert steps == list(range(100))
    assert not reader.damage
    assert not owner_lives(folder)


def test_a_journal_whose_folder_is_gone_goes_on_in_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    writer = JournalWriter.create(tmp_path)
    number = writer.declare(scalar("loss"))
    folder = tmp_path / writer.journal_id
    (folder / segment_name(1)).unlink()
    folder.rmdir()
    for step in range(200):
        assert writer.append_point(number, step, 1.0, 1.0)
    writer.close()
    assert segment_numbers(folder) == [2]


def test_a_segment_is_large_beside_what_it_begins_with(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path)
    numbers = [writer.declare(scalar(f"metric {index}")) for index in range(3000)]
    points = 300_000
    for index in range(points):
        assert writer.append_point(numbers[index % 3000], index, 1.0, 1.0)
    writer.close()
    folder = tmp_path / writer.journal_id
    assert len(segment_numbers(folder)) <= 5
    for number in segment_numbers(folder)[2:]:
        lengths = [place.length for place in places(folder / segment_name(number))]
        restatements = -(-len(numbers) // writer_module.RESTATED_TOGETHER)
        assert sum(lengths[:restatements]) <= (folder / segment_name(number)).stat().st_size / 31
        assert set(lengths[restatements:]) == {48}


def test_what_declares_series_again_is_of_one_session_and_not_too_large(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path)
    declared = [scalar(f"metric {index}") for index in range(150)]
    declared += [replace(scalar(f"other {index}"), session_id="another") for index in range(10)]
    declared += [replace(scalar(f"described {index}"), description="x" * 40_000) for index in range(3)]
    numbers = [writer.declare(series) for series in declared]
    folder = tmp_path / writer.journal_id
    while segment_numbers(folder) == [1]:
        writer.append_point(numbers[0], 0, 1.0, 1.0)
    writer.close()
    (folder / segment_name(1)).unlink()
    reader = JournalReader(folder, after=writer.sequence)
    restated = [record for _, record in reader.read(1000, final=True).records if isinstance(record, RestateSeries)]
    reader.close()
    assert reader.declarations == {
        number: replace(series, number=number) for number, series in zip(numbers, declared, strict=True)
    }
    assert [len(record.series) for record in restated] == [64, 64, 23, 1, 1, 10]
    assert all(series.session_id == record.session_id for record in restated for series in record.series)


def test_the_largest_record_is_refused_before_anything_is_written(
    journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_format, "LARGEST_RECORD", 1000)
    before = journal.sequence
    with pytest.raises(RecordTooLarge):
        journal.append(LogText("run", 1, 1, 1.0, "x" * 2000))
    assert journal.sequence == before
