"""docs/query.md holds: every example is run, against the history that the page records."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.environment import CHECKOUT
from tb_runhistory import Run, Workspace
from tb_runhistory.errors import QueryError
from tb_runhistory.query.parsing import parse_filter

PAGE = (CHECKOUT / "docs" / "query.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RECORDING, ASKING = (text for language, text in BLOCKS if language == "python")
PRINTED = """\
3 of 4 ['net 2', 'tree 2', 'baseline']
[0.2  0.3  0.35] [0.01 0.1   nan]
['wide net', 'net']
0.4
"""


def lines(language: str) -> list[tuple[str, str]]:
    """What is asked in the blocks of a language, and what the page says is answered."""
    found = [line for each, text in BLOCKS if each == language for line in text.splitlines()]
    return [(line[: line.rindex("→")].strip(), line[line.rindex("→") + 1 :].strip()) for line in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the page's history was recorded."""
    folder = tmp_path_factory.mktemp("page")
    run_program(RECORDING, folder)
    return folder


@pytest.fixture(scope="module")
def workspace(folder: Path) -> Iterator[Workspace]:
    """The store in that folder."""
    workspace = Workspace(f"sqlite:///{folder}/runs.db")
    yield workspace
    workspace.link.close()


def run_program(text: str, folder: Path) -> str:
    """What a program of the page prints."""
    environment = {**os.environ, "RUNHISTORY_JOURNAL_DIR": str(folder / "journals")}
    command = [sys.executable, "-W", "error", "-c", text]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def run_named(workspace: Workspace, name: str) -> Run:
    """The run of this name."""
    [run] = [run for run in workspace.search_runs() if run.name == name]
    return run


def test_every_block_is_run_here() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "filter", "column", "order", "error"}
    assert len(lines("filter")) > 40


@pytest.mark.parametrize(("text", "names"), lines("filter"))
def test_a_filter_finds_what_the_page_says(workspace: Workspace, text: str, names: str) -> None:
    assert sorted(run.name for run in workspace.search_runs(text)) == names.split(", ")


@pytest.mark.parametrize(("text", "value"), lines("column"))
def test_a_column_has_the_value_that_the_page_says(workspace: Workspace, text: str, value: str) -> None:
    column, _, name = text.rpartition(" of ")
    found = workspace.search_runs(f"name = '{name}'").to_columns(column)[column]
    [cell] = found.tolist()
    shown = "missing" if cell is None or cell != cell else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    assert shown == value


@pytest.mark.parametrize(("text", "names"), lines("order"))
def test_an_order_is_what_the_page_says(workspace: Workspace, text: str, names: str) -> None:
    found = workspace.search_runs("params.model IS NOT NULL", order_by=text)
    assert [run.name for run in found] == names.split(", ")


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "error"])
def test_an_error_reads_as_on_the_page(block: str) -> None:
    text, _, shown = block.partition("\n")
    with pytest.raises(QueryError) as raised:
        parse_filter(text)
    assert str(raised.value) == shown.rstrip("\n")


def test_the_program_prints_what_it_should(folder: Path) -> None:
    begin = 'from tb_runhistory import Experiment, Workspace\nworkspace = Workspace("sqlite:///runs.db")\n'
    named = 'digits = Experiment(workspace, "digits")\n[sweep] = workspace.search_runs("name = \'sweep\'")\n'
    assert run_program(begin + named + ASKING, folder) == PRINTED
