"""Writing the points of many series in one transaction, cheaply when little is new.

What a batch brings to a run goes into one row of ``appends``, and the series' running facts are updated; no block is
touched. Only when a run's rows have become many, or the run has ended, are they moved into blocks. Points that do not
come after what is there, and a new session's first point, take the slow path through ``BlockWriter`` at once.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, and_, bindparam, delete, insert, text, update

from tb_runhistory.records.changes import DeclareSeries
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedPoints
from tb_runhistory.store.block import encode_tail
from tb_runhistory.store.block_extension import extend
from tb_runhistory.store.block_writer import BlockWriter
from tb_runhistory.store.cover import newest_wins, read_tails
from tb_runhistory.store.facts import Facts, combine, facts_of
from tb_runhistory.store.payload import MAX_COUNT
from tb_runhistory.store.schema import appends, series
from tb_runhistory.store.session_writer import note_session

APPEND_ROWS = 63
APPEND_ROWS_SPREAD = 3
"""A run's appended points are moved into blocks when they stand in 63 to 65 rows, the same number for a run each time.
Of runs that began together only some thus move in one commit, which keeps the newest points of all waiting. More
spread makes commits shorter still, but rows that go one by one touch more pages: 3 costs a seventh more bytes …"""

APPEND_POINTS = 8192
"""… or are this many, or this many rows' worth for each series, if that is more."""

NO_FACTS = Facts(0, 0, 0, 0.0, 0, 0.0, math.nan, math.nan, 0, math.nan, 0, 0.0)
"""Of a series with no shown point."""

_FACT_NAMES = tuple(column.name for column in fields(Facts))

_STORED = text("""
    SELECT s.* FROM json_each(:runs) AS w CROSS JOIN series AS s
    WHERE s.root_id = json_extract(w.value, '$[0]') AND s.run_id = json_extract(w.value, '$[1]')
""")
_UPDATE = (
    update(series)
    .where(
        series.c.root_id == bindparam("of_root"),
        series.c.run_id == bindparam("of_run"),
        series.c.number == bindparam("of_number"),
    )
    .values({name: bindparam(name) for name in ("session_id", "hidden", *_FACT_NAMES)})
)
_of_run = and_(appends.c.root_id == bindparam("of_root"), appends.c.run_id == bindparam("of_run"))
_APPENDED = text("""
    SELECT w.key, count(a.number), coalesce(sum(a.points), 0), coalesce(max(a.number) + 1, 0)
    FROM json_each(:runs) AS w LEFT JOIN appends AS a
      ON a.root_id = json_extract(w.value, '$[0]') AND a.run_id = json_extract(w.value, '$[1]')
    GROUP BY w.key
""")

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""


@dataclass(frozen=True, slots=True)
class _Appended:
    """What a run has in ``appends``: rows and points; and the number of the row to come."""

    rows: int
    points: int
    next_number: int

    def is_full_with(self, run: RunKey, members: Sequence[WorkingSeries]) -> bool:
        """Whether the run's points, with the new ones of ``members``, are to be moved into blocks."""
        most_points = min(max(APPEND_POINTS, APPEND_ROWS * len(members)), MAX_COUNT)
        new = sum(working.new_points for working in members)
        return self.rows + 1 >= _most_rows(run) or self.points + new >= most_points


@dataclass(slots=True)
class WorkingSeries:
    """A series while a transaction changes it."""

    key: SeriesKey
    session_id: str
    facts: Facts
    hidden: int = 0
    declared: DeclareSeries | None = None
    appended: list[Points] = field(default_factory=list)

    @property
    def run(self) -> RunKey:
        """The run that it belongs to."""
        return self.key.root_id, self.key.run_id

    @property
    def new_points(self) -> int:
        """The number of points that are not stored yet."""
        return sum(map(len, self.appended))

    @property
    def row(self) -> dict[str, object]:
        """The columns that change."""
        facts = {name: getattr(self.facts, name) for name in _FACT_NAMES}
        return {"session_id": self.session_id, "hidden": self.hidden, **facts}


