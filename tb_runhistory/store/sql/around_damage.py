"""Reading a database some of whose pages are damaged: what is together on such a page is lost, and all else is read.

A statement that meets damage ends there, whatever it has read before. So it is asked again of half of the keys, and of
half of those, until what is left out is what cannot be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, Select, select
from sqlalchemy.exc import DatabaseError

from tb_runhistory.errors import DamagedData
from tb_runhistory.query.tree import Cells, TreePage, TreeQuery
from tb_runhistory.records.columns import RunColumns
from tb_runhistory.store.sql.paths import run_id_at
from tb_runhistory.store.sql.schema import runs

Key = TypeVar("Key")
Answer = TypeVar("Answer")

KEYS_AT_ONCE = 1000


def readable_parts(
    read: Callable[[Sequence[Key]], Answer], keys: Sequence[Key], unreadable: Callable[[Key], Answer] | None = None
) -> Iterator[Answer]:
    """What ``read`` answers about ``keys``, in their order and in parts. Of a key about which nothing can be read it is
    what ``unreadable`` gives, or nothing.
    """
    waiting = [keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE)][::-1]
    while waiting:
        some = waiting.pop()
        try:
            answer = read(some)
        except DamagedData:
            if len(some) > 1:
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
            elif unreadable is not None:
                yield unreadable(some[0])
        else:
            yield answer


def readable_rows(connection: Connection, question: Select[Any], key: ColumnElement[Any]) -> list[Row[Any]]:
    """The rows of a small table that ``question`` asks for; where one cannot be read, those that can, key by key."""
    try:
        return list(connection.execute(question))
    except DatabaseError:
        rows: list[Row[Any]] = []
        # An index has the keys, too.
        for value in connection.execute(select(key)).scalars().all():
            with suppress(DatabaseError):
                rows += connection.execute(question.where(key == value)).all()
        return rows


def ids_in_index(connection: Connection) -> list[str]:
    """The ids of all runs, as the index of their places has them, which may be sound where their rows are not."""
    places = connection.execute(select(runs.c.root_id, runs.c.path)).all()
    return sorted({run_id_at(*place) for place in places} - {""})


def joined(parts: Sequence[Any]) -> Any:
    """Answers in columns, of one class, as one."""
    columns = ([getattr(part, column.name) for part in parts] for column in fields(parts[0]))
    return type(parts[0])(*(_joined(column) for column in columns))


def _joined(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return [cell for column in columns for cell in column]


def in_order_of_creation(runs: RunColumns) -> RunColumns:
    """The runs in the order in which a reader gives them."""
    keys = zip(runs.created_at.tolist(), runs.depth.tolist(), runs.number.tolist(), runs.run_id, strict=True)
    return runs.take([row for _, row in sorted((key, row) for row, key in enumerate(keys))])


def plain_page(query: TreeQuery, runs: RunColumns) -> TreePage:
    """The page that ``query`` asks for, of the runs in its scope that can be read: in the order of creation whatever it
    is to be sorted by, and with no cells.
    """
    known = set(runs.run_id)
    parents = [parent_id if parent_id in known else "" for parent_id in runs.parent_id]
    rows = [row for row, parent_id in enumerate(parents) if parent_id == query.parent_id]
    chosen = (rows[::-1] if query.descending else rows)[query.offset : query.offset + query.limit]
    page = runs.take(chosen)
    counted = Counter(runs.parent_id)
    children = np.array([counted[run_id] for run_id in page.run_id], np.int64)
    nothing = Cells([None] * len(page), np.zeros(len(page), np.int64), [""] * len(page))
    return TreePage(page, children, len(rows), [nothing for _ in query.columns], np.ones(len(page), np.bool_))
