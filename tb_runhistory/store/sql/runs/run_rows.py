"""Rows of ``runs`` while a transaction changes them: read all at once, written all at once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import CTE, Connection, Select, and_, bindparam, insert, or_, select, update

from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.sql.codes import STATUS_CODES
from tb_runhistory.store.sql.paths import in_subtree, stored_path
from tb_runhistory.store.sql.rows import COVERED, checksum_of, make_usable, mismatch
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import params, properties, runs, sessions, tags
from tb_runhistory.store.sql.types import Bytes, Id
from tb_runhistory.store.sql.wanted import Lookup

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""


@dataclass(slots=True)
class RunRow:
    """A row of ``runs``, in the order of its columns."""

    root_id: str
    path: bytes
    run_id: str
    parent_id: str | None
    depth: int
    status: int
    stage: int
    experiment_id: int
    number: int
    changed: int
    checksum: int
    chosen_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    error: str | None = None
    host: str | None = None
    session: int | None = None
    session_id: str | None = None
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    heartbeat_at: float | None = None
    dropped: int | None = None
    refused: int | None = None


@dataclass(slots=True)
class RunState:
    """A run while a transaction changes it.

    ``stored`` holds the cells that its row had before, None of a new run, and ``damage`` by what their checksum is
    wrong. ``ordinals`` are those of its sessions that are known to this transaction; those from ``newest`` on have no
    row in ``sessions``. A run that ``is_touched`` counts as changed, even where its row stays as it is.
    """

    row: RunRow
    stored: tuple[Any, ...] | None = None
    damage: int = 0
    ordinals: dict[str, int] = field(default_factory=dict)
    newest: int = 1
    is_touched: bool = False

    @property
    def is_placeholder(self) -> bool:
        """Whether the store has not heard of its creation."""
        return not self.row.number


_COLUMNS = [column.name for column in fields(RunRow)]
_covered: Callable[[RunRow], tuple[Any, ...]] = attrgetter(*(column.name for column in COVERED[runs]))

_INDEXED = ("path", "run_id", "parent_id", "depth", "stage", "experiment_id", "number", "chosen_id", "created_at")
_indexed: Callable[[RunRow], tuple[Any, ...]] = attrgetter(*_INDEXED)
_OTHERS = [name for name in _COLUMNS if name not in ("root_id", *_INDEXED)]
"""What changes often. Columns that an index has are written only where they change: it would be written, too."""

_UPDATE = update(runs).where(runs.c.root_id == bindparam("of_root"), runs.c.path == bindparam("of_path"))

_BY_ID = Lookup(
    {"run_id": Id}, lambda wanted: select(runs).select_from(wanted.join(runs, runs.c.run_id == wanted.c.run_id))
)
_BY_PLACE = Lookup(
    {"root_id": Id, "path": Bytes},
    lambda wanted: select(runs).select_from(
        wanted.join(runs, and_(runs.c.root_id == wanted.c.root_id, runs.c.path == wanted.c.path))
    ),
)
_EARLIER = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: select(sessions).select_from(wanted.join(sessions, same_run(sessions, wanted))),
)


def _described(wanted: CTE) -> Select[Any]:
    described = [select(table.c.name).where(same_run(table, wanted)).exists() for table in (params, tags, properties)]
    return select(wanted.c.root_id, wanted.c.run_id).where(or_(*described))


_DESCRIBED = Lookup({"root_id": Id, "run_id": Id}, _described)


def read_states(connection: Connection, wanted: Iterable[RunKey]) -> Iterator[RunState]:
    """The runs, given as (root_id, run_id), that the store has; and those of other trees that have the same ids."""
    for row in _BY_ID.rows(connection, sorted({(run_id,) for _, run_id in wanted})):
        yield _state(row)


def adopt_misnamed(connection: Connection, states: Iterable[RunState]) -> None:
    """Finds rows that stand where new runs are to stand: theirs, whose ids are damaged."""
    by_place = {(state.row.root_id, state.row.path): state for state in states if state.stored is None}
    for row in _BY_PLACE.rows(connection, list(by_place)):
        state, found = by_place[row.root_id, row.path], _state(row)
        state.stored, state.damage, state.newest = found.stored, found.damage, found.newest


def read_subtree(connection: Connection, root_id: str, path: bytes) -> Iterator[RunState]:
    """The run at ``path`` and all its descendants."""
    for row in connection.execute(select(runs).where(in_subtree(runs, root_id, path))):
        yield _state(row)


def read_sessions(connection: Connection, keys: Collection[RunKey]) -> dict[RunKey, dict[str, int]]:
    """The ordinals, by id, of the sessions of runs but the newest."""
    found: dict[RunKey, dict[str, int]] = defaultdict(dict)
    for row in _EARLIER.rows(connection, keys):
        found[row.root_id, row.run_id][row.session_id] = row.session
    return found


def know_sessions(state: RunState, earlier: Mapping[str, int]) -> None:
    """Adds sessions before the newest to those that are known of a run."""
    state.ordinals = {**earlier, **state.ordinals}
    last = max(earlier.values(), default=0)
    if last >= (state.row.session or 0):
        # The row that says which is the newest is damaged: it is one of which nothing else is known.
        state.newest = state.row.session = last + 1
        if state.row.session_id is not None:
            state.ordinals[state.row.session_id] = state.newest


def described_runs(connection: Connection, keys: Collection[RunKey]) -> set[RunKey]:
    """Those of the runs of which the store has parameters, tags or properties, though their own rows may be damaged."""
    return {(row.root_id, row.run_id) for row in _DESCRIBED.rows(connection, keys)}


def write_states(connection: Connection, states: Iterable[RunState], stamp: int) -> None:
    """Stores what has changed, marked with ``stamp``."""
    new: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    touched: list[dict[str, Any]] = []
    sessions_before: list[dict[str, Any]] = []
    for state in states:
        row = state.row
        if state.stored is None:
            sessions_before += _older_sessions(state)
            row.changed, row.checksum = stamp, checksum_of(_covered(row))
            new.append(_named(row, _COLUMNS))
            continue
        before = RunRow(*state.stored)
        key = {"of_root": before.root_id, "of_path": before.path}
        if _covered(row) == _covered(before):
            if state.is_touched:
                touched.append({**key, "changed": stamp})
            continue
        sessions_before += _older_sessions(state)
        row.changed, row.checksum = stamp, checksum_of(_covered(row)) ^ state.damage
        if _indexed(row) == _indexed(before):
            changed.append({**key, **_named(row, _OTHERS)})
        else:
            moved.append({**key, **_named(row, _COLUMNS)})
    for statement, rows in (
        (_UPDATE, moved),
        (_UPDATE, changed),
        (_UPDATE, touched),
        (insert(runs), new),
        (insert(sessions), sessions_before),
    ):
        if rows:
            connection.execute(statement, rows)


def beat_runs(connection: Connection, wanted: Iterable[RunKey], now: float, stamp: int) -> None:
    """Renews the heartbeat of those of the runs that are running."""
    keys = set(wanted)
    rows = []
    for state in read_states(connection, keys):
        row = state.row
        is_meant = (row.root_id, row.run_id) in keys and row.status == STATUS_CODES[RunStatus.RUNNING]
        if is_meant and now > (row.heartbeat_at or -math.inf):
            rows.append({"of_root": row.root_id, "of_path": row.path, "heartbeat_at": now, "changed": stamp})
    if rows:
        connection.execute(_UPDATE, rows)


def _older_sessions(state: RunState) -> Iterator[dict[str, Any]]:
    """Rows for the sessions that are no longer the newest."""
    row = state.row
    for session_id, ordinal in state.ordinals.items():
        if state.newest <= ordinal < (row.session or 0):
            cells = {"root_id": row.root_id, "run_id": row.run_id, "session": ordinal, "session_id": session_id}
            yield {**cells, "checksum": checksum_of(cells.values())}


def _state(stored: Any) -> RunState:
    row = RunRow(*stored)
    state = RunState(row, tuple(stored), mismatch(row.checksum, _covered(row)))
    if state.damage:
        make_usable(runs, row)
        if not isinstance(stored.path, bytes):
            row.path = b"" if row.run_id == row.root_id else stored_path(row.run_id, b"")
        if row.session_id is not None and row.session is None:
            row.session = 1
    state.newest = row.session or 1
    if row.session_id is not None:
        state.ordinals[row.session_id] = state.newest
    return state


def _named(row: RunRow, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
