"""Runs in the order of columns: numbers before texts, what is missing last whichever way, equal ones by creation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.patterns import ascii_lower
from tb_runhistory.query.terms import Attribute, Column, Field, OfAncestor
from tb_runhistory.records.points import Floats
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.evaluation.values import TEXT, Rows, Values

_LIFE = {status.value: place for place, status in enumerate(RunStatus)}


def in_order(rows: Rows, keys: Iterable[tuple[Column, Values, bool]], place: Rows) -> Rows:
    """The rows sorted by each column in turn, given with its values for all runs and whether it is descending.

    ``place`` is that of each run by creation. A status has its place in the life of a run, and a name is the same in
    either case of its letters.
    """
    sorted_by: list[NDArray[np.generic]] = []
    direction = 1
    for column, values, is_descending in keys:
        sign = -1 if is_descending else 1
        if not sorted_by and column == Field(Attribute.CREATED):
            direction = sign
        chosen = values.take(rows)
        is_text = (chosen.kind == TEXT) & ~_is_status(column)
        sorted_by += [chosen.is_missing, sign * is_text.astype(np.int8), sign * _sort_numbers(column, chosen)]
    return rows[np.lexsort([direction * place[rows], *reversed(sorted_by)])]


def _sort_numbers(column: Column, values: Values) -> Floats:
    number = np.where(values.kind == TEXT, values.code, np.where(values.is_missing, 0.0, values.number))
    if _is_status(column):
        number = np.array([*(_LIFE.get(text, -1) for text in values.texts), 0])[values.code]
    elif _attribute(column) is Attribute.NAME:
        lower = [ascii_lower(text) for text in values.texts]
        places = {text: place for place, text in enumerate(sorted(set(lower)))}
        number = np.array([*(places[text] for text in lower), 0])[values.code]
    return number.astype(float)


def _is_status(column: Column) -> bool:
    return _attribute(column) is Attribute.STATUS


def _attribute(column: Column) -> Attribute | None:
    own = column.column if isinstance(column, OfAncestor) else column
    return own.attribute if isinstance(own, Field) else None
