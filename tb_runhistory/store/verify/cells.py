"""Whether a row is as it was written: what its cells hold, and its checksum.

A database file may hold anything, whatever its schema says: in SQLite a text in a column of numbers is a matter of one
flipped bit.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, SmallInteger, Table, Text

from tb_runhistory.store.sql.codes import (
    BOOLEAN,
    DATA_CLASS_CODES,
    DEFAULT_VIEWS,
    INTEGER,
    MAXIMIZED_METRICS,
    METRIC_NAMES,
    MINIMIZED_METRICS,
    NUMBER,
    PARAMETER_NAMES,
    STAGE_CODES,
    STATUS_CODES,
    TEXT,
)
from tb_runhistory.store.sql.rows import COVERED, is_sound
from tb_runhistory.store.sql.schema import entries, experiments, journals, names, params, runs, series
from tb_runhistory.store.sql.types import Id

_CODES: Mapping[Column[Any], Collection[int]] = {
    experiments.c.stage: tuple(STAGE_CODES.values()),
    runs.c.stage: tuple(STAGE_CODES.values()),
    runs.c.status: tuple(STATUS_CODES.values()),
    params.c.kind: (BOOLEAN, INTEGER, NUMBER, TEXT),
    series.c.data_class: tuple(DATA_CLASS_CODES.values()),
    names.c.kind: (PARAMETER_NAMES, METRIC_NAMES, MINIMIZED_METRICS, MAXIMIZED_METRICS, DEFAULT_VIEWS),
    entries.c.state: (0, 1, 2),
}
_NEVER_NEGATIVE = frozenset(
    ("last_number", "run_count", "changed", "number", "dropped", "refused", "count", "hidden", "non_finite", "points")
)
_MAY_BE_NOBODY = frozenset((runs.c.parent_id, runs.c.session_id, journals.c.root_id))
"""Where no id may stand as one of zeros."""

_KINDS = ((Integer, int, "whole number"), (Double, float, "number"), (LargeBinary, bytes, "bytes"), (Text, str, "text"))
_BITS = ((SmallInteger, 16), (BigInteger, 64), (Integer, 32))
_SHOWN = 40


def row_faults(table: Table, row: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a row of ``table``, in sentences."""
    is_whole = True
    for column in table.columns:
        value = row[column.name]
        problem = "is missing" if value is None and not column.nullable else ""
        if value is not None:
            problem = _problem(column, value)
        if problem:
            is_whole = False
            yield f"its {column.name} {problem}"
    if is_whole and table in COVERED and not is_sound(table, row):
        yield "its checksum does not match"
    elif is_whole and table is series:
        yield from _declaration_faults(row["declaration"])


def _problem(column: Column[Any], value: Any) -> str:
    """What is wrong with a cell that is not NULL; "" if nothing is."""
    if isinstance(column.type, Id):
        return "" if value or column in _MAY_BE_NOBODY else "is no id"
    name, kind, word = next((column.name, *kind[1:]) for kind in _KINDS if isinstance(column.type, kind[0]))
    if type(value) is not kind:
        return f"is {shown(value)} and no {word}"
    if column in _CODES:
        return "" if value in _CODES[column] else f"is {value}, which stands for nothing"
    if kind is int:
        bits = next(bits for of, bits in _BITS if isinstance(column.type, of))
        least = 0 if name in _NEVER_NEGATIVE else -(1 << bits - 1)
        return "" if least <= value < 1 << bits - 1 else f"is {value}, which is out of range"
    return ""


def _declaration_faults(declaration: str | None) -> Iterator[str]:
    try:
        if declaration is not None and not isinstance(json.loads(declaration), dict):
            yield "its declaration is no object"
    except (ValueError, RecursionError):
        yield "its declaration is no JSON"


def shown(value: Any) -> str:
    """A cell in a sentence, cut where it is long."""
    text = repr(value[:_SHOWN] if isinstance(value, str | bytes) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
