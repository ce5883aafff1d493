"""Reading the points and texts of series."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, not_, select, text

from tb_runhistory.records.columns import DamagedBlock, SampledPoints, SeriesKey, TextColumns
from tb_runhistory.records.points import Points
from tb_runhistory.store.cover import EVERYTHING, Cover, cover, level_for
from tb_runhistory.store.downsample import downsample
from tb_runhistory.store.schema import POINTS_LEVEL, texts

_POINTS_A_BUCKET = 4
"""A bucket gives up to four points (first, minimum, maximum, last), so a limit of N points asks for N / 4 buckets."""

_SERIES_AT_ONCE = 50
"""Series that one round of queries covers: few enough to bound memory, many enough to spread the cost of a query."""

_FACTS = text("""
    SELECT w.key AS position, s.count AS points, s.first_step, s.last_step
    FROM json_each(:wanted) AS w CROSS JOIN series AS s
    WHERE s.root_id = json_extract(w.value, '$[0]') AND s.run_id = json_extract(w.value, '$[1]')
      AND s.number = json_extract(w.value, '$[2]')
""")


def read_points(
    connection: Connection, keys: Sequence[SeriesKey], limit: int | None, window: tuple[int, int] | None
) -> list[SampledPoints]:
    """As ``RunHistoryReader.read_points`` says."""
    read: list[SampledPoints] = []
    for start in range(0, len(keys), _SERIES_AT_ONCE):
        some = keys[start : start + _SERIES_AT_ONCE]
        wholes = _wholes(connection, some)
        levels = [POINTS_LEVEL] * len(some)
        if limit is not None:
            levels = [level_for(whole.count, limit // _POINTS_A_BUCKET + 1) for whole in wholes]
        covers = cover(connection, some, levels, window or EVERYTHING)
        if window is None:
            for covered, whole in zip(covers, wholes, strict=True):
                _note_missing(covered, whole)
        read += [_sampled(each, limit) for each in covers]
    return read


def _wholes(connection: Connection, keys: Sequence[SeriesKey]) -> list[DamagedBlock]:
    """For each series what it should hold in all, by its facts."""
    wanted = json.dumps([(key.root_id, key.run_id, key.number) for key in keys])
    wholes = [DamagedBlock(0, 0, 0)] * len(keys)
    for row in connection.execute(_FACTS, {"wanted": wanted}):
        wholes[row.position] = DamagedBlock(row.first_step, row.last_step, row.points)
    return wholes


def _note_missing(covered: Cover, whole: DamagedBlock) -> None:
    """Notes points that the facts count and no block has: where a row of a block itself is damaged."""
    missing = whole.count - covered.total
    if missing > 0:
        covered.damaged.append(DamagedBlock(whole.first_step, whole.last_step, missing))


def _sampled(covered: Cover, limit: int | None) -> SampledPoints:
    if limit is None:
        points = Points.concatenate([part for part in covered.parts if isinstance(part, Points)])
    else:
        points = downsample(covered.parts, limit)
    return SampledPoints(points, covered.total, tuple(covered.damaged))


def read_texts(connection: Connection, key: SeriesKey, limit: int | None) -> TextColumns:
    """As ``RunHistoryReader.read_texts`` says, for one series."""
    of_series = (
        texts.c.root_id == key.root_id,
        texts.c.run_id == key.run_id,
        texts.c.series == key.number,
        not_(texts.c.hidden),
    )
    steps = list(connection.execute(select(texts.c.step).where(*of_series).order_by(texts.c.step)).scalars())
    chosen = steps
    if limit is not None and limit < len(steps):
        # From the last one backwards, so that one text is the last text.
        chosen = [steps[position] for position in np.linspace(len(steps) - 1, 0, limit).round().astype(int)[::-1]]
    query = select(texts.c.step, texts.c.wall_time, texts.c.text).where(*of_series).order_by(texts.c.step)
    if len(chosen) < len(steps):
        query = query.where(texts.c.step.in_(chosen))
    rows = connection.execute(query).all()
    return TextColumns(
        np.array([row.step for row in rows], np.int64),
        np.array([row.wall_time for row in rows], np.float64),
        [row.text for row in rows],
        len(steps),
    )
