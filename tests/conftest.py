"""What every test needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgresql_server import PostgresServer, running_server

# A busy machine makes any example slow once; how long tests take is not for hypothesis to judge.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture(autouse=True)
def own_journals(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Journals of a test, and of the processes it starts, stand in a folder of its own."""
    folder = tmp_path_factory.mktemp("journals")
    monkeypatch.setenv("RUNHISTORY_JOURNAL_DIR", str(folder))
    for variable in ("RUNHISTORY_URI", "RUNHISTORY_MODE"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started for the first test that needs it."""
    with running_server() as server:
        yield server
