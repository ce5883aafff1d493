"""Files that somebody removes, and disks that are full, cost no record that has room, and hold up nobody else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tb_runhistory.errors import DamagedData
from tb_runhistory.journal import writer as writer_module
from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.spool import journal_folders, segment_numbers
from tb_runhistory.records.changes import (
    DropPoints,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping import shipper as shipper_module
from tb_runhistory.shipping.drain import JournalDrain
from tb_runhistory.shipping.shipper import Shipper
from tb_runhistory.store.base import TreeBatch
from tests.journal.small_disk import mounted
from tests.recording.training import Training
from tests.shipping.model_writer import ModelDatabase, ModelWriter


@pytest.mark.parametrize("taken_away", ["segment", "folder"])
def test_files_that_somebody_takes_away_say_nothing_about_their_owner(
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    tmp_path: Path,
    spool: Path,
    taken_away: str,
) -> None:
    run = training()
    run.log(5)
    shipper.cycle()
    if taken_away == "segment":
        (run.folder / segment_name(1)).unlink()
    else:
        run.folder.rename(tmp_path / "elsewhere")
    run.log(5)
    assert shipper.cycle().left == 1
    assert database.store.status("run") is RunStatus.RUNNING
    assert database.store.steps("run", "loss") == list(range(10)), "an open file is read on"
    assert run.journal.restore()
    run.log(5)
    for _ in range(2):
        shipper.cycle()
    assert database.store.steps("run", "loss") == list(range(15))
    run.complete()
    run.die()
    while shipper.cycle().left:
        pass
    assert database.store.steps("run", "loss") == list(range(15))
    assert database.store.status("run") is RunStatus.COMPLETED
    assert os.listdir(spool) == []


def test_files_of_others_in_a_spool_stay(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], spool: Path, said: list[str]
) -> None:
    run = training()
    run.log(5)
    (spool / "notes").mkdir()
    (spool / "notes" / "00000001.segment").write_text("mine")
    (run.folder / "notes").write_text("mine")
    run.die()
    for _ in range(3):
        assert shipper.cycle().left == 0
    assert database.store.steps("run", "loss") == list(range(5))
    assert os.listdir(run.folder) == ["notes"]
    assert (spool / "notes" / "00000001.segment").read_text() == "mine"
    assert len(said) == 1
    assert "files that are not of the journal" in said[0]


@pytest.mark.parametrize("failing", ["mark", "clear_consumed", "remove"])
def test_a_disk_that_takes_nothing_holds_up_neither_the_store_nor_other_journals(
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    spool: Path,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    monkeypatch.setattr(shipper_module, "PUT_OFF_SECONDS", 0.0)
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    good, bad = training("good"), training("bad")
    do = getattr(JournalDrain, failing)

    def fail(drain: JournalDrain) -> object:
        if drain.folder == bad.folder:
            raise OSError(errno.ENOSPC, "No space left on device")
        return do(drain)

    monkeypatch.setattr(JournalDrain, failing, fail)
    for _ in range(3):
        good.log(60)
        bad.log(60)
        shipper.cycle()
    assert good.journal.applied() == good.journal.sequence
    if failing == "mark":
        # What is applied goes, whether or not that could be noted.
        assert len(segment_numbers(bad.folder)) == 1
    for run in (good, bad):
        assert database.store.steps(run.name, "loss") == list(range(180))
        run.complete()
        run.die()
    shipper.cycle()
    assert journal_folders(spool) == ([] if failing == "mark" else [bad.folder])
    monkeypatch.setattr(JournalDrain, failing, do)
    for _ in range(2):
        shipper.cycle()
    assert not journal_folders(spool)
    for run in (good, bad):
        assert database.store.steps(run.name, "loss") == list(range(180))
        assert database.store.status(run.name) is RunStatus.COMPLETED
    assert len(said) == 1


def test_a_journal_whose_progress_cannot_be_read_is_left_for_later_and_no_other(
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shipper_module, "PUT_OFF_SECONDS", 0.0)
    good, bad = training("good"), training("bad")
    applied = ModelWriter.applied

    def fail(writer: ModelWriter, journal_id: str) -> Mapping[str, int]:
        if journal_id == bad.folder.name:
            raise DamagedData("a row of journals is damaged")
        return applied(writer, journal_id)

    monkeypatch.setattr(ModelWriter, "applied", fail)
    for run in (good, bad):
        run.log(5)
    for _ in range(3):
        shipper.cycle()
    assert database.store.steps("good", "loss") == list(range(5))
    assert len(said) == 1
    monkeypatch.setattr(ModelWriter, "applied", applied)
    shipper.cycle()
    assert database.store.steps("bad", "loss") == list(range(5))


def test_a_full_disk_of_journals_is_emptied_while_it_is_full(
    tmp_path: Path, database: ModelDatabase, said: list[str]
) -> None:
    with mounted(tmp_path / "disk", "6m") as disk:
        runs = [Training(disk.folder, name) for name in ("one", "two")]
        for run in runs:
            run.log(15_000)
        disk.fill()
        dropped = sum(not runs[0].journal.append_point(runs[0].loss, step, 1.0, 1.0) for step in range(15_000, 50_000))
        assert dropped
        shipper = Shipper(disk.folder, database.open, said.append)
        while shipper.cycle().more:
            pass
        for run in runs:
            assert run.journal.applied() == run.journal.sequence
            run.complete()
            run.die()
        while shipper.cycle().left:
            pass
        shipper.close()
        store = database.store
        assert store.steps("one", "loss") == list(range(50_000 - dropped))
        assert store.steps("two", "loss") == list(range(15_000))
        assert [store.status(run.run) for run in runs] == [RunStatus.COMPLETED] * 2
        assert sum(change.count for change in store.changes if isinstance(change, DropPoints)) == dropped
        assert os.listdir(disk.folder) == ["filler"]
        assert not said


def test_large_texts_are_read_in_bounded_pieces(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper_module, "BATCH_BYTES", 100_000)
    monkeypatch.setattr(shipper_module, "CYCLE_BYTES", 200_000)
    sizes: list[int] = []

    def watch(batch: TreeBatch) -> None:
        sizes.append(sum(len(c) for logged in batch.entries for _, _, contents in logged.entries for c in contents))

    database.before = watch
    runs = [training(f"run {index}") for index in range(3)]
    for run in runs:
        for index in range(20):
            run.log_text(str(index).ljust(50_000), index)
    while shipper.cycle().more:
        pass
    assert max(sizes) <= 150_000
    for run in runs:
        assert [text.strip() for text in database.store.texts(run.name)] == [str(index) for index in range(20)]


def test_runs_that_end_on_a_full_disk_are_ended_and_what_they_lost_is_counted(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = training()
    database.is_down = True

    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    accepted = sum(run.journal.append_point(run.loss, step, 1.0, 1.0) for step in range(40_000))
    assert accepted < 30_000
    run.complete()
    run.die()
    database.is_down = False
    shipper.cycle()
    store = database.store
    assert store.steps("run", "loss") == list(range(accepted))
    assert store.status("run") is RunStatus.COMPLETED
    assert sum(change.count for change in store.changes if isinstance(change, DropPoints)) == 40_000 - accepted
