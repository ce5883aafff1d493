"""All of a launched TensorBoard, the stock routes included, answers its own pages only."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

import pytest

from tb_runhistory import Tensorboard
from tests.launch.asking import ask, last_values, processes_of, runs_at
from tests.launch.conftest import Board

STOCK = ("", "data/runs", "data/environment", "data/plugins_listing", "data/plugin/scalars/tags", "index.js")


@pytest.mark.parametrize("path", STOCK)
def test_a_name_that_another_site_made_point_here_is_refused(board: Board, path: str) -> None:
    status, _, text = ask(board.url + path, headers={"Host": "evil.example:6006"})
    assert status == 403
    assert "evil.example" in json.loads(text)["error"]


@pytest.mark.parametrize("path", STOCK)
def test_the_page_of_another_site_is_refused(board: Board, path: str) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}):
        assert ask(board.url + path, headers=headers)[0] == 403


def test_a_dashboard_asks_by_post_and_another_site_may_not(board: Board) -> None:
    board.run.log("guarded", 1.0)
    board.run.flush()
    assert last_values(board.url, "guarded") == {"launch/root": 1.0}
    requests = {"requests": json.dumps([{"plugin": "scalars", "tag": "guarded"}])}
    path = "data/plugin/timeseries/timeSeries"
    own = {"Origin": board.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert ask(board.url + path, requests, own)[0] == 200
    assert ask(board.url + path, requests, {"Origin": "null"})[0] == 403
    assert ask(board.url + path, requests, {"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ask(board.url + "data/runs", method="DELETE")[0] == 405


def test_a_link_to_it_can_be_followed_and_no_other_site_may_frame_it(board: Board) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    status, headers, text = ask(board.url, headers=followed)
    assert status == 200
    assert "<title>TensorBoard</title>" in text
    assert headers["X-Content-Type-Options"] == "nosniff"
    framed = {**followed, "Sec-Fetch-Dest": "iframe"}
    assert ask(board.url, headers=framed)[0] == 403


def test_it_listens_on_this_machine_only(board: Board) -> None:
    processes = processes_of(os.getpid())
    listening = [each for process in processes for each in process.net_connections() if each.status == "LISTEN"]
    assert urlsplit(board.url).port in {each.laddr.port for each in listening}
    assert {each.laddr.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}


def test_the_host_of_the_proxy_is_known(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORBOARD_PROXY_URL", "https://hub.example/user/me/proxy/%PORT%/")
    with Tensorboard(board.run, port=0) as tensorboard:
        shown = tensorboard.start()
        port = shown.split("/")[-2]
        assert shown == f"https://hub.example/user/me/proxy/{port}/"
        local = f"http://127.0.0.1:{port}/"
        assert "launch/root" in runs_at(local)
        assert ask(local + "data/runs", headers={"Host": "hub.example"})[0] == 200
        assert ask(local + "data/runs", headers={"Host": "evil.example"})[0] == 403
