"""The command ``tb-runhistory``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import tb_runhistory
from tb_runhistory.cli import main
from tb_runhistory.shipping.lock import ShipperLock
from tests.recording.scripts import Scripts, eventually

OFFLINE_RUN = "run = experiment.start_logging('run'); run.log_list('m', range(100)); run.complete()"


@pytest.fixture
def recorded(own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    """A run that was recorded offline."""
    with monkeypatch.context() as patch:
        patch.setenv("RUNHISTORY_MODE", "offline")
        assert own_scripts.run(OFFLINE_RUN).returncode == 0
    return own_scripts


def test_help_teaches_and_the_version_is_told() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "start_logging()" in shown
    assert "tensorboard --runhistory_uri=" in shown
    assert "sync" in shown
    assert "tb-runhistory sync sqlite:///runs.db" in CliRunner().invoke(main, ["sync", "--help"]).output
    assert tb_runhistory.__version__ in CliRunner().invoke(main, ["--version"]).output


def test_sync_ships_and_says_how_much(recorded: Scripts) -> None:
    result = CliRunner().invoke(main, ["sync", recorded.store])
    assert result.exit_code == 0
    assert result.stdout.startswith("Shipped 1")
    assert result.stdout.endswith(f"records to {recorded.store}. Nothing is left.\n")
    assert recorded.points()["run", "m"] == list(range(100))
    again = CliRunner().invoke(main, ["sync", recorded.store])
    assert again.exit_code == 0
    assert again.stdout.startswith("Nothing to ship: ")


def test_sync_finds_the_store_as_recording_does(
    recorded: Scripts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNHISTORY_URI", recorded.store)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["sync"])
    assert result.exit_code == 0
    assert recorded.store in result.stdout


def test_sync_says_what_is_still_being_written(own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    with own_scripts.start(
        "run = experiment.start_logging('run'); run.log('m', 1); print('ready', flush=True); sys.stdin.readline()"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        result = CliRunner().invoke(main, ["sync", own_scripts.store])
        assert "1 journal is still being written" in result.stdout
        assert own_scripts.points() == {("run", "m"): [1.0]}
        process.communicate("\n", timeout=30)


def test_sync_waits_for_a_shipper_that_is_at_work(recorded: Scripts, own_journals: Path) -> None:
    (spool,) = own_journals.iterdir()
    lock = ShipperLock.take(spool)
    assert lock is not None
    with recorded.start("from tb_runhistory.cli import main; main(['sync', workspace.uri])") as process:
        assert process.stderr is not None
        said = eventually(process.stderr.readline, lambda line: "already" in line)
        assert "A shipper is at work on these journals already" in said
        lock.release()
        recorded.run("with experiment.start_logging('second'): pass")
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("The shipper that was at work has brought everything to")
    assert recorded.ending() == ("Completed", "")


@pytest.mark.parametrize("uri", ["runs.db", "mysql://user:secret@host/db"])
def test_a_wrong_uri_is_one_sentence_with_no_secret(uri: str) -> None:
    result = CliRunner().invoke(main, ["sync", uri])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.output


def test_a_file_that_is_no_store_is_left_alone(recorded: Scripts, tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_text("not a store" * 100)
    result = CliRunner().invoke(main, ["sync", recorded.store])
    assert result.exit_code == 1
    assert "not a run-history store" in result.stderr
    assert (tmp_path / "runs.db").read_text() == "not a store" * 100
    (tmp_path / "runs.db").unlink()
    assert CliRunner().invoke(main, ["sync", recorded.store]).exit_code == 0
    assert recorded.ending() == ("Completed", "")
