"""Reads all of a store and says what is wrong with it, changing no byte.

The file is looked at as SQLite's own check does, then run by run: each block, each summary above it, and the facts that
are stored of them. A store may be written meanwhile; each question sees one moment of it.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from sqlalchemy import Connection, func, inspect, select, text

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.changes import DataClass, MetricShape
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.faults import Fault, Part, StoreReport
from tb_runhistory.store.schema import SCHEMA_VERSION, appends, blocks, metadata, params, runs, series
from tb_runhistory.store.sqlite import connect_reader, engine_for, file_version, sqlite_errors
from tb_runhistory.store.sqlite_file import check_store
from tb_runhistory.store.verify_run import RunKey, RunRows, run_faults
from tb_runhistory.uri import StoreUri

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many stored rows are read, and how many there are in all."""

_RUNS_AT_ONCE = 200
_ROWS_AT_ONCE = 2000
# What one transaction covers, so that the WAL of a live store can be moved into the file in between.

_LOOKS = 3
_PROGRESS_INSTRUCTIONS = 100_000

_WORDS = (
    (runs.c.status, frozenset(RunStatus)),
    (series.c.data_class, frozenset(DataClass)),
    (series.c.shape, frozenset(MetricShape)),
    (params.c.kind, frozenset(("boolean", "integer", "number", "text"))),
)

_ORPHANS = text("""
    WITH named AS (SELECT root_id, run_id FROM series UNION SELECT root_id, run_id FROM blocks
                   UNION SELECT root_id, run_id FROM appends UNION SELECT root_id, run_id FROM texts)
    SELECT DISTINCT n.run_id FROM named AS n
    WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.root_id = n.root_id AND r.run_id = n.run_id) LIMIT 20
""")


def verify_store(uri: StoreUri, progress: Progress = lambda done, total: None) -> StoreReport:
    """Reads the store at ``uri`` from end to end.

    Raises:
      NotFound, NotAStore, StoreTooNew: as ``sqlite_file.check_store``.
      StoreUnavailable: the store cannot be read now.
      KeyboardInterrupt: within a query, too.
    """
    return _StoreVerifier(uri, check_store(uri, SCHEMA_VERSION), progress).verify()


class _StoreVerifier:
    """One check of one store."""

    def __init__(self, uri: StoreUri, schema_version: int, progress: Progress) -> None:
        self._path = uri.path
        self._engine = engine_for(self._connect)
        self._progress = progress
        self._report = StoreReport(schema_version)

    def verify(self) -> StoreReport:
        try:
            self._look(_file_faults)
            if self._look(_schema_faults).faults:
                # Nothing can be asked of tables that are not there.
                return self._report
            self._look(_content_faults)
            self._verify_runs(self._runs())
        finally:
            self._engine.dispose()
        return self._report

    def _connect(self) -> sqlite3.Connection:
        connection = connect_reader(self._path)
        # No deadline, but a way for Ctrl-C: between callbacks SQLite sees no signal.
        connection.set_progress_handler(lambda: False, _PROGRESS_INSTRUCTIONS)
        return connection

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        try:
            with sqlite_errors(self._path), self._engine.connect() as connection, connection.begin():
                yield connection
        except Exception as error:
            cause = getattr(error.__cause__, "orig", error.__cause__)
            if getattr(cause, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                raise KeyboardInterrupt from None
            raise

    def _look(self, ask: Callable[[Connection], StoreReport]) -> StoreReport:
        """What ``ask`` reports, which is added to the whole.

        A store at rest is read without locks: where a writer came meanwhile, a fault may be none, and is looked for
        anew.
        """
        found = StoreReport()
        for _ in range(_LOOKS):
            before = file_version(self._path)
            try:
                with self._snapshot() as connection:
                    found = ask(connection)
            except DamagedData as error:
                found = StoreReport(faults=[Fault(Part.FILE, str(error))])
            if not found.faults or file_version(self._path) == before:
                break
        report = self._report
        for name in ("runs", "series", "blocks", "points"):
            setattr(report, name, getattr(report, name) + getattr(found, name))
        known = set(report.faults)
        report.faults += [fault for fault in found.faults if fault not in known]
        return found

    def _runs(self) -> list[RunRows]:
        """All runs, with the number of rows that each has; none where the tables cannot be read."""
        counted: dict[RunKey, int] = defaultdict(int)
        try:
            with self._snapshot() as connection:
                keys = [
                    (root_id, run_id) for root_id, run_id in connection.execute(select(runs.c.root_id, runs.c.run_id))
                ]
                for table in (blocks, appends):
                    by_run = select(table.c.root_id, table.c.run_id, func.count()).group_by(
                        table.c.root_id, table.c.run_id
                    )
                    for root_id, run_id, count in connection.execute(by_run):
                        counted[root_id, run_id] += count
        except DamagedData as error:
            self._report.faults.append(Fault(Part.FILE, str(error)))
            return []
        return [RunRows(key, counted[key]) for key in sorted(keys)]

    def _verify_runs(self, all_runs: Sequence[RunRows]) -> None:
        total, done = sum(run.rows for run in all_runs), 0
        for some in _chunks(all_runs):
            self._progress(done, total)
            found = self._look(partial(run_faults, some=some))
            if len(some) > 1 and any(fault.part is Part.FILE for fault in found.faults):
                # A damaged page has ended the question: asked one by one, the other runs are still looked at.
                for run in some:
                    self._look(partial(run_faults, some=[run]))
            done += sum(run.rows for run in some)
        self._progress(total, total)


def _chunks(all_runs: Sequence[RunRows]) -> Iterator[list[RunRows]]:
    some: list[RunRows] = []
    for run in all_runs:
        some.append(run)
        if len(some) >= _RUNS_AT_ONCE or sum(each.rows for each in some) >= _ROWS_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _file_faults(connection: Connection) -> StoreReport:
    lines = [str(line) for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
    return StoreReport(faults=[Fault(Part.FILE, f"SQLite finds: {line}") for line in lines if line != "ok"])


def _schema_faults(connection: Connection) -> StoreReport:
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


def _content_faults(connection: Connection) -> StoreReport:
    report = StoreReport()
    for column, known in _WORDS:
        report.faults += [
            Fault(Part.SCHEMA, f"the table {column.table.name} has the unknown {column.name} {word!r}")
            for word in connection.execute(select(column).distinct()).scalars()
            if word not in known
        ]
    report.faults += [
        Fault(Part.SCHEMA, "there are metrics of a run that is not there", run_id)
        for run_id in connection.execute(_ORPHANS).scalars()
    ]
    return report
