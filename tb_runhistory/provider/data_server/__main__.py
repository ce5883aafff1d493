"""The data server: a process that answers TensorBoard's data-provider requests from a run-history store.

    python -m tb_runhistory.provider.data_server

It reads one line of ``ServerSettings`` from its standard input, which then stays open: when it ends, so does the
server, whatever became of the process that started it. On its standard output it says each half second that it lives,
and once each "open", and "ready" or "error" with a sentence.

The port is opened before the heavy part is loaded, so that TensorBoard never finds it closed for long.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from tb_runhistory.errors import RunHistoryError, StoreError
from tb_runhistory.provider.data_server.protocol import (
    BEAT,
    BEAT_SECONDS,
    ERROR,
    EXIT_BROKEN,
    LOOPBACK,
    OPEN,
    READY,
    ServerSettings,
)

if TYPE_CHECKING:
    import grpc

    from tb_runhistory.provider.data_server.servicer import Loaded

_WORKERS = 64
"""Threads, most of which wait for their turn: see ``servicer``."""

_MAX_REQUEST_BYTES = 64 << 20


def main() -> None:
    """Serves until the standard input ends."""
    # A Ctrl-C in the terminal is TensorBoard's to handle; the end of the standard input follows from it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    # Nothing that is loaded is garbage, and looking for some takes a sixth of the time until the first answer.
    gc.disable()
    import grpc  # noqa: F401

    line = sys.stdin.readline()
    if not line:
        return
    settings = ServerSettings.from_line(line)
    loaded: Future[Loaded] = Future()
    _server = _listen(settings, loaded)
    _say(OPEN)
    threading.Thread(target=_load, args=(settings, loaded), daemon=True).start()
    _live(parent)
    # Requests at work must not hold up the end, and about an orderly one the gRPC of TensorBoard prints a line.
    os._exit(0)


def _listen(settings: ServerSettings, loaded: Future[Loaded]) -> grpc.Server:
    import grpc

    from tb_runhistory.provider.data_server.servicer import RunHistoryServicer

    options = [("grpc.so_reuseport", 1), ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=options)
    server.add_generic_rpc_handlers((RunHistoryServicer(loaded).handlers(),))
    server.add_insecure_port(f"{LOOPBACK}:{settings.port}")
    server.start()
    return server


def _load(settings: ServerSettings, loaded: Future[Loaded]) -> None:
    try:
        ready = _make_ready(settings)
    except RunHistoryError as error:
        _say(f"{ERROR} {' '.join(str(error).split())}")
        os._exit(EXIT_BROKEN)
    except Exception as error:
        # The thread's boundary: without answers the process has no use. The text of an unknown error may hold a secret.
        reason = f"{type(error).__name__}: {error}" if isinstance(error, ImportError) else type(error).__name__
        _say(f"{ERROR} the data server cannot be loaded ({' '.join(reason.split())}); reinstall tb-runhistory")
        os._exit(EXIT_BROKEN)
    gc.freeze()
    gc.enable()
    # Said before anybody is answered: a server that answered and then died is started again at once.
    _say(READY)
    loaded.set_result(ready)


def _make_ready(settings: ServerSettings) -> Loaded:
    from tb_runhistory.provider.data_provider import RunHistoryProvider
    from tb_runhistory.provider.data_server.servicer import Loaded
    from tb_runhistory.provider.snapshot import Snapshots
    from tb_runhistory.query.parsing import parse_filter
    from tb_runhistory.records.columns import Scope
    from tb_runhistory.store.opening import open_reader
    from tb_runhistory.uri import parse_uri

    uri = parse_uri(settings.uri)
    snapshots = Snapshots(lambda: open_reader(uri), Scope(uri.experiment, uri.runs), parse_filter(uri.filter))
    # The first request would wait for the first snapshot. A store that cannot be read now may be readable then, but a
    # selection that is not there is a mistake.
    tolerated = StoreError if settings.check_selection else RunHistoryError
    with contextlib.suppress(tolerated):
        snapshots.current()
    return Loaded(snapshots, RunHistoryProvider(settings.rollups, settings.points_budget))


def _live(parent: int) -> None:
    """Returns when the standard input has ended or the parent is gone."""
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], BEAT_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            return
        _say(BEAT)


def _say(line: str) -> None:
    try:
        os.write(sys.stdout.fileno(), f"{line}\n".encode())
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
