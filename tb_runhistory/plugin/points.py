"""The answer of ``points``: a header in JSON, then numbers as they are, which costs no time to write and to read.

u32                 length of the header, little-endian
header              a PointsHeader in UTF-8, padded with spaces to the next multiple of 8 bytes from the start
for each series     ``count`` steps, ``count`` wall times, ``count`` values, each a little-endian float64
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.plugin.answers import to_json
from tb_runhistory.plugin.messages import PointsHeader, Series
from tb_runhistory.plugin.requests import PointsRequest
from tb_runhistory.provider.points_cache import PointsCache
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.base import RunHistoryReader

_ALIGNMENT = 8
_LENGTH = struct.Struct("<I")


def points(reader: RunHistoryReader, cache: PointsCache, request: PointsRequest, view: Scope) -> bytes:
    """The points that ``request`` asks for, of the runs that ``view`` holds."""
    scope = Scope(view.experiment, view.run_ids, only=request.run_ids)
    found = reader.series(scope, DataClass.SCALAR, [request.tag])
    rows = {key.run_id: row for row, key in enumerate(found.key)}
    chosen = [rows[run_id] for run_id in request.run_ids if run_id in rows]
    if request.window is None:
        sampled = cache.read(reader, found, chosen, request.limit)
    else:
        sampled = reader.read_points([found.key[row] for row in chosen], request.limit, request.window)
    described = [
        Series(found.key[row].run_id, len(each.points), each.total, sum(block.count for block in each.damaged))
        for row, each in zip(chosen, sampled, strict=True)
    ]
    columns = [column for each in sampled for column in (each.points.steps, each.points.wall_times, each.points.values)]
    return b"".join([_header(PointsHeader(request.tag, described)), *map(_packed, columns)])


def _header(header: PointsHeader) -> bytes:
    text = to_json(header)
    text += b" " * (-(_LENGTH.size + len(text)) % _ALIGNMENT)
    return _LENGTH.pack(len(text)) + text


def _packed(column: NDArray[np.int64] | NDArray[np.float64]) -> bytes:
    return column.astype("<f8").tobytes()
