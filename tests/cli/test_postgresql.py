"""Every command works on a store in PostgreSQL, and shows no password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.cli.conftest import call
from tests.conformance.builder import History
from tests.export.event_files import read_logdir
from tests.postgresql_server import PostgresServer


@pytest.fixture
def uri(postgres_server: PostgresServer) -> Iterator[str]:
    """A store with a sweep of three trials."""
    uri = postgres_server.new_database()
    with open_writer(parse_uri(uri)) as writer:
        sweep = History(writer).root("sweep")
        for number in range(3):
            sweep.child(f"trial-{number}").log("loss", range(500)).log_texts("note", [(0, "hello")]).end()
        sweep.end()
    yield uri
    postgres_server.drop(uri)


def said(*arguments: str) -> str:
    """What a command says that ends well."""
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert "secret" not in result.output
    return result.stdout


def test_the_commands_work_on_it(uri: str, tmp_path: Path) -> None:
    assert "trial-2" in said("list", uri)
    assert "500" in said("show", uri, "trial-0")
    checked = said("check", uri)
    assert "4 runs, 1,500 points" in checked
    assert checked.endswith("Nothing is wrong.\n")
    assert "Wrote 4 folders with 1,500 points" in said("export", uri, str(tmp_path))
    assert len(read_logdir(tmp_path)["mnist/sweep/trial-1"].scalars["loss"]) == 500
    said("archive", uri, "trial-0")
    said("delete", uri, "trial-1")
    assert "trial-0" in said("list", uri, "--archived")
    assert "Removed 1 run" in said("gc", uri, "--yes")
    said("restore", uri, "trial-0")
    assert said("check", uri).endswith("Nothing is wrong.\n")
    doctor = call("doctor", uri).output
    assert "secret" not in doctor
    assert "store folder" not in doctor
    assert "Nothing to ship" in said("sync", uri)
