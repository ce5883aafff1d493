"""Every command ends the same way: an exit code, a sentence, and never a traceback."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import tb_runhistory
from tb_runhistory.cli.group import COMMANDS, main
from tests.cli.conftest import PROGRAM, call, run_program
from tests.recording.test_import_costs import HEAVY

READING = ["list", "check", "doctor"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_by_example(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    shown = call(name, "--help").stdout
    assert f"    tb-runhistory {name}" in shown
    assert "--store URI" in shown
    assert (command.help or "").splitlines()[0] == COMMANDS[name]


def test_the_overview_lists_every_command() -> None:
    shown = call("--help").stdout
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert "_TB_RUNHISTORY_COMPLETE=bash_source" in shown
    assert tb_runhistory.__version__ in call("--version").stdout


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = f"""
import sys
from tb_runhistory.cli import main
try:
    main(["--help"])
except SystemExit:
    print([name for name in {[name for name in HEAVY if name != "click"]!r} if name in sys.modules], file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    source = run_program(env=os.environ | {"_TB_RUNHISTORY_COMPLETE": f"{shell}_source"})
    assert "_TB_RUNHISTORY_COMPLETE" in source.stdout
    words = os.environ | {"COMP_WORDS": "tb-runhistory ", "COMP_CWORD": "1", "_TB_RUNHISTORY_COMPLETE": "bash_complete"}
    completed = run_program(env=words).stdout
    assert all(name in completed for name in COMMANDS)


@pytest.mark.parametrize("arguments", [["list"], ["check"], ["show", "run"]])
def test_without_a_store_one_sentence_says_what_to_do(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: there is no store at ")
    assert result.stderr.count("\n") == 1
    assert "--store" in result.stderr or arguments == ["check"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["list", "sqlite:///nowhere/runs.db"], 1),
        (["list", "mysql://user:secret@host/db"], 1),
        (["list", "--limit", "x"], 2),
        (["list", "sqlite:///a", "-s", "sqlite:///b"], 2),
        (["check", "sqlite:///a?experiment=e"], 1),
        (["show"], 2),
    ],
)
def test_with_json_an_error_is_json_on_standard_error(arguments: list[str], exit_code: int) -> None:
    result = call(*arguments, "--json")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    error = json.loads(result.stderr)
    assert list(error) == ["error"]
    assert "secret" not in result.stderr


def test_an_error_holds_nothing_that_acts_on_a_terminal() -> None:
    result = call("list", "sqlite:////nowhere/\x1b[31m.db")
    assert result.stderr.startswith("Error: there is no store at /nowhere/�[31m.db: ")


def test_a_usage_error_is_two_and_names_the_option() -> None:
    for arguments in (["lost"], ["list", "--wrong"], ["list", "--status", "Asleep"], ["list", "--limit", "-1"]):
        result = call(*arguments)
        assert result.exit_code == 2, arguments
        assert "Usage: " in result.stderr
        assert "Traceback" not in result.stderr


def test_a_closed_pipe_is_quiet(history: str) -> None:
    command = f"set -o pipefail; {PROGRAM} list -n 0 '{history}' | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert result.stdout.startswith("sqlite:///")
    assert result.stderr == ""


def test_an_output_that_cannot_be_written_is_one_sentence(history: str) -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run([PROGRAM, "list", history], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "Error: the output: No space left on device\n"


def test_an_encoding_without_the_characters_is_no_error(history: str) -> None:
    result = run_program("list", history, env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert result.returncode == 0
    assert "?? rate=0.1" in result.stdout


@pytest.mark.parametrize("busy", ["a query", "Python"])
def test_ctrl_c_is_one_sentence(busy: str, tmp_path: Path) -> None:
    wait = {"a query": LONG_QUERY, "Python": "time.sleep(60)"}[busy]
    code = INTERRUPTED.format(wait=wait, path=str(tmp_path / "runs.db"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "Error: interrupted; the command may be run again"


LONG_QUERY = """connection.exec_driver_sql(
    "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 1000000000) SELECT count(*) FROM t"
).all()"""
INTERRUPTED = """
import time
from tb_runhistory.cli import main
from tb_runhistory.store.verify import store as verify
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
open_writer(parse_uri("sqlite:///{path}")).close()
def long_look(connection):
    print("busy", flush=True)
    {wait}
verify._schema = long_look
main(["check", "sqlite:///{path}"])
"""


def test_a_fault_of_the_program_is_told_without_what_it_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("tb_runhistory.cli.list")

    def fail(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(module, "reading", fail)
    result = call("list")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "Error: this is a fault of tb-runhistory, please report it: KeyError in test_group.py"
    )
    assert "secret" not in result.output
