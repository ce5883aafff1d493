"""Whatever stands in the cells of a store, ``list``, ``show`` and ``check`` end with an answer or a sentence."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tb_runhistory.store.opening import open_writer
from tb_runhistory.store.sql.schema import metadata
from tb_runhistory.uri import parse_uri
from tests.cli.conftest import call
from tests.store.live_store import build_live_store

GARBAGE = (
    "NULL",
    "''",
    "'noon'",
    "x''",
    "x'ff00ff'",
    "CAST(x'ff41' AS TEXT)",
    "zeroblob(16)",
    "-1",
    "9223372036854775807",
    "1e308",
    "-9e999",
    "char(0, 27, 55296)",
    "printf('%.*c', 1000000, 'x')",
)
COLUMNS = [(table.name, column.name) for table in metadata.sorted_tables for column in table.c]
SOME = random.Random(3).sample([(*column, garbage) for column in COLUMNS for garbage in GARBAGE], 40)
ALL = [
    pytest.param([(table, column, garbage) for garbage in GARBAGE], id=f"{table}.{column}", marks=pytest.mark.slow)
    for table, column in COLUMNS
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store like one that is in use."""
    path = tmp_path_factory.mktemp("sound") / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        build_live_store(writer)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
    return path


@pytest.mark.parametrize("cases", [pytest.param(SOME, id="some"), *ALL])
def test_no_cell_makes_a_command_fail(sound: Path, tmp_path: Path, cases: list[tuple[str, str, str]]) -> None:
    hurt = tmp_path / "runs.db"
    uri = f"sqlite:///{hurt}"
    unseen = []
    for table, column, garbage in cases:
        shutil.copy(sound, hurt)
        with closing(sqlite3.connect(hurt)) as raw, suppress(sqlite3.IntegrityError):
            raw.execute(f"UPDATE {table} SET {column} = {garbage}")
            raw.commit()
        is_changed = hurt.read_bytes() != sound.read_bytes()
        for arguments in (["list", uri, "--all"], ["show", uri, "sweep"], ["check", uri]):
            result = call(*arguments)
            where = f"{arguments[0]} with {table}.{column} = {garbage}: {result.output[-300:]}"
            assert result.exit_code in (0, 1, 2), where
            assert "this is a fault of tb-runhistory" not in result.output, where
            assert "cannot be understood" not in result.output, where
            if arguments[0] == "check" and is_changed and result.exit_code == 0:
                unseen.append(f"{table}.{column} = {garbage}")
    assert [case for case in unseen if not case.startswith(UNCOVERED)] == []


UNCOVERED = ("store.", "runs.changed", "runs.heartbeat_at", "experiments.changed")
"""What docs/cli.md says that ``check`` does not vouch for, as long as it is what the column may hold."""
