"""Starts the shipper of a spool as a process that outlives the one that needs it, and is that process."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tb_runhistory.shipping.lock import ShipperLock
from tb_runhistory.uri import StoreUri, parse_uri

if TYPE_CHECKING:
    from tb_runhistory.store.base import RunHistoryWriter

LOG_FILE = "shipper.log"
_LONGEST_LOG = 1 << 20

# The child finds its modules where its parent does, whatever the current folder; -P keeps that folder out.
_BOOT = (
    "import json, sys; c = json.load(sys.stdin); sys.path += [p for p in c['path'] if p not in sys.path]; "
    "from tb_runhistory.shipping.process import main; main(c)"
)

_children: list[subprocess.Popen[bytes]] = []


def ensure_shipper(uri: StoreUri, spool: Path) -> None:
    """Starts a shipper for the spool unless one holds its lock. Returns at once.

    The shipper is a process of its own session, which no signal to this process's terminal reaches. Where no process
    can be started it is a thread of this one.

    Raises:
      JournalError: this platform has no file locks.
      OSError: the spool cannot be written.
    """
    # Those that have ended are let go of, so that none stays a zombie.
    _children[:] = [child for child in _children if child.poll() is None]
    lock = ShipperLock.take(spool)
    if lock is None:
        return
    try:
        _start_process(uri, spool, lock)
    except OSError:
        threading.Thread(target=_ship, args=(uri, spool, lock), name="runhistory-shipper", daemon=True).start()


def main(config: dict[str, Any]) -> None:
    """The shipper process: ships until nothing is left, SIGTERM ends it after the cycle it is in."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _allow_many_files()
    collect_seldom()
    uri, spool = parse_uri(config["uri"]), Path(config["spool"]).absolute()
    os.chdir("/")
    _ship(uri, spool, ShipperLock(config["lock"]), stop)


def collect_seldom() -> None:
    """Lets this process look for garbage less often.

    A batch of thousands of series makes as many rows at once, none of them garbage: to look for cycles among them each
    time, as Python does, takes a fourth of a commit's time.
    """
    gc.set_threshold(100_000, 20, 20)


def _start_process(uri: StoreUri, spool: Path, lock: ShipperLock) -> None:
    config = {
        "uri": uri.text,
        "spool": str(spool),
        "lock": lock.descriptor,
        # Python itself passes over entries that are no text.
        "path": [os.path.abspath(entry) for entry in sys.path if isinstance(entry, str)],
    }
    with _opened_log(spool) as log:
        child = subprocess.Popen(
            [_python(), "-P", "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[lock.descriptor],
            start_new_session=True,
        )
    lock.hand_over()
    _children.append(child)
    assert child.stdin is not None
    # Broken when the child is gone already: the next look finds the lock free and starts another.
    with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
        pipe.write(json.dumps(config).encode())


def _python() -> str:
    """The interpreter to run the shipper with.

    Raises:
      OSError: this process is another program with Python inside, such as an application server.
    """
    if getattr(sys, "frozen", False) or "python" not in os.path.basename(sys.executable or "").lower():
        raise FileNotFoundError(f"no Python interpreter is known: {sys.executable!r}")
    return sys.executable


def _opened_log(spool: Path) -> IO[bytes]:
    path = spool / LOG_FILE
    mode = "wb" if path.exists() and path.stat().st_size > _LONGEST_LOG else "ab"
    return open(path, mode)


def _ship(uri: StoreUri, spool: Path, lock: ShipperLock, stop: threading.Event | None = None) -> None:
    from tb_runhistory.shipping.serving import serve
    from tb_runhistory.shipping.shipper import Shipper

    def open_store() -> RunHistoryWriter:
        # SQLAlchemy is loaded here, in the shipper, and nowhere in a training process.
        from tb_runhistory.store.opening import open_writer

        return open_writer(uri)

    serve(Shipper(spool, open_store), lock, stop or threading.Event())


def _allow_many_files() -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
