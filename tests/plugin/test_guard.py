"""The guard before a whole application that is not ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from tb_runhistory.plugin.guard import PROXY_VARIABLE, Guard

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
