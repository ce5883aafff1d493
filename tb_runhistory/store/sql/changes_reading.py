"""What has changed in a store, so that whoever keeps a view of it reads anew only that."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from tb_runhistory.records.columns import Changes
from tb_runhistory.store.sql.removal import COLLECTED
from tb_runhistory.store.sql.schema import experiments, runs, store

_MOST = 20_000
"""Of more runs than these, all may as well be read anew."""


def read_changes(connection: Connection, position: int, since: int | None) -> Changes:
    """As ``StoreReader.changes`` says; ``position`` is what the answer is good from."""
    if since is None or _is_removed(connection, since):
        return Changes(position, None)
    changed = select(runs.c.root_id, runs.c.run_id).where(runs.c.changed >= since).limit(_MOST + 1)
    found = [(row.root_id, row.run_id) for row in connection.execute(changed)]
    return Changes(position, found if len(found) <= _MOST else None, _is_renamed(connection, since))


def _is_renamed(connection: Connection, since: int) -> bool:
    """Whether an experiment has changed, or may have."""
    renamed = select(experiments.c.experiment_id).where(experiments.c.changed >= since).limit(1)
    try:
        return connection.execute(renamed).first() is not None
    except DatabaseError:
        return True


def _is_removed(connection: Connection, since: int) -> bool:
    """Whether runs were removed, which no row can tell, or may have been."""
    try:
        collected = connection.execute(select(store.c.value).where(store.c.name == COLLECTED)).scalar()
    except DatabaseError:
        return True
    return collected is not None and (not collected.isdecimal() or int(collected) >= since)
