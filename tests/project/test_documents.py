"""The documents hold what they say: every command and example runs, every link leads somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.environment import CHECKOUT
from demo.serving import free_port, tensorboard

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)[^)]*\)")
PROGRAMS = Path(sys.executable).parent

RUN_ELSEWHERE = {
    "python3 demo/launch.py": "tests/project/test_demo.py runs its parts, and the whole with --slow",
    "python3 tests/run.py": "it is what runs this test",
    "pip install .": "tests/project/test_wheel.py builds and installs the package",
    "pip install '.[postgres]'": "tests have psycopg by their own extra: tests/plugin/test_postgresql.py",
    "tensorboard --runhistory_uri=postgresql://user@host/database": "tests/plugin/test_postgresql.py has a real server",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    text: str


BLOCKS = [Block(language, text) for language, text in FENCE.findall((CHECKOUT / "README.md").read_text("utf-8"))]
EXAMPLES = [block.text for block in BLOCKS if block.language == "python"]
RECORDING = [text for text in EXAMPLES if "start_logging" in text]
COMMANDS = [line for block in BLOCKS if block.language == "bash" for line in block.text.splitlines()]
VIEWING = [line for line in COMMANDS if line.startswith("tensorboard ") and line not in RUN_ELSEWHERE]


def run_example(text: str, folder: Path) -> str:
    """Runs an example as a program of its own, in ``folder``, and returns what it printed."""
    command = [sys.executable, "-W", "error", "-c", text]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def example(word: str) -> str:
    """The one example that has ``word`` in it."""
    [text] = [text for text in EXAMPLES if word in text]
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where all examples that record were run, in their order."""
    folder = tmp_path_factory.mktemp("reader")
    for text in RECORDING:
        run_example(text, folder)
    return folder


def test_every_block_has_a_language_that_is_tested() -> None:
    assert {block.language for block in BLOCKS} == {"bash", "python"}


def test_every_example_is_run_here() -> None:
    others = ["get_metrics", "search_runs", "archive()", "Tensorboard(", "export_to_tensorboard"]
    assert len(EXAMPLES) == len(RECORDING) + len(others)


def test_the_reading_example_reads_what_the_others_recorded(folder: Path) -> None:
    printed = run_example(example("get_metrics"), folder)
    assert "sweep Completed" in printed
    assert "'accuracy': 0.9" in printed


def test_the_searching_example_finds_what_the_others_recorded(folder: Path) -> None:
    first, second, best = run_example(example("search_runs"), folder).splitlines()
    assert first.startswith("rate=0.001 {'nesterov': True, 'optimizer': 'sgd', 'rate': 0.001}")
    assert second.startswith("rate=0.01 ")
    assert "'best(children.metrics.accuracy)': array([0.999])" in best


def test_the_example_of_stages_renames_an_experiment_and_leaves_its_runs(tmp_path: Path) -> None:
    for text in RECORDING:
        run_example(text, tmp_path)
    run_example(example("archive()"), tmp_path)
    listed = run_command("tb-runhistory list sqlite:///runs.db", tmp_path)
    assert "mnist, first try" in listed
    assert "rate=0.1" in listed


def test_the_launching_example_gives_an_address(folder: Path) -> None:
    assert re.fullmatch(r"http://localhost:\d+/\n", run_example(example("Tensorboard("), folder))


def test_exports_are_folders_of_event_files(folder: Path) -> None:
    for line in [line for line in COMMANDS if line.startswith("tb-runhistory export")]:
        run_command(line, folder)
    exported = {path.parent for path in (folder / "logs").rglob("events.out.tfevents.*")}
    assert folder / "logs" / "mnist" / "sweep" / "rate=0.1" in exported
    run_example(example("export_to_tensorboard"), folder)
    assert {path.parent for path in (folder / "logs").rglob("events.out.tfevents.*")} == exported


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match("tb-runhistory (list|check|doctor)", line)])
def test_a_command_that_looks_answers(line: str, folder: Path) -> None:
    printed = run_command(line, folder)
    assert "list" not in line or "rate=0.1" in printed


def run_command(line: str, folder: Path) -> str:
    """Runs a line of the shell in ``folder`` and returns what it printed."""
    result = subprocess.run(
        ["bash", "-c", f"{PROGRAMS}/{line}"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_every_command_is_run_here_or_said_where_else() -> None:
    run_here = ("tensorboard ", "tb-runhistory ")
    unknown = [line for line in COMMANDS if not line.startswith(run_here) and line not in RUN_ELSEWHERE]
    assert unknown == []
    assert set(RUN_ELSEWHERE) <= set(COMMANDS)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("tb-runhistory sync")])
def test_the_sync_command_brings_what_was_recorded_offline(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    for text in RECORDING:
        run_example(text, tmp_path)
    assert not (tmp_path / "runs.db").exists()
    monkeypatch.delenv("RUNHISTORY_MODE")
    run_command(line, tmp_path)
    assert "sweep Completed" in run_example(example("get_metrics"), tmp_path)


@pytest.mark.parametrize("line", VIEWING)
def test_a_viewing_command_shows_the_sweep(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    # The shell takes the line as it stands; exec leaves one process to stop.
    shell = ["bash", "-c", f'exec {line} "$@"', "bash"]
    with (
        tensorboard([], free_port(), shell) as server,
        urllib.request.urlopen(f"{server.address}data/runs", timeout=30) as answer,
    ):
        runs = json.load(answer)
    assert "mnist/sweep/rate=0.1" in runs
    assert ("mnist/sweep/[mean]" in runs) == ("rollups" in line)


@pytest.mark.parametrize(
    "name",
    ["README.md", "SECURITY.md", "CHANGELOG.md", "ARCHITECTURE.md", "docs/README.md", "docs/cli.md", "docs/query.md"],
)
def test_every_link_leads_somewhere(name: str) -> None:
    document = CHECKOUT / name
    targets = [target for target in LINK.findall(document.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_setting_of_the_code_is_in_the_table() -> None:
    code = "".join(path.read_text("utf-8") for path in (CHECKOUT / "tb_runhistory").rglob("*.py"))
    settings = set(re.findall(r"\bRUNHISTORY_[A-Z_]+\b", code))
    assert settings == set(re.findall(r"^\| `(RUNHISTORY_[A-Z_]+)`", (CHECKOUT / "README.md").read_text("utf-8"), re.M))
