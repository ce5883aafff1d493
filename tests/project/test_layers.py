"""Imports go downwards only; the contract in pyproject.toml says which way that is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo.environment import CHECKOUT


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter on the package in ``folder``."""
    program = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    environment = {"PATH": "", "PYTHONPATH": str(folder)}
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_layers_hold() -> None:
    result = lint(CHECKOUT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("records/names.py", "import tb_runhistory.uri"),
        ("store/base.py", "import tb_runhistory.recording"),
        ("journal/writer.py", "import tb_runhistory.store.base"),
        ("recording/api.py", "import tb_runhistory.provider"),
        ("plugin/entry.py", "import tb_runhistory.recording"),
        ("provider/naming.py", "import tb_runhistory"),
        ("store/sql/database.py", "import tb_runhistory.store.sqlite.database"),
        ("store/sqlite/database.py", "import tb_runhistory.store.postgresql.database"),
        ("store/sql/rows.py", "import sqlite3"),
        ("points/block.py", "import sqlalchemy"),
        ("journal/format.py", "import tb_runhistory.journal.writer"),
        ("journal/format.py", "import typing\nif typing.TYPE_CHECKING:\n    import tb_runhistory.journal.writer"),
    ],
)
def test_an_import_that_goes_upwards_is_noticed(module: str, line: str, tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "tb_runhistory", tmp_path / "tb_runhistory")
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    with (tmp_path / "tb_runhistory" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert lint(tmp_path).returncode == 1
