"""The directions of metrics that somebody said: rows of ``names`` of two kinds."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Integer, and_, bindparam, delete, insert, select

from tb_runhistory.records.changes import Direction
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.sql.codes import MAXIMIZED_METRICS, MINIMIZED_METRICS
from tb_runhistory.store.sql.columns import MAX_NAME, as_text, cut_in_store
from tb_runhistory.store.sql.schema import experiments, names
from tb_runhistory.store.sql.types import Word, storable
from tb_runhistory.store.sql.wanted import Lookup

_KINDS = {Direction.MINIMIZE: MINIMIZED_METRICS, Direction.MAXIMIZE: MAXIMIZED_METRICS}
_DIRECTIONS = {kind: direction for direction, kind in _KINDS.items()}
_SAID = names.c.kind.in_(sorted(_DIRECTIONS))

_STORED = Lookup(
    {"experiment_id": Integer, "name": Word},
    lambda wanted: select(names.c.experiment_id, names.c.kind, names.c.name).select_from(
        wanted.join(
            names,
            and_(names.c.experiment_id == wanted.c.experiment_id, _SAID, names.c.name == wanted.c.name),
        )
    ),
)
_REMOVE = delete(names).where(
    names.c.experiment_id == bindparam("of_experiment"), _SAID, names.c.name == bindparam("of_name")
)


def store_directions(connection: Connection, wanted: Mapping[tuple[int, str], Direction]) -> set[int]:
    """Writes directions, given by experiment and tag; returns the experiments for which one has changed."""
    if not wanted:
        return set()
    stored = {(experiment_id, name): kind for experiment_id, kind, name in _STORED.rows(connection, list(wanted))}
    changed = {key: kind for key, direction in wanted.items() if stored.get(key) != (kind := _KINDS[direction])}
    replaced = [{"of_experiment": key[0], "of_name": key[1]} for key in changed if key in stored]
    if replaced:
        connection.execute(_REMOVE, replaced)
    if changed:
        rows = [
            {"experiment_id": experiment_id, "kind": kind, "name": name, "run_count": 0}
            for (experiment_id, name), kind in changed.items()
        ]
        connection.execute(insert(names), rows)
    return {experiment_id for experiment_id, _ in changed}


def read_directions(connection: Connection, scope: Scope) -> dict[str, Direction]:
    """The directions that were said in the scope's experiment; with none, in all: of several that of the newest."""
    said = (
        select(names.c.kind, cut_in_store(names.c.name, MAX_NAME))
        .select_from(names.join(experiments, experiments.c.experiment_id == names.c.experiment_id))
        .where(_SAID)
        .order_by(experiments.c.experiment_id)
    )
    if scope.experiment is not None:
        said = said.where(experiments.c.name == storable(scope.experiment))
    return {as_text(name): _DIRECTIONS[kind] for kind, name in connection.execute(said) if kind in _DIRECTIONS}
