"""``tb-runhistory doctor`` names what is wrong around a store and how to mend it, and shows no secret."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tb_runhistory.cli import installation, surroundings
from tests.cli.conftest import answer, call, run_program
from tests.recording.scripts import Scripts


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """This environment is active."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def findings(*arguments: str) -> dict[str, Any]:
    """The findings by topic."""
    return {finding["topic"]: finding for finding in answer("doctor", *arguments)["findings"]}


def test_what_works_is_said_to_work(history: str) -> None:
    found = findings(history)
    for topic in ("Python", "tb-runhistory", "numpy", "SQLAlchemy", "pcodec", "grpcio", "protobuf", "dependencies",
                  "SQLite", "tensorboard", "tensorboard command", "plugin", "store", "store folder",
                  "journal folder", "shipper", "journals"):  # fmt: skip
        assert found[topic]["is_ok"], found[topic]
        assert found[topic]["fix"] == ""
    assert "as it is named here" in found["store"]["sentence"]


def test_the_exit_code_and_the_last_line_tell_whether_all_is_well(history: str) -> None:
    result = call("doctor", history)
    problems = [line for line in result.stdout.splitlines() if line.startswith("problem")]
    assert result.exit_code == (1 if problems else 0)
    assert ("to fix." if problems else "All is well.") in result.stdout.splitlines()[-1]
    assert answer("doctor", history)["is_ok"] is (not problems)
    broken = call("doctor", "runs.db")
    assert broken.exit_code == 1
    assert "→ correct it where it is set, or name a store with --store" in broken.stdout


def test_it_says_why_a_store_would_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "by default, in the current folder" in findings()["store"]["sentence"]
    monkeypatch.setenv("RUNHISTORY_URI", "sqlite:///other.db")
    assert "by RUNHISTORY_URI; it does not exist yet" in findings()["store"]["sentence"]
    (tmp_path / ".runhistory").mkdir()
    config = tmp_path / ".runhistory" / "config.json"
    config.write_text('{"uri": "sqlite:///configured.db"}')
    assert f"configured.db, by {config}" in findings()["store"]["sentence"]
    config.write_text("{")
    assert not findings()["store"]["is_ok"]
    assert list(tmp_path.iterdir()) == [tmp_path / ".runhistory"]


def test_a_file_that_is_no_store_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_text("text")
    found = findings(f"sqlite:///{tmp_path / 'runs.db'}")["store"]
    assert not found["is_ok"]
    assert "no SQLite file" in found["sentence"]


def test_settings_are_shown_without_secrets_and_wrong_ones_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_URI", "mysql://user:secret@host/db?password=secret")
    monkeypatch.setenv("RUNHISTORY_MODE", "sometimes")
    monkeypatch.setenv("RUNHISTORY_STORE", "secret")
    monkeypatch.setenv("https_proxy", "http://user:secret@proxy")
    result = call("doctor", "--json")
    assert "secret" not in result.output
    found = findings()
    assert not found["store"]["is_ok"]
    assert "mysql://***@host" in found["RUNHISTORY_URI"]["sentence"]
    assert not found["RUNHISTORY_MODE"]["is_ok"]
    assert "settings are RUNHISTORY_URI" in found["RUNHISTORY_STORE"]["fix"]
    assert "https_proxy" in found["proxies"]["sentence"]


def test_the_tensorboard_of_another_environment_is_a_problem(
    history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "tensorboard"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = findings(history)["tensorboard command"]
    assert not found["is_ok"]
    assert str(other) in found["sentence"]
    monkeypatch.setenv("PATH", "")
    assert "none is on the PATH" in findings(history)["tensorboard command"]["sentence"]


def test_a_journal_folder_without_room_or_on_a_network_is_a_problem(
    history: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "_LEAST_BYTES", 1 << 62)
    found = findings(history)["journal folder"]
    assert "points are dropped" in found["sentence"]
    assert "RUNHISTORY_JOURNAL_DIR" in found["fix"]
    monkeypatch.setattr(surroundings, "file_system_of", lambda folder: "nfs4")
    found = findings(history)
    assert "network file system (nfs4)" in found["journal folder"]["sentence"]
    assert "network file system (nfs4)" in found["store folder"]["sentence"]


def test_a_journal_that_was_left_behind_is_a_problem_with_its_fix(
    own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("RUNHISTORY_MODE", "offline")
        own_scripts.run("with experiment.start_logging('run') as run: run.log('m', 1)")
    found = findings(own_scripts.store)["journals"]
    assert not found["is_ok"]
    assert f"tb-runhistory sync {own_scripts.store}" in found["fix"]


def test_an_old_sqlite_is_told_by_what_it_lacks(history: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, is_ok, says in (
        ((3, 26, 0), False, "too old"),
        ((3, 40, 1), True, "before 3.51.3"),
        ((3, 52, 0), True, "3."),
    ):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        found = findings(history)["SQLite"]
        assert found["is_ok"] is is_ok
        assert says in found["sentence"]


def test_a_missing_page_of_the_tab_is_a_problem(history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_BUNDLE", tmp_path / "index.js")
    assert "reinstall" in findings(history)["Run History tab"]["fix"]
    (tmp_path / "index.js").write_text("export {}")
    assert findings(history)["Run History tab"]["is_ok"]


def test_a_look_that_fails_does_not_hide_the_others(history: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(group: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(metadata, "entry_points", fail)
    result = call("doctor", history, "--json")
    assert "secret" not in result.output
    assert not findings(history)["plugin"]["is_ok"]
    assert findings(history)["store"]["is_ok"]


def test_looking_changes_nothing(history: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home)}
    del environment["RUNHISTORY_JOURNAL_DIR"]
    assert run_program("doctor", cwd=tmp_path, env=environment).stderr == ""
    assert list(home.iterdir()) == []
    assert list(tmp_path.iterdir()) == [home]


def test_a_folder_that_may_not_be_written_is_a_problem_only_where_there_is_no_store(
    history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so the system's answer is given for it.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "can be viewed, but not recorded" in findings(history)["store folder"]["sentence"]
    found = findings(f"sqlite:///{tmp_path / 'new.db'}")
    assert not found["store folder"]["is_ok"]
    assert "nothing is recorded" in found["journal folder"]["sentence"]


def test_every_variable_that_is_documented_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parents[2]
    pages = [root / "README.md", root / "SECURITY.md", *(root / "docs").rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"\bRUNHISTORY_[A-Z_]+\b", page.read_text("utf-8"))}
    assert {"RUNHISTORY_URI", "RUNHISTORY_ALLOWED_HOSTS"} <= named
    for name in named:
        monkeypatch.setenv(name, "x")
    found = findings()
    assert [name for name in sorted(named) if found[name]["sentence"] == "this is no setting"] == []
