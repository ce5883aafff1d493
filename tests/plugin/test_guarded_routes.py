"""Every route of the tab is behind the guard. A route that is added is covered here without a word."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tb_runhistory.plugin.guard import HOSTS_VARIABLE, PROXY_VARIABLE
from tb_runhistory.plugin.tab import RunHistoryTab
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.plugin.conftest import Asking
from tests.provider.viewer import Viewer

ALLOWED_HOSTS = [
    "localhost",
    "localhost:6006",
    "LOCALHOST.",
    "runs.localhost:6006",
    "127.0.0.1:6006",
    "192.168.1.7",
    "[::1]:6006",
    "[fe80::1]",
    socket.gethostname(),
    "bound.example:80",
    "named.example",
    "Also.Named.Example.:6006",
    "proxy.example",
]
REFUSED_HOSTS = [
    "evil.example",
    "evil.example:6006",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evillocalhost",
    "2130706433",
    "localhost@evil.example",
    "127.0.0.1:6006.evil.example",
    "",
]
OWN = {"Host": "localhost:6006"}
ALLOWED_ORIGINS = [
    {},
    {"Origin": "http://localhost:6006"},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Origin": "https://proxy.example", "Sec-Fetch-Site": "same-origin"},
]
REFUSED_ORIGINS = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Origin": "http://localhost:8888"},
    {"Origin": "http://localhost:6006", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]
ADDED = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def paths(tab: RunHistoryTab) -> list[str]:
    """One address of each route."""
    return [route.replace("*", "anything") for route in tab.get_plugin_apps()]


@pytest.fixture
def guarded(open_tab: Callable[..., Asking], store: str, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """The tab of a TensorBoard that has several names."""
    monkeypatch.setenv(HOSTS_VARIABLE, "named.example, also.named.example")
    monkeypatch.setenv(PROXY_VARIABLE, "https://proxy.example/user/1/proxy/%PORT%/")
    return open_tab(store, "bound.example")


def test_only_reading_methods_are_answered(guarded: Asking) -> None:
    for path in paths(guarded.tab):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
            response = guarded(path, method, OWN)
            assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD"), (path, method)
        assert guarded(path, "HEAD", OWN).data == b""
        assert guarded(path, "HEAD", OWN).status_code == guarded(path, "GET", OWN).status_code


def test_a_request_must_name_a_host_that_is_known(guarded: Asking) -> None:
    for path in paths(guarded.tab):
        for host in ALLOWED_HOSTS:
            assert guarded(path, headers={"Host": host}).status_code in (200, 400, 404), (path, host)
        for host in REFUSED_HOSTS:
            response = guarded(path, headers={"Host": host})
            # The page's own files hold no data: with them the page can say why there is none.
            assert response.status_code == (404 if path.startswith("/static/") else 403), (path, host)
            assert path.startswith("/static/") or HOSTS_VARIABLE in json.loads(response.data)["error"]


def test_a_request_must_come_from_the_page_itself(guarded: Asking) -> None:
    for path in paths(guarded.tab):
        for headers in ALLOWED_ORIGINS:
            assert guarded(path, headers={**OWN, **headers}).status_code in (200, 400, 404), (path, headers)
        for headers in REFUSED_ORIGINS:
            response = guarded(path, headers={**OWN, **headers})
            assert response.status_code == 403, (path, headers)
            assert list(json.loads(response.data)) == ["error", "position", "expected"]


def test_every_answer_says_what_a_browser_may_do_with_it(guarded: Asking) -> None:
    refused = [("GET", {"Host": "evil.example"}), ("POST", OWN), ("GET", {**OWN, "Origin": "null"})]
    for path in paths(guarded.tab):
        for method, headers in [("GET", OWN), ("HEAD", OWN), *refused]:
            answer = guarded(path, method, headers)
            assert {name: answer.headers.get(name) for name in ADDED} == ADDED, (path, method)
            assert "frame-ancestors 'self'" in ", ".join(answer.headers.getlist("Content-Security-Policy"))
            assert answer.headers["Content-Type"]
            assert answer.headers["Cache-Control"]
        assert "default-src 'none'" in guarded(path, "GET", OWN).headers["Content-Security-Policy"]
        # Nothing invites other origins.
        assert not [name for name, _ in guarded(path, "GET", OWN).headers if name.startswith("Access-Control")]


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A real TensorBoard on a store that is there, though it is empty."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    open_writer(parse_uri(f"sqlite:///{folder}/runs.db")).close()
    with Viewer("--runhistory_uri=sqlite:///runs.db", cwd=folder) as started:
        yield started


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"Host": "evil.example"}, 403),
        ("GET", {"Origin": "http://evil.example"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {}, 405),
        ("DELETE", {}, 405),
    ],
)
@pytest.mark.parametrize("path", ["v1/version", "v1/overview", "v1/runs"])
def test_in_a_real_tensorboard_too(
    viewer: Viewer, path: str, method: str, headers: dict[str, str], status: int
) -> None:
    connection = HTTPConnection(urlsplit(viewer.url).netloc, timeout=30)
    try:
        connection.request(method, f"/data/plugin/runhistory/{path}", headers=headers)
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    finally:
        connection.close()
    assert "In 3.0" not in viewer.stderr, "TensorBoard's own checks of headers are content"
