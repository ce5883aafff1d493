"""``tb-runhistory archive``, ``delete``, ``restore`` and ``gc`` change what is shown, and remove what is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.cli.conftest import answer, call
from tests.conformance.builder import History, id_of


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A store with a sweep of three trials, and an experiment of two runs."""
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        sweep = history.root("sweep")
        for number in range(3):
            sweep.child(f"trial-{number}").log("loss", range(5)).end()
        sweep.end()
        for name in ("one", "two"):
            history.root(name, "tries").log("loss", range(5)).end()
    return uri


def names(uri: str, *options: str) -> set[str]:
    """The names of the runs that are listed."""
    runs: list[dict[str, Any]] = answer("list", uri, *options)["runs"]
    return {run["display_name"] for run in runs}


EVERYTHING = {"sweep", "trial-0", "trial-1", "trial-2", "one", "two"}


def test_a_run_is_archived_with_all_below_it_and_restored(uri: str) -> None:
    done = call("archive", uri, "sweep")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"Archived sweep ({id_of('sweep')}) and 3 runs below it.",
        "tb-runhistory list --archived shows what is archived, restore brings it back.",
    ]
    assert names(uri) == {"one", "two"}
    assert names(uri, "--archived") == EVERYTHING - {"one", "two"}
    assert call("restore", uri, "mnist/sweep").stdout == f"Restored sweep ({id_of('sweep')}) and 3 runs below it.\n"
    assert names(uri) == EVERYTHING
    assert call("check", uri).exit_code == 0


def test_several_runs_are_named_at_once_and_are_shown_with_what_stands_above(uri: str) -> None:
    assert call("delete", "trial-0", id_of("trial-2"), "--store", uri).exit_code == 0
    assert names(uri) == EVERYTHING - {"trial-0", "trial-2"}
    assert names(uri, "--deleted") == {"sweep", "trial-0", "trial-2"}


def test_an_experiment_hides_its_runs_whatever_their_own_stage(uri: str) -> None:
    assert call("archive", uri, "-e", "tries").stdout.startswith("Archived the experiment tries with its 2 runs.\n")
    assert names(uri) == EVERYTHING - {"one", "two"}
    assert names(uri, "--archived") == {"one", "two"}
    refused = call("restore", uri, "one")
    assert refused.exit_code == 2
    assert (
        "the experiment 'tries' is archived with all of its runs: restore it with --experiment first" in refused.stderr
    )
    assert call("restore", uri, "--experiment", "tries").exit_code == 0
    assert names(uri) == EVERYTHING


def test_what_cannot_be_told_changes_nothing(uri: str) -> None:
    for arguments, says in (
        (["archive", uri, "sweep", "nothing"], "has no run 'nothing'"),
        (["delete", uri, "sweep", "-e", "nothing"], "has no experiment 'nothing'"),
        (["archive", uri, id_of("one")[:8], "trial-"], "has no run 'trial-'"),
        (["restore", uri], "Name runs, or an experiment with --experiment."),
    ):
        refused = call(*arguments)
        assert refused.exit_code in (1, 2)
        assert says in refused.stderr
    assert names(uri) == EVERYTHING


def test_gc_shows_what_it_would_remove_and_removes_only_what_is_deleted(uri: str) -> None:
    call("delete", uri, "trial-1", "--experiment", "tries")
    call("archive", uri, "trial-2")
    looked = call("gc", uri, "--dry-run")
    assert looked.exit_code == 0
    assert looked.stdout.splitlines() == [
        "  the experiment tries, all of it",
        f"  mnist/sweep/trial-1 ({id_of('trial-1')}) and all below it",
    ]
    refused = call("gc", uri)
    assert refused.exit_code == 2
    assert "say --yes" in refused.stderr
    assert names(uri, "--all") == EVERYTHING
    removed = call("gc", uri, "--yes")
    assert removed.exit_code == 0
    assert removed.stdout.endswith("Removed 3 runs from " + parse_uri(uri).shown + ".\n")
    assert names(uri, "--all") == {"sweep", "trial-0", "trial-2"}
    assert call("gc", uri, "-y").stdout.startswith("Nothing is deleted.\n")
    assert call("check", uri).exit_code == 0