class SeriesWriter:
    """The series of the runs that one transaction touches. ``finish`` writes what the other methods changed."""

    def __init__(self, connection: Connection, runs: Iterable[tuple[str, str]]) -> None:
        self._connection = connection
        self._series: dict[tuple[str, str, str, str], WorkingSeries] = {}
        self._next_number: dict[tuple[str, str], int] = defaultdict(int)
        self._changed: dict[SeriesKey, WorkingSeries] = {}
        for row in connection.execute(_STORED, {"runs": json.dumps(sorted(set(runs)))}).mappings():
            key = SeriesKey(row["root_id"], row["run_id"], row["number"])
            name = (key.root_id, key.run_id, row["tag"], row["data_class"])
            self._series[name] = WorkingSeries(key, row["session_id"], _facts(row), row["hidden"])
            run = name[:2]
            self._next_number[run] = max(self._next_number[run], key.number + 1)

    def find(self, declared: DeclareSeries) -> WorkingSeries:
        """The series that is declared, made if it is new, and marked as changed."""
        run = declared.root_id, declared.run_id
        name = (*run, declared.tag, declared.data_class.value)
        if name not in self._series:
            key = SeriesKey(*run, self._next_number[run])
            self._next_number[run] += 1
            self._series[name] = WorkingSeries(key, "", NO_FACTS, declared=declared)
        found = self._series[name]
        self._changed[found.key] = found
        return found

    def append(self, logged: LoggedPoints) -> None:
        """Adds points of one series and one session."""
        if not len(logged.points):
            return
        working = self.find(logged.series)
        points = logged.points
        if logged.series.session_id != working.session_id:
            points = self._change_session(working, logged.series.session_id, points)
        shown, replaced = newest_wins(points)
        if len(replaced):
            BlockWriter(self._connection, working.key).hide(replaced)
            working.hidden += len(replaced)
        if not len(shown):
            return
        if working.facts.count and shown.steps[0] <= working.facts.last_step:
            self._move_to_blocks({working.run})
            blocks = BlockWriter(self._connection, working.key)
            working.hidden += blocks.merge(shown)
            working.facts = blocks.facts() or NO_FACTS
            return
        working.appended.append(shown)
        working.facts = combine(working.facts, facts_of([shown])) if working.facts.count else facts_of([shown])

    def _change_session(self, working: WorkingSeries, session_id: str, points: Points) -> Points:
        """Notes a session's first point, hides what it supersedes, and returns the points that may be shown."""
        noted = note_session(self._connection, working.key, session_id, int(points.steps[0]))
        if noted.cut is None:
            working.session_id = session_id
            if noted.supersedes:
                self._supersede(working, int(points.steps[0]))
            return points
        late = points.steps >= noted.cut
        BlockWriter(self._connection, working.key).hide(points.take(late))
        working.hidden += int(late.sum())
        return points.take(~late)

    def _supersede(self, working: WorkingSeries, step: int) -> None:
        if not working.facts.count or step > working.facts.last_step:
            return
        self._move_to_blocks({working.run})
        blocks = BlockWriter(self._connection, working.key)
        working.hidden += blocks.hide_from(step)
        working.facts = blocks.facts() or NO_FACTS

    def finish(self, ended_runs: Iterable[tuple[str, str]]) -> None:
        """Writes facts and appended points; those of ended runs, and of runs that have many, go into blocks."""
        waiting: dict[RunKey, list[WorkingSeries]] = defaultdict(list)
        for working in self._changed.values():
            if working.appended:
                waiting[working.run].append(working)
        stored = self._appended(list(waiting))
        moved = set(ended_runs) | {run for run, members in waiting.items() if stored[run].is_full_with(run, members)}
        self._move_to_blocks(moved)
        rows = [_append_row(stored[run].next_number, members) for run, members in waiting.items() if run not in moved]
        if rows:
            self._connection.execute(insert(appends), rows)
        self._write_facts()

    def _appended(self, runs: Sequence[RunKey]) -> dict[RunKey, _Appended]:
        """What is stored of each run in ``appends``."""
        rows = self._connection.execute(_APPENDED, {"runs": json.dumps(runs)})
        return {runs[position]: _Appended(*row) for position, *row in rows}

    def _move_to_blocks(self, runs: Collection[RunKey]) -> None:
        """Moves all that is appended of runs, stored or not yet, into blocks."""
        members = [working for working in self._series.values() if working.run in runs]
        tails = read_tails(self._connection, [working.key for working in members])
        added = []
        for working, stored in zip(members, tails, strict=True):
            points = Points.concatenate([stored, *working.appended])
            working.appended.clear()
            if len(points):
                added.append((working.key, points))
        if added:
            extend(self._connection, added)
            self._connection.execute(delete(appends).where(_of_run), [_identity(run) for run in runs])

    def _write_facts(self) -> None:
        new, old = [], []
        for working in self._changed.values():
            if working.declared is not None:
                new.append({**_declared_columns(working.key, working.declared), **working.row})
                working.declared = None
            else:
                key = {"of_root": working.key.root_id, "of_run": working.key.run_id, "of_number": working.key.number}
                old.append({**key, **working.row})
        if new:
            self._connection.execute(insert(series), new)
        if old:
            self._connection.execute(_UPDATE, old)
        self._changed.clear()


def _append_row(number: int, members: Sequence[WorkingSeries]) -> dict[str, object]:
    """A row of ``appends`` with the new points of ``members``, which are all of one run."""
    parts = [(working.key.number, Points.concatenate(working.appended)) for working in members]
    root_id, run_id = members[0].run
    points = sum(working.new_points for working in members)
    return {"root_id": root_id, "run_id": run_id, "number": number, "points": points, "payload": encode_tail(parts)}


def _identity(run: RunKey) -> dict[str, str]:
    root_id, run_id = run
    return {"of_root": root_id, "of_run": run_id}


def _most_rows(run: RunKey) -> int:
    return APPEND_ROWS + zlib.crc32(run[1].encode()) % APPEND_ROWS_SPREAD


def _facts(row: RowMapping) -> Facts:
    values: list[Any] = [math.nan if row[name] is None else row[name] for name in _FACT_NAMES]
    return Facts(*values)


def _declared_columns(key: SeriesKey, declared: DeclareSeries) -> dict[str, object]:
    return {
        "root_id": key.root_id,
        "run_id": key.run_id,
        "number": key.number,
        "tag": declared.tag,
        "data_class": declared.data_class.value,
        "metric": declared.metric or declared.tag,
        "column_name": declared.column,
        "shape": declared.shape.value,
        "description": declared.description,
    }
