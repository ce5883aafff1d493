"""What stands before a route, or before a whole TensorBoard: who may ask, and what a browser may do with the answer.

TensorBoard has no passwords: what keeps other people's pages out is that a browser lets a page read only what comes
from the page's own origin. Two tricks get around that. A page may make its own name point to this machine (DNS
rebinding): so a request must name a host that is known to be this one. And a page may send requests whose answers it
cannot read: so requests that a browser says come from another site are refused, except for following a link.
"""

from __future__ import annotations

import html
import ipaddress
import json
import os
import re
import socket
from collections.abc import Collection, Iterable
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tensorboard.util import tb_logging

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOSTS_VARIABLE = "RUNHISTORY_ALLOWED_HOSTS"
PROXY_VARIABLE = "TENSORBOARD_PROXY_URL"

READING = frozenset({"GET", "HEAD"})
"""The methods of our own routes."""

DASHBOARDS = READING | {"POST"}
"""Those of a whole TensorBoard: its dashboards send long questions by POST. No route of it changes anything."""

_NETLOC = re.compile(r"(?:\[(?P<address>[^\[\]@]*)\]|(?P<name>[^:@\[\]/]*))(?::[0-9]*)?")
_PLAIN_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_MOST_SHOWN = 100
_MOST_SAID = 20
_REASONS = {403: "403 Forbidden", 405: "405 Method Not Allowed"}
_ADDED = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "frame-ancestors 'self'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)


class Guard:
    """Puts the rules before a WSGI application.

    Allowed are, besides IP addresses, localhost and this machine's own name: the names in ``hosts``, in
    RUNHISTORY_ALLOWED_HOSTS (separated by commas) and of the proxy in TENSORBOARD_PROXY_URL. With ``any_host`` all are:
    for what holds nobody's data, such as the page that tells a person what to do about a refusal.
    """

    def __init__(
        self,
        application: WSGIApplication,
        hosts: Iterable[str] = (),
        methods: Collection[str] = DASHBOARDS,
        any_host: bool = False,
    ) -> None:
        self._application = application
        self._any_host = any_host
        self._named = {_host(name) for name in (*hosts, *_configured_hosts())} - {""}
        self._hosts = self._named | {"localhost", _host(socket.gethostname())}
        self._methods = methods

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = self._refusal(environ)
        if refusal is None:

            def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
                return start_response(status, _with_added(headers), *rest)  # type: ignore[arg-type]

            return self._application(environ, start)  # type: ignore[arg-type]
        status, sentence = refusal
        media_type, body = _told(environ, sentence)
        headers = [
            ("Content-Type", media_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        if status == 405:
            headers.append(("Allow", ", ".join(sorted(self._methods))))
        start_response(_REASONS[status], _with_added(headers))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _refusal(self, environ: WSGIEnvironment) -> tuple[int, str] | None:
        method = environ["REQUEST_METHOD"]
        if method not in self._methods:
            return 405, f"{method} is not answered here, only {' and '.join(sorted(self._methods))}."
        host = environ.get("HTTP_HOST", "")
        if not self._any_host and not self._is_allowed(_host(host)):
            sentence = _unknown_host(host)
            _say_once(sentence)
            return 403, sentence
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and not self._is_own(origin, host):
            return 403, f"Requests from pages of another origin ({origin!r}) are refused."
        site = environ.get("HTTP_SEC_FETCH_SITE", "none")
        # "same-site" is refused, too: pages on other ports of this machine are of the same site.
        if site not in ("same-origin", "none") and not _is_followed_link(environ):
            return 403, "Requests from pages of another site are refused: open TensorBoard's own address instead."
        return None

    def _is_allowed(self, host: str) -> bool:
        is_known = host in self._hosts or host.endswith(".localhost") or _is_address(host)
        # Only where nothing else helps: asking for the machine's whole name may ask a name server.
        return is_known or (host != "" and host == _whole_name())

    def _is_own(self, origin: str, host: str) -> bool:
        # A proxy may pass on another Host than the browser's; its name is then among those that were named.
        netloc = origin.partition("://")[2]
        return netloc != "" and (netloc.lower() == host.lower() or _host(netloc) in self._named)


def _unknown_host(host: str) -> str:
    name = _host(host)
    example = f", for example {HOSTS_VARIABLE}={name}" if _PLAIN_NAME.fullmatch(name) else ""
    return (
        f"This TensorBoard does not know itself as {host[:_MOST_SHOWN]!r}: open it by its IP address or as localhost, "
        f"or start it with the environment variable {HOSTS_VARIABLE} naming the hosts it may be asked for, separated "
        f"by commas{example}."
    )


def _told(environ: WSGIEnvironment, sentence: str) -> tuple[str, bytes]:
    """The media type and the body of a refusal: a page for whoever opens one, else JSON."""
    if "text/html" not in environ.get("HTTP_ACCEPT", ""):
        return "application/json", json.dumps({"error": sentence, "position": None, "expected": []}).encode()
    page = f"<!doctype html><meta charset=utf-8><title>TensorBoard</title><p>{html.escape(sentence)}</p>"
    return "text/html; charset=utf-8", page.encode()


@cache
def _whole_name() -> str:
    """This machine's name with its domain."""
    return _host(socket.getfqdn())


_said: set[str] = set()


def _say_once(sentence: str) -> None:
    """Says it on the terminal, since the person in front of a refused page may be the one who can change it."""
    if sentence not in _said and len(_said) < _MOST_SAID:
        _said.add(sentence)
        tb_logging.get_logger().warning("tb_runhistory: %s", sentence)


def _configured_hosts() -> list[str]:
    proxy = os.environ.get(PROXY_VARIABLE, "")
    named = os.environ.get(HOSTS_VARIABLE, "").split(",")
    return [*named, urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname or ""]


def _host(netloc: str) -> str:
    """The host of "host:port", in small letters, without brackets and without the dot that may end a name.

    "" where it is of another form.
    """
    parts = _NETLOC.fullmatch(netloc.strip().lower())
    return "" if parts is None else (parts["address"] or parts["name"] or "").removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_followed_link(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] in READING
        and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and environ.get("HTTP_SEC_FETCH_DEST") == "document"
    )


def _with_added(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers with ours; a policy of the application's own stays, and the browser then holds to both."""
    given = {name.lower() for name, _ in headers} - {"content-security-policy"}
    return [*headers, *((name, value) for name, value in _ADDED if name.lower() not in given)]
