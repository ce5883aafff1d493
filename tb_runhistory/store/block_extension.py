"""Adding the newest points of many series to their blocks, in a few statements for all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, insert, text, update

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.block import BLOCK_POINTS, decode_block
from tb_runhistory.store.block_writer import BlockWriter, points_row
from tb_runhistory.store.schema import POINTS_LEVEL, blocks

_OPEN = text("""
    SELECT w.key, b.first_step, b.last_step, b.payload,
           (SELECT s.last_step FROM blocks AS s
            WHERE s.root_id = b.root_id AND s.run_id = b.run_id AND s.series = b.series AND s.level = b.level + 1
            ORDER BY s.first_step DESC LIMIT 1)
    FROM json_each(:wanted) AS w CROSS JOIN blocks AS b
    WHERE b.root_id = json_extract(w.value, '$[0]')
      AND b.run_id = json_extract(w.value, '$[1]')
      AND b.series = json_extract(w.value, '$[2]')
      AND b.level = :level
      AND b.first_step = (SELECT max(e.first_step) FROM blocks AS e
                          WHERE e.root_id = b.root_id AND e.run_id = b.run_id AND e.series = b.series
                            AND e.level = b.level)
      AND b.count < :full
""")
_REPLACE = (
    update(blocks)
    .where(
        and_(
            *(blocks.c[name] == bindparam(f"of_{name}") for name in ("root_id", "run_id", "series", "level")),
            blocks.c.first_step == bindparam("of_first_step"),
        )
    )
    .values({name: bindparam(name) for name in ("last_step", "count", "payload")})
)


@dataclass(frozen=True, slots=True)
class _OpenBlock:
    """A series' newest block, which is not full, and the last step that the level above it summarizes, if any."""

    first_step: int
    last_step: int
    payload: bytes
    summarized_to: int | None


def extend(connection: Connection, added: Sequence[tuple[SeriesKey, Points]]) -> None:
    """Adds to each series sorted points, all at steps beyond its blocks'."""
    open_blocks = _open_blocks(connection, [key for key, _ in added])
    replaced: list[dict[str, object]] = []
    new: list[dict[str, object]] = []
    for position, (key, points) in enumerate(added):
        writer = BlockWriter(connection, key)
        block = open_blocks.get(position)
        if block is not None:
            try:
                points = Points.concatenate([decode_block(block.payload), points])
            except DamagedData:
                block = None  # It stays as it is, and what it lost is reported when it is read.
            else:
                # A block is summarized already if it became the newest when others were hidden.
                if block.summarized_to == block.last_step:
                    writer.remove_summaries(block.first_step, block.last_step)
        full = len(points) - len(points) % BLOCK_POINTS
        for start in range(0, len(points), BLOCK_POINTS):
            part = points.take(slice(start, start + BLOCK_POINTS))
            (replaced if block is not None and start == 0 else new).append(points_row(key, part))
            if start < full:
                writer.summarize(part)
        if full:
            writer.grow_pyramid()
    if replaced:
        connection.execute(_REPLACE, [_as_replacement(row) for row in replaced])
    if new:
        connection.execute(insert(blocks), new)


def _open_blocks(connection: Connection, keys: Sequence[SeriesKey]) -> dict[int, _OpenBlock]:
    """The newest block of each series, by the position of its key, where there is one that is not full."""
    wanted = json.dumps([(key.root_id, key.run_id, key.number) for key in keys])
    rows = connection.execute(_OPEN, {"wanted": wanted, "level": POINTS_LEVEL, "full": BLOCK_POINTS})
    return {position: _OpenBlock(*row) for position, *row in rows}


def _as_replacement(row: dict[str, object]) -> dict[str, object]:
    changed = ("last_step", "count", "payload")
    return {name if name in changed else f"of_{name}": value for name, value in row.items() if name != "number"}
