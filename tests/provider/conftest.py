"""A store to fill and to view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History


@pytest.fixture
def uri(tmp_path: Path) -> StoreUri:
    """A store in a folder of its own."""
    (tmp_path / "store").mkdir()
    return parse_uri(f"sqlite:///{tmp_path}/store/runs.db")


@pytest.fixture
def history(uri: StoreUri) -> Iterator[History]:
    """Fills the store."""
    with open_writer(uri) as writer:
        yield History(writer)
