"""TensorBoard as a child process, from the side that starts it. Standard library only."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import subprocess
import sys
import time

from tb_runhistory.errors import RunHistoryError
from tb_runhistory.launch.tensorboard_protocol import ERROR, LaunchSettings

START_SECONDS = 60.0
"""How long a start may take, on a machine that has much else to do."""

_HOST = "127.0.0.1"
_BACKLOG = 128
_END_SECONDS = 3.0


class TensorboardProcess:
    """TensorBoard on a port of this machine, which loads from the constructor on and shows something from ``serve`` on.

    It ends with ``stop``, or with the process that made it.
    """

    def __init__(self, port: int) -> None:
        """Port 0 stands for any that is free.

        Raises:
          RunHistoryError: the port cannot be taken, or no process can be started.
        """
        with _listening(port) as listener:
            self.port: int = listener.getsockname()[1]
            self._listener = listener.fileno()
            # -P keeps modules of the current folder out; in a session of its own no signal of a terminal reaches it.
            command = [sys.executable, "-P", "-m", "tb_runhistory.launch.tensorboard_server"]
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    bufsize=0,
                    pass_fds=[self._listener],
                    start_new_session=True,
                )
            except OSError as error:
                raise RunHistoryError(f"TensorBoard cannot be started: {error.strerror}") from None

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def serve(self, uri: str, folder: str) -> None:
        """Has TensorBoard show a store or a folder, as ``LaunchSettings`` says, and returns when its address answers.

        Raises:
          RunHistoryError: it does not start; the text says why.
        """
        assert self._process.stdin is not None
        settings = LaunchSettings(self._listener, os.getpid(), uri, folder)
        # A process that is dead already says nothing, which is found next.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(settings.to_line().encode())
        word, _, text = self._answer().partition(" ")
        if word == ERROR:
            raise RunHistoryError(text)

    def stop(self) -> None:
        """Ends the process and waits for its end. Idempotent."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def abandon(self) -> None:
        """In a forked child: lets go of a process that is the parent's."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        # It is nobody's child here: without this the end of the object would ask for its exit code.
        self._process.returncode = 0

    def _answer(self) -> str:
        output = self._process.stdout
        assert output is not None
        poll = select.poll()
        poll.register(output, select.POLLIN)
        deadline, heard = time.monotonic() + START_SECONDS, b""
        while not heard.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise RunHistoryError(f"TensorBoard does not answer after {START_SECONDS:.0f} s: start it again")
            more = output.read(65536)
            if not more:
                code = self._process.wait()
                raise RunHistoryError(f"TensorBoard ended with exit code {code} while it started")
            heard += more
        return heard.decode().strip()


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise RunHistoryError(
                f"the port {port} is in use: stop what uses it, or give another; port=0 picks a free one"
            ) from None
        raise RunHistoryError(f"the port {port} cannot be opened ({error.strerror}): port=0 picks a free one") from None
    return listener
