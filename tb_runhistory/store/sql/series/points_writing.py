"""Writing points of many series: into one row of ``appends`` a run, and from there into blocks.

No block is touched while few points are new. Only when a run's rows have become many, or a run that is not short has
ended, are they moved into blocks. A short run that has ended has all its points in one row.

Points in step order cost arithmetic on columns. Of points that come late (at a step that is not beyond the series')
it must be known whether they replace something, which is looked up; where they do, and where a session supersedes
what earlier ones logged, facts are computed anew from the top of the pyramid.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tb_runhistory.points.block import LOGGED, SUPERSEDED, Tail
from tb_runhistory.points.cover import EVERYTHING, Window
from tb_runhistory.points.facts import Facts, combine, facts_in_groups, facts_of
from tb_runhistory.points.merging import increasing_in_groups, newest_wins, newest_wins_in_groups
from tb_runhistory.points.segments import Segments
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.schema import POINTS_LEVEL, REPLACED_LEVEL, SUPERSEDED_LEVEL
from tb_runhistory.store.sql.series.block_cutting import BlockCutter
from tb_runhistory.store.sql.series.block_reading import (
    Stretch,
    newest_first_steps,
    points_of,
    rows_over,
    runs_with_blocks,
)
from tb_runhistory.store.sql.series.block_rows import BlockRows
from tb_runhistory.store.sql.series.block_writing import BlockWriter
from tb_runhistory.store.sql.series.points_reading import SERIES_AT_ONCE, cover
from tb_runhistory.store.sql.series.series_rows import SeriesTable
from tb_runhistory.store.sql.series.superseding import FIRST_SESSION, Logging, note_sessions
from tb_runhistory.store.sql.series.tails import (
    AppendedRows,
    RunKey,
    StoredTail,
    appended_rows,
    delete_tails,
    insert_tails,
    read_tails,
)

APPEND_ROWS = 63
APPEND_ROWS_SPREAD = 3
"""A run's appended points are moved into blocks when they stand in 63 to 65 rows, the same number for a run each time.
Of runs that began together only some thus move in one commit, which keeps the newest points of all waiting. More
spread makes commits shorter still, but rows that go one by one touch more pages: 3 costs a seventh more bytes …"""

APPEND_POINTS = 8192
APPEND_POINTS_A_SERIES = 128
"""… or are so many points, or so many for each series, if that is more."""

LATE_ROWS = 8
"""Rows of a run that are read for late points become one where they are more: the next late points read that one."""

LATE_POINTS = 256
"""Appended points of a series before its newest block begins, at most: each makes a reader read a block."""

SHORT_RUN_POINTS = 8192
"""A run that has ended with no more points than these, and no blocks, has all of them in one row."""

_POINTS_AT_ONCE = 2**20


class PointsWriter:
    """Logs points to the scalar series of ``table``: their facts go there, and they themselves where they belong."""

    def __init__(self, connection: Connection, table: SeriesTable) -> None:
        self._connection = connection
        self._table = table
        self._rows = BlockRows(connection)
        self._blocks = BlockWriter(self._rows)
        self._cutter = BlockCutter(self._rows)
        self._new: dict[RunKey, list[Tail]] = defaultdict(list)
        self._stored: dict[RunKey, StoredTail] = {}
        self._rewritten: set[RunKey] = set()
        self._scattered: set[RunKey] = set()

    def log(self, segments: Segments) -> None:
        """Folds in points, in the order in which they were logged."""
        for turn in segments.turns():
            before = self._table.session[turn.positions]
            changes = (turn.sessions != before) & ((turn.sessions > FIRST_SESSION) | (before > turn.sessions))
            self._table.session[turn.positions] = np.maximum(before, turn.sessions)
            shown = self._change_sessions(turn, np.flatnonzero(changes)) if changes.any() else turn
            if len(shown):
                self._fold(shown)

    def _change_sessions(self, segments: Segments, rows: NDArray[np.intp]) -> Segments:
        """Hides what the sessions of the segments at ``rows`` supersede, and returns what is not superseded itself."""
        keys = [self._table.key(position) for position in segments.positions[rows].tolist()]
        firsts = segments.points.steps[segments.starts[:-1][rows]].tolist()
        sessions = segments.sessions[rows].tolist()
        logging = [Logging(*one) for one in zip(keys, sessions, firsts, strict=True)]
        answers = note_sessions(self._connection, logging)
        begun = [
            (position, (answer.begins, answer.last))
            for position, answer in zip(segments.positions[rows].tolist(), answers, strict=True)
            if answer.begins is not None
        ]
        self._supersede(begun)
        is_late = np.zeros(len(segments.points), np.bool_)
        for row, answer in zip(rows.tolist(), answers, strict=True):
            if answer.last < EVERYTHING[1]:
                of_row = slice(int(segments.starts[row]), int(segments.starts[row + 1]))
                is_late[of_row] = segments.points.steps[of_row] > answer.last
        if not is_late.any():
            return segments
        late = segments.keep(is_late)
        self._table.hidden[late.positions] += late.sizes
        self._append(late, SUPERSEDED)
        return segments.keep(~is_late)

    def _supersede(self, begun: Sequence[tuple[int, Window]]) -> None:
        """Hides the points of series, given by position, within a window each."""
        facts = self._table.facts
        begun = [(at, window) for at, window in begun if facts.count[at] and window[0] <= facts.last_step[at]]
        if not begun:
            return
        by_run: dict[RunKey, dict[int, Window]] = defaultdict(dict)
        for position, window in begun:
            by_run[self._table.run_of(position)][int(self._table.numbers[position])] = window
        self._read_stored(by_run)
        for run, windows in by_run.items():
            stored = self._stored[run]
            stored.tail, is_changed = _superseded(stored.tail, windows)
            if is_changed:
                self._rewritten.add(run)
            self._new[run] = [_superseded(tail, windows)[0] for tail in self._new[run]]
        with_blocks = runs_with_blocks(self._connection, list(by_run))
        short = [one for one in begun if self._table.run_of(one[0]) not in with_blocks]
        self._count_left(short, [Points.empty()] * len(short))
        for some in _portions([one for one in begun if self._table.run_of(one[0]) in with_blocks], facts.count):
            left = self._cutter.supersede([(self._table.key(position), window) for position, window in some])
            self._count_left(some, left)

    def _count_left(self, begun: Sequence[tuple[int, Window]], in_blocks: Sequence[Points | None]) -> None:
        """Counts anew what is left of series, of which all has been counted that was logged before."""
        positions = np.array([position for position, _ in begun], np.int64)
        self._count_anew(positions, (self._table.facts.count + self._table.hidden)[positions], in_blocks)

    def _fold(self, segments: Segments) -> None:
        """Adds points to the facts and to what is to be appended."""
        table, positions = self._table, segments.positions
        lowest = np.minimum.reduceat(segments.points.steps, segments.starts[:-1])
        late = (table.facts.count[positions] > 0) & (lowest <= table.facts.last_step[positions])
        if not late.any():
            self._add_facts(segments)
            self._append(segments, LOGGED)
            return
        if not late.all():
            self._add_facts(segments.take(~late))
        replaced = self._fold_late(segments.take(late))
        totals = table.facts.count[replaced] + table.hidden[replaced]
        totals += segments.take(np.isin(positions, replaced)).sizes
        self._append(segments, LOGGED)
        if len(replaced):
            runs = [self._table.run_of(position) for position in replaced.tolist()]
            with_blocks = runs_with_blocks(self._connection, set(runs))
            self._count_anew(replaced, totals, [None if run in with_blocks else Points.empty() for run in runs])

    def _add_facts(self, segments: Segments) -> None:
        """Adds points at steps where their series have none."""
        table, positions = self._table, segments.positions
        points, starts = segments.points, segments.starts
        if not increasing_in_groups(points.steps, starts).all():
            points, starts = newest_wins_in_groups(points, starts)
            table.hidden[positions] += segments.sizes - np.diff(starts)
        table.facts.put(positions, combine(table.facts.take(positions), facts_in_groups(points, starts)))

    def _fold_late(self, segments: Segments) -> NDArray[np.int64]:
        """Adds the facts of late points that replace nothing. The positions of the others."""
        runs = {self._table.run_of(position) for position in segments.positions.tolist()}
        self._read_stored(runs)
        self._rewritten |= {run for run in runs if len(self._stored[run].rows) > LATE_ROWS}
        with_blocks = runs_with_blocks(self._connection, runs)
        logged = self._logged(segments.positions)
        places: list[int] = []
        stretches = []
        replaces = np.zeros(len(segments), np.bool_)
        for place, (position, points) in enumerate(segments):
            replaces[place] = np.isin(points.steps, logged[place].steps).any()
            if not replaces[place] and self._table.run_of(position) in with_blocks:
                lowest, highest = int(points.steps.min()), int(points.steps.max())
                places.append(place)
                stretches.append(Stretch(self._table.key(position), POINTS_LEVEL, lowest, highest))
        rows = rows_over(self._connection, stretches)
        for place, stretch, near in zip(places, stretches, rows, strict=True):
            steps = segments.points.steps[int(segments.starts[place]) : int(segments.starts[place + 1])]
            held = [points_of(stretch.key, row) for row in near]
            replaces[place] = any(np.isin(steps, part.steps).any() for part in held if part is not None)
        newest = newest_first_steps(self._connection, [stretch.key for stretch in stretches])
        for place, step in zip(places, newest, strict=True):
            if step is not None and (logged[place].steps < step).sum() + segments.sizes[place] > LATE_POINTS:
                self._scattered.add(self._table.run_of(int(segments.positions[place])))
        if not replaces.all():
            self._add_facts(segments.take(~replaces))
        return segments.positions[replaces]

    def _count_anew(
        self, positions: NDArray[np.int64], totals: NDArray[np.int64], in_blocks: Sequence[Points | None]
    ) -> None:
        """Computes facts from what is stored and appended. ``totals`` counts what was logged, hidden points, too.

        ``in_blocks`` are the points that the blocks of each series show; None where the pyramid is to tell.
        """
        self._read_stored({self._table.run_of(position) for position in positions.tolist()})
        keys = [self._table.key(position) for position in positions.tolist()]
        logged = self._logged(positions)
        is_known = np.array([points is not None for points in in_blocks], np.bool_)
        short, long = np.flatnonzero(is_known), np.flatnonzero(~is_known)
        if len(short):
            known = [
                points if not len(tail) else Points.concatenate([points, tail])
                for points, tail in zip(in_blocks, logged, strict=True)
                if points is not None
            ]
            self._table.facts.put(positions[short], _facts_of_logged(known))
        if len(long):
            parts = []
            for start in range(0, len(long), SERIES_AT_ONCE):
                rows = long[start : start + SERIES_AT_ONCE].tolist()
                tails = [newest_wins(logged[row])[0] for row in rows]
                covers = cover(self._connection, [keys[row] for row in rows], tails, limit=1)
                parts += [facts_of(covered.parts) for covered in covers]
            self._table.facts.put(positions[long], Facts.concatenate(parts))
        self._table.hidden[positions] = totals - self._table.facts.count[positions]

    def _read_stored(self, runs: Collection[RunKey]) -> None:
        unknown = [run for run in runs if run not in self._stored]
        for run, stored in read_tails(self._connection, unknown).items():
            stored.tail = stored.tail.regrouped()
            self._stored[run] = stored

    def _logged(self, positions: NDArray[np.int64]) -> list[Points]:
        """Of each series the points that are in no block and not superseded, in the order logged."""
        wanted: dict[RunKey, dict[int, list[Points]]] = defaultdict(dict)
        parts = [
            wanted[self._table.run_of(position)].setdefault(number, [])
            for position, number in zip(positions.tolist(), self._table.numbers[positions].tolist(), strict=True)
        ]
        for run, by_number in wanted.items():
            for tail in (self._stored[run].tail, *self._new[run]):
                for number, state, points in tail.only(by_number):
                    if state == LOGGED:
                        by_number[number].append(points)
        return [Points.concatenate(some) for some in parts]

    def _append(self, segments: Segments, state: int) -> None:
        """Notes points that are to be stored."""
        places = self._table.run_places[segments.positions]
        for place in np.unique(places).tolist():
            rows = np.flatnonzero(places == place)
            some = segments if len(rows) == len(segments) else segments.take(rows)
            numbers = self._table.numbers[some.positions]
            self._new[self._table.runs[place]].append(
                Tail(numbers, np.full(len(some), state), some.starts, some.points)
            )

    def store(self, ended_runs: Collection[RunKey]) -> None:
        """Writes what was logged, and gives ended runs the form in which they stay."""
        new = {run: Tail.concatenate(tails) for run, tails in self._new.items() if tails}
        runs = list(dict.fromkeys([*new, *self._rewritten, *ended_runs]))
        sizes = appended_rows(self._connection, runs)
        with_blocks = runs_with_blocks(self._connection, ended_runs)
        moved, whole = [], []
        for run in runs:
            size, tail = sizes[run], new.get(run, Tail.empty())
            is_scattered = size.rows + bool(len(tail)) > 1 or run in self._rewritten
            has_ended = run in ended_runs
            is_long = run in with_blocks or size.points + len(tail.points) > SHORT_RUN_POINTS
            if is_long if has_ended else run in self._scattered or _is_full(run, size, tail):
                moved.append(run)
            elif is_scattered if has_ended else run in self._rewritten:
                whole.append(run)
        self._read_stored([*moved, *whole])
        for run in (*moved, *whole):
            new[run] = Tail.concatenate([self._stored[run].tail, new.get(run, Tail.empty())]).regrouped()
            delete_tails(self._connection, run, self._stored[run].rows)
        self._move_to_blocks([(run, new.pop(run)) for run in moved])
        rows = [(run, sizes[run].next_number, tail) for run, tail in new.items() if len(tail)]
        insert_tails(self._connection, rows)

    def _move_to_blocks(self, tails: Sequence[tuple[RunKey, Tail]]) -> None:
        """Moves points of runs, one part a series and state, into blocks."""
        added: list[tuple[SeriesKey, Points]] = []
        hidden: list[tuple[SeriesKey, int, Points]] = []
        for (root_id, run_id), tail in tails:
            for number, state, points in tail:
                key = SeriesKey(root_id, run_id, number)
                if state == SUPERSEDED:
                    hidden.append((key, SUPERSEDED_LEVEL, points))
                    continue
                shown, replaced = newest_wins(points)
                added.append((key, shown))
                if len(replaced):
                    hidden.append((key, REPLACED_LEVEL, replaced))
        if added:
            self._blocks.add(added)
        if hidden:
            self._rows.hide(hidden)


def _superseded(tail: Tail, windows: dict[int, Window]) -> tuple[Tail, bool]:
    """The tail with the points of series, given by number, within a window each superseded; whether any is."""
    steps, marked = tail.points.steps, np.zeros(len(tail.points), np.bool_)
    for part, (number, state) in enumerate(zip(tail.numbers.tolist(), tail.states.tolist(), strict=True)):
        if state == LOGGED and number in windows:
            first, last = windows[number]
            of_part = slice(int(tail.starts[part]), int(tail.starts[part + 1]))
            marked[of_part] = (steps[of_part] >= first) & (steps[of_part] <= last)
    return (tail.regrouped(marked), True) if marked.any() else (tail, False)


def _portions(begun: Sequence[tuple[int, Window]], counts: NDArray[np.int64]) -> Iterator[list[tuple[int, Window]]]:
    """Parts of ``begun``: as many series, given by position, as can be held in memory by what they count."""
    some: list[tuple[int, Window]] = []
    points = 0
    for position, window in begun:
        if some and points + counts[position] > _POINTS_AT_ONCE:
            yield some
            some, points = [], 0
        some.append((position, window))
        points += int(counts[position])
    if some:
        yield some


def _facts_of_logged(logged: Sequence[Points]) -> Facts:
    """The facts of series, one a row, all of whose points are given in the order logged."""
    facts = Facts.none(len(logged))
    some = [row for row, points in enumerate(logged) if len(points)]
    # Few at once, so that they stay in the processor's cache.
    for start in range(0, len(some), SERIES_AT_ONCE):
        rows = some[start : start + SERIES_AT_ONCE]
        points = Points.concatenate([logged[row] for row in rows])
        starts = np.cumsum([0, *(len(logged[row]) for row in rows)])
        if not increasing_in_groups(points.steps, starts).all():
            points, starts = newest_wins_in_groups(points, starts)
        facts.put(np.array(rows), facts_in_groups(points, starts))
    return facts


def _is_full(run: RunKey, size: AppendedRows, tail: Tail) -> bool:
    """Whether a run's points, with those of ``tail``, are to be moved into blocks."""
    most_rows = APPEND_ROWS + zlib.crc32(run[1].encode()) % APPEND_ROWS_SPREAD
    most_points = max(APPEND_POINTS, APPEND_POINTS_A_SERIES * len(np.unique(tail.numbers)))
    return size.rows + 1 >= most_rows or size.points + len(tail.points) > most_points
