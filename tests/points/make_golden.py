"""Writes the golden payloads. Run ``python -m tests.points.make_golden`` when a format gets a new number, never else.

Files of formats that were released are kept as they are: what was once written must stay readable.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tb_runhistory.points.block import LOGGED, SUPERSEDED, Tail, encode_block, encode_tail
from tb_runhistory.points.entry import encode_entry
from tb_runhistory.points.payload import block_key, entry_key, tail_key
from tb_runhistory.points.pyramid import encode_buckets, summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points

GOLDEN = Path(__file__).parent / "golden"
KEY = SeriesKey("0190aaaa-0000-7000-8000-000000000001", "0190aaaa-0000-7000-8000-000000000002", 3)
BLOCK_PLACE = block_key(KEY, 0, 0)
BUCKETS_PLACE = block_key(KEY, 1, 0)
TAIL_PLACE = tail_key(KEY.root_id, KEY.run_id, 7)
ENTRY_PLACE = entry_key(KEY, 5, 0, 1, 1.7e9)
DIGEST = "ab" * 32


def golden_points(count: int = 10) -> Points:
    """Up to ten points with every kind of value."""
    points = Points(
        np.array([-(2**63), -5, 0, 1, 2, 3, 10, 100, 1000, 2**63 - 1]),
        1.7e9 + np.arange(10) / 8,
        np.array([0.5, -0.0, np.nan, np.inf, -np.inf, 5e-324, 0.1, 1e308, -2.5, 7.0]),
    )
    return points.take(slice(0, count))


def short_run() -> Tail:
    """What five series logged together, at whole milliseconds, some of it noise."""
    noise = 1 + np.sin(np.arange(60) ** 2) / 3
    points = Points(np.tile(np.arange(0, 24, 2), 5), np.tile(1.7e9 + np.arange(12) ** 2 / 1000, 5), noise)
    return Tail(np.arange(5), np.full(5, LOGGED), np.arange(0, 61, 12), points)


def golden_payloads() -> dict[str, bytes]:
    """What is written, by file name: one of each kind, with columns that are packed in each way.

    ``tail-2.bin`` and the blocks are of before there were chunks.
    """
    points = golden_points()
    exact = Points(points.steps, points.wall_times + 1 / 3, points.values)
    tail = Tail(np.array([3, 70_000]), np.array([LOGGED, SUPERSEDED]), np.array([0, 4, 5]), points.take(slice(0, 5)))
    return {
        "block-1.bin": encode_block(points, BLOCK_PLACE),
        "block-1-exact-times.bin": encode_block(exact, BLOCK_PLACE),
        "block-1-plain.bin": encode_block(golden_points(3), BLOCK_PLACE),
        "tail-5.bin": encode_tail(tail, TAIL_PLACE),
        "tail-5-short-run.bin": encode_tail(short_run(), TAIL_PLACE),
        "buckets-3.bin": encode_buckets(summarize(points, 4), BUCKETS_PLACE),
        "entry-4.bin": encode_entry([b"text", b"", bytes(70_000)], lambda _: DIGEST, ENTRY_PLACE),
    }


def main() -> None:
    """Writes the files that are missing."""
    GOLDEN.mkdir(exist_ok=True)
    for name, payload in golden_payloads().items():
        if not (GOLDEN / name).exists():
            (GOLDEN / name).write_bytes(payload)


if __name__ == "__main__":
    main()
