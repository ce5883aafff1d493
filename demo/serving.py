"""Starts TensorBoard, says where it is, and stops it again."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from demo.environment import SetupError, say

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class TensorBoard:
    """A TensorBoard that answers at ``address``, which ends in a slash."""

    address: str
    process: subprocess.Popen[bytes]


def require_free_port(port: int) -> None:
    """Raises SetupError when something else listens on ``port``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise SetupError(f"Port {port} {why}: choose another with --port.") from None


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def tensorboard(
    arguments: Sequence[str], port: int, command: Sequence[str] = (sys.executable, "-m", "tensorboard.main")
) -> Iterator[TensorBoard]:
    """Runs TensorBoard with ``arguments``; within the block it answers, after it no process is left.

    Raises:
      SetupError: it ended or was silent for a minute. What it said is on its standard error, which is ours.
    """
    process = subprocess.Popen([*command, *arguments, f"--port={port}"])
    address = f"http://localhost:{port}/"
    try:
        _wait_until_it_answers(process, address)
        yield TensorBoard(address, process)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(uri: str, port: int) -> int:
    """Shows the store in TensorBoard until it ends or Ctrl-C or SIGTERM comes. Returns the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with tensorboard([f"--runhistory_uri={uri}"], port) as server:
            say(f"\nTensorBoard shows the two sweeps at {server.address}\nPress Ctrl-C to stop it.")
            return server.process.wait()
    except KeyboardInterrupt:
        say("\nStopped.")
        return 0


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}data/environment", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SetupError("TensorBoard did not start; what it said stands above.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
