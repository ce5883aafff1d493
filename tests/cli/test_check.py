"""``tb-runhistory check`` says what is wrong with a store and its journals, and changes nothing."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import termios
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest

from tb_runhistory.journal.spool import journal_folders, spool_folder
from tb_runhistory.records.changes import SetTags
from tb_runhistory.records.identity import new_id
from tb_runhistory.shipping.lock import ShipperLock
from tb_runhistory.shipping.presence import shipper_of
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.cli.conftest import PROGRAM, answer, call
from tests.conformance.builder import History, id_of
from tests.recording.scripts import Scripts, eventually
from tests.store.other_files import make_foreign, make_newer
from tests.store.test_viewing_writes_nothing import contents

OFFLINE_RUN = "run = experiment.start_logging('run'); run.log_list('m', range(100)); run.complete()"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound store with a run."""
    path = tmp_path / "store" / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        History(writer).root("run").log("loss", range(9000)).end()
    return path


@pytest.fixture
def offline(own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    """A run that was recorded offline, beside one that was not."""
    own_scripts.run(OFFLINE_RUN)
    assert own_scripts.ending() == ("Completed", "")
    spool = spool_folder(parse_uri(own_scripts.store).key)
    eventually(lambda: shipper_of(spool), lambda process: process is None)
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    assert own_scripts.run(OFFLINE_RUN).returncode == 0
    return own_scripts


def journal_of(scripts: Scripts) -> Path:
    """The only journal of the scripts' store."""
    (folder,) = journal_folders(spool_folder(parse_uri(scripts.store).key))
    return folder


def damage(path: Path) -> None:
    """Flips a bit in a block."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        (payload,) = raw.execute("SELECT payload FROM blocks WHERE level = 0 AND first_step = 0").fetchone()
        hurt = payload[:-1] + bytes([payload[-1] ^ 1])
        raw.execute("UPDATE blocks SET payload = ? WHERE level = 0 AND first_step = 0", [hurt])
        raw.commit()


def test_a_sound_store_is_said_to_be_one_and_stays_as_it_is(path: Path) -> None:
    before = contents(path.parent)
    result = call("check", f"sqlite:///{path}")
    assert result.exit_code == 0
    assert "1 run, 9,000 points, 5 blocks, 0 entries read, schema version 1" in result.stdout
    assert result.stdout.endswith("Nothing is wrong.\n")
    assert contents(path.parent) == before
    checked = answer("check", f"sqlite:///{path}")
    assert (checked["is_ok"], checked["points"], checked["faults"], checked["journals"]) == (True, 9000, [], [])


def test_a_flipped_bit_is_named_with_its_run_and_metric(path: Path) -> None:
    damage(path)
    result = call("check", f"sqlite:///{path}")
    assert result.exit_code == 1
    assert f"points: run {id_of('run')} loss: 4096 points at steps 0 to 4095 cannot be read: " in result.stdout
    assert "1 thing wrong: restore the store from a backup, or go on with it." in result.stdout
    (fault,) = answer("check", f"sqlite:///{path}")["faults"]
    assert (fault["part"], fault["run_id"], fault["tag"]) == ("points", id_of("run"), "loss")


def cut_short(path: Path) -> None:
    """Half of the file."""
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("hurt", "says"),
    [(cut_short, "file: "), (make_foreign, "not a run-history store"), (make_newer, "schema version 99")],
)
def test_a_file_that_is_not_a_sound_store_is_reported(path: Path, hurt: Callable[[Path], None], says: str) -> None:
    hurt(path)
    result = call("check", f"sqlite:///{path}")
    assert result.exit_code == 1
    assert says in result.stdout
    assert "wrong" in result.stdout.splitlines()[-1]
    assert answer("check", f"sqlite:///{path}")["is_ok"] is False


def test_a_damage_that_may_stop_recording_is_never_to_be_gone_on_with(path: Path) -> None:
    cut_short(path)
    shown = call("check", f"sqlite:///{path}").stdout
    assert "go on" not in shown
    assert shown.splitlines()[-1].endswith("Restore the store from a backup.")


def test_many_faults_are_counted_and_json_has_all(path: Path) -> None:
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        run = History(writer, journal_id=new_id()).root("another")
        run.apply(SetTags(run.root_id, run.run_id, {f"tag {number}": "" for number in range(30)}))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE tags SET value = 'x'")
        raw.commit()
    assert "… 10 more: --json has all" in call("check", f"sqlite:///{path}").stdout
    assert len(answer("check", f"sqlite:///{path}")["faults"]) == 30


def test_a_journal_that_was_left_behind_is_reported_until_it_is_synced(offline: Scripts) -> None:
    journal = journal_of(offline)
    before = contents(journal)
    result = call("check", offline.store)
    assert result.exit_code == 1
    assert str(journal) in result.stdout
    assert f"that are not in the store yet: run tb-runhistory sync {offline.store}" in result.stdout
    (entry,) = answer("check", offline.store)["journals"]
    assert (entry["state"], entry["points"], entry["missing"], entry["is_ok"]) == ("dead", 100, 0, False)
    assert contents(journal) == before
    assert call("sync", offline.store).exit_code == 0
    assert call("check", offline.store).exit_code == 0


def test_a_journal_whose_shipper_is_at_work_is_in_order(offline: Scripts) -> None:
    lock = ShipperLock.take(journal_of(offline).parent)
    assert lock is not None
    assert shipper_of(journal_of(offline).parent) == os.getpid()
    (entry,) = answer("check", offline.store)["journals"]
    assert (entry["state"], entry["is_ok"]) == ("dead", True)
    lock.release()
    assert shipper_of(journal_of(offline).parent) is None


def test_a_journal_that_is_being_written_is_in_order(own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    script = "run = experiment.start_logging('run'); run.log('m', 1); print('ready', flush=True); sys.stdin.readline()"
    with own_scripts.start(script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        checked = answer("check", own_scripts.store)
        assert [(entry["state"], entry["is_ok"]) for entry in checked["journals"]] == [("alive", True)]
        # All that is recorded is in the journal: that there is no store yet is told.
        shown = parse_uri(own_scripts.store).shown
        assert [fault["sentence"] for fault in checked["faults"]] == [f"there is no store at {shown} yet"]
        process.communicate("\n", timeout=30)


def test_damaged_records_of_a_journal_are_counted_and_kept_ones_are_reported(offline: Scripts) -> None:
    journal = journal_of(offline)
    segment = journal / "00000001.segment"
    content = bytearray(segment.read_bytes())
    place = content.rindex((48).to_bytes(4, "little"), 0, len(content.rstrip(b"\0")) - 600)
    content[place + 30] ^= 1
    segment.write_bytes(content)
    (entry,) = answer("check", offline.store)["journals"]
    assert (entry["missing"], entry["is_ok"]) == (1, False)
    assert "1 record missing (segment 1 at byte " in entry["sentence"]
    call("sync", offline.store)
    (kept,) = answer("check", offline.store)["journals"]
    assert (kept["state"], kept["is_ok"]) == ("kept", False)
    assert "damaged" in kept["folder"]
    assert "are missing" in kept["sentence"]
    assert call("check", offline.store).exit_code == 1


def test_a_journal_of_a_later_format_is_left_to_a_later_version(offline: Scripts) -> None:
    segment = journal_of(offline) / "00000001.segment"
    content = bytearray(segment.read_bytes())
    content[8] = 99
    content[44:48] = crc32(content[:44]).to_bytes(4, "little")
    segment.write_bytes(content)
    (entry,) = answer("check", offline.store)["journals"]
    assert not entry["is_ok"]
    assert "has format version 99" in entry["sentence"]


def test_a_person_at_a_terminal_sees_how_far_it_is(path: Path) -> None:
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 80))
    check = [PROGRAM, "check", f"sqlite:///{path}"]
    result = subprocess.run(check, stdout=subprocess.PIPE, stderr=child, text=True, check=False, timeout=60)
    shown = os.read(parent, 4096)
    os.close(child)
    os.close(parent)
    assert b"Checking" in shown
    assert result.returncode == 0
    assert "Checking" not in result.stdout


def test_a_journal_whose_last_pages_a_power_cut_took_is_in_order_once_it_is_shipped(offline: Scripts) -> None:
    segment = journal_of(offline) / "00000001.segment"
    content = segment.read_bytes()
    kept = len(content.rstrip(b"\0")) // 2
    segment.write_bytes(content[:kept] + bytes(len(content) - kept))
    assert [entry["missing"] for entry in answer("check", offline.store)["journals"]] == [0]
    assert call("sync", offline.store).exit_code == 0
    assert call("check", offline.store).exit_code == 0


def test_a_journal_of_which_a_power_cut_left_nothing_is_in_order_once_it_is_shipped(offline: Scripts) -> None:
    segment = journal_of(offline) / "00000001.segment"
    segment.write_bytes(bytes(segment.stat().st_size))
    assert call("sync", offline.store).exit_code == 0
    checked = call("check", offline.store)
    assert "0 records missing" not in checked.stdout
    assert checked.exit_code == 0, checked.stdout
