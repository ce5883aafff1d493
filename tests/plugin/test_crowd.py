"""Many who ask at once: answered in turn, or told when to come again."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tb_runhistory.plugin import run_pages
from tb_runhistory.provider.admission import Admission
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History
from tests.plugin.conftest import Asking


def test_equal_questions_are_answered_once_and_others_in_turn(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    overview = run_pages.overview

    def counted(*asked: object) -> object:
        calls.append("")
        return overview(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(run_pages, "overview", counted)
    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(asking, ["/v1/overview"] * 60))
        pages = list(pool.map(asking, [f"/v1/runs?limit={limit}&sort=metrics.loss" for limit in range(1, 201)]))
    assert {answer.status_code for answer in (*answers, *pages)} == {200}
    assert len({answer.data for answer in answers}) == 1
    # A run may stop responding meanwhile, which is another version.
    assert len(calls) <= 2


def test_who_would_wait_too_long_is_told_when_to_come_again(asking: Asking) -> None:
    asking.tab._admission = Admission(1, longest_wait=0.01)
    with asking.tab._admission.turn():
        for path in ("/v1/overview", "/v1/runs", "/v1/points?tag=loss&run=other"):
            refused = asking(path)
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) >= 1
            assert "ask again later" in json.loads(refused.data)["error"]
        assert asking("/v1/version").status_code == 200
    assert asking("/v1/overview").status_code == 200


def test_what_has_changed_is_not_answered_from_before(open_tab: Callable[..., Asking], tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        tab = open_tab(uri) if history.root("first") else None
        assert tab is not None
        for count in range(1, 6):
            assert tab.json("/v1/runs")["total"] == tab.json("/v1/overview")["runs"] == count
            history.root(f"run-{count}")


def test_a_question_that_fails_leaves_room_for_the_next(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(reader: RunHistoryReader, *_: object) -> object:
        raise KeyError(reader.location)

    with monkeypatch.context() as broken:
        broken.setattr(run_pages, "overview", fail)
        assert [asking("/v1/overview").status_code for _ in range(5)] == [500] * 5
    assert asking("/v1/overview").status_code == 200
