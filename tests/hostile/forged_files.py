"""Files that are no store, or whose tables are not those of a store: what SQLite makes of them is their author's."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tb_runhistory.store.sqlite.connection import APPLICATION_ID
from tests.hostile.forging import Forger, of_file, of_tables

_PAGE = 4096
_BOMB = "printf('%.*c', 200000000, 'x')"
_MANY = "WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many)"


def _replace(forger: Forger, table: str, *statements: str) -> None:
    forger.execute(f"ALTER TABLE {table} RENAME TO was_{table}")
    for statement in statements:
        forger.execute(statement)


@of_tables(spares=False)
def experiments_are_a_view_of_long_texts(forger: Forger) -> None:
    cells = f"1 AS experiment_id, {_BOMB} AS name, {_BOMB} AS description, 0 AS stage, 0.0 AS created_at"
    rest = "1 AS last_number, 1 AS run_count, 1 AS changed, 0 AS checksum"
    forger.execute("DROP TABLE experiments")
    forger.execute(f"CREATE VIEW experiments AS SELECT {cells}, {rest}")


@of_tables(spares=False)
def runs_are_an_endless_view(forger: Forger) -> None:
    _replace(forger, "runs", f"CREATE VIEW runs AS {_MANY} SELECT was_runs.* FROM many, was_runs")


@of_tables(spares=False)
def blocks_are_an_endless_view(forger: Forger) -> None:
    _replace(forger, "blocks", f"CREATE VIEW blocks AS {_MANY} SELECT was_blocks.* FROM many, was_blocks")


@of_tables(spares=False)
def store_is_a_view(forger: Forger) -> None:
    _replace(forger, "store", f"CREATE VIEW store AS SELECT name, {_BOMB} AS value FROM was_store")


@of_tables(spares=False)
def a_virtual_table(forger: Forger) -> None:
    _replace(forger, "names", "CREATE VIRTUAL TABLE names USING fts5(experiment_id, kind, name, run_count)")


@of_tables(spares=False)
def a_trigger(forger: Forger) -> None:
    forger.execute(
        "CREATE TRIGGER runs_grow AFTER UPDATE ON runs BEGIN "
        f"INSERT INTO tags SELECT root_id, run_id, {_BOMB}, {_BOMB}, 0 FROM runs; END"
    )


@of_tables(spares=False)
def a_generated_column(forger: Forger) -> None:
    forger.execute("ALTER TABLE runs DROP COLUMN refused")
    forger.execute(f"ALTER TABLE runs ADD COLUMN refused BIGINT AS (length({_BOMB}))")


@of_tables(spares=False)
def an_index_on_an_expression(forger: Forger) -> None:
    forger.execute("CREATE INDEX runs_by_length ON runs(length(printf('%.*c', 1000000, 'x')))")


@of_tables(spares=False)
def an_index_under_a_known_name_on_other_columns(forger: Forger) -> None:
    forger.execute("DROP INDEX runs_by_id")
    forger.execute("CREATE INDEX runs_by_id ON runs(host)")


@of_tables(spares=False)
def an_index_is_missing(forger: Forger) -> None:
    forger.execute("DROP INDEX runs_by_chosen_id")


@of_tables(spares=False)
def a_table_is_missing(forger: Forger) -> None:
    forger.execute("DROP TABLE entries")


@of_tables(spares=False)
def a_column_is_missing(forger: Forger) -> None:
    forger.execute("ALTER TABLE series DROP COLUMN minimum_step")


@of_tables(spares=False)
def a_column_of_another_type(forger: Forger) -> None:
    forger.execute("DROP TABLE tags")
    forger.execute(
        "CREATE TABLE tags (root_id BLOB NOT NULL, run_id BLOB NOT NULL, name TEXT NOT NULL COLLATE NOCASE, "
        "value REAL, checksum BIGINT NOT NULL, PRIMARY KEY (root_id, run_id, name)) WITHOUT ROWID"
    )


@of_tables(spares=False, is_large=True)
def ten_thousand_more_tables(forger: Forger) -> None:
    for number in range(10_000):
        forger.execute(f"CREATE TABLE more_{number} (x)")


@of_tables(spares=False)
def two_tables_in_one_place(forger: Forger) -> None:
    forger.execute("PRAGMA writable_schema=ON")
    forger.execute(
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'series') "
        "WHERE name IN ('params', 'runs_by_id')"
    )


@of_tables(spares=False)
def a_table_whose_statement_is_no_sql(forger: Forger) -> None:
    forger.execute("PRAGMA writable_schema=ON")
    forger.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE params (((((' WHERE name = 'params'")


@of_tables(spares=False)
def a_table_in_a_page_beyond_the_end(forger: Forger) -> None:
    forger.execute("PRAGMA writable_schema=ON")
    forger.execute("UPDATE sqlite_master SET rootpage = 1000000 WHERE name = 'runs'")


@of_file(spares=False)
def another_program_with_tables_of_the_same_names(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        for table in ("experiments", "runs", "params", "tags", "blocks"):
            other.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT, value TEXT)")


@of_file(spares=False)
def another_program_that_says_it_is_a_store(path: Path) -> None:
    another_program_with_tables_of_the_same_names(path)
    _say_store(path)


@of_file(spares=False)
def nothing_but_the_word_that_it_is_a_store(path: Path) -> None:
    path.unlink()
    _say_store(path)


def _say_store(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA application_id={APPLICATION_ID}")
        other.execute("PRAGMA user_version=1")


@of_tables(spares=False)
def the_store_says_nothing_of_itself(forger: Forger) -> None:
    forger.execute("DELETE FROM store")


@of_tables(spares=False)
def the_counters_are_no_numbers(forger: Forger) -> None:
    forger.execute("UPDATE store SET value = 'many' WHERE name IN ('base', 'stamp')")


@of_tables(spares=False)
def the_counters_are_numbers_of_many_digits(forger: Forger) -> None:
    forger.execute("UPDATE store SET value = ? WHERE name IN ('base', 'stamp')", "9" * 100_000)


@of_tables(spares=False)
def the_counters_are_large(forger: Forger) -> None:
    forger.execute("UPDATE store SET value = ? WHERE name IN ('base', 'stamp')", str(2**64))


@of_tables(spares=False, is_large=True)
def a_megabyte_of_counter(forger: Forger) -> None:
    forger.execute("UPDATE store SET value = ? WHERE name = 'stamp'", "9" * 10_000_000)


@of_file(is_found=None)
def a_log_of_noise(path: Path) -> None:
    path.with_name(f"{path.name}-wal").write_bytes(os.urandom(300_000))


@of_file(is_found=None)
def a_lock_file_of_noise(path: Path) -> None:
    path.with_name(f"{path.name}-lock").write_bytes(os.urandom(100_000))


@of_file(spares=False)
def a_header_with_another_page_size(path: Path) -> None:
    _overwrite(path, 16, b"\x02\x00")


@of_file(spares=False)
def a_header_with_reserved_bytes(path: Path) -> None:
    _overwrite(path, 20, b"\xc8")


@of_file(spares=False, is_found=None)
def a_header_of_another_text_encoding(path: Path) -> None:
    _overwrite(path, 56, b"\0\0\0\2")


@of_file(spares=False)
def pages_of_zeros(path: Path) -> None:
    for page in range(3, path.stat().st_size // _PAGE, 3):
        _overwrite(path, page * _PAGE, bytes(_PAGE))


@of_file(spares=False)
def pages_that_lead_to_one_another(path: Path) -> None:
    pages = path.stat().st_size // _PAGE
    for page in range(2, pages):
        with path.open("rb") as file:
            file.seek(page * _PAGE)
            kind = file.read(1)
        # Inner pages of trees: the page to the right of all others becomes the page itself.
        if kind in (b"\x02", b"\x05"):
            _overwrite(path, page * _PAGE + 8, (page + 1).to_bytes(4, "big"))


def _overwrite(path: Path, place: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(data)


def _cut(share: float) -> None:
    def alter(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share) // _PAGE * _PAGE)

    alter.__name__ = f"the_first_{100 * share:.0f}_percent"
    of_file(spares=False)(alter)


for share in (0.1, 0.3, 0.5, 0.7, 0.9):
    _cut(share)
