"""A run history in PostgreSQL is shown as one in a file is, and its password by nobody."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History
from tests.plugin.conftest import with_ids
from tests.postgresql_server import PostgresServer
from tests.provider.built import with_parameters
from tests.provider.viewer import Viewer, refused, wait_for

PASSWORD = "secret"


@pytest.fixture(scope="module")
def uri(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of its own."""
    made = postgres_server.new_database()
    assert PASSWORD in made
    yield made
    postgres_server.drop(made)


def test_the_dashboards_and_the_tab_show_it_live(uri: str) -> None:
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        sweep = history.root("sweep")
        with_parameters(sweep.child("trial"), lr=0.5).log("loss", range(5)).log_texts("note", [(0, "hello")])
        with Viewer(f"--runhistory_uri={uri}") as viewer:
            assert viewer.get("data/runs") == ["mnist/sweep", "mnist/sweep/trial"]
            assert len(viewer.time_series("loss")["mnist/sweep/trial"]) == 5
            assert viewer.get("data/plugin/text/tags") == {"mnist/sweep/trial": ["note"]}
            [run] = viewer.get(with_ids("data/plugin/runhistory/v1/runs?parent=sweep&column=inherited.params.lr"))[
                "runs"
            ]
            assert (run["name"], run["cells"]) == ("trial", [0.5])
            history.root("late").log("loss", [0])
            assert wait_for("the run's arrival", lambda: "mnist/late" in viewer.get("data/runs"), 5) < 2
            assert viewer.get("data/plugin/runhistory/v1/overview")["runs"] == 3
            shown = json.dumps(viewer.get("data/environment")) + viewer.stderr
            shown += json.dumps(viewer.get("data/plugin/runhistory/v1/overview"))
            server = viewer.data_server()
            assert server is not None
            assert PASSWORD not in shown + " ".join(server.cmdline())


def test_a_selection_narrows_it(uri: str) -> None:
    with open_writer(parse_uri(uri)) as writer:
        History(writer, journal_id="0190aaaa-0000-7000-8000-000000000001").root("chosen", experiment="other")
    joined = "&" if "?" in uri else "?"
    with Viewer(f"--runhistory_uri={uri}{joined}run=chosen") as viewer:
        assert viewer.get("data/runs") == ["other/chosen"]
        assert viewer.get("data/plugin/runhistory/v1/overview")["runs"] == 1


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    code, stderr = refused(f"--runhistory_uri=postgresql://u:{PASSWORD}@127.0.0.1:9/db", env=dict(os.environ))
    assert code == 1
    assert stderr.startswith("Error: ")
    assert "127.0.0.1" in stderr
    assert PASSWORD not in stderr
    assert len(stderr.splitlines()) == 1


def test_a_database_without_a_store_is_named(postgres_server: PostgresServer) -> None:
    empty = postgres_server.new_database()
    code, stderr = refused(f"--runhistory_uri={empty}")
    assert (code, "there is no store at" in stderr, PASSWORD in stderr) == (1, True, False)
    postgres_server.drop(empty)
