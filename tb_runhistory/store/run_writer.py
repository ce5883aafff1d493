"""Writing experiments, runs and what describes them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import singledispatchmethod

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from tb_runhistory.records.changes import (
    AddProperties,
    Change,
    CreateExperiment,
    CreateRun,
    DescribeRun,
    DropPoints,
    EndRun,
    ParameterValue,
    RemoveTags,
    SetParameter,
    SetTags,
    StartRun,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.schema import experiments, params, properties, runs, tags

RECOVERED_EXPERIMENT = "recovered"
"""Holds runs of which a store hears before, or without, hearing of their creation."""

_this_run = and_(runs.c.root_id == bindparam("of_root"), runs.c.run_id == bindparam("of_run"))
_NUMBER_RUN = (
    update(experiments)
    .where(experiments.c.name == bindparam("of_name"))
    .values(last_number=experiments.c.last_number + 1)
    .returning(experiments.c.last_number)
)
_MISSING = text("""
    SELECT json_extract(w.value, '$[0]'), json_extract(w.value, '$[1]') FROM json_each(:runs) AS w
    WHERE NOT EXISTS (
        SELECT 1 FROM runs AS r
        WHERE r.root_id = json_extract(w.value, '$[0]') AND r.run_id = json_extract(w.value, '$[1]'))
""")


class RunWriter:
    """Applies changes within the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @singledispatchmethod
    def apply(self, change: Change) -> None:
        """Applies one change as its class says."""
        raise TypeError(f"a store cannot apply a {type(change).__name__}")

    @apply.register
    def _(self, change: CreateExperiment) -> None:
        self._add_experiment(change.name, change.created_at)
        if change.description:
            described = update(experiments).where(experiments.c.name == change.name)
            self._connection.execute(described.values(description=change.description))

    @apply.register
    def _(self, change: CreateRun) -> None:
        self._add_experiment(change.experiment, change.created_at)
        here = {"of_root": change.root_id, "of_run": change.run_id}
        known = self._connection.execute(select(runs.c.experiment).where(_this_run), here).scalar_one_or_none()
        if known not in (None, RECOVERED_EXPERIMENT):
            return
        number = self._connection.execute(_NUMBER_RUN, {"of_name": change.experiment}).scalar_one()
        columns = {
            "parent_id": change.parent_id or "",
            "path": change.path,
            "depth": change.path.count("/"),
            "experiment": change.experiment,
            "number": number,
            "display_name": change.display_name,
            "description": change.description,
            "created_at": change.created_at,
        }
        if known is None:
            self._connection.execute(insert(runs), {**_new_run(change.root_id, change.run_id), **columns})
        else:
            self._connection.execute(update(runs).where(_this_run).values(columns), here)

    @apply.register
    def _(self, change: StartRun) -> None:
        self._update(
            change,
            runs.c.session_id < change.session_id,
            session_id=change.session_id,
            status=RunStatus.RUNNING.value,
            error="",
            host=change.host,
            started_at=func.coalesce(runs.c.started_at, change.started_at),
            ended_at=None,
            heartbeat_at=change.started_at,
        )

    @apply.register
    def _(self, change: EndRun) -> None:
        self._update(
            change,
            and_(runs.c.session_id <= change.session_id, runs.c.ended_at.is_(None)),
            status=change.status.value,
            ended_at=change.ended_at,
            error=change.error,
        )

    @apply.register
    def _(self, change: DescribeRun) -> None:
        if change.display_name is not None:
            self._update(change, display_name=change.display_name)
        if change.description is not None:
            self._update(change, description=change.description)

    @apply.register
    def _(self, change: DropPoints) -> None:
        self._update(change, dropped=runs.c.dropped + change.count)

    @apply.register
    def _(self, change: SetParameter) -> None:
        row = {"root_id": change.root_id, "run_id": change.run_id, "name": change.name, **_typed(change.value)}
        self._connection.execute(insert_or(params).on_conflict_do_nothing(), row)

    @apply.register
    def _(self, change: SetTags) -> None:
        rows = [
            {"root_id": change.root_id, "run_id": change.run_id, "name": name, "value": value}
            for name, value in change.tags.items()
        ]
        if rows:
            added = insert_or(tags)
            key = [tags.c.root_id, tags.c.run_id, tags.c.name]
            self._connection.execute(
                added.on_conflict_do_update(index_elements=key, set_={"value": added.excluded.value}), rows
            )

    @apply.register
    def _(self, change: RemoveTags) -> None:
        of_run = and_(tags.c.root_id == change.root_id, tags.c.run_id == change.run_id)
        self._connection.execute(delete(tags).where(of_run, tags.c.name.in_(change.names)))

    @apply.register
    def _(self, change: AddProperties) -> None:
        rows = [
            {"root_id": change.root_id, "run_id": change.run_id, "name": name, "value": value}
            for name, value in change.properties.items()
        ]
        if rows:
            self._connection.execute(insert_or(properties).on_conflict_do_nothing(), rows)

    def recover(self, named: Iterable[tuple[str, str]], now: float) -> None:
        """Adds a row for each run, given as (root_id, run_id), that is not there yet."""
        missing = self._connection.execute(_MISSING, {"runs": json.dumps(sorted(named))}).all()
        if missing:
            self._add_experiment(RECOVERED_EXPERIMENT, now)
            rows = [{**_new_run(root_id, run_id), "created_at": now} for root_id, run_id in missing]
            self._connection.execute(insert(runs), rows)

    def _add_experiment(self, name: str, created_at: float) -> None:
        row = {"name": name, "description": "", "created_at": created_at, "last_number": 0}
        self._connection.execute(insert_or(experiments).on_conflict_do_nothing(), row)

    def _update(
        self, change: StartRun | EndRun | DescribeRun | DropPoints, *conditions: object, **columns: object
    ) -> None:
        statement = update(runs).where(_this_run, *conditions).values(columns)  # type: ignore[arg-type]
        self._connection.execute(statement, {"of_root": change.root_id, "of_run": change.run_id})


def _new_run(root_id: str, run_id: str) -> dict[str, object]:
    """A run of which nothing is known but its tree: as far as anyone can tell a child of its root."""
    is_root = root_id == run_id
    return {
        "root_id": root_id,
        "run_id": run_id,
        "parent_id": "" if is_root else root_id,
        "path": run_id if is_root else f"{root_id}/{run_id}",
        "depth": 0 if is_root else 1,
        "experiment": RECOVERED_EXPERIMENT,
        "number": 0,
        "display_name": run_id,
        "description": "",
        "status": RunStatus.NOT_STARTED.value,
        "error": "",
        "host": "",
        "session_id": "",
        "dropped": 0,
    }


def _typed(value: ParameterValue) -> dict[str, object]:
    """The columns of a parameter: its kind, the number to compare by, and the text that gives the value back."""
    if isinstance(value, bool):
        return {"kind": "boolean", "number": float(value), "text": None}
    if isinstance(value, int):
        # The text is exact where the number, a float64, is not.
        return {"kind": "integer", "number": _as_float(value), "text": str(value)}
    if isinstance(value, float):
        # SQLite cannot hold NaN: it becomes NULL, and the text tells.
        return {"kind": "number", "number": value, "text": None if math.isfinite(value) else str(value)}
    return {"kind": "text", "number": None, "text": value}


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
