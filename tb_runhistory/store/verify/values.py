"""What is wrong with what some runs have logged, read in one transaction: scalars, and entries of all other classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import CTE, Connection, Select, Table, bindparam, select

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.block import LOGGED, Tail, decode_tail
from tb_runhistory.points.payload import tail_key
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.store.sql.budget import Budget
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import POINTS_LEVEL, appends, blocks, entries, resumptions, series
from tb_runhistory.store.sql.series.block_reading import MOST_LEVEL
from tb_runhistory.store.sql.series.superseding import FIRST_SESSION
from tb_runhistory.store.sql.series.tails import TAIL_POINTS
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup
from tb_runhistory.store.verify.cells import row_faults, shown
from tb_runhistory.store.verify.entries import EntriesCheck, ReadArtifact
from tb_runhistory.store.verify.faults import Fault, Part, StoreReport
from tb_runhistory.store.verify.series import ScalarCheck

Row: TypeAlias = Mapping[str, Any]
RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""

_POINTS_UNSAID = 2**14
"""How many points a row of ``appends`` may have beyond what it says, for them to be read and counted."""

_SCALAR = DATA_CLASS_CODES[DataClass.SCALAR]


def _of_runs(table: Table, *order: str) -> Lookup:
    def question(wanted: CTE) -> Select[Any]:
        key = (table.c.root_id, table.c.run_id, *(table.c[name] for name in order))
        return select(table).join_from(wanted, table, same_run(table, wanted)).order_by(*key)

    return Lookup({"root_id": Id, "run_id": Id}, question)


def _levels_of_runs(wanted: CTE) -> Select[Any]:
    key = (blocks.c.root_id, blocks.c.run_id, blocks.c.series, blocks.c.level)
    return select(*key).join_from(wanted, blocks, same_run(blocks, wanted)).group_by(*key)


_SERIES = _of_runs(series, "number")
_APPENDS = _of_runs(appends, "number")
_RESUMPTIONS = _of_runs(resumptions, "series", "session")
_ENTRIES = _of_runs(entries, "series", "step", "number")
_LEVELS = Lookup({"root_id": Id, "run_id": Id}, _levels_of_runs)
_BLOCKS = (
    select(blocks)
    .where(*(blocks.c[name] == bindparam(f"of_{name}") for name in ("root_id", "run_id", "series", "level")))
    .order_by(blocks.c.first_step, blocks.c.number)
)


class ValuesCheck:
    """Checks what some runs have logged, and adds what it finds to ``report``."""

    def __init__(
        self, connection: Connection, keys: Sequence[RunKey], read_artifact: ReadArtifact, report: StoreReport
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._read_artifact = read_artifact
        self._report = report
        self._scalars: dict[SeriesKey, ScalarCheck] = {}
        self._entries: dict[SeriesKey, EntriesCheck] = {}

    def verify(self) -> None:
        """Reads everything of these runs."""
        self._take_series()
        self._compare_sessions()
        self._take_appends()
        self._take_blocks()
        self._take_entries()
        for check in self._checks():
            check.finish()

    def _checks(self) -> Iterator[ScalarCheck | EntriesCheck]:
        yield from self._scalars.values()
        yield from self._entries.values()

    def _take_series(self) -> None:
        for row in _SERIES.rows(self._connection, self._keys):
            cells = row._asdict()
            self._report.series += 1
            problems = list(row_faults(series, cells))
            self._report.faults += [
                Fault(Part.ROWS, f"the series: {problem}", row.run_id, str(row.tag)) for problem in problems
            ]
            key = SeriesKey(row.root_id, row.run_id, row.number)
            if key in self._scalars or key in self._entries:
                self._fault(key, f"two series have the number {key.number}")
            elif row.data_class == _SCALAR:
                self._scalars[key] = ScalarCheck(key, cells, self._report, is_whole=not problems)
            else:
                self._entries[key] = EntriesCheck(key, cells, self._read_artifact, self._report, is_whole=not problems)

    def _compare_sessions(self) -> None:
        """Compares the newest session of each series with those that are noted at it."""
        newest: dict[SeriesKey, int] = {}
        for row in _RESUMPTIONS.rows(self._connection, self._keys):
            key = SeriesKey(row.root_id, row.run_id, row.series)
            if isinstance(row.session, int):
                newest[key] = max(newest.get(key, FIRST_SESSION), row.session)
        for check in self._checks():
            noted = newest.pop(check.key, FIRST_SESSION)
            if check.row["session"] != noted:
                sentence = (
                    f"the newest session that logged is said to be {shown(check.row['session'])}, noted is {noted}"
                )
                self._report.faults.append(Fault(Part.FACTS, sentence, check.key.run_id, str(check.row["tag"])))
        for key in newest:
            self._fault(key, f"there are sessions of a series {key.number} that is not there")

    def _take_blocks(self) -> None:
        levels: dict[SeriesKey, list[int]] = defaultdict(list)
        for row in _LEVELS.rows(self._connection, self._keys):
            levels[SeriesKey(row.root_id, row.run_id, row.series)].append(row.level)
        for key, found in levels.items():
            check = self._scalars.get(key)
            if check is None:
                self._fault(key, f"there are points of a series {key.number} that is not there")
                continue
            rows = {level: partial(self._blocks, check, level) for level in found if level <= MOST_LEVEL}
            if len(rows) < len(found):
                self._fault(key, f"there are points at level {max(found)}: no pyramid is so high", Part.PYRAMID)
            for level in rows:
                if level < POINTS_LEVEL:
                    check.take_hidden(level, rows[level]())
            check.take_shown({level: read for level, read in rows.items() if level >= POINTS_LEVEL})

    def _blocks(self, check: ScalarCheck, level: int) -> Iterator[Any]:
        key = check.key
        place = {"of_root_id": key.root_id, "of_run_id": key.run_id, "of_series": key.number, "of_level": level}
        for row in self._connection.execute(_BLOCKS, place):
            problems = list(row_faults(blocks, row._asdict()))
            if not problems:
                yield row
                continue
            check.is_whole = False
            for problem in problems:
                self._fault(key, f"points at level {level}: {problem}")

    def _take_appends(self) -> None:
        rows = _APPENDS.rows(self._connection, self._keys)
        for (root_id, run_id), of_run in groupby(rows, key=lambda row: (row.root_id, row.run_id)):
            room = Budget(TAIL_POINTS)
            tails = [tail for row in of_run if (tail := self._tail(row, room)) is not None]
            for number, state, points in Tail.concatenate(tails).regrouped():
                check = self._scalars.get(SeriesKey(root_id, run_id, number))
                if check is None:
                    sentence = f"there are appended points of a series {number} that is not there"
                    self._fault(SeriesKey(root_id, run_id, number), sentence)
                elif state == LOGGED:
                    check.take_tail(points)
                else:
                    check.hidden += len(points)

    def _tail(self, row: Any, room: Budget) -> Tail | None:
        self._report.blocks += 1
        of_run = SeriesKey(row.root_id, row.run_id, 0)
        said = row.points if type(row.points) is int else 0
        most = min(max(said, 0) + _POINTS_UNSAID, room.left)
        try:
            tail = decode_tail(row.payload, tail_key(row.root_id, row.run_id, row.number), most)
        except DamagedData as error:
            # Which series it was of nobody knows any more.
            for key, check in self._scalars.items():
                if (key.root_id, key.run_id) == (row.root_id, row.run_id):
                    check.is_whole = False
            self._fault(of_run, f"{shown(row.points)} appended points cannot be read: {error}")
            return None
        room.take(len(tail.points))
        for problem in row_faults(appends, row._asdict()):
            self._fault(of_run, f"appended points: {problem}")
        if len(tail.points) != row.points:
            self._fault(of_run, f"{shown(row.points)} points are said to be appended, {len(tail.points):,} are")
        return tail

    def _take_entries(self) -> None:
        for row in _ENTRIES.rows(self._connection, self._keys):
            key = SeriesKey(row.root_id, row.run_id, row.series)
            problems = list(row_faults(entries, row._asdict()))
            for problem in problems:
                self._fault(key, f"the entry at step {shown(row.step)}: {problem}", Part.ENTRIES)
            if problems and key in self._entries:
                self._entries[key].is_whole = False
            elif key in self._entries:
                self._entries[key].take(row)
            else:
                self._fault(key, f"there are entries of a series {row.series} that is not there", Part.ENTRIES)

    def _fault(self, key: SeriesKey, sentence: str, part: Part = Part.POINTS) -> None:
        fault = Fault(part, sentence, key.run_id)
        if fault not in self._report.faults[-1:]:
            self._report.faults.append(fault)
