"""The workspace that tests share, once over each engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tb_runhistory import Workspace
from tests.postgresql_server import PostgresServer


@pytest.fixture(scope="session")
def postgres_workspace(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """A workspace over a PostgreSQL database, with a live shipper."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNHISTORY_JOURNAL_DIR", str(tmp_path_factory.mktemp("journals of PostgreSQL")))
        workspace = Workspace(postgres_server.new_database())
    yield workspace
    workspace.link.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared_workspace(request: pytest.FixtureRequest, shared_workspace: Workspace) -> Workspace:
    """A workspace with a live shipper for tests that only look at runs of their own."""
    if request.param == "sqlite":
        return shared_workspace
    found: Workspace = request.getfixturevalue("postgres_workspace")
    return found
