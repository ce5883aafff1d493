"""Writes the golden payloads. Run as ``python -m tests.store.make_golden`` when a format gets a new number, never else.

Files of formats that were released are kept as they are: what was once written must stay readable.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tb_runhistory.records.points import Points
from tb_runhistory.store.block import encode_block, encode_raw, encode_tail
from tb_runhistory.store.pyramid import encode_buckets, summarize

GOLDEN = Path(__file__).parent / "golden"


def golden_points() -> Points:
    """Ten points with every kind of value."""
    return Points(
        np.array([-(2**63), -5, 0, 1, 2, 3, 10, 100, 1000, 2**63 - 1]),
        1.7e9 + np.arange(10) / 8,
        np.array([0.5, -0.0, np.nan, np.inf, -np.inf, 5e-324, 0.1, 1e308, -2.5, 7.0]),
    )


def golden_payloads() -> dict[str, bytes]:
    """What is written, by file name."""
    points = golden_points()
    return {
        "block-1.bin": encode_block(points),
        "raw-block-1.bin": encode_raw(points),
        "tail-1.bin": encode_tail([(3, points.take(slice(0, 4))), (4294967295, points.take(slice(4, 5)))]),
        "buckets-1.bin": encode_buckets(summarize(points, 4)),
    }


def main() -> None:
    """Writes the files that are missing."""
    GOLDEN.mkdir(exist_ok=True)
    for name, payload in golden_payloads().items():
        if not (GOLDEN / name).exists():
            (GOLDEN / name).write_bytes(payload)


if __name__ == "__main__":
    main()
