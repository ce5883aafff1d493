"""``tb-runhistory view`` says how an experiment is shown at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.cli.conftest import call
from tests.conformance.builder import History

LINK = "http://localhost:6006/#runhistory&p.runhistory.sort=metrics.loss&p.runhistory.selected=AZ"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    with open_writer(parse_uri(uri)) as writer:
        History(writer).root("run").log("loss", range(5)).end()
    return uri


def test_a_view_is_said_shown_and_cleared(uri: str) -> None:
    assert "Nobody has said how mnist is shown" in call("view", "mnist", "--store", uri).stdout
    done = call("view", "mnist", LINK, "--store", uri)
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.stdout == "The tab shows mnist so from now on.\n"
    assert call("view", "mnist", "--store", uri).stdout == "sort=metrics.loss\n"
    with open_reader(parse_uri(uri)) as reader:
        assert reader.experiments().view == ["sort=metrics.loss"]
    assert call("check", uri).exit_code == 0
    assert "by its own choice" in call("view", "mnist", "--clear", "--store", uri).stdout
    assert "Nobody has said" in call("view", "mnist", "--store", uri).stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("view", "mnist", "nothing"), "copy a link from the tab"),
        (("view", "cifar", LINK), "has no experiment 'cifar'"),
        (("view", "mnist", LINK, "--clear"), "leave one out"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    uri: str, arguments: tuple[str, ...], sentence: str
) -> None:
    refused = call(*arguments, "--store", uri)
    assert refused.exit_code != 0
    assert sentence in refused.stderr
    with open_reader(parse_uri(uri)) as reader:
        assert reader.experiments().view == [""]
