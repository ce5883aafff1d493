"""``tb-runhistory export``: from the store alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tb_runhistory.uri import StoreUri
from tests.cli.conftest import call, run_program
from tests.conformance.builder import History, id_of
from tests.export.event_files import read_logdir


@pytest.fixture
def filled(history: History, uri: StoreUri) -> str:
    """The URI of a store with two experiments."""
    sweep = history.root("0190-sweep", display_name="sweep").log("loss", [0, 1])
    sweep.child("0190-trial", display_name="trial").log("loss", [0])
    history.root("0190-other", "ridge", display_name="other").log("loss", [0])
    return uri.text


def test_all_of_a_store_and_then_nothing_new(filled: str, logdir: Path) -> None:
    first = run_program("export", filled, str(logdir))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"Wrote 3 folders with 4 points to {logdir}; 0 had not changed.\n"
    again = run_program("export", filled, str(logdir), "--json")
    assert json.loads(again.stdout) == {
        "store": filled, "logdir": str(logdir), "written": 0, "unchanged": 3, "points": 0, "bytes": 0, "lost": 0,
    }  # fmt: skip


def test_the_same_parameters_are_the_same_in_every_process(history: History, filled: str, logdir: Path) -> None:
    from tb_runhistory.records.changes import SetParameter

    for number in range(20):
        sweep = id_of("0190-sweep")
        history.apply(sweep, [SetParameter(sweep, sweep, f"parameter {number}", number)])
    for written in (3, 0, 0):
        answer = json.loads(run_program("export", filled, str(logdir), "--json").stdout)
        assert answer["written"] == written


def test_options_narrow_what_is_written(filled: str, tmp_path: Path) -> None:
    for number, (arguments, expected) in enumerate(
        [
            (["--experiment", "ridge"], {"ridge/other"}),
            (["--run", "sweep"], {"mnist/sweep", "mnist/sweep/trial"}),
            (["--run", "sweep", "--run", "0190-other", "--no-recursive"], {"mnist/sweep", "ridge/other"}),
            (["--no-recursive"], {"mnist/sweep", "ridge/other"}),
        ]
    ):
        assert call("export", filled, str(tmp_path / str(number)), *arguments).exit_code == 0
        assert set(read_logdir(tmp_path / str(number))) == expected
    assert call("export", f"{filled}?experiment=ridge", str(tmp_path / "part")).exit_code == 0
    assert set(read_logdir(tmp_path / "part")) == {"ridge/other"}
    assert call("export", f"{filled}?filter=metrics.loss.count=1", str(tmp_path / "matches")).exit_code == 0
    assert set(read_logdir(tmp_path / "matches")) == {"mnist/sweep/trial", "ridge/other"}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["--run", "nobody"], 1, "has no run 'nobody'"),
        (["--experiment", "nothing"], 1, "has no experiment 'nothing'"),
        (["more"], 2, "Name one folder"),
    ],
)
def test_a_mistake_is_one_sentence(
    filled: str, logdir: Path, arguments: list[str], exit_code: int, sentence: str
) -> None:
    result = call("export", filled, str(logdir), *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert re.search(sentence, result.stderr)
    assert "Traceback" not in result.stderr
    assert not logdir.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(filled: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run_program("export", filled, str(tmp_path / "file" / "logs"))
    assert result.returncode == 1
    assert result.stderr == (
        f"Error: cannot write to {tmp_path}/file/logs: Not a directory; when that is mended, export to "
        f"{tmp_path}/file/logs again: it goes on with what is missing\n"
    )
