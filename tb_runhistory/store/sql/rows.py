"""The checksum that a small row carries, so that a flipped bit in it is found.

It is the CRC-32 of the row's cells, in the order of the table's columns, as one JSON array: ids in their usual form,
bytes as hexadecimal digits, no blanks, ASCII only. What changes with every batch has no part in it, and what is
computed from points is checked by computing it again. Readers don't verify it; ``tb-runhistory check`` does.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Double, Integer, LargeBinary, Table
from sqlalchemy.types import TypeEngine

from tb_runhistory.store.sql.schema import (
    experiments,
    journals,
    params,
    properties,
    resumptions,
    runs,
    series,
    sessions,
    tags,
)

_LEFT_OUT = {
    experiments: {"last_number", "run_count", "changed", "checksum"},
    runs: {"heartbeat_at", "changed", "checksum"},
    params: {"checksum"},
    tags: {"checksum"},
    properties: {"checksum"},
    sessions: {"checksum"},
    resumptions: {"checksum"},
    journals: {"checksum"},
}

COVERED: Mapping[Table, tuple[Column[Any], ...]] = {
    **{table: tuple(column for column in table.c if column.name not in names) for table, names in _LEFT_OUT.items()},
    series: tuple(series.c[name] for name in ("root_id", "run_id", "data_class", "tag", "number", "declaration")),
}
"""For each table whose rows carry a checksum, the columns that it covers, in order."""


def checksum_of(cells: Iterable[object]) -> int:
    """The checksum of a row whose covered cells are ``cells``, in the order of ``COVERED``."""
    return zlib.crc32(_encode(list(cells)).encode("ascii"))


def mismatch(stored: object, cells: Iterable[object]) -> int:
    """By what bits the checksum that is stored with ``cells`` is wrong: 0 where the row is sound.

    Who changes a damaged row stores the new checksum wrong by the same bits, so that the damage can still be found.
    """
    return (stored if type(stored) is int else -1) ^ checksum_of(cells)


def make_usable(table: Table, row: object) -> None:
    """Replaces, in a row whose fields are named like the columns of ``table``, what is not what its column holds."""
    for column in table.columns:
        cell = getattr(row, column.name)
        expected, instead = _expected(column.type)
        if not (isinstance(cell, expected) or (cell is None and column.nullable)):
            setattr(row, column.name, None if column.nullable else instead)


def _expected(kind: TypeEngine[Any]) -> tuple[type, object]:
    """The type of what a column holds, and what stands for something else where there must be something."""
    if isinstance(kind, Integer):
        return int, 0
    if isinstance(kind, Double):
        return float, 0.0
    return (bytes, b"") if isinstance(kind, LargeBinary) else (str, "")


def row_checksum(table: Table, row: Mapping[Any, Any]) -> int:
    """The checksum of a row of ``table``, given by column name."""
    return checksum_of([row[column.name] for column in COVERED[table]])


def is_sound(table: Table, row: Mapping[Any, Any]) -> bool:
    """Whether a stored row of ``table`` is as it was written."""
    return bool(row["checksum"] == row_checksum(table, row))


def _as_text(cell: object) -> str:
    # A damaged cell may hold anything.
    return cell.hex() if isinstance(cell, bytes) else repr(cell)


_encode = json.JSONEncoder(separators=(",", ":"), default=_as_text).encode
