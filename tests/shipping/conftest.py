"""A shipper over a store that is a model, and processes that record beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tb_runhistory.shipping.shipper import Shipper
from tests.recording.training import Training
from tests.shipping.model_writer import ModelDatabase


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def database(tmp_path: Path) -> ModelDatabase:
    return ModelDatabase(tmp_path / "store")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def shipper(spool: Path, database: ModelDatabase, said: list[str]) -> Iterator[Shipper]:
    with_said = Shipper(spool, database.open, said.append)
    yield with_said
    with_said.close()


@pytest.fixture
def training(spool: Path) -> Iterator[Callable[..., Training]]:
    begun: list[Training] = []

    def begin(run: str = "run", is_owner: bool = True) -> Training:
        begun.append(Training(spool, run, is_owner))
        return begun[-1]

    yield begin
    for each in begun:
        each.die()
