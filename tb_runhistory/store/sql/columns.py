"""From rows to columns. What is stored is trusted in nothing: a cell that is not what its column holds costs itself.

In its place stands: 0 for a whole number, NaN for another number, "�" for a text or a word (NULL is an empty text),
``NotResponding`` for a status, ``active`` for a stage, no value for a parameter. ``tb-runhistory check`` finds such
cells by the checksum of their row. Long texts are cut, and end in "…" where they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Text, func

from tb_runhistory.errors import BadRequest
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.store.sql.codes import BOOLEAN, INTEGER, NUMBER, TEXT

UNREADABLE = "\ufffd"
"""Stands for a text that is none."""

MAX_NAME = 1_000
"""The most characters of a name (of a run, an experiment, a parameter, …) that are answered."""

MAX_CELL = 10_000
"""The most characters of one value in a page of the tree."""

MAX_TEXT = 1_000_000
"""The most characters of a description, an error, a tag or a parameter otherwise."""

MAX_CHARACTERS = 32_000_000
"""How many characters an answer may have in all. Texts that come later in it are cut to a few."""

MAX_ROWS = 1_000_000
"""The most rows of one answer."""

_FEW = 100

STREAMED = {"stream_results": True, "max_row_buffer": 100}
"""How a question is executed whose answer may be large, so that not all of it is in memory before it is cut."""


def cut_in_store(column: Column[Any], most: int) -> ColumnElement[Any]:
    """A text column of which the store gives no more than is answered, and one character more."""
    return func.substr(column, 1, most + 1, type_=Text()).label(column.name)


class TextBudget:
    """Cuts the texts of one answer, so that its memory is bounded whatever a store holds."""

    def __init__(self) -> None:
        self._left = MAX_CHARACTERS

    def rows(self, rows: Iterable[Sequence[Any]], most: Mapping[int, int]) -> list[Sequence[Any]]:
        """The rows of an answer, cut as they come: ``most`` says for places in a row how long its cell may be.

        Raises:
          BadRequest: there are more rows than one answer may have.
        """
        places = list(most)
        kept: list[Sequence[Any]] = []
        for row in rows:
            if len(kept) == MAX_ROWS:
                raise BadRequest(f"more than {MAX_ROWS:,} rows at once: ask for one experiment, or for some runs")
            if any(row[place] is not None and self._is_long(row[place]) for place in places):
                cells = list(row)
                for place in places:
                    cells[place] = self._cut(cells[place], most[place])
                row = cells
            kept.append(row)
        return kept

    def text(self, cell: object, most: int) -> str:
        """One text of at most ``most`` characters; "" for NULL."""
        return as_text(self._cut(cell, most))

    def _is_long(self, cell: object) -> bool:
        return isinstance(cell, str | bytes) and len(cell) > _FEW

    def _cut(self, cell: Any, most: int) -> Any:
        if not self._is_long(cell):
            return cell
        most = most if self._left > 0 else _FEW
        if len(cell) > most:
            cell = f"{cell[:most]}…" if isinstance(cell, str) else cell[:most]
        self._left -= len(cell)
        return cell


def as_text(cell: object) -> str:
    """A text as it is stored, "" for NULL."""
    return cell if type(cell) is str else "" if cell is None else UNREADABLE


def parameter_value(kind: object, number: object, word: object) -> ParameterValue | None:
    """The value of a parameter that its cells stand for; None where they stand for none."""
    if kind == TEXT:
        return as_text(word)
    if number is not None and type(number) is not float:
        return None
    if kind == BOOLEAN:
        return bool(number)
    if kind == INTEGER:
        return _integer(number, word)
    return _number(number, word) if kind == NUMBER else None


def _integer(number: float | None, word: object) -> ParameterValue | None:
    if type(word) is str:
        try:
            return int(word, 16) if "x" in word[:3] else int(word)
        except ValueError:
            pass
    # The float is what is left where the digits cannot be read.
    return int(number) if number is not None and math.isfinite(number) else number


def _number(number: float | None, word: object) -> float:
    if number == 0.0 and word == "-0.0":
        return -0.0
    return math.nan if number is None else number


def whole_numbers(cells: Iterable[object]) -> NDArray[np.int64]:
    """A column of whole numbers."""
    return np.array([cell if type(cell) is int else 0 for cell in cells], np.int64)


def numbers(cells: Iterable[object]) -> NDArray[np.float64]:
    """A column of numbers, NaN for NULL."""
    return np.array([cell if type(cell) is float else _as_number(cell) for cell in cells], np.float64)


def _as_number(cell: object) -> float:
    return float(cell) if type(cell) is int else math.nan


def transposed(rows: Sequence[Sequence[Any]], width: int) -> Iterator[Sequence[Any]]:
    """The columns of ``rows``, each of which has ``width`` cells."""
    return zip(*rows, strict=True) if rows else iter([()] * width)
