"""What other people's runs hold costs itself: an answer is bounded, and one bad cell does not take the page down."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tb_runhistory.plugin import run_pages
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of
from tests.plugin.conftest import Asking
from tests.provider.built import with_parameters

HUGE = "x" * 1_200_000
ROUTES = [
    "/v1/overview",
    "/v1/runs?column=inherited.params.lr&column=metrics.loss&sort=inherited.params.lr",
    "/v1/points?tag=loss&run=other",
]


def test_texts_of_any_length_make_answers_of_bounded_length(open_tab: Callable[..., Asking], tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        for number in range(60):
            run = history.root(f"run-{number}", description=HUGE)
            with_parameters(run, note=HUGE).end(RunStatus.FAILED, HUGE)
    tab = open_tab(uri)
    answer = tab("/v1/runs?column=inherited.params.note&sort=inherited.params.note")
    assert answer.status_code == 200
    assert len(answer.data) < 1_000_000
    [run, *_] = json.loads(answer.data)["runs"]
    assert run["cells"][0].startswith("xxx")
    assert len(run["cells"][0]) < 1100
    assert run["error"].startswith("xxx")
    assert len(tab("/v1/overview").data) < 10_000


def test_the_more_cells_a_page_has_the_shorter_each_is_cut(open_tab: Callable[..., Asking], tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        for number in range(100):
            with_parameters(history.root(f"run-{number}"), **{f"p{at}": "y" * 5000 for at in range(20)})
    columns = "".join(f"&column=inherited.params.p{at % 20}" for at in range(200))
    answer = open_tab(uri)(f"/v1/runs?limit=100{columns}")
    assert answer.status_code == 200
    assert len(answer.data) < 4_000_000


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE runs SET status = 99",
        "UPDATE runs SET status = 'Exploded'",
        "UPDATE runs SET number = 'many', created_at = 'yesterday', heartbeat_at = x'ff'",
        "UPDATE runs SET display_name = x'fffefd', description = x'ff', error = x'ff00'",
        "UPDATE runs SET stage = 'gone'",
        "UPDATE runs SET started_at = 9e999, ended_at = -9e999, dropped = 1.5e300",
        "UPDATE params SET kind = 77",
        "UPDATE params SET number = 'text', text = x'ff'",
        "UPDATE params SET name = x'ff'",
        "UPDATE series SET count = 'many', last_value = 'high', maximum_step = x'00'",
        "UPDATE series SET declaration = 'no json'",
        "UPDATE series SET declaration = '[1, 2]'",
        "UPDATE series SET count = 4611686018427387904",
        "UPDATE experiments SET description = x'ff', created_at = 'once', run_count = 'some'",
        "UPDATE names SET run_count = 'many'",
    ],
)
def test_a_cell_that_cannot_be_understood_takes_nothing_down(asking: Asking, store: str, damage: str) -> None:
    with closing(sqlite3.connect(parse_uri(store).path)) as raw, raw:
        raw.execute(damage)
    for route in ROUTES:
        answer = asking(route)
        assert answer.status_code == 200, (route, answer.text)
    assert len(asking.json("/v1/runs")["runs"]) == 2


def test_a_refusal_is_of_bounded_length(asking: Asking) -> None:
    status, sentence = asking.problem(f"/v1/runs?sort={'x' * 900}")
    assert (status, len(sentence) < 300) == (400, True)
    assert len(run_pages.shortened(HUGE)) < 2100


def test_a_name_that_cannot_be_asked_for_is_not_offered(open_tab: Callable[..., Asking], tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    with open_writer(parse_uri(uri)) as writer:
        with_parameters(History(writer).root("run"), **{"z" * 5000: 1, "lr": 2})
    assert [column["column"] for column in open_tab(uri).json("/v1/overview")["columns"]] == ["inherited.params.lr"]


def test_ids_that_are_none_match_nothing(asking: Asking) -> None:
    for text in ("nobody", "", "%00", "%ff", "0190cccc-0000-7000-8000-00000000000g", "x" * 900):
        if text:
            assert asking.problem(f"/v1/runs?parent={text}")[0] == 404
        assert asking(f"/v1/points?tag=loss&run={id_of('other')}&run={text}").status_code == 200
