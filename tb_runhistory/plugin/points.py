"""The answer of ``points``: a header in JSON, then numbers as they are, which costs no time to write and to read.

u32                 length of the header, little-endian
header              a PointsHeader in UTF-8, padded with spaces to the next multiple of 8 bytes from the start
for each series     ``count`` steps, ``count`` wall times, ``count`` values, each a little-endian float64
"""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.plugin.messages import PointsHeader, Series
from tb_runhistory.plugin.requests import PointsRequest
from tb_runhistory.plugin.run_pages import to_json
from tb_runhistory.provider.points_cache import PointsCache, SeriesState, states_of
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import ANY_STAGE, SampledPoints, Scope
from tb_runhistory.store.base import RunHistoryReader

_ALIGNMENT = 8
_LENGTH = struct.Struct("<I")


def read_points(reader: RunHistoryReader, cache: PointsCache, request: PointsRequest, view: Scope) -> bytes:
    """The points that ``request`` asks for, of the runs that ``view`` holds, in any stage."""
    scope = replace(view, only=request.run_ids, stages=ANY_STAGE)
    found = reader.series(scope, DataClass.SCALAR, [request.tag])
    row_of = {key.run_id: row for row, key in enumerate(found.key)}
    chosen = [row_of[run_id] for run_id in request.run_ids if run_id in row_of]
    state_of = dict(zip(chosen, states_of(found, chosen), strict=True))
    news = [row for row in chosen if request.known.get(found.key[row].run_id) != _text(state_of[row])]
    if request.window is None:
        sampled = cache.read(reader, [state_of[row] for row in news], request.limit)
    else:
        sampled = reader.read_points([found.key[row] for row in news], request.limit, request.window)
    sample_of = dict(zip(news, sampled, strict=True))
    described = [_described(state_of[row], sample_of.get(row)) for row in chosen]
    shown = [sample.points for sample in sampled]
    columns = [column for points in shown for column in (points.steps, points.wall_times, points.values)]
    return b"".join([_header(PointsHeader(request.tag, described)), *map(_packed, columns)])


def _described(state: SeriesState, sample: SampledPoints | None) -> Series:
    """What the header says of a series; no sample where it is as it is known."""
    if sample is None:
        return Series(state.key.run_id, 0, 0, 0, _text(state), is_unchanged=True)
    damaged = sum(block.count for block in sample.damaged)
    return Series(state.key.run_id, len(sample.points), sample.total, damaged, _text(state), is_unchanged=False)


def _text(state: SeriesState) -> str:
    """The state as it travels; the same for the same points, whatever window and limit they are asked for with."""
    return f"{state.key.number}-{state.count}-{state.hidden}"


def _header(header: PointsHeader) -> bytes:
    text = to_json(header)
    text += b" " * (-(_LENGTH.size + len(text)) % _ALIGNMENT)
    return _LENGTH.pack(len(text)) + text


def _packed(column: NDArray[np.int64] | NDArray[np.float64]) -> bytes:
    return column.astype("<f8").tobytes()
