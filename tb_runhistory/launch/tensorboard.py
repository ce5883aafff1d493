"""The ``Tensorboard`` class."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import webbrowser
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from tb_runhistory.errors import BadRequest
from tb_runhistory.launch.launcher import TensorboardProcess
from tb_runhistory.launch.selection import existing_folder, listed, recorder_of_all, selecting
from tb_runhistory.recording.api import Run
from tb_runhistory.recording.notices import notice

PROXY_VARIABLE = "TENSORBOARD_PROXY_URL"
DEFAULT_PORT = 6006
_LAST_PORT = 0xFFFF


class Tensorboard:
    """A TensorBoard that shows runs straight from their store, live while they run, with all their descendants.

        tensorboard = Tensorboard([run])
        tensorboard.start()
        …
        tensorboard.stop()

    A ``with`` block starts and stops it as well. It is a process of its own that listens on this machine only and ends
    with ``stop``, at the latest with the process that started it, whatever ends that. Safe to use from several threads;
    in a forked child ``stop`` does nothing. What ``plugin/guard.py`` says stands before all of it: pages of other sites
    get no answer.
    """

    def __init__(
        self,
        runs: Run | Iterable[Run],
        local_root: str | os.PathLike[str] | None = None,
        port: int = DEFAULT_PORT,
        use_display_name: bool = False,
    ) -> None:
        """Nothing is started yet.

        Args:
          runs: a run or several of one store. What ``Experiment.get_runs`` gives will do.
          local_root: where there are no runs, a folder of event files, which is shown as ``tensorboard --logdir``
            does. Where there are runs it is left alone: they are shown from their store, and nothing is copied.
          port: the port to listen on; 0 picks a free one.
          use_display_name: changes nothing, and is there for code that sets it. Runs are always shown by the display
            names on the way to them, experiment/parent/child, told apart by the end of their ids where two are alike.

        Raises:
          TypeError: something in ``runs`` is no run, or the port is no whole number.
          BadRequest: the runs are in several stores, there is nothing to show, or no port has this number.
        """
        if not isinstance(port, int):
            raise TypeError(f"a port is a whole number, not {type(port).__name__}")
        if not 0 <= port <= _LAST_PORT:
            raise BadRequest(f"there is no port {port}: give one between 1 and {_LAST_PORT}, or 0 to pick a free one")
        self._runs = listed(runs)
        if not self._runs and local_root is None:
            raise BadRequest("there is nothing to show: give runs, or a folder of event files as local_root")
        self._recorder = recorder_of_all(self._runs) if self._runs else None
        self._folder = local_root
        self._port = port
        self._lock = threading.Lock()
        self._process: TensorboardProcess | None = None
        self._owner = 0

    def start(self, start_browser: bool = False) -> str:
        """Starts TensorBoard and returns the address to open, which then answers.

        The address is also said on standard error, but not at a prompt or in a notebook, which show what is returned.
        Where it runs already, its address is returned again. Where the environment variable ``TENSORBOARD_PROXY_URL``
        is set, as for ``%tensorboard``, that is the address, with the port in place of ``%PORT%``.

        Args:
          start_browser: whether to open the address in a browser of this machine.

        Raises:
          RunHistoryError: it cannot be started: the port is in use, the folder or the store does not exist, the store
            cannot be read or does not have a run.
        """
        with self._lock:
            if self._process is None or self._owner != os.getpid() or not self._process.is_running:
                self._let_go()
                self._process = self._started()
                self._owner = os.getpid()
                atexit.register(self.stop)
                if not hasattr(sys, "ps1"):
                    notice(f"TensorBoard is at {_address(self._process.port)}")
            address = _address(self._process.port)
        if start_browser:
            webbrowser.open(address)
        return address

    def stop(self) -> None:
        """Ends TensorBoard and waits for its end. Without effect where it does not run."""
        with self._lock:
            self._let_go()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _started(self) -> TensorboardProcess:
        folder = existing_folder(self._folder) if self._recorder is None and self._folder is not None else ""
        process = TensorboardProcess(self._port)
        try:
            # The process loads while the store is waited for.
            uri = selecting(self._recorder, self._runs).whole if self._recorder is not None else ""
            process.serve(uri, folder)
        except BaseException:
            process.stop()
            raise
        return process

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        if self._owner == os.getpid():
            process.stop()
        else:
            process.abandon()


def _address(port: int) -> str:
    proxy = os.environ.get(PROXY_VARIABLE)
    return proxy.replace("%PORT%", str(port)) if proxy else f"http://localhost:{port}/"
