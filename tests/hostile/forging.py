"""A small store as the writer makes it, and the means to alter it as somebody might who knows the format."""

from __future__ import annotations

import re
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from sqlalchemy import Column

from tb_runhistory.points.block import Tail, encode_block, encode_tail
from tb_runhistory.points.payload import block_key, tail_key
from tb_runhistory.records.changes import AddProperties, CreateExperiment, DataClass, SetParameter, SetTags
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.identity import id_bytes, id_text
from tb_runhistory.records.points import Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.store.sql.rows import COVERED, checksum_of
from tb_runhistory.store.sql.schema import metadata
from tb_runhistory.store.sql.types import NO_ID, Id
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, History, id_of

SOUND_RUN, SOUND_TAG = id_of("sound"), "accuracy"
"""Of an experiment of their own, which hardly any forgery touches: they must always be answered."""

SOUND_VALUES = [0.25, 0.5, 0.75, 1.0]

VICTIM = id_of("sweep")
"""The run that most forgeries alter: the root of a small tree. Its series "loss" has points in blocks and beyond."""

CHILDREN = tuple(id_of(f"trial-{number}") for number in range(3))

Row: TypeAlias = dict[str, Any]


def build_store(path: Path) -> None:
    """Makes a store with a run in every table: a sweep with trials, and a run that stays sound."""
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        history = History(writer)
        history.apply("", [CreateExperiment("mnist", START, "digits")])
        sweep = history.root("sweep", display_name="a sweep", description="of rates")
        labels = (SetTags(VICTIM, VICTIM, {"team": "vision"}), AddProperties(VICTIM, VICTIM, {"commit": "4f21c9"}))
        sweep.apply(SetParameter(VICTIM, VICTIM, "data", "digits"), SetParameter(VICTIM, VICTIM, "layers", 3), *labels)
        sweep.log("loss", range(12_000)).log_texts("notes", [(0, "begun"), (1, "going on")])
        sweep.log_entries("weights", DataClass.TENSOR, [(0, (b"\x08\x01",))], "histograms")
        sweep.log_entries("images", DataClass.BLOB_SEQUENCE, [(0, (b"png", b"gif"))], "images")
        sweep.log_entries("large", DataClass.BLOB_SEQUENCE, [(0, (b"jpeg" * 50_000,))], "images")
        for number, run_id in enumerate(CHILDREN):
            trial = sweep.child(f"trial-{number}").apply(SetParameter(VICTIM, run_id, "rate", 0.1 * number))
            trial.log("loss", range(20), [1.0 / (step + 1) for step in range(20)])
            if number == 0:
                trial.resume().log("loss", range(10, 30))
            if number != 1:
                trial.end(RunStatus.FAILED if number else RunStatus.COMPLETED, "no memory" if number else "")
        sound = history.root("sound", experiment="sound")
        sound.log(SOUND_TAG, range(len(SOUND_VALUES)), SOUND_VALUES).end()


