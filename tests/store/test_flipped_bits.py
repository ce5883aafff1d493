"""A bit that flips in a store's file never makes a chart lie: the points are right, or said to be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tb_runhistory.errors import RunHistoryError
from tb_runhistory.records.columns import SampledPoints, SeriesKey
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History

COUNT = 20_000
KEY = SeriesKey("run", "run", 0)


def noise() -> list[float]:
    """The values of the series."""
    values: list[float] = np.random.default_rng(7).normal(size=COUNT).tolist()
    return values


def read(uri: StoreUri, limit: int | None) -> SampledPoints | None:
    """The series; None where the store says that it cannot be read."""
    try:
        with open_reader(uri) as reader:
            return reader.read_points([KEY], limit)[0]
    except RunHistoryError:
        return None


@pytest.mark.parametrize("flips", [150, pytest.param(600, marks=pytest.mark.slow)])
def test_a_flipped_bit_is_never_served_as_data(tmp_path: Path, flips: int) -> None:
    sound = tmp_path / "sound.db"
    with open_writer(parse_uri(f"sqlite:///{sound}")) as writer:
        History(writer).root("run").log("loss", range(COUNT), noise()).end()
    truth = dict(enumerate(noise()))
    random = np.random.default_rng(flips)
    noticed = 0
    for _ in range(flips):
        hurt = tmp_path / "hurt.db"
        shutil.copy(sound, hurt)
        with hurt.open("r+b") as file:
            # The header is left alone: what is no store is told from it before anything is read.
            place = int(random.integers(100, sound.stat().st_size))
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ (1 << int(random.integers(8)))]))
        for limit in (None, 100):
            shown = read(parse_uri(f"sqlite:///{hurt}"), limit)
            if shown is None:
                noticed += 1
                continue
            steps, values = shown.points.steps.tolist(), shown.points.values.tolist()
            assert all(truth.get(step) == value for step, value in zip(steps, values, strict=True))
            if shown.damaged:
                noticed += 1
            elif limit is None:
                assert len(steps) == COUNT
    assert noticed > flips / 2
