"""The process that is TensorBoard: all of it, behind the guard, on a socket that its parent has opened.

    python -m tb_runhistory.launch.tensorboard_server

It reads one line of ``LaunchSettings`` from its standard input, which then stays open: when it ends, so does
TensorBoard with its data server, whatever became of the process that started it. A URI thus never stands in an
argument list, which any user of the machine can read.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from argparse import Namespace
from typing import Any

from tb_runhistory.launch.tensorboard_protocol import ERROR, SERVING, LaunchSettings
from tb_runhistory.plugin.startup import Opening, begin

_LOOK_SECONDS = 0.5


class _CannotServe(Exception):
    """TensorBoard does not start; the text is fit to be shown."""


def main() -> None:
    """Serves until the standard input ends."""
    # A Ctrl-C in the terminal or the notebook is meant for the program that started TensorBoard.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a plugin prints must not be taken for an answer.
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        settings = _serve()
    except _CannotServe as error:
        _say(answers, f"{ERROR} {' '.join(str(error).split())}")
        sys.exit(1)
    if settings is not None:
        _say(answers, SERVING)
        os.close(answers)
        _live(settings.parent)
    # Requests at work must not hold up the end. The data server sees its standard input end.
    os._exit(0)


def _serve() -> LaunchSettings | None:
    """Starts TensorBoard in a thread; None when there is nobody left to start it for.

    Raises:
      _CannotServe: it does not start.
    """
    try:
        line = sys.stdin.readline()
        if not line:
            return None
        settings = LaunchSettings.from_line(line)
        # The data server loads beside TensorBoard, which takes as long.
        opening = begin(settings.uri, "") if settings.uri else None
        from tensorboard import default, program
        from tensorboard.plugins import base_plugin

        tensorboard = program.TensorBoard(default.get_plugins(), server_class=_server_class(settings))
        try:
            if opening is None:
                tensorboard.configure(["tensorboard", *_folder_arguments(settings.folder)])
            else:
                _adopt(tensorboard, opening)
            tensorboard.launch()
        except (base_plugin.FlagsError, program.TensorBoardServerException) as error:
            raise _CannotServe(str(error)) from None
    except _CannotServe:
        raise
    except SystemExit:
        raise _CannotServe("TensorBoard does not start, and says why on standard error") from None
    except Exception as error:
        # The boundary of the process: any plugin that is installed may fail in any way. A text may hold a secret.
        reason = f"{type(error).__name__}: {error}" if isinstance(error, ImportError) else type(error).__name__
        raise _CannotServe(f"TensorBoard fails while it starts ({reason})") from None
    return settings


def _adopt(tensorboard: Any, opening: Opening) -> None:
    """Configures TensorBoard as the flag would, with the run history that is being opened."""
    from tb_runhistory.plugin.entry import RunHistoryLoader

    for loader in tensorboard.plugin_loaders:
        if isinstance(loader, RunHistoryLoader):
            loader.adopt(opening)
    tensorboard.configure(["tensorboard"], runhistory_uri=opening.shown, grpc_data_provider="tb_runhistory")


def _folder_arguments(folder: str) -> list[str]:
    from tensorboard.data import server_ingester

    # TensorBoard would find out by itself, and say that it loads fast, which is nothing to act upon.
    try:
        server_ingester.get_server_binary()
        load_fast = "true"
    except server_ingester.NoDataServerError:
        load_fast = "false"
    return [f"--logdir={folder}", f"--load_fast={load_fast}"]


def _server_class(settings: LaunchSettings) -> Any:
    """What TensorBoard makes its HTTP server with: its own, on the socket that is open already, behind the guard."""
    from tensorboard import program

    from tb_runhistory.plugin.guard import Guard

    class Server(program.WerkzeugServer):  # type: ignore[misc]
        def server_bind(self) -> None:
            self.socket.close()
            listener = socket.socket(fileno=settings.listener)
            self.socket: socket.socket = listener
            self.server_address = listener.getsockname()
            self.server_name, self.server_port = self.server_address[:2]

    def make(wsgi_app: Any, flags: Namespace) -> Server:
        # Port 0 keeps TensorBoard from looking whether the port is in use. It is, by the socket that is open.
        return Server(Guard(wsgi_app), Namespace(**{**vars(flags), "port": 0}))

    return make


def _live(parent: int) -> None:
    """Returns when the standard input has ended or the parent is gone: a fork of it may hold the other end."""
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            return


def _say(descriptor: int, line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(descriptor, f"{line}\n".encode())


if __name__ == "__main__":
    main()
