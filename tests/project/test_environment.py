"""The environments that the demo and the tests make for themselves: made once, and a sentence where that cannot be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo import environment
from demo.environment import CHECKOUT, SetupError, check_python, prepare


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An environment that is up to date. What runs as its Python notes how it was called."""
    folder = tmp_path / "made"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n', "utf-8")
    python.chmod(0o755)
    (folder / "made-from").write_text(environment._fingerprint("test"), "utf-8")
    return folder


def test_an_environment_is_used_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "is_built", lambda: True)
    assert prepare(made, "test") == made / "bin" / "python"
    assert not (made / "calls").exists()


def test_a_tab_whose_sources_have_changed_is_built_in_the_environment_that_is_there(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "is_built", lambda: False)
    assert prepare(made, "test") == made / "bin" / "python"
    (call,) = (made / "calls").read_text("utf-8").splitlines()
    assert call.startswith("-m pip install")
    assert call.endswith(f"--no-deps --editable {CHECKOUT}")
    assert capsys.readouterr().out == "Building the Run History tab anew …\n"


def test_an_environment_is_made_anew_when_the_machine_needs_something_else() -> None:
    assert environment._fingerprint("test", ["a-package"]) != environment._fingerprint("test")


@pytest.mark.parametrize("file", ["setup.py", "pyproject.toml"])
def test_an_environment_is_made_anew_when_the_requirements_change(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    before = environment._fingerprint("test")
    assert environment._fingerprint("test") == before
    with (tmp_path / file).open("a", encoding="utf-8") as changed:
        changed.write("# another requirement\n")
    assert environment._fingerprint("test") != before


def test_a_failed_installation_is_a_sentence_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checkout = tmp_path / "broken"
    checkout.mkdir()
    (checkout / "setup.py").write_text("raise SystemExit('this cannot be installed')", "utf-8")
    (checkout / "pyproject.toml").write_text("[build-system]\nrequires = []\nbuild-backend = 'missing'\n", "utf-8")
    monkeypatch.setattr(environment, "CHECKOUT", checkout)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for _ in range(2):
        with pytest.raises(SetupError, match=r"^pip could not install the package; .* \(exit code \d\)\.$"):
            prepare(tmp_path / "environment", "test")
        assert "Installing the package" in capfd.readouterr().out


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "OLDEST_PYTHON", (99, 1))
    with pytest.raises(SetupError, match=r"^Python 99\.1 or newer is needed, and this is 3\..*python99\.1\.$"):
        check_python()


@pytest.mark.slow
def test_the_launcher_needs_nothing_but_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.split("\0")
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    home.mkdir()
    for name in filter(None, names):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, checkout / name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    command = [sys.executable, "demo/launch.py", "--no-serve"]
    first = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    second = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert "diabetes-ridge is recorded already.\ndigits-mlp is recorded already.\n" in second.stdout
