"""How a workspace is found, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tb_runhistory import Workspace
from tb_runhistory.errors import BadRequest, InvalidUri, NotFound
from tb_runhistory.recording import notices


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: one of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notices, "_said", set())
    return tmp_path


def configure(folder: Path, content: object) -> Path:
    """Writes a configuration."""
    (folder / ".runhistory").mkdir(parents=True)
    config = folder / ".runhistory" / "config.json"
    config.write_text(content if isinstance(content, str) else json.dumps(content))
    return config


def test_the_configuration_is_found_in_a_folder_above_and_paths_start_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configure(folder, {"uri": "sqlite:///data/runs.db"})
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    monkeypatch.setenv("RUNHISTORY_URI", "sqlite:///other.db")
    expected = f"sqlite:///{folder / 'data' / 'runs.db'}"
    assert Workspace.from_config().uri == expected
    assert Workspace.from_config(config).uri == expected
    assert Workspace.from_config(str(folder / "a")).uri == expected
    configure(folder / "a", {"uri": "sqlite:////nearer.db"})
    assert Workspace.from_config().uri == "sqlite:////nearer.db"
    assert capsys.readouterr().err == ""


def test_the_environment_comes_next(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("RUNHISTORY_URI", "sqlite:////elsewhere.db")
    assert Workspace.from_config().uri == "sqlite:////elsewhere.db"
    assert capsys.readouterr().err == ""


def test_the_default_is_a_file_in_the_current_folder_and_said_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert Workspace.from_config().uri == f"sqlite:///{folder / 'runhistory.db'}"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("runhistory.db") == 1
    assert said.err.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_a_path_with_no_configuration_is_not_found(folder: Path) -> None:
    with pytest.raises(NotFound, match=r"no .runhistory/config.json in .* or above: make one"):
        Workspace.from_config(folder)


@pytest.mark.parametrize("content", ["{", "[]", {}, {"uri": 3}])
def test_a_configuration_without_a_uri_says_what_it_has_to_hold(folder: Path, content: object) -> None:
    configure(folder, content)
    with pytest.raises(InvalidUri, match=r"config\.json .*(JSON|has to hold)"):
        Workspace.from_config()


@pytest.mark.parametrize(
    "uri",
    [
        "runs.db",
        "mysql://user:secret@host/db",
        "sqlite:///",
        "sqlite:///runs.db?mode=secret",
        "sqlite://secret@h/runs.db",
    ],
)
def test_a_uri_that_cannot_be_understood_is_refused_without_its_secrets(uri: str) -> None:
    with pytest.raises(InvalidUri) as caught:
        Workspace(uri)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("selection", ["experiment=a", "run=b"])
def test_a_part_of_a_store_is_no_workspace(selection: str) -> None:
    with pytest.raises(InvalidUri, match="a workspace is a whole store"):
        Workspace(f"sqlite:///runs.db?{selection}")


def test_an_unknown_mode_is_refused_before_anything_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "of-line")
    with pytest.raises(BadRequest, match="'of-line': set it to online, offline or disabled"):
        Workspace("sqlite:///unknown-mode.db")
