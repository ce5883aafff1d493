"""What is wrong with the metrics and texts of some runs, told in one transaction."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, bindparam, select, text

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.changes import DataClass
from tb_runhistory.store.block import decode_tail
from tb_runhistory.store.cover import StoredBlock
from tb_runhistory.store.facts import Facts
from tb_runhistory.store.faults import Fault, Part, StoreReport
from tb_runhistory.store.schema import blocks
from tb_runhistory.store.verify_series import SeriesVerifier

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""

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


@dataclass(frozen=True, slots=True)
class RunRows:
    """A run and how many rows hold its points."""

    key: RunKey
    rows: int


def run_faults(connection: Connection, some: Sequence[RunRows]) -> StoreReport:
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
    connection: Connection,
    run: RunRows,
    rows: Sequence[RowMapping],
    tails: Sequence[tuple[int, Any]],
    report: StoreReport,
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


def _verify_texts(run: RunRows, row: RowMapping, found: tuple[int, ...], report: StoreReport) -> None:
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
