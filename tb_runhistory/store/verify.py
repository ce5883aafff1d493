"""Reads all of a store and says what is wrong with it, changing no byte.

The file is looked at as SQLite's own check does, then run by run: each block, each summary above it, and the facts that
are stored of them. A store may be written meanwhile; each question sees one moment of it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, bindparam, func, inspect, select, text

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.changes import DataClass, MetricShape
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.block import decode_tail
from tb_runhistory.store.cover import StoredBlock
from tb_runhistory.store.facts import Facts
from tb_runhistory.store.schema import SCHEMA_VERSION, appends, blocks, metadata, params, runs, series
from tb_runhistory.store.sqlite import connect_reader, engine_for, file_version, sqlite_errors
from tb_runhistory.store.sqlite_file import check_store
from tb_runhistory.store.verify_series import Part, SeriesVerifier
from tb_runhistory.uri import StoreUri

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many stored rows are read, and how many there are in all."""

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""

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

_OF_RUNS = """
    FROM json_each(:runs) AS w CROSS JOIN {table} AS t
    WHERE t.root_id = json_extract(w.value, '$[0]') AND t.run_id = json_extract(w.value, '$[1]')
"""
_SERIES = text(f"SELECT w.key AS position, t.* {_OF_RUNS.format(table='series')} ORDER BY w.key, t.number")
_APPENDS = text(f"SELECT w.key, t.points, t.payload {_OF_RUNS.format(table='appends')} ORDER BY w.key, t.number")
_TEXTS = text(f"""
    SELECT w.key, t.series, sum(NOT t.hidden), sum(t.hidden),
           coalesce(min(t.step) FILTER (WHERE NOT t.hidden), 0), coalesce(max(t.step) FILTER (WHERE NOT t.hidden), 0)
    {_OF_RUNS.format(table="texts")} GROUP BY w.key, t.series
""")
_BLOCKS = (
    select(blocks.c.series, blocks.c.level, blocks.c.first_step, blocks.c.last_step, blocks.c.count, blocks.c.payload)
    .where(blocks.c.root_id == bindparam("of_root"), blocks.c.run_id == bindparam("of_run"))
    .order_by(blocks.c.series, blocks.c.level, blocks.c.first_step, blocks.c.number)
)
_ORPHANS = text("""
    WITH named AS (SELECT root_id, run_id FROM series UNION SELECT root_id, run_id FROM blocks
                   UNION SELECT root_id, run_id FROM appends UNION SELECT root_id, run_id FROM texts)
    SELECT DISTINCT n.run_id FROM named AS n
    WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.root_id = n.root_id AND r.run_id = n.run_id) LIMIT 20
""")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: where, in a sentence, and of which run and tag ("" where it is of none)."""

    part: Part
    sentence: str
    run_id: str = ""
    tag: str = ""


@dataclass(slots=True)
class StoreReport:
    """What was read, and what is wrong with it. ``points`` are the shown points that could be read."""

    schema_version: int = 0
    runs: int = 0
    series: int = 0
    blocks: int = 0
    points: int = 0
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run and how many rows hold its points."""

    key: RunKey
    rows: int


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
            if self._look(_schema_faults):
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

    def _look(self, ask: Callable[[Connection], StoreReport]) -> bool:
        """Adds what ``ask`` reports; whether it found faults.

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
        return bool(found.faults)

    def _runs(self) -> list[_Run]:
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
        return [_Run(key, counted[key]) for key in sorted(keys)]

    def _verify_runs(self, all_runs: Sequence[_Run]) -> None:
        total, done = sum(run.rows for run in all_runs), 0
        for some in _chunks(all_runs):
            self._progress(done, total)
            found = self._look(lambda connection, some=some: _run_faults(connection, some))  # type: ignore[misc]
            if found and len(some) > 1 and any(fault.part is Part.FILE for fault in self._report.faults):
                # A damaged page ends the question: asked alone, the other runs are still looked at.
                for run in some:
                    self._look(lambda connection, run=run: _run_faults(connection, [run]))  # type: ignore[misc]
            done += sum(run.rows for run in some)
        self._progress(total, total)


def _chunks(all_runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    some: list[_Run] = []
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


def _run_faults(connection: Connection, some: Sequence[_Run]) -> StoreReport:
    """What is wrong with the series of some runs."""
    report = StoreReport(runs=len(some))
    wanted = {"runs": json.dumps([run.key for run in some])}
    of_run: dict[int, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(_SERIES, wanted).mappings():
        of_run[row["position"]].append(row)
    tails: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    for position, points, payload in connection.execute(_APPENDS, wanted):
        tails[position].append((points, payload))
    texts = {(position, number): tuple(facts) for position, number, *facts in connection.execute(_TEXTS, wanted)}
    for position, run in enumerate(some):
        rows = of_run.get(position, [])
        _verify_scalars(connection, run, rows, tails.get(position, []), report)
        for row in rows:
            if row["data_class"] == DataClass.TEXT:
                _verify_texts(run, row, texts.get((position, row["number"]), (0, 0, 0, 0)), report)
        report.series += len(rows)
    return report


def _verify_scalars(
    connection: Connection, run: _Run, rows: Sequence[RowMapping], tails: Sequence[tuple[int, Any]], report: StoreReport
) -> None:
    stored = {row["number"]: row for row in rows if row["data_class"] == DataClass.SCALAR}
    verifiers = {number: SeriesVerifier() for number in stored}
    root_id, run_id = run.key
    lost_tails = 0
    if run.rows:
        for number, level, *block in connection.execute(_BLOCKS, {"of_root": root_id, "of_run": run_id}):
            report.blocks += 1
            if number in verifiers:
                verifiers[number].take(level, StoredBlock(*block))
            else:
                report.faults.append(Fault(Part.POINTS, f"points of a series {number} that is not there", run_id))
    for count, payload in tails:
        try:
            parts = decode_tail(payload)
        except (DamagedData, TypeError) as error:
            lost_tails += 1
            report.faults.append(Fault(Part.POINTS, f"{count:,} appended points cannot be read: {error}", run_id))
            continue
        if sum(len(points) for _, points in parts) != count:
            report.faults.append(Fault(Part.POINTS, f"appended points are not the {count:,} that are told of", run_id))
        for number, points in parts:
            if number in verifiers:
                verifiers[number].take_tail(points)
            else:
                report.faults.append(Fault(Part.POINTS, f"points of a series {number} that is not there", run_id))
    for number, verifier in verifiers.items():
        row = stored[number]
        if not lost_tails:
            verifier.finish(_facts(row), row["hidden"])
        report.points += verifier.points
        report.faults += [Fault(part, sentence, run_id, row["tag"]) for part, sentence in verifier.faults]


def _verify_texts(run: _Run, row: RowMapping, found: tuple[int, ...], report: StoreReport) -> None:
    told = (row["count"], row["hidden"], row["first_step"], row["last_step"])
    if told != found:
        names = ("count", "number of hidden texts", "first step", "last step")
        report.faults += [
            Fault(Part.TEXTS, f"the stored {name} is {stored}, the texts have {true}", run.key[1], row["tag"])
            for name, stored, true in zip(names, told, found, strict=True)
            if stored != true
        ]


def _facts(row: RowMapping) -> Facts:
    values: list[Any] = [math.nan if row[column.name] is None else row[column.name] for column in fields(Facts)]
    return Facts(*values)
