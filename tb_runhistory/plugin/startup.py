"""From the flag's value to a data server: what is checked, in which order, and what the user is told."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

from tb_runhistory.errors import QueryError, RunHistoryError
from tb_runhistory.provider.data_server.protocol import LOOPBACK, POINTS_BUDGET, ROLLUPS, ServerSettings
from tb_runhistory.provider.data_server.supervisor import DataServer
from tb_runhistory.query.parsing import parse_filter
from tb_runhistory.store.opening import check_store
from tb_runhistory.uri import StoreUri, parse_uri, redact

_SELECTION_SECONDS = 20.0
_PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
_NO_PROXY = "no_grpc_proxy"


@dataclass(frozen=True, slots=True)
class Opening:
    """A run history that is being opened: its URI and a data server that is loading, or the reason why there is none.

    ``shown`` is the URI without secrets, ``given_provider`` what stood in ``--grpc_data_provider`` before.
    """

    shown: str
    given_provider: str
    uri: StoreUri | None = None
    server: DataServer | None = None
    error: str = ""


def begin(text: str, given_provider: str) -> Opening:
    """Checks the URI and the store's file, and starts a data server, which loads beside TensorBoard."""
    try:
        uri = parse_uri(text)
        parse_filter(uri.filter)
        check_store(uri)
    except QueryError as error:
        # The flags' errors have one line.
        return Opening(redact(text), given_provider, error=error.sentence)
    except RunHistoryError as error:
        return Opening(redact(text), given_provider, error=str(error))
    server = DataServer()
    try:
        server.start()
    except OSError as error:
        server.stop()
        return Opening(uri.shown, given_provider, error=f"the data server cannot be started: {error.strerror}")
    return Opening(uri.shown, given_provider, uri, server)


def serve(openings: Sequence[Opening], flags: argparse.Namespace) -> str:
    """Lets the data server serve and points TensorBoard to it, or returns the sentence that says why not."""
    opening = openings[0]
    rollups = tuple(name.strip() for name in flags.runhistory_rollups.split(",") if name.strip())
    error = _conflict(openings, flags) or opening.error or _bad_rollups(rollups)
    if error or flags.version_tb:
        for other in openings:
            if other.server is not None:
                other.server.stop()
        return error
    uri, server = opening.uri, opening.server
    assert uri is not None
    assert server is not None
    # A number of points that the user asked for by name is not ours to reduce.
    budget = None if "scalars" in (flags.samples_per_plugin or {}) else POINTS_BUDGET
    server.serve(ServerSettings(uri.whole, server.port, rollups, budget, check_selection=uri.is_selective))
    if uri.is_selective:
        try:
            server.wait(_SELECTION_SECONDS)
        except RunHistoryError as refused:
            server.stop()
            return str(refused)
    flags.grpc_data_provider = server.address
    flags.grpc_creds_type = type(flags.grpc_creds_type)("local")
    _exempt_from_proxies()
    return ""


def _conflict(openings: Sequence[Opening], flags: argparse.Namespace) -> str:
    if len(openings) > 1:
        return "--runhistory_uri is given more than once: TensorBoard shows one run history at a time"
    for name in ("logdir", "logdir_spec", "db"):
        if getattr(flags, name):
            return f"--runhistory_uri and --{name} cannot go together: leave one out"
    if openings[0].given_provider or flags.grpc_data_provider != "tb_runhistory":
        return "--runhistory_uri and --grpc_data_provider cannot go together: leave one out"
    return ""


def _bad_rollups(rollups: Sequence[str]) -> str:
    unknown = [name for name in rollups if name not in ROLLUPS]
    return f"--runhistory_rollups knows {', '.join(ROLLUPS)}, not {unknown[0]!r}" if unknown else ""


def _exempt_from_proxies() -> None:
    """Keeps TensorBoard's gRPC client from asking a proxy for the loopback interface."""
    if not any(os.environ.get(name) for name in _PROXY_VARIABLES):
        return
    exempt = os.environ.get(_NO_PROXY) or os.environ.get("no_proxy") or ""
    os.environ[_NO_PROXY] = ",".join(filter(None, [exempt, LOOPBACK]))
