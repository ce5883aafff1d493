"""Asking for the rows of many keys at once, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import Integer, and_, bindparam, select

from tb_runhistory.records.changes import SetParameter
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.sql.codes import NUMBER
from tb_runhistory.store.sql.schema import params
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import SIZES, Lookup
from tests.conformance.builder import History
from tests.conformance.door import StoreDoor

OF_RUNS = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(params.c.run_id, params.c.name)
        .select_from(
            wanted.join(params, and_(params.c.root_id == wanted.c.root_id, params.c.run_id == wanted.c.run_id))
        )
        .where(params.c.name.in_(bindparam("names", expanding=True)))
    ),
)


@pytest.mark.parametrize("count", [0, 1, *(size + more for size in SIZES[1:] for more in (-1, 0, 1)), 1500])
def test_each_key_is_answered_once(door: StoreDoor, count: int) -> None:
    keys = [(new_id(), new_id()) for _ in range(count)]
    with door.open_writer() as writer:
        root = History(writer).root("run")
        root.apply(SetParameter(root.root_id, root.run_id, "a", 1), SetParameter(root.root_id, root.run_id, "b", 1))
    asked = [*keys, (root.root_id, root.run_id), ("", ""), ("no id", root.run_id)]
    with door.raw() as connection:
        found = [tuple(row) for row in OF_RUNS.rows(connection, asked, names=["a", "c"])]
    assert found == [(root.run_id, "a")]


PLACED = Lookup(
    {"place": Integer, "root_id": Id, "run_id": Id},
    lambda wanted: (
        select(wanted.c.place, params.c.kind, params.c.number)
        .select_from(
            wanted.join(params, and_(params.c.root_id == wanted.c.root_id, params.c.run_id == wanted.c.run_id))
        )
        .where(params.c.name == "a")
    ),
)


@pytest.mark.parametrize("count", [0, 1, 127, 128, 300])
def test_cells_are_those_of_rows(door: StoreDoor, count: int) -> None:
    with door.open_writer() as writer:
        root = History(writer).root("run")
        root.apply(SetParameter(root.root_id, root.run_id, "a", 0.5), SetParameter(root.root_id, root.run_id, "b", 1))
    keys = [(place, new_id(), new_id()) for place in range(count)]
    asked = [*keys, (count, root.root_id, root.run_id), (count + 1, "no id", root.run_id)]
    with door.raw() as connection:
        for _ in range(2):
            assert [tuple(row) for row in PLACED.cells(connection, asked)] == [(count, NUMBER, 0.5)]
        assert [tuple(row) for row in PLACED.rows(connection, asked)] == [(count, NUMBER, 0.5)]
