"""Which session of a run logged to a series first where, and so what supersedes what."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, insert, select

from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.store.schema import sessions


@dataclass(frozen=True, slots=True)
class NotedSession:
    """Where a session stands among the sessions that logged to a series.

    ``supersedes``: it is the newest, this is its first point, and there were others. ``cut``: the step from which on
    later sessions superseded it; None for the newest.
    """

    supersedes: bool
    cut: int | None


def note_session(connection: Connection, key: SeriesKey, session_id: str, first_step: int) -> NotedSession:
    """Records that a session logs to the series, at ``first_step`` if it is its first point."""
    of_series = and_(
        sessions.c.root_id == key.root_id, sessions.c.run_id == key.run_id, sessions.c.series == key.number
    )
    known = {
        row.session_id: row.first_step
        for row in connection.execute(select(sessions.c.session_id, sessions.c.first_step).where(of_series))
    }
    cut = min((step for session, step in known.items() if session > session_id), default=None)
    if session_id in known:
        return NotedSession(supersedes=False, cut=cut)
    connection.execute(
        insert(sessions),
        {
            "root_id": key.root_id,
            "run_id": key.run_id,
            "series": key.number,
            "session_id": session_id,
            "first_step": first_step,
        },
    )
    return NotedSession(supersedes=bool(known) and cut is None, cut=cut)
