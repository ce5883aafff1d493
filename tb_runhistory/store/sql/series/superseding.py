"""Which session of a run supersedes what another logged: decided here for series of every class.

The sessions of a run have ordinals. The first value that a session logs to a series, at step s, supersedes what earlier
sessions logged there at s and beyond. A value of an earlier session that is heard of late is superseded from the first
such step of all later ones on. The run's first session supersedes nothing and so is not noted; each later one is noted
with its first step, once in each series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.points.cover import EVERYTHING
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.store.sql.bulk import insert_rows
from tb_runhistory.store.sql.rows import checksum_of
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import resumptions
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

FIRST_SESSION = 1
"""The ordinal of the session of a run that was heard of first."""


def _of_runs(wanted: CTE) -> Select[tuple[object, ...]]:
    columns = [resumptions.c[name] for name in ("root_id", "run_id", "series", "session", "first_step")]
    return select(*columns).select_from(wanted.join(resumptions, same_run(resumptions, wanted)))


_NOTED = Lookup({"root_id": Id, "run_id": Id}, _of_runs)


@dataclass(frozen=True, slots=True)
class Logging:
    """A session begins to log, or logs again, to a series: its ordinal, and the step of what it logs first."""

    key: SeriesKey
    session: int
    first_step: int


@dataclass(frozen=True, slots=True)
class Precedence:
    """What follows for a session: what earlier ones logged from ``begins`` to ``last`` is superseded (nothing, where
    ``begins`` is None), and of its own values those beyond ``last``.
    """

    begins: int | None
    last: int


def note_sessions(connection: Connection, logging: Sequence[Logging]) -> list[Precedence]:
    """Notes sessions that log to series, one a series, and says what that supersedes."""
    noted: dict[SeriesKey, dict[int, int]] = {one.key: {} for one in logging}
    runs = list(dict.fromkeys((one.key.root_id, one.key.run_id) for one in logging))
    for root_id, run_id, number, session, first_step in _NOTED.rows(connection, runs):
        noted.get(SeriesKey(root_id, run_id, number), {})[session] = first_step
    new, answers = [], []
    for one in logging:
        known = noted[one.key]
        cuts = [step for session, step in known.items() if session > one.session]
        last = min(cuts) - 1 if cuts else EVERYTHING[1]
        is_new = one.session > FIRST_SESSION and one.session not in known
        if is_new:
            new.append(one)
        answers.append(Precedence(one.first_step if is_new and one.first_step <= last else None, last))
    covered: dict[str, list[Any]] = {
        "root_id": [one.key.root_id for one in new],
        "run_id": [one.key.run_id for one in new],
        "series": [one.key.number for one in new],
        "session": [one.session for one in new],
        "first_step": [one.first_step for one in new],
    }
    checksums = [checksum_of(cells) for cells in zip(*covered.values(), strict=True)]
    insert_rows(connection, resumptions, {**covered, "checksum": checksums})
    return answers
