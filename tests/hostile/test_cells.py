"""Every column of every table holds what it never should, in turn: a cell that makes no sense costs itself."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tb_runhistory.store.sql.schema import metadata
from tests.hostile.asking import NEW_RUN, Asker
from tests.hostile.forging import SOUND_RUN, SOUND_TAG, VICTIM, key_bytes, with_cells
from tests.hostile.test_forgeries import check_bounds, check_the_rest

VALUES: dict[str, Any] = {
    "null": None,
    "the least": -(2**63),
    "the greatest": 2**63 - 1,
    "minus one": -1,
    "a fraction": 0.5,
    "infinity": math.inf,
    "a huge number": 1e308,
    "an empty text": "",
    "a word": "word",
    "digits": "12",
    "a long text": "n" * 100_000,
    "no UTF-8": "CAST(x'ff80c0' AS TEXT)",
    "no bytes": b"",
    "bytes": b"\xff\0\x80",
    "an id": b"0123456789abcdef",
}
CELLS = [
    (table.name, column.name, value) for table in metadata.tables.values() for column in table.c for value in VALUES
]
EVERY = 97
"""Of so many cells one is tried each time; of all columns each with another value."""


def _rows_to_change(table: str) -> str:
    if "run_id" in metadata.tables[table].c:
        return f"run_id != x'{key_bytes(SOUND_RUN).hex()}'"
    return "name = 'mnist'" if table == "experiments" else "1"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [pytest.param(*cell, marks=[pytest.mark.slow] if place % EVERY else []) for place, cell in enumerate(CELLS)],
)
def test_a_cell_that_makes_no_sense_costs_itself(
    table: str, column: str, value: str, built: Path, asker: Asker, tmp_path: Path
) -> None:
    path = tmp_path / "runs.db"
    with_cells(built, path, table, column, VALUES[value], _rows_to_change(table))
    outcome = asker.ask(f"sqlite:///{path}", SOUND_RUN, SOUND_TAG)
    check_bounds(outcome)
    # Where the store says nothing sensible of itself, it is refused as a whole.
    if table != "store":
        check_the_rest(outcome)
        recorded = asker.record(f"sqlite:///{path}", VICTIM)
        check_bounds(recorded)
        assert NEW_RUN not in recorded.refusals, recorded.refusals
    for command in ("list", "check"):
        ran = asker.command(command, f"sqlite:///{path}")
        check_bounds(ran)
        assert ran.code in (0, 1)
