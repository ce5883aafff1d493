"""The guard before a whole application that is not ours."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from tb_runhistory.plugin import guard
from tb_runhistory.plugin.guard import HOSTS_VARIABLE, PROXY_VARIABLE, Guard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OWN_POLICY = "script-src 'self'"
OWN = {"Host": "localhost:6006"}


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers everything, with headers of its own."""
    start_response("200 OK", [("Content-Security-Policy", OWN_POLICY), ("referrer-policy", "same-origin")])
    return [b"answered"]


def test_a_dashboard_may_ask_by_post_and_nothing_else_changes_method() -> None:
    client = Client(Guard(application))
    for method in ("GET", "POST"):
        assert client.open("/", method=method, headers=OWN).data == b"answered"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        refused = client.open("/", method=method, headers=OWN)
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_a_form_of_another_page_cannot_post() -> None:
    navigation = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    client = Client(Guard(application))
    assert client.get("/", headers={**OWN, **navigation}).status_code == 200
    assert client.post("/", headers={**OWN, **navigation}).status_code == 403


def test_headers_of_the_application_stay() -> None:
    headers = Client(Guard(application)).get("/", headers=OWN).headers
    assert headers.getlist("Content-Security-Policy") == [OWN_POLICY, "frame-ancestors 'self'"]
    assert headers.getlist("Referrer-Policy") == ["same-origin"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_refusal_of_head_has_no_body() -> None:
    refused = Client(Guard(application)).head("/", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.data) == (403, b"")


@pytest.mark.parametrize("proxy", ["https://proxy.example/%PORT%/", "proxy.example:8443/x", "//proxy.example"])
def test_the_proxy_is_known_with_and_without_a_scheme(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROXY_VARIABLE, proxy)
    client = Client(Guard(application))
    assert client.get("/", headers={"Host": "proxy.example"}).status_code == 200
    assert client.get("/", headers={**OWN, "Origin": "https://proxy.example"}).status_code == 200
    assert client.get("/", headers={"Host": "other.example"}).status_code == 403


def test_a_name_that_is_not_known_is_told_to_whoever_opens_it_and_once_on_the_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = Client(Guard(application))
    asked = {"Host": "gpu01.corp:6006", "Accept": "text/html,*/*;q=0.8"}
    for _ in range(3):
        refused = client.get("/", headers=asked)
        assert (refused.status_code, refused.mimetype) == (403, "text/html")
        assert f"{HOSTS_VARIABLE}=gpu01.corp" in refused.text
    assert caplog.text.count(f"{HOSTS_VARIABLE}=gpu01.corp") == 1
    hostile = client.get("/", headers={**asked, "Host": "<script>alert(1)</script>"})
    assert "<script>" not in hostile.text
    assert HOSTS_VARIABLE in hostile.text


def test_the_machine_knows_its_name_with_and_without_its_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu02")
    monkeypatch.setattr(socket, "getfqdn", lambda name="": "GPU02.lab.example")
    guard._whole_name.cache_clear()
    client = Client(Guard(application))
    for name in ("gpu02", "gpu02.lab.example:6006", "gpu02.lab.example."):
        assert client.get("/", headers={"Host": name}).status_code == 200
    assert client.get("/", headers={"Host": "gpu03.lab.example"}).status_code == 403
    guard._whole_name.cache_clear()


# What common proxies make of a request of a browser at https://hub.example/proxy/6006/.
PROXIES = {
    # nginx without a word on Host, and a tunnel by ssh or kubectl.
    "host of the target": {"Host": "127.0.0.1:6006"},
    # Apache's ProxyPass, Caddy's and Traefik's headers beside it.
    "forwarded": {"Host": "localhost:6006", "X-Forwarded-Host": "hub.example", "X-Forwarded-Proto": "https"},
    # JupyterHub's proxy, and nginx with proxy_set_header Host $host: the browser's own name.
    "host of the browser": {"Host": "hub.example"},
}
BROWSER = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


@pytest.mark.parametrize("proxy", PROXIES)
def test_common_proxies_pass_with_their_name_allowed(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {**BROWSER, **PROXIES[proxy]}
    # A proxy that hides its own name needs nothing; for one that does not the refusal says what to set.
    expected = 403 if proxy == "host of the browser" else 200
    assert Client(Guard(application)).get("/", headers=asked).status_code == expected
    monkeypatch.setenv(HOSTS_VARIABLE, "hub.example")
    client = Client(Guard(application))
    assert client.get("/", headers=asked).status_code == 200
    assert client.post("/", headers={**asked, "Origin": "https://hub.example"}).status_code == 200
