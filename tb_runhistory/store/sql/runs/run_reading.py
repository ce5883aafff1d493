"""Reading rows of ``runs`` into columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.exc import DatabaseError

from tb_runhistory.records.columns import RunColumns
from tb_runhistory.records.identity import id_bytes
from tb_runhistory.store.sql.around_damage import readable_rows
from tb_runhistory.store.sql.codes import stage_of, status_of
from tb_runhistory.store.sql.columns import (
    MAX_NAME,
    UNREADABLE,
    TextBudget,
    as_text,
    cut_in_store,
    numbers,
    transposed,
    whole_numbers,
)
from tb_runhistory.store.sql.paths import ID_BYTES, MAX_DEPTH, PathTexts
from tb_runhistory.store.sql.runs.scope import RunPlace
from tb_runhistory.store.sql.schema import experiments, runs
from tb_runhistory.store.sql.types import Bytes, Id
from tb_runhistory.store.sql.wanted import Lookup

_COLUMNS = (
    *("run_id", "root_id", "parent_id", "path", "stage", "experiment_id", "status", "session_id", "number", "depth"),
    *("created_at", "started_at", "ended_at", "heartbeat_at", "dropped", "refused"),
)
_TEXTS = ("description", "error")
_NAMES = [cut_in_store(runs.c[name], MAX_NAME) for name in ("chosen_id", "display_name")]


def _columns(most: int) -> list[Any]:
    return [*(runs.c[name] for name in _COLUMNS), *(cut_in_store(runs.c[name], most) for name in _TEXTS), *_NAMES]


def select_runs(most: int) -> Select[Any]:
    """The question for whole runs, with descriptions and errors of at most so many characters."""
    return select(*_columns(most)).select_from(runs)


def runs_at(most: int) -> Lookup:
    """A question for the runs at given places (root_id and path)."""
    return Lookup(
        {"root_id": Id, "path": Bytes},
        lambda wanted: select_runs(most).join(
            wanted, and_(runs.c.root_id == wanted.c.root_id, runs.c.path == wanted.c.path)
        ),
    )


def runs_by_id(most: int) -> Lookup:
    """A question for the runs with given ids."""
    return Lookup({"run_id": Id}, lambda wanted: select_runs(most).join(wanted, runs.c.run_id == wanted.c.run_id))


def run_columns(connection: Connection, rows: Iterable[Any], most: int) -> RunColumns:
    """The rows of ``select_runs(most)`` in columns."""
    names = [column.name for column in _columns(most)]
    longest = {names.index(name): most for name in _TEXTS} | {names.index(column.name): MAX_NAME for column in _NAMES}
    longest[names.index("path")] = MAX_DEPTH * ID_BYTES
    kept = TextBudget().rows(rows, longest)
    cells: Mapping[str, Sequence[Any]] = dict(zip(names, transposed(kept, len(names)), strict=True))
    # Where nothing stands is nobody's id, as where something else does.
    run_id, root_id, parent_id, session_id = (
        [cell or "" for cell in cells[name]] for name in ("run_id", "root_id", "parent_id", "session_id")
    )
    paths = PathTexts()
    of_experiment = _experiment_names(connection, set(cells["experiment_id"]))
    return RunColumns(
        run_id=run_id,
        root_id=root_id,
        parent_id=parent_id,
        path=[paths.text(*place) for place in zip(root_id, cells["path"], strict=True)],
        chosen_id=list(map(as_text, cells["chosen_id"])),
        stage=[stage_of(code) for code in cells["stage"]],
        experiment=[of_experiment.get(of, UNREADABLE) for of in cells["experiment_id"]],
        display_name=list(map(as_text, cells["display_name"])),
        description=list(map(as_text, cells["description"])),
        status=[status_of(code) for code in cells["status"]],
        error=list(map(as_text, cells["error"])),
        session_id=session_id,
        number=whole_numbers(cells["number"]),
        depth=whole_numbers(cells["depth"]),
        created_at=numbers(cells["created_at"]),
        started_at=numbers(cells["started_at"]),
        ended_at=numbers(cells["ended_at"]),
        heartbeat_at=numbers(cells["heartbeat_at"]),
        dropped=whole_numbers(cells["dropped"]),
        refused=whole_numbers(cells["refused"]),
    )


def place_of(row: Any) -> RunPlace:
    """Where a run stands, from a row with its ``root_id``, ``run_id`` and ``path``."""
    path = row.path if isinstance(row.path, bytes) else b""
    return RunPlace(row.root_id or "", row.run_id or "", path[: MAX_DEPTH * ID_BYTES])


def places_of(shown: RunColumns) -> list[RunPlace]:
    """Where runs stand."""
    return [
        RunPlace(root_id, run_id, b"".join(id_bytes(above) or b"" for above in path.split("/")[1:]))
        for root_id, run_id, path in zip(shown.root_id, shown.run_id, shown.path, strict=True)
    ]


def _experiment_names(connection: Connection, experiment_ids: Iterable[Any]) -> dict[Any, str]:
    wanted = [(experiment_id,) for experiment_id in experiment_ids if type(experiment_id) is int]
    budget = TextBudget()
    try:
        rows = list(_EXPERIMENT_NAMES.rows(connection, wanted))
    except DatabaseError:
        rows = readable_rows(connection, _ALL_EXPERIMENT_NAMES, experiments.c.experiment_id)
    return {row.experiment_id: budget.text(row.name, MAX_NAME) for row in rows}


_ALL_EXPERIMENT_NAMES = select(experiments.c.experiment_id, cut_in_store(experiments.c.name, MAX_NAME))
_EXPERIMENT_NAMES = Lookup(
    {"experiment_id": experiments.c.experiment_id.type},
    lambda wanted: select(experiments.c.experiment_id, cut_in_store(experiments.c.name, MAX_NAME)).select_from(
        wanted.join(experiments, experiments.c.experiment_id == wanted.c.experiment_id)
    ),
)
