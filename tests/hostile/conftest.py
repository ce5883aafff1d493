"""The store that forgeries are made from, and the process that opens them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.asking import Asker
from tests.hostile.forging import build_store


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store, as the writer makes it."""
    path: Path = tmp_path_factory.mktemp("hostile") / "built.db"
    build_store(path)
    return path


@pytest.fixture(scope="session")
def asker(built: Path) -> Iterator[Asker]:
    """What opens stores in processes of their own."""
    with Asker(f"sqlite:///{built}") as running:
        yield running
