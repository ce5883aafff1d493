"""The rows of ``appends``: what runs have logged that is in no block."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection, Select, bindparam, delete, func, select
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.block import Tail, decode_tail, encode_tail
from tb_runhistory.points.payload import tail_key
from tb_runhistory.store.sql.budget import Budget
from tb_runhistory.store.sql.bulk import insert_rows
from tb_runhistory.store.sql.same import of_run, same_run
from tb_runhistory.store.sql.schema import appends
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""

TAIL_POINTS = 2**20
"""The most appended points of one run that a writer reads. It keeps far fewer."""

_OWN_UNPACKED = 2**17
_OWN_KEPT = 2**14
_SHARED = 2**20
"""The most points that a viewer unpacks of a run, and keeps of the series it asks for, and what all runs may take
besides. A writer leaves some 8,000 points of a run there, or 128 of each of its series."""


@dataclass(frozen=True, slots=True)
class AppendedRows:
    """How many rows and points a run has in ``appends``, and the number of the row to come."""

    rows: int = 0
    points: int = 0
    next_number: int = 0


@dataclass(slots=True)
class StoredTail:
    """What can be read of a run's rows: their points in the order logged, the rows' numbers, and how many cannot be."""

    tail: Tail
    rows: list[int] = field(default_factory=list)
    damaged: int = 0


def _rows_of_runs(wanted: CTE) -> Select[tuple[object, ...]]:
    columns = (appends.c.root_id, appends.c.run_id, appends.c.number, appends.c.points, appends.c.payload)
    return select(*columns).select_from(wanted.join(appends, same_run(appends, wanted))).order_by(*columns[:3])


def _sizes_of_runs(wanted: CTE) -> Select[tuple[object, ...]]:
    counted = (func.count(), func.sum(appends.c.points), func.max(appends.c.number) + 1)
    run = (appends.c.root_id, appends.c.run_id)
    return select(*run, *counted).select_from(wanted.join(appends, same_run(appends, wanted))).group_by(*run)


_RUN = {"root_id": Id, "run_id": Id}
_ROWS = Lookup(_RUN, _rows_of_runs)
_SIZES = Lookup(_RUN, _sizes_of_runs)
_DELETE = delete(appends).where(
    of_run(appends),
    appends.c.number.in_(bindparam("numbers", expanding=True)),
)


def read_tails(
    connection: Connection, runs: Collection[RunKey], numbers: Collection[int] | None = None
) -> dict[RunKey, StoredTail]:
    """What each of ``runs`` has in ``appends``, of all series or, for a viewer, of those with these ``numbers``.

    A row that is damaged costs itself, and so does one for which there is no room.
    """
    parts: dict[RunKey, list[Tail]] = {run: [] for run in runs}
    stored = {run: StoredTail(Tail.empty()) for run in runs}
    rooms = _rooms(runs, is_viewer=numbers is not None)
    for root_id, run_id, number, points, payload in _ROWS.rows(connection, list(stored)):
        run = root_id, run_id
        if run not in stored:
            continue
        unpacked, kept = rooms[run]
        try:
            most = min(points, unpacked.left) if type(points) is int else 0
            tail = decode_tail(payload, tail_key(root_id, run_id, number), most)
            unpacked.take(len(tail.points))
            if len(tail.points) != points:
                raise DamagedData("the row tells of other points than it has")
            tail = tail if numbers is None else tail.only(numbers)
            if not kept.take(len(tail.points)):
                raise DamagedData("there are more points than any writer leaves")
        except DamagedData:
            stored[run].damaged += 1
            continue
        stored[run].rows.append(number)
        parts[run].append(tail)
    for run, found in stored.items():
        found.tail = Tail.concatenate(parts.pop(run))
    return stored


def _rooms(runs: Collection[RunKey], is_viewer: bool) -> dict[RunKey, tuple[Budget, Budget]]:
    """For each run how many points may be unpacked, and how many kept."""
    if not is_viewer:
        return {run: (Budget(TAIL_POINTS), Budget(TAIL_POINTS)) for run in runs}
    unpacked, kept = Budget(_SHARED), Budget(_SHARED)
    return {run: (Budget(_OWN_UNPACKED, unpacked), Budget(_OWN_KEPT, kept)) for run in runs}


def appended_rows(connection: Connection, runs: Collection[RunKey]) -> dict[RunKey, AppendedRows]:
    """How much each of ``runs`` has in ``appends``."""
    sizes = dict.fromkeys(runs, AppendedRows())
    for root_id, run_id, rows, points, next_number in _SIZES.rows(connection, list(sizes)):
        sizes[(root_id, run_id)] = AppendedRows(rows, int(points), next_number)
    return sizes


def insert_tails(connection: Connection, tails: Sequence[tuple[RunKey, int, Tail]]) -> None:
    """Adds rows: each a run, the row's number, and its points."""
    insert_rows(
        connection,
        appends,
        {
            "root_id": [root_id for (root_id, _), _, _ in tails],
            "run_id": [run_id for (_, run_id), _, _ in tails],
            "number": [number for _, number, _ in tails],
            "points": [len(tail.points) for _, _, tail in tails],
            "payload": [encode_tail(tail, tail_key(*run, number)) for run, number, tail in tails],
        },
    )


def delete_tails(connection: Connection, run: RunKey, numbers: Sequence[int]) -> None:
    """Removes rows of a run."""
    if numbers:
        connection.execute(_DELETE, {"of_root": run[0], "of_run": run[1], "numbers": list(numbers)})
