"""Reads all of a store and says what is wrong with it, changing no byte.

The database is asked for what its own check finds. Then every row is looked at by itself (``cells``), run by run what
was logged (``values``), and at last how rows agree with one another (``relations``, ``counts``). A store may be written
meanwhile: each question sees one moment of it, and what belongs together is read in one. Memory does not grow with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import CTE, Connection, Select, Table, and_, bindparam, func, inspect, select, tuple_

from tb_runhistory.errors import DamagedData, StoreError, StoreUnavailable
from tb_runhistory.store.opening import open_artifacts, open_database
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.paths import ID_BYTES, run_id_at
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import (
    SCHEMA_VERSION,
    appends,
    blocks,
    entries,
    experiments,
    journals,
    metadata,
    names,
    params,
    properties,
    runs,
    series,
    store,
    tags,
)
from tb_runhistory.store.sql.types import Bytes, Id
from tb_runhistory.store.sql.wanted import Lookup
from tb_runhistory.store.verify.cells import row_faults, shown
from tb_runhistory.store.verify.counts import count_faults
from tb_runhistory.store.verify.entries import ReadArtifact
from tb_runhistory.store.verify.faults import Fault, Part, StoreReport
from tb_runhistory.store.verify.relations import OF_RUNS, place_faults, relation_faults
from tb_runhistory.store.verify.values import ValuesCheck
from tb_runhistory.uri import StoreUri

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many stored rows are read, and how many there are in all."""

RunPlace: TypeAlias = tuple[str, bytes]
"""The key of a row of ``runs``: root_id and path."""

_PLACES_AT_ONCE = 200
_ROWS_AT_ONCE = 5000
_POINTS_A_ROW = 200
"""What one question covers, so that the log of a live store can be moved into it in between."""

_LOOKS = 3
_MOST_ROWS = 20
_OF_NO_RUN = (store, experiments, names, journals)
_COUNTED = (runs, series, blocks, appends, entries, params)
_LABELS = {params: "the parameter", tags: "the tag", properties: "the property", experiments: "the experiment"}

_PLACES = (
    select(runs.c.root_id, runs.c.path)
    .where(
        tuple_(runs.c.root_id, runs.c.path) > tuple_(bindparam("of_root", type_=Id), bindparam("of_path", type_=Bytes))
    )
    .order_by(runs.c.root_id, runs.c.path)
    .limit(_PLACES_AT_ONCE)
    .offset(bindparam("passed"))
)


def _at_places(wanted: CTE) -> Select[Any]:
    is_wanted = and_(runs.c.root_id == wanted.c.root_id, runs.c.path == wanted.c.path)
    return select(runs).join_from(wanted, runs, is_wanted)


def _of_runs(table: Table) -> Callable[[CTE], Select[Any]]:
    def question(wanted: CTE) -> Select[Any]:
        return select(table).join_from(wanted, table, same_run(table, wanted))

    return question


def _row_count(table: Table) -> Callable[[CTE], Select[Any]]:
    def question(wanted: CTE) -> Select[Any]:
        counted = select(table.c.run_id, func.count().label("row_count")).group_by(table.c.run_id)
        return counted.join_from(wanted, table, same_run(table, wanted))

    return question


def _point_count(wanted: CTE) -> Select[Any]:
    counted = select(appends.c.run_id, func.sum(appends.c.points).label("points")).group_by(appends.c.run_id)
    return counted.join_from(wanted, appends, same_run(appends, wanted))


_RUN_KEY = {"root_id": Id, "run_id": Id}
_RUNS = Lookup({"root_id": Id, "path": Bytes}, _at_places)
_ROWS = {
    table: Lookup(_RUN_KEY, _of_runs(table)) for table in OF_RUNS if table not in (series, blocks, appends, entries)
}
_ROW_COUNTS = [Lookup(_RUN_KEY, _row_count(table)) for table in _COUNTED if table is not runs]

