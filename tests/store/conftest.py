"""A store of each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.door import StoreDoor
from tests.conformance.engines import ENGINES, PostgresDoor, SqliteDoor


@pytest.fixture(params=ENGINES)
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreDoor]:
    """A store that does not exist yet, of each engine in turn."""
    if request.param == "sqlite":
        yield SqliteDoor(tmp_path / "runs.db")
    else:
        postgres = PostgresDoor(request.getfixturevalue("postgres_server"))
        yield postgres
        postgres.drop()
