"""Writing the texts of a series. They are few, so each is a row, and facts are counted anew."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, and_, bindparam, func, insert, not_, select, update

from tb_runhistory.store.base import LoggedTexts
from tb_runhistory.store.schema import texts
from tb_runhistory.store.series_writer import NO_FACTS, SeriesWriter
from tb_runhistory.store.session_writer import note_session

_of_series = and_(
    texts.c.root_id == bindparam("of_root"),
    texts.c.run_id == bindparam("of_run"),
    texts.c.series == bindparam("of_series"),
)
_shown = and_(_of_series, not_(texts.c.hidden))
_AT_STEP = and_(_of_series, texts.c.step == bindparam("of_step"))
_NEXT_NUMBER = select(func.coalesce(func.max(texts.c.number) + 1, 0)).where(_AT_STEP)
_HIDE_STEP = update(texts).where(_AT_STEP).values(hidden=True)
_HIDE_FROM = update(texts).where(_shown, texts.c.step >= bindparam("of_step")).values(hidden=True)
_FACTS = select(
    func.count(),
    func.min(texts.c.step),
    func.max(texts.c.step),
    func.min(texts.c.wall_time),
    func.max(texts.c.wall_time),
).where(_shown)
_HIDDEN = select(func.count()).where(_of_series, texts.c.hidden)


def append_texts(connection: Connection, writer: SeriesWriter, logged: LoggedTexts) -> None:
    """Adds texts of one series and one session, as ``RunHistoryWriter.apply`` says."""
    if not logged.texts:
        return
    working = writer.find(logged.series)
    session_id = logged.series.session_id
    identity = {"of_root": working.key.root_id, "of_run": working.key.run_id, "of_series": working.key.number}
    first_step = logged.texts[0][0]
    noted = note_session(connection, working.key, session_id, first_step)
    if noted.supersedes:
        connection.execute(_HIDE_FROM, {**identity, "of_step": first_step})
    for step, wall_time, value in logged.texts:
        late = noted.cut is not None and step >= noted.cut
        at = {**identity, "of_step": step}
        number = connection.execute(_NEXT_NUMBER, at).scalar_one()
        if not late:
            connection.execute(_HIDE_STEP, at)
        connection.execute(
            insert(texts),
            {
                "root_id": working.key.root_id,
                "run_id": working.key.run_id,
                "series": working.key.number,
                "step": step,
                "number": number,
                "session_id": session_id,
                "text": value,
                "wall_time": wall_time,
                "hidden": late,
            },
        )
    count, first, last, first_wall_time, last_wall_time = connection.execute(_FACTS, identity).one()
    working.session_id = max(working.session_id, session_id)
    working.hidden = connection.execute(_HIDDEN, identity).scalar_one()
    working.facts = NO_FACTS
    if count:
        working.facts = replace(
            NO_FACTS,
            count=count,
            first_step=first,
            last_step=last,
            first_wall_time=first_wall_time,
            last_wall_time=last_wall_time,
        )
