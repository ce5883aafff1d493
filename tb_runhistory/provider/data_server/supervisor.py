"""Starts the data server and keeps it alive, from within TensorBoard's process. Standard library only.

The port is reserved here, by a socket that is bound and never listens, and the server listens on it beside that socket
(SO_REUSEPORT). So the address is known before the server runs, and no other program can take it while it starts again.

While it starts again, clients may connect to a socket of ours and wait there. TensorBoard's client would take a refusal
as a reason to stay away, at first for a second, then for longer and longer.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
from dataclasses import replace

from tb_runhistory.errors import StoreError
from tb_runhistory.provider.data_server.protocol import (
    BEAT_SECONDS,
    ERROR,
    EXIT_BROKEN,
    LOOPBACK,
    OPEN,
    READY,
    ServerSettings,
)

SILENT_BEATS = 8
"""A server that has not been heard of for so many beats is frozen: it is killed and started again."""

START_BEATS = 40
"""The same for a server that has not been heard of at all."""

_RETRY_SECONDS = (0.0, 0.2, 1.0, 5.0, 30.0)
"""How long is waited before a server is started again that never became ready, the first time, the second …"""

_END_SECONDS = 2.0

_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(1 << 18), "MALLOC_TRIM_THRESHOLD_": str(1 << 20)}
"""For glibc: what a large reply took is given back when it is sent. Of 100,000 runs that is a fifth of the memory."""


class DataServer:
    """The data server of one TensorBoard, from ``start`` until ``stop`` or the end of this process.

    Once ``serve`` was called, the process belongs to the watching thread alone.
    """

    def __init__(self) -> None:
        self._reserved = _bound(0)
        self._port: int = self._reserved.getsockname()[1]
        self._waiting_room: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()
        self._opened = threading.Event()
        self._decided = threading.Event()
        self._was_ready = False
        self._awaited = False
        self._error = ""

    @property
    def address(self) -> str:
        """Where the server answers, as ``--grpc_data_provider`` takes it."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def port(self) -> int:
        """The port of ``address``."""
        return self._port

    def start(self) -> None:
        """Starts the process, which loads while the caller goes on; ``serve`` tells it what to do.

        Raises:
          OSError: no process can be started.
        """
        # -P keeps modules of the current folder out. What the server is told goes by its standard input, since any
        # user of the machine can read an argument list.
        command = [sys.executable, "-P", "-m", "tb_runhistory.provider.data_server"]
        environment = {**_MEMORY, **os.environ}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment
        )

    def serve(self, settings: ServerSettings) -> None:
        """Lets the server begin and has a thread watch it from now on."""
        assert self._process is not None
        _tell(self._process, settings)
        self._watcher = threading.Thread(
            target=self._watch, args=(self._process, settings), name="runhistory-data-server", daemon=True
        )
        self._watcher.start()
        atexit.register(self.stop)

    def wait_open(self, seconds: float) -> None:
        """Waits until the server's port is open, or ``seconds`` have passed. A request is then answered in time."""
        self._opened.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Waits until the server is ready, or ``seconds`` have passed.

        Raises:
          StoreError: the server said why it cannot serve.
        """
        self._awaited = True
        self._decided.wait(seconds)
        if self._error:
            raise StoreError(self._error)

    def stop(self) -> None:
        """Ends the process. Idempotent."""
        self._stopping.set()
        atexit.unregister(self.stop)
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        if self._watcher is not None:
            self._watcher.join(_END_SECONDS)
        elif process is not None:
            _end(process)
        self._reserved.close()

    def _watch(self, process: subprocess.Popen[bytes], settings: ServerSettings) -> None:
        attempt = 0
        while True:
            self._was_ready = False
            self._listen(process)
            self._close_waiting_room()
            if self._was_ready and not self._stopping.is_set():
                self._open_waiting_room()
            code = _end(process)
            if self._stopping.is_set() or code == EXIT_BROKEN:
                self._close_waiting_room()
                self._opened.set()
                self._decided.set()
                return
            _note(f"the data server ended with exit code {code}; it is started again")
            # One that was ready has lost its life to something else than its start.
            attempt = 0 if self._was_ready else attempt + 1
            again = self._start_again(attempt, settings)
            if again is None:
                return
            process = again

    def _start_again(self, attempt: int, settings: ServerSettings) -> subprocess.Popen[bytes] | None:
        """A further process, tried for until there is one; None when the server is to end."""
        while not self._stopping.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]):
            try:
                self.start()
            except OSError as error:
                _note(f"the data server cannot be started: {error.strerror}; it is tried again")
                # It may take long: better to be refused than to wait for nothing.
                self._close_waiting_room()
                attempt += 1
                continue
            assert self._process is not None
            _tell(self._process, replace(settings, check_selection=False))
            return self._process
        self._close_waiting_room()
        return None

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Returns when the server has ended, has been silent for too long, or is to end."""
        output = process.stdout
        assert output is not None
        silent, allowed, rest = 0, START_BEATS, b""
        poll = select.poll()
        poll.register(output, select.POLLIN)
        # Waits are counted, not clocked: a TensorBoard that was itself stopped for a while proves nothing.
        while silent < allowed and not self._stopping.is_set():
            if not poll.poll(BEAT_SECONDS * 1000):
                silent += 1
                continue
            heard = output.read(4096)
            if not heard:
                return
            silent, allowed = 0, SILENT_BEATS
            *lines, rest = (rest + heard).split(b"\n")
            for line in lines:
                self._hear(line.decode())

    def _hear(self, line: str) -> None:
        word, _, text = line.partition(" ")
        if word == OPEN:
            # Who waited connects anew, now to the server.
            self._close_waiting_room()
            self._opened.set()
        if word == ERROR:
            self._error = text
            if not self._awaited:
                _note(text)
        if word == READY:
            self._was_ready = True
        if word in (READY, ERROR):
            self._decided.set()

    def _open_waiting_room(self) -> None:
        # Without it (no descriptor is left, say) clients are refused until the server is there.
        with contextlib.suppress(OSError):
            self._waiting_room = _bound(self._port)
            self._waiting_room.listen()

    def _close_waiting_room(self) -> None:
        if self._waiting_room is not None:
            self._waiting_room.close()
            self._waiting_room = None


def _bound(port: int) -> socket.socket:
    """A socket at ``port``, 0 for any that is free, beside others of this user that are bound there."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    return bound


def _tell(process: subprocess.Popen[bytes], settings: ServerSettings) -> None:
    assert process.stdin is not None
    # A process that is dead already is the watching thread's to find.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(settings.to_line().encode())


def _end(process: subprocess.Popen[bytes]) -> int:
    """Ends the process if it still runs; its exit code."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        code = process.wait(BEAT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    process.stdout.close()
    return code


def _note(text: str) -> None:
    print(f"tb_runhistory: {text}", file=sys.stderr, flush=True)
