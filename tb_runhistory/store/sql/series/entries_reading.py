"""Reading entries: values of series that are not scalar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, and_, bindparam, select

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.cover import EVERYTHING, Window
from tb_runhistory.points.entry import decode_entry
from tb_runhistory.points.payload import entry_key
from tb_runhistory.records.columns import Content, EntryColumns, SeriesKey
from tb_runhistory.store.sql.paths import is_id
from tb_runhistory.store.sql.same import of_series
from tb_runhistory.store.sql.schema import entries
from tb_runhistory.store.sql.series.entries_writing import REPLACED, SHOWN
from tb_runhistory.store.sql.series.series_rows import floats

_STEPS_AT_ONCE = 512

_in_window = and_(
    of_series(entries),
    entries.c.step >= bindparam("from_step"),
    entries.c.step <= bindparam("to_step"),
    entries.c.state.in_(bindparam("states", expanding=True)),
)
_PLACE = (entries.c.step, entries.c.number)
_PLACES = select(*_PLACE).where(_in_window).order_by(*_PLACE)
_ROWS = select(*_PLACE, entries.c.session, entries.c.wall_time, entries.c.payload).where(_in_window).order_by(*_PLACE)
_ROWS_AT = _ROWS.where(entries.c.step.in_(bindparam("steps", expanding=True)))
_PAYLOADS: Select[Any] = select(entries)


def read_entries(
    connection: Connection,
    keys: Sequence[SeriesKey],
    limit: int | None,
    all_values: bool,
    window: Window | None,
) -> list[EntryColumns]:
    """As ``RunHistoryReader.read_entries`` says."""
    return [_read(connection, key, limit, all_values, window or EVERYTHING) for key in keys]


def _read(connection: Connection, key: SeriesKey, limit: int | None, all_values: bool, window: Window) -> EntryColumns:
    if not (is_id(key.root_id) and is_id(key.run_id)):
        return EntryColumns(np.empty(0, np.int64), np.empty(0), [], 0)
    asked: dict[str, Any] = {"of_root": key.root_id, "of_run": key.run_id, "of_series": key.number}
    asked |= {"from_step": window[0], "to_step": window[1], "states": [SHOWN, REPLACED] if all_values else [SHOWN]}
    places = [tuple(place) for place in connection.execute(_PLACES, asked)]
    total = len(places)
    if limit is None or total <= limit:
        rows = list(connection.execute(_ROWS, asked))
    else:
        # From the last one backwards, so that one entry is the last.
        chosen = {places[place] for place in np.linspace(total - 1, 0, limit).round().astype(int).tolist()}
        rows = [row for row in _rows_at(connection, asked, sorted({step for step, _ in chosen})) if row[:2] in chosen]
    contents = [_contents(key, row) for row in rows]
    read = [(row, content) for row, content in zip(rows, contents, strict=True) if content is not None]
    return EntryColumns(
        np.array([row.step for row, _ in read], np.int64),
        floats([row.wall_time for row, _ in read]),
        [content for _, content in read],
        total,
        len(rows) - len(read),
    )


def _rows_at(connection: Connection, asked: dict[str, Any], steps: Sequence[int]) -> Iterator[Any]:
    for start in range(0, len(steps), _STEPS_AT_ONCE):
        yield from connection.execute(_ROWS_AT, {**asked, "steps": steps[start : start + _STEPS_AT_ONCE]})


def _contents(key: SeriesKey, row: Any) -> tuple[Content, ...] | None:
    try:
        return decode_entry(row.payload, entry_key(key, row.step, row.number, row.session, row.wall_time))
    except DamagedData:
        return None


def referenced_artifacts(connection: Connection) -> Iterator[str]:
    """The digests of the artifacts that entries refer to, some more than once.

    Raises:
      DamagedData: an entry cannot be read, so that it is not known what it refers to.
    """
    for row in connection.execute(_PAYLOADS):
        key = SeriesKey(row.root_id, row.run_id, row.series)
        contents = decode_entry(row.payload, entry_key(key, row.step, row.number, row.session, row.wall_time))
        yield from (content.digest for content in contents if content.digest)
