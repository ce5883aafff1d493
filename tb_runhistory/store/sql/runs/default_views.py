"""How experiments are shown at first, where somebody said so: rows of ``names`` of one kind."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, and_, delete, insert, select

from tb_runhistory.records.views import MOST_CHARACTERS
from tb_runhistory.store.sql.codes import DEFAULT_VIEWS
from tb_runhistory.store.sql.columns import as_text, cut_in_store
from tb_runhistory.store.sql.schema import experiments, names

_IS_VIEW = names.c.kind == DEFAULT_VIEWS


def store_views(connection: Connection, wanted: Mapping[int, str]) -> set[int]:
    """Writes views, given by experiment, "" for none; returns the experiments of which it has changed."""
    if not wanted:
        return set()
    asked = select(names.c.experiment_id, names.c.name).where(names.c.experiment_id.in_(list(wanted)), _IS_VIEW)
    stored: dict[int, str] = dict(map(tuple, connection.execute(asked)))
    changed = {one: view[:MOST_CHARACTERS] for one, view in wanted.items() if stored.get(one, "") != view}
    if changed:
        connection.execute(delete(names).where(names.c.experiment_id.in_(list(changed)), _IS_VIEW))
    rows = [
        {"experiment_id": one, "kind": DEFAULT_VIEWS, "name": view, "run_count": 0}
        for one, view in changed.items()
        if view
    ]
    if rows:
        connection.execute(insert(names), rows)
    return set(changed)


def read_views(connection: Connection) -> dict[int, str]:
    """The views of all experiments that have one."""
    of_experiment = and_(names.c.experiment_id == experiments.c.experiment_id, _IS_VIEW)
    asked = select(names.c.experiment_id, cut_in_store(names.c.name, MOST_CHARACTERS))
    return {
        one: as_text(view)
        for one, view in connection.execute(asked.select_from(experiments.join(names, of_experiment)))
    }
