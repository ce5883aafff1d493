"""What the store cannot take, and what of a journal cannot be read, costs itself and stops nothing else."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tb_runhistory.errors import RefusedData
from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.reader import JournalBatch, JournalReader
from tb_runhistory.journal.spool import journal_folders
from tb_runhistory.records.changes import (
    SetParameter,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping import refusal
from tb_runhistory.shipping import shipper as shipper_module
from tb_runhistory.shipping.shipper import Shipper
from tb_runhistory.store.base import TreeBatch
from tests.conformance.builder import id_of
from tests.recording.training import DEADLINE, Training
from tests.shipping.model_writer import ModelDatabase, ModelWriter


def refuse_step(step: int, run: str) -> Callable[[TreeBatch], None]:
    """A store that cannot take one point of a run."""

    def refuse(batch: TreeBatch) -> None:
        if batch.root_id == id_of(run) and step in batch.points.points.steps.tolist():
            raise RefusedData(f"the store cannot take step {step}")

    return refuse


@pytest.mark.parametrize("is_dead", [False, True], ids=["living", "dead"])
def test_a_record_that_the_store_cannot_take_costs_itself(
    spool: Path,
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    said: list[str],
    is_dead: bool,
) -> None:
    database.before = refuse_step(57, "bad")
    runs = [training("good"), training("bad"), training("fine")]
    for run in runs:
        run.log(100)
        run.log_text("hello")
        if is_dead:
            run.die()
    cycle = shipper.cycle()
    assert not cycle.more
    for run in runs:
        skipped = 57 if run.name == "bad" else -1
        assert database.store.steps(run.name, "loss") == [step for step in range(100) if step != skipped]
        assert database.store.texts(run.name) == ["hello"]
        assert database.store.status(run.name) is (RunStatus.FAILED if is_dead else RunStatus.RUNNING)
    assert database.store.refused == {id_of("bad"): 1}
    kept = spool / "damaged" / runs[1].journal.journal_id
    (line,) = (kept / "refused.jsonl").read_text().splitlines()
    refused = json.loads(line)
    assert refused["reason"] == "the store cannot take step 57"
    assert refused["point"] == [57, 58.0, 28.5]
    assert (refused["series"]["tag"], refused["series"]["run_id"]) == ("loss", id_of("bad"))
    assert "cannot take step 57" in (kept / "reason").read_text()
    assert len(said) == 1
    assert "1 records of the journal" in said[0]


@pytest.mark.parametrize("kind", ["change", "text", "point"])
def test_any_error_about_a_record_is_found_and_tells_no_secret(
    spool: Path,
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    said: list[str],
    kind: str,
) -> None:
    def choke(batch: TreeBatch) -> None:
        is_bad = {
            "change": any(isinstance(change, SetParameter) and change.name == "bad" for change in batch.changes),
            "text": any(contents == (b"bad",) for logged in batch.entries for _, _, contents in logged.entries),
            "point": bool((batch.points.points.steps == 7).any()),
        }
        if is_bad[kind]:
            raise ZeroDivisionError("a secret")

    database.before = choke
    run = training()
    for name in ("one", "bad", "two"):
        run.journal.append(SetParameter(run.run, run.run, name, 1))
        run.log_text(name)
        run.log(5)
    run.complete()
    run.die()
    assert shipper.cycle().left == 0
    store = database.store
    names = [change.name for change in store.changes if isinstance(change, SetParameter)]
    assert names == (["one", "two"] if kind == "change" else ["one", "bad", "two"])
    assert store.texts("run") == (["one", "two"] if kind == "text" else ["one", "bad", "two"])
    assert store.steps("run", "loss") == [step for step in range(15) if kind != "point" or step != 7]
    assert store.status("run") is RunStatus.COMPLETED
    assert store.refused == {run.run: 1}
    kept = spool / "damaged" / run.journal.journal_id
    assert "ZeroDivisionError in choke" in (kept / "refused.jsonl").read_text()
    assert not any("secret" in text for text in [*said, (kept / "refused.jsonl").read_text()])


def test_what_is_refused_without_end_takes_its_turn(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    def choke(batch: TreeBatch) -> None:
        if batch.root_id == id_of("bad") and len(batch.points):
            raise RefusedData("no points of this run")

    monkeypatch.setattr(refusal, "DIVIDE_SECONDS", 0.01)
    database.before = choke
    bad, good = training("bad"), training("good")
    bad.log(40)
    cycles = 0
    while shipper.cycle().more:
        cycles += 1
        good.log(1)
    good_steps = database.store.steps("good", "loss")
    assert cycles > 1
    assert good_steps == list(range(cycles))
    assert database.store.refused == {bad.run: 40}


def test_a_store_that_cannot_pass_over_a_record_holds_up_only_its_journal(
    spool: Path,
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ModelWriter, "refuse", fail)
    database.before = refuse_step(3, "bad")
    bad, good = training("bad"), training("good")
    bad.log(5)
    good.log(5)
    monkeypatch.setattr(shipper_module, "PUT_OFF_SECONDS", 0.0)
    for _ in range(3):
        shipper.cycle()
    assert database.store.steps("bad", "loss") == [0, 1, 2]
    assert len((spool / "damaged" / bad.folder.name / "refused.jsonl").read_text().splitlines()) == 1
    assert database.store.steps("good", "loss") == list(range(5))


def test_content_that_cannot_be_read_stops_no_other_journal(
    spool: Path,
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = [training("good"), training("bad"), training("fine")]
    read = JournalReader.read

    def choke(reader: JournalReader, *arguments: Any, **named: Any) -> JournalBatch:
        if reader.folder == runs[1].folder:
            raise ZeroDivisionError
        return read(reader, *arguments, **named)

    monkeypatch.setattr(JournalReader, "read", choke)
    for run in runs:
        run.log(10)
        run.die()
    shipper.cycle()
    assert database.store.steps("good", "loss") == database.store.steps("fine", "loss") == list(range(10))
    assert not journal_folders(spool)
    assert sorted(os.listdir(spool / "damaged" / runs[1].folder.name)) == ["00000001.segment", "reason"]


def test_a_damaged_journal_is_applied_as_far_as_it_goes_and_kept(
    spool: Path, shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], said: list[str]
) -> None:
    run = training()
    run.log(100)
    run.die()
    segment = run.folder / segment_name(1)
    data = bytearray(segment.read_bytes())
    data[data.index(struct.pack("<qdd", 50, 51.0, 25.0))] ^= 1
    segment.write_bytes(data)
    shipper.cycle()
    assert database.store.steps("run", "loss") == [step for step in range(100) if step != 50]
    kept = spool / "damaged" / run.journal.journal_id
    # But for how far it was applied.
    assert (kept / segment_name(1)).read_bytes()[64:] == bytes(data)[64:]
    assert "are missing" in (kept / "reason").read_text()
    assert len(said) == 1
    assert "1 records are missing" in said[0]
    assert not journal_folders(spool)


def test_a_journal_of_a_newer_version_is_left_alone(
    spool: Path, shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], said: list[str]
) -> None:
    run = training()
    run.die()
    segment = run.folder / segment_name(1)
    data = bytearray(segment.read_bytes())
    data[8] = 2
    data[44:48] = crc32(data[:44]).to_bytes(4, "little")
    segment.write_bytes(data)
    before = sorted(os.listdir(run.folder))
    for _ in range(3):
        assert shipper.cycle().left == 0
    assert not shipper.drain(DEADLINE)
    assert sorted(os.listdir(run.folder)) == before
    assert len(said) == 1
    assert "format version 2" in said[0]


def test_a_journal_that_a_power_cut_emptied_after_it_was_applied_is_not_damaged(
    spool: Path, database: ModelDatabase, training: Callable[..., Training], said: list[str]
) -> None:
    run = training()
    run.log(300)
    before = Shipper(spool, database.open, said.append)
    before.cycle()
    before.close()
    segment = run.folder / segment_name(1)
    synced = segment.read_bytes()
    run.die()
    # The beginning was synced, a page in the middle was not, and some of what came later was.
    segment.write_bytes(synced[:4096] + bytes(4096) + synced[8192:])
    after = Shipper(spool, database.open, said.append)
    assert after.cycle().left == 0
    after.close()
    assert database.store.status("run") is RunStatus.FAILED
    assert database.store.steps("run", "loss") == list(range(300))
    assert not said
    assert os.listdir(spool) == []