_POINT_COUNT = Lookup(_RUN_KEY, _point_count)


def verify_store(uri: StoreUri, progress: Progress = lambda done, total: None) -> StoreReport:
    """Reads the store at ``uri`` from end to end.

    Raises:
      NotFound, NotAStore, StoreTooNew: as ``opening.check_store``.
      StoreUnavailable: the store cannot be read now.
      KeyboardInterrupt: within a query, too.
    """
    try:
        database = open_database(uri)
    except DamagedData as error:
        # Not even what every question begins with can be read.
        return StoreReport(faults=[Fault(Part.FILE, str(error))])
    with closing(database):
        return _StoreCheck(database, open_artifacts(uri).get, progress).verify()


class _StoreCheck:
    """One check of one store."""

    def __init__(self, database: Database, read_artifact: ReadArtifact, progress: Progress) -> None:
        self._database = database
        self._read_artifact = read_artifact
        self._progress = progress
        self._report = StoreReport(SCHEMA_VERSION)

    def verify(self) -> StoreReport:
        """Everything, in the order in which one thing makes the next one possible."""
        self._look(lambda _: StoreReport(faults=[Fault(Part.FILE, line) for line in self._database.faults()]))
        if self._look(_schema).faults:
            return self._report
        for table in _OF_NO_RUN:
            self._look(partial(_table_of_no_run, table))
        self._verify_runs()
        self._look(lambda connection: StoreReport(faults=list(relation_faults(connection))))
        self._look(lambda connection: StoreReport(faults=list(count_faults(connection))))
        return self._report

    def _look(self, ask: Callable[[Connection], StoreReport]) -> StoreReport:
        """What ``ask`` reports, which is added to the whole.

        A store at rest may be read without locks: where a writer came meanwhile, a fault may be none, and is looked for
        anew.
        """
        found = StoreReport()
        for _ in range(_LOOKS):
            before = self._version()
            try:
                with self._database.reading(limited=False) as connection:
                    found = ask(connection)
            except StoreUnavailable:
                raise
            except StoreError as error:
                found = StoreReport(faults=[Fault(Part.FILE, str(error))])
            except Exception as error:
                # Whatever a store holds, a check ends with a report. The text of the error may hold what is stored.
                found = StoreReport(faults=[Fault(Part.ROWS, f"rows cannot be understood: {type(error).__name__}")])
            if not found.faults or self._version() == before:
                break
        self._report.add(found)
        return found

    def _version(self) -> int | None:
        try:
            return self._database.version()
        except DamagedData:
            return None

    def _verify_runs(self) -> None:
        total, done = self._row_total(), 0
        for places in self._places():
            for some, rows in self._divided(places):
                self._progress(done, total)
                found = self._look(partial(self._verify_places, some))
                if len(some) > 1 and any(fault.part is Part.FILE for fault in found.faults):
                    # A damaged page has ended the question: asked one by one, the other runs are still looked at.
                    for place in some:
                        self._look(partial(self._verify_places, [place]))
                done += rows
        self._progress(max(done, total), max(done, total))

    def _row_total(self) -> int:
        """How many rows there are to read, as far as that can be told."""
        total = 0
        for table in _COUNTED:
            try:
                with self._database.reading(limited=False) as connection:
                    total += connection.execute(select(func.count()).select_from(table)).scalar_one()
            except StoreUnavailable:
                raise
            except StoreError:
                continue
        return total

    def _places(self) -> Iterator[list[RunPlace]]:
        """The places of all runs, in the order of their key, some at a time."""
        root_id, path, passed = "", b"", 0
        while True:
            try:
                with self._database.reading(limited=False) as connection:
                    wanted = {"of_root": root_id, "of_path": path, "passed": passed}
                    rows = [tuple(row) for row in connection.execute(_PLACES, wanted)]
            except StoreUnavailable:
                raise
            except StoreError as error:
                self._report.add(StoreReport(faults=[Fault(Part.FILE, f"runs cannot be listed: {error}")]))
                return
            if not rows:
                return
            good = [row for row in rows if row[0] and isinstance(row[1], bytes) and not len(row[1]) % ID_BYTES]
            if len(good) < len(rows):
                self._report.add(StoreReport(faults=[Fault(Part.TREE, "a run has an id or a path that is none")]))
            yield good
            # A key that is none cannot be gone on from: what comes after the last good one is passed over.
            if good:
                passed = len(rows) - 1 - rows.index(good[-1])
                root_id, path = good[-1]
            else:
                passed += len(rows)

    def _divided(self, places: Sequence[RunPlace]) -> Iterator[tuple[list[RunPlace], int]]:
        """Places that together have not too many rows, or of a single run, and the number of these rows.

        Appended points of a run are held until it is done, so that many of them count as rows of their own.
        """
        counted: dict[str, int] = defaultdict(int)
        keys = [(root_id, run_id_at(root_id, path)) for root_id, path in places]
        try:
            with self._database.reading(limited=False) as connection:
                for lookup in _ROW_COUNTS:
                    for row in lookup.rows(connection, keys):
                        counted[row.run_id] += row.row_count
                for row in _POINT_COUNT.rows(connection, keys):
                    counted[row.run_id] += max(int(row.points or 0), 0) // _POINTS_A_ROW
        except StoreUnavailable:
            raise
        except StoreError:
            counted = defaultdict(lambda: _ROWS_AT_ONCE)
        some: list[RunPlace] = []
        rows = 0
        for place, (_, run_id) in zip(places, keys, strict=True):
            some.append(place)
            rows += 1 + counted[run_id]
            if rows >= _ROWS_AT_ONCE:
                yield some, rows
                some, rows = [], 0
        if some:
            yield some, rows

    def _verify_places(self, places: Sequence[RunPlace], connection: Connection) -> StoreReport:
        """Everything about some runs, in one moment."""
        report = StoreReport(runs=len(places))
        for row in _RUNS.rows(connection, places):
            cells = row._asdict()
            sentences = [*row_faults(runs, cells), *place_faults(cells)]
            report.faults += [Fault(Part.ROWS, f"the run: {sentence}", cells["run_id"]) for sentence in sentences]
        keys = [(root_id, run_id_at(root_id, path)) for root_id, path in places]
        for table, lookup in _ROWS.items():
            for row in lookup.rows(connection, keys):
                report.faults += _faults_of(table, row._asdict())
        ValuesCheck(connection, keys, self._read_artifact, report).verify()
        return report


def _schema(connection: Connection) -> StoreReport:
    report = StoreReport()
    found = inspect(connection)
    there = set(found.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in there:
            report.faults.append(Fault(Part.SCHEMA, f"the table {table.name} is missing"))
            continue
        columns = {column["name"] for column in found.get_columns(table.name)}
        report.faults += [
            Fault(Part.SCHEMA, f"the table {table.name} has no column {column.name}")
            for column in table.columns
            if column.name not in columns
        ]
    return report


def _table_of_no_run(table: Table, connection: Connection) -> StoreReport:
    """The rows of a table that are of no run."""
    report = StoreReport()
    connection.execution_options(yield_per=_PLACES_AT_ONCE)
    for row in connection.execute(select(table)):
        report.faults += _faults_of(table, row._asdict())
        if len(report.faults) > _MOST_ROWS:
            break
    return report


def _faults_of(table: Table, row: Mapping[str, Any]) -> Iterator[Fault]:
    label = _LABELS.get(table, f"a row of {table.name}")
    name = f" {shown(row['name'])}" if table in _LABELS else ""
    for sentence in row_faults(table, row):
        yield Fault(Part.ROWS, f"{label}{name}: {sentence}", row["run_id"] if "run_id" in table.c else "")
