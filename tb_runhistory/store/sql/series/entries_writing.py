"""Writing entries: values of series that are not scalar. They are few and may be large, so each is a row.

Running facts are kept as with scalars: by arithmetic where steps increase, and by asking for the rows at the steps
where they do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Connection, Integer, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.artifacts.base import ArtifactStore
from tb_runhistory.points.cover import EVERYTHING, Window
from tb_runhistory.points.entry import encode_entry
from tb_runhistory.points.payload import entry_key
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.store.base import LoggedEntries
from tb_runhistory.store.sql.bulk import execute_rows, insert_rows, optional
from tb_runhistory.store.sql.same import of_series, same_series
from tb_runhistory.store.sql.schema import entries
from tb_runhistory.store.sql.series.series_rows import SeriesTable, floats, integers
from tb_runhistory.store.sql.series.superseding import FIRST_SESSION, Logging, note_sessions
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

SHOWN, REPLACED, SUPERSEDED = range(3)
"""``entries.state``."""


def _at_steps(wanted: CTE) -> Select[tuple[Any, ...]]:
    at_step = and_(same_series(entries, wanted), entries.c.step == wanted.c.step)
    found = (entries.c.step, func.max(entries.c.number), func.min(entries.c.state))
    return select(wanted.c.place, *found).select_from(wanted.join(entries, at_step)).group_by(wanted.c.place, found[0])


_AT_STEPS = Lookup({"place": Integer, "root_id": Id, "run_id": Id, "series": Integer, "step": BigInteger}, _at_steps)
_in_series = of_series(entries)
_REPLACE = (update(entries).where(_in_series, entries.c.step == bindparam("of_step"), entries.c.state == SHOWN)).values(
    state=REPLACED
)
_in_window = and_(_in_series, entries.c.step >= bindparam("from_step"), entries.c.step <= bindparam("to_step"))
_earlier = and_(
    _in_window,
    entries.c.session < bindparam("of_session"),
    entries.c.state != SUPERSEDED,
)
_SUPERSEDED = select(func.count()).where(_earlier, entries.c.state == SHOWN)
_SUPERSEDE = update(entries).where(_earlier).values(state=SUPERSEDED)
_other = entries.alias("other")
_later_at_step = exists().where(
    same_series(_other, entries),
    _other.c.step == entries.c.step,
    or_(_other.c.state == SHOWN, and_(_other.c.state == REPLACED, _other.c.number > entries.c.number)),
)
_SHOW_AGAIN = update(entries).where(_in_window, entries.c.state == REPLACED, ~_later_at_step).values(state=SHOWN)
"""What a later session logged is shown again where it was replaced by what now is superseded."""

_FIRST = select(func.min(entries.c.step)).where(_in_series, entries.c.state == SHOWN)
_LAST = (
    select(entries.c.step, entries.c.wall_time)
    .where(_in_series, entries.c.state == SHOWN)
    .order_by(entries.c.step.desc())
    .limit(1)
)


@dataclass(slots=True)
class _Row:
    """An entry that is to be written."""

    key: SeriesKey
    step: int
    number: int
    state: int
    session: int
    wall_time: float
    contents: Sequence[bytes]

    @property
    def place(self) -> bytes:
        """What the checksum of its payload covers besides."""
        return entry_key(self.key, self.step, self.number, self.session, self.wall_time)


@dataclass(slots=True)
class _AtStep:
    """What stands at a step of a series: the number of the row to come, and the row that is shown, new or stored."""

    next_number: int = 0
    shown: _Row | None = None
    stored_is_shown: bool = False


class EntriesWriter:
    """Logs entries to the series of ``table`` and keeps their facts there. Large contents go to ``artifacts``."""

    def __init__(self, connection: Connection, artifacts: ArtifactStore, table: SeriesTable) -> None:
        self._connection = connection
        self._artifacts = artifacts
        self._table = table

    def log(self, logged: Sequence[tuple[int, LoggedEntries, int]]) -> None:
        """Writes entries in the order in which they were logged: the position of their series, and the ordinal of their
        session, before and after each lot."""
        turns: list[dict[int, tuple[LoggedEntries, int]]] = []
        turn_of: dict[int, int] = defaultdict(int)
        for position, lot, session in logged:
            if turn_of[position] == len(turns):
                turns.append({})
            turns[turn_of[position]][position] = lot, session
            turn_of[position] += 1
        for turn in turns:
            self._log_turn(turn)

    def _log_turn(self, turn: dict[int, tuple[LoggedEntries, int]]) -> None:
        """Writes entries of series that are all different."""
        last_shown = self._change_sessions(turn)
        known = self._known(turn)
        rows: list[_Row] = []
        hidden: list[tuple[SeriesKey, int]] = []
        for position, (lot, session) in turn.items():
            key, at_steps = self._table.key(position), known[position]
            for step, wall_time, contents in lot.entries:
                at = at_steps[step]
                row = _Row(key, step, at.next_number, SHOWN, session, wall_time, contents)
                at.next_number += 1
                rows.append(row)
                if step > last_shown.get(position, EVERYTHING[1]):
                    row.state = SUPERSEDED
                    self._table.hidden[position] += 1
                    continue
                if at.shown is not None:
                    at.shown.state = REPLACED
                elif at.stored_is_shown:
                    hidden.append((key, step))
                self._count(position, step, wall_time, at.shown is not None or at.stored_is_shown)
                at.shown, at.stored_is_shown = row, False
        identity = {"of_root": [key.root_id for key, _ in hidden], "of_run": [key.run_id for key, _ in hidden]}
        steps = {"of_series": [key.number for key, _ in hidden], "of_step": [step for _, step in hidden]}
        execute_rows(self._connection, _REPLACE, {**identity, **steps})
        self._insert(rows)

    def _count(self, position: int, step: int, wall_time: float, replaces: bool) -> None:
        """Adds an entry that is shown to the facts."""
        facts = self._table.facts
        if replaces:
            self._table.hidden[position] += 1
        else:
            is_first = facts.count[position] == 0
            facts.first_step[position] = step if is_first else min(step, facts.first_step[position])
            facts.count[position] += 1
            if is_first:
                facts.last_step[position] = step
        if step >= facts.last_step[position]:
            facts.last_step[position], facts.last_wall_time[position] = step, wall_time

    def _change_sessions(self, turn: dict[int, tuple[LoggedEntries, int]]) -> dict[int, int]:
        """Hides what new sessions supersede. By position, the last step at which late entries are not superseded."""
        table = self._table
        changed: dict[int, Logging] = {}
        for position, (lot, session) in turn.items():
            newest = int(table.session[position])
            if session != newest and (session > FIRST_SESSION or newest > session):
                changed[position] = Logging(table.key(position), session, lot.entries[0][0])
            table.session[position] = max(newest, session)
        answers = note_sessions(self._connection, list(changed.values()))
        for (position, logging), answer in zip(changed.items(), answers, strict=True):
            if answer.begins is not None and table.facts.count[position]:
                self._supersede(position, logging.session, (answer.begins, answer.last))
        return {position: answer.last for position, answer in zip(changed, answers, strict=True)}

    def _supersede(self, position: int, session: int, window: Window) -> None:
        """Hides what sessions before ``session`` logged to a series within a window."""
        facts = self._table.facts
        if window[0] > facts.last_step[position]:
            return
        identity = _identity(self._table.key(position))
        within = {**identity, "from_step": window[0], "to_step": window[1], "of_session": session}
        number = self._connection.execute(_SUPERSEDED, within).scalar_one()
        self._connection.execute(_SUPERSEDE, within)
        number -= self._connection.execute(_SHOW_AGAIN, within).rowcount
        facts.count[position] -= number
        self._table.hidden[position] += number
        first = self._connection.execute(_FIRST, identity).scalar_one()
        last = self._connection.execute(_LAST, identity).one_or_none()
        facts.first_step[position], facts.last_step[position] = integers([first, last and last.step])
        [facts.last_wall_time[position]] = floats([last and last.wall_time])

    def _known(self, turn: dict[int, tuple[LoggedEntries, int]]) -> dict[int, dict[int, _AtStep]]:
        """What stands at the steps of the entries, by position and step; asked for where something may."""
        table = self._table
        known: dict[int, dict[int, _AtStep]] = {}
        wanted: list[tuple[int, str, str, int, int]] = []
        for position, (lot, _) in turn.items():
            known[position] = {step: _AtStep() for step, _, _ in lot.entries}
            key = table.key(position)
            if not table.hidden[position] and table.facts.count[position] == 0:
                continue
            for step in known[position]:
                if table.hidden[position] or step <= table.facts.last_step[position]:
                    wanted.append((position, key.root_id, key.run_id, key.number, step))
        for position, step, number, state in _AT_STEPS.rows(self._connection, wanted):
            # A damaged cell may hold anything.
            known[position][step] = _AtStep(number + 1 if type(number) is int else 1, None, state == SHOWN)
        return known

    def _insert(self, rows: Sequence[_Row]) -> None:
        insert_rows(
            self._connection,
            entries,
            {
                "root_id": [row.key.root_id for row in rows],
                "run_id": [row.key.run_id for row in rows],
                "series": [row.key.number for row in rows],
                "step": [row.step for row in rows],
                "number": [row.number for row in rows],
                "state": [row.state for row in rows],
                "session": [row.session for row in rows],
                "wall_time": optional(np.array([row.wall_time for row in rows], np.float64)),
                "payload": [encode_entry(row.contents, self._artifacts.put, row.place) for row in rows],
            },
        )


def _identity(key: SeriesKey) -> dict[str, object]:
    return {"of_root": key.root_id, "of_run": key.run_id, "of_series": key.number}