class Forger:
    """The file of a store in the hands of somebody who may write anything into it, and knows how to seal it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Runs one statement."""
        return self._connection.execute(statement, values)

    def rows(self, table: str, where: str = "1", *values: object) -> list[Row]:
        """Rows of a table, as they are stored."""
        return [dict(row) for row in self.execute(f"SELECT * FROM {table} WHERE {where}", *values)]

    def row(self, table: str, where: str = "1", *values: object) -> Row:
        """The first of these rows."""
        return self.rows(table, where, *values)[0]

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds rows, with the checksums that they should have."""
        names = [column.name for column in metadata.tables[table].c]
        statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})"
        sealed = ({**row, "checksum": checksum(table, row)} for row in rows) if "checksum" in names else rows
        self._connection.executemany(statement, ([row.get(name) for name in names] for row in sealed))

    def update(self, table: str, where: str = "1", /, **cells: object) -> None:
        """Sets cells of all rows of a table, or some, and makes their checksums right."""
        changed = ", ".join(f'"{name}" = ?' for name in cells)
        self.execute(f"UPDATE {table} SET {changed} WHERE {where}", *cells.values())
        self._seal(table)

    def put(self, table: str, column: str, value: object, where: str = "1") -> None:
        """Sets a cell of all rows of a table, or some, to any value, whatever the table takes. ``value`` may also be an
        SQL expression of the kind "CAST(… AS TEXT)".
        """
        [(sql,)] = self.execute("SELECT sql FROM sqlite_master WHERE name = ?", table).fetchall()
        self._rewrite(table, _without_rules(table, sql))
        is_expression = isinstance(value, str) and value.startswith("CAST(")
        new, bound = (value, ()) if is_expression else ("?", (value,))
        with suppress(sqlite3.IntegrityError):
            # Where it must be unique, one row has it.
            self.execute(f'UPDATE OR IGNORE {table} SET "{column}" = {new} WHERE {where}', *bound)
        self._seal(table)
        self._rewrite(table, sql)

    def _seal(self, table: str) -> None:
        covered = COVERED.get(metadata.tables[table])
        if covered is not None:
            # An invalid text cannot be given to a function but as bytes.
            cells = ", ".join(
                f"typeof({c.name}), CASE typeof({c.name}) WHEN 'text' THEN CAST({c.name} AS BLOB) ELSE {c.name} END"
                for c in covered
            )
            self._connection.create_function("sealed", -1, lambda *cells: checksum_of(_decoded(covered, cells)))
            self.execute(f"UPDATE {table} SET checksum = sealed({cells})")

    def _rewrite(self, table: str, sql: str) -> None:
        self.execute("PRAGMA writable_schema=ON")
        self.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", sql, table)
        self._close()
        self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        return connection

    def _close(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._connection.close()


def _without_rules(table: str, sql: str) -> str:
    """The statement that makes a table, with columns that take anything, NULL as well."""
    for column in metadata.tables[table].c:
        # This one is the row's number to SQLite.
        if column.name != "experiment_id" or table != "experiments":
            sql = re.sub(rf"(\n\t{column.name}) [A-Z]+(?: NOT NULL)?", r"\1 BLOB", sql)
    return sql


def _decoded(columns: Sequence[Column[Any]], cells: Sequence[Any]) -> Iterator[object]:
    for column, kind, cell in zip(columns, cells[::2], cells[1::2], strict=True):
        if isinstance(column.type, Id):
            yield id_text(cell) if kind == "blob" and len(cell) == 16 else None if cell is None else NO_ID
        else:
            yield cell.decode("utf-8", "replace") if kind == "text" else cell


def checksum(table: str, row: Mapping[str, Any]) -> int:
    """The checksum of a row whose ids are bytes, as they are stored."""
    return checksum_of(
        id_text(cell) if isinstance(column.type, Id) and isinstance(cell, bytes) else cell
        for column, cell in ((column, row.get(column.name)) for column in COVERED[metadata.tables[table]])
    )


def key_bytes(run_id: str) -> bytes:
    """An id as it is stored."""
    data = id_bytes(run_id)
    assert data is not None
    return data


def number_id(number: int) -> bytes:
    """An id as it is stored, made from a number."""
    return b"\x01\x90\xdd\xdd\0\0\x70\0" + number.to_bytes(8, "big")


def run_rows(forger: Forger, count: int, **cells: object) -> list[Row]:
    """Rows of ``runs`` for roots that are like the sound run; ``cells`` are theirs, or made from their number."""
    like = forger.row("runs", "run_id = ?", key_bytes(SOUND_RUN))
    rows = []
    for number in range(count):
        own = {name: cell(number) if callable(cell) else cell for name, cell in cells.items()}
        run_id = number_id(number)
        rows.append({**like, "root_id": run_id, "run_id": run_id, "number": number + 2, **own})
    return rows


def series_row(forger: Forger, run_id: bytes, root_id: bytes | None = None, **cells: object) -> Row:
    """A row of ``series``: a scalar series like that of the sound run."""
    like = forger.row("series", "run_id = ?", key_bytes(SOUND_RUN))
    return {**like, "root_id": root_id or run_id, "run_id": run_id, **cells}


def block_row(run_id: bytes, points: Points, level: int = 0, number: int = 0, **cells: object) -> Row:
    """A row of ``blocks`` with points of the first series of a root run."""
    first, last = int(points.steps.min()), int(points.steps.max())
    return {
        **{"root_id": run_id, "run_id": run_id, "series": 0, "level": level, "first_step": first, "number": number},
        **{"last_step": last, "count": len(points)},
        **{"payload": encode_block(points, block_key(first_series(run_id), level, number)), **cells},
    }


def first_series(run_id: bytes) -> SeriesKey:
    """The key of the first series of a root run."""
    return SeriesKey(id_text(run_id), id_text(run_id), 0)


def append_row(run_id: bytes, number: int, parts: Sequence[tuple[int, Points]], **cells: object) -> Row:
    """A row of ``appends`` with points of series, given by their numbers, of a root run."""
    points = Points.concatenate([points for _, points in parts])
    starts = np.cumsum([0, *(len(points) for _, points in parts)], dtype=np.int64)
    numbers = np.array([of for of, _ in parts], np.int64)
    text = id_text(run_id)
    payload = encode_tail(Tail(numbers, np.zeros_like(numbers), starts, points), tail_key(text, text, number))
    return {"root_id": run_id, "run_id": run_id, "number": number, "points": len(points), "payload": payload, **cells}


def moved_append(row: Row, run_id: bytes, number: int) -> Row:
    """A row of ``appends`` in another place, with the checksum that is right there."""
    text = id_text(run_id)
    body = row["payload"][4:]
    crc = zlib.crc32(body, zlib.crc32(tail_key(text, text, number)))
    return {**row, "root_id": run_id, "run_id": run_id, "number": number, "payload": crc.to_bytes(4, "little") + body}


def level_points(first_step: int, count: int) -> Points:
    """Points that hardly take any room: consecutive steps, one wall time, one value."""
    return Points(np.arange(first_step, first_step + count), np.full(count, START), np.ones(count))


def with_cells(built: Path, path: Path, table: str, column: str, value: object, where: str) -> None:
    """Makes a store at ``path`` in which some rows of a table hold ``value`` in a column."""
    shutil.copy(built, path)
    with Forger(path) as forger:
        forger.put(table, column, value, where)


Alter: TypeAlias = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Forgery:
    """A hostile store, made from the one that ``build_store`` makes.

    ``spares`` says that the sound run is answered all the same; otherwise the whole store may be refused. ``is_found``
    says that ``tb-runhistory check`` has something to say of it; None where it may. ``is_large``: it takes a while.
    """

    name: str
    alter: Alter
    spares: bool = True
    is_found: bool | None = True
    is_large: bool = False

    def make(self, built: Path, path: Path) -> str:
        """Makes it at ``path`` from a copy of the file ``built``; its URI."""
        shutil.copy(built, path)
        self.alter(path)
        return f"sqlite:///{path}"


FORGERIES: dict[str, Forgery] = {}
"""All of them, by name."""


def of_file(spares: bool = True, is_found: bool | None = True, is_large: bool = False) -> Callable[[Alter], Alter]:
    """Adds what a function makes of the file of a store, under the function's name."""

    def add(alter: Alter) -> Alter:
        name = alter.__name__.replace("_", " ")
        assert name not in FORGERIES
        FORGERIES[name] = Forgery(name, alter, spares, is_found, is_large)
        return alter

    return add


def of_tables(
    spares: bool = True, is_found: bool | None = True, is_large: bool = False
) -> Callable[[Callable[[Forger], None]], Callable[[Forger], None]]:
    """Adds what a function makes of the tables of a store, under the function's name."""

    def add(alter: Callable[[Forger], None]) -> Callable[[Forger], None]:
        def alter_file(path: Path) -> None:
            with Forger(path) as forger:
                alter(forger)

        alter_file.__name__ = alter.__name__
        of_file(spares, is_found, is_large)(alter_file)
        return alter

    return add
