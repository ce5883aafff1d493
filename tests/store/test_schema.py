"""The rules that let a tree live in one place, read off the tables themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Integer, Table

from tb_runhistory.store.opening import NEWEST_SCHEMA
from tb_runhistory.store.sql.rows import COVERED
from tb_runhistory.store.sql.schema import SCHEMA_VERSION, experiments, metadata, names, store

SMALL = (store, experiments, names)
GROWING = [table for table in metadata.sorted_tables if table not in SMALL]


@pytest.mark.parametrize("table", GROWING, ids=lambda table: table.name)
def test_the_tree_is_the_first_column_of_every_key_that_is_unique(table: Table) -> None:
    assert next(iter(table.primary_key.columns)).name == "root_id"
    for index in table.indexes:
        if index.unique:
            assert next(iter(index.columns)).name == "root_id", index.name
    assert not [constraint for constraint in table.constraints if constraint is not table.primary_key]


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_nothing_crosses_trees(table: Table) -> None:
    assert not table.foreign_keys
    for column in table.columns:
        assert column.server_default is None
        assert column.autoincrement is not True
        if column.primary_key and isinstance(column.type, Integer | BigInteger):
            assert column.autoincrement is False, "a number made by the database would come from a sequence"


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_a_checksum_covers_what_it_can(table: Table) -> None:
    """What it leaves out changes with every batch, or is counted again by a check."""
    if "checksum" not in table.c:
        assert table not in COVERED
        return
    left_out = {column.name for column in table.c if column not in COVERED[table]} - {"checksum"}
    assert left_out <= {
        *("heartbeat_at", "changed", "last_number", "run_count", "session", "count", "hidden", "non_finite"),
        *("first_step", "last_step", "last_wall_time", "last_value", "first_value", "minimum"),
        *("minimum_step", "maximum", "maximum_step", "sum"),
    }


def test_every_column_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs" / "format" / "schema.md").read_text("utf-8")
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert set(sections) == set(metadata.tables)
    for name, table in metadata.tables.items():
        described = set(re.findall(r"^\| `(\w+)`", sections[name], re.M))
        assert described == {column.name for column in table.columns}, name


def test_the_version_that_is_checked_without_a_database_is_the_schema_s() -> None:
    assert NEWEST_SCHEMA == SCHEMA_VERSION
