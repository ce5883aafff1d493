"""How runs end: the words for what ended one, and the end of those that nobody ends.

While this process owns a running run, hooks are in place for an uncaught exception, ``sys.exit``, SIGTERM and the end
of the interpreter; they chain to what was there before and leave with the last run. In a forked child they do nothing,
because the runs are the parent's. What no hook can see, such as ``kill -9`` and ``os._exit``, the shipper reports.

``raise SystemExit(1)`` without ``sys.exit`` counts as a clean end, except in a ``with run:`` block: the interpreter
calls no hook for it, and has cleared the exception when the functions of ``atexit`` are called. Python acts on
SIGTERM only when the main thread comes back from a call into C.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, sleep
from types import FrameType, TracebackType
from typing import NoReturn

from tb_runhistory.recording.links import StoreLink, close_links, links
from tb_runhistory.recording.session import RunSession
from tb_runhistory.recording.values import storable_text
from tb_runhistory.records.status import RunStatus

_MOST_CHARACTERS = 3000
_REMOVAL_SECONDS = 2.0
_POLL_SECONDS = 0.01


def ending_of(error: BaseException | None) -> tuple[RunStatus, str]:
    """The status of a run that ``error`` ended (None: a clean end), and the text to keep of it."""
    if error is None:
        return RunStatus.COMPLETED, ""
    if isinstance(error, SystemExit):
        return ending_of_exit(error.code)
    if isinstance(error, KeyboardInterrupt):
        return RunStatus.CANCELED, "interrupted from the keyboard"
    return RunStatus.FAILED, error_text(error)


def ending_of_exit(code: object) -> tuple[RunStatus, str]:
    """The same for ``sys.exit(code)``."""
    if code is None or code == 0:
        return RunStatus.COMPLETED, ""
    if isinstance(code, int):
        return RunStatus.FAILED, f"exit code {code}"
    return RunStatus.FAILED, _shortened(f"exit code 1: {code}")


def error_text(error: BaseException | str) -> str:
    """Type, message and traceback of an exception, or the given words, in at most 3,000 characters."""
    if isinstance(error, str):
        return _shortened(error)
    head = "".join(traceback.format_exception_only(error)).strip()
    if error.__traceback__ is None:
        return _shortened(head)
    return _shortened(f"{head}\n\n{''.join(traceback.format_exception(error)).strip()}")


def watch() -> None:
    """A run has begun: the hooks are put in place if they are not."""
    _hooks.install()


def end_session(link: StoreLink, session: RunSession, status: RunStatus, error: str = "") -> None:
    """Ends a run. It waits for the store, except where the run's parent is running here and will wait itself."""
    if not link.sessions.end(session, status, error):
        return
    if not any(other.sessions.owned() for other in links()):
        _hooks.remove()
    parent = link.sessions.get(session.run.parent_id or "")
    if parent is None or not parent.is_owner:
        link.waiting.at_the_end()


def end_all(status: RunStatus, error: str) -> None:
    """Ends every run that this process owns, children before their parents."""
    for link in links():
        for session in link.sessions.owned():
            link.sessions.end(session, status, error)
    _hooks.remove()


def wait_for_all() -> None:
    """Waits for the stores of this process, which share the time of one."""
    used = [link for link in links() if link.recorder.position() or link.recorder.unwritten()]
    for link in used:
        link.waiting.at_the_end(1 / len(used), is_last=True)


def _wait_for_removal(folders: Sequence[Path]) -> None:
    """With the first process of a container the shipper ends as well: it gets the time to remove what is applied."""
    deadline = monotonic() + _REMOVAL_SECONDS
    while monotonic() < deadline and any(folder.exists() for folder in folders):
        sleep(_POLL_SECONDS)


def _shortened(text: str) -> str:
    """``text``, or its beginning and its end where the innermost frames of a traceback stand."""
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:1000]}\n…\n{text[-(_MOST_CHARACTERS - 1003) :]}"
    return storable_text("an error", text)


class _Exit(SystemExit):
    """What ``sys.exit`` raises while runs are open: unlike its base class it can be referred to weakly."""


# It is shown under the name of what it stands for.
_Exit.__name__ = _Exit.__qualname__ = SystemExit.__name__
_Exit.__module__ = SystemExit.__module__


def _chain_excepthook() -> Callable[[], None]:
    """Puts a hook before ``sys.excepthook``; returns what takes it away again.

    Each time it is another one over what it finds: where somebody has hooked in over ours, ours cannot be taken away,
    and must not be found below itself when it is put in place again.
    """
    former = sys.excepthook

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        end_all(*ending_of(error))
        try:
            former(kind, error, trace)
        finally:
            wait_for_all()

    def restore() -> None:
        if sys.excepthook is on_exception:
            sys.excepthook = former

    sys.excepthook = on_exception
    return restore


class _Hooks:
    """The hooks of this process."""

    def __init__(self) -> None:
        self._installed_in = 0
        self._lock = threading.RLock()
        self._exit_code: object = None
        self._exit: weakref.ref[_Exit] | None = None
        self._restore: list[Callable[[], None]] = []
        self._has_signal = False
        self._at_exit = 0

    def install(self) -> None:
        with self._lock:
            self._exit_code = None
            if self._installed_in == os.getpid():
                return
            self._installed_in = os.getpid()
            self._restore = [_chain_excepthook(), self._chain_exit()]
            is_main = threading.current_thread() is threading.main_thread()
            if is_main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._on_sigterm)
                self._has_signal = True
            if self._at_exit != os.getpid():
                self._at_exit = os.getpid()
                atexit.register(self._on_exit)

    def remove(self) -> None:
        """Puts back what was there, unless somebody else has hooked in after us."""
        with self._lock:
            if not self._installed_in:
                return
            self._installed_in = 0
            for restore in self._restore:
                restore()
            # Only the main thread may set handlers; elsewhere ours stays and does what the system would.
            is_main = threading.current_thread() is threading.main_thread()
            if self._has_signal and is_main and signal.getsignal(signal.SIGTERM) == self._on_sigterm:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                self._has_signal = False

    def forked(self) -> None:
        self._lock = threading.RLock()
        self.remove()

    def _chain_exit(self) -> Callable[[], None]:
        former: Callable[..., NoReturn] = sys.exit

        def on_exit(code: object = None) -> NoReturn:
            try:
                former(code)
            except SystemExit as error:
                code = error.code
            self._raise_exit(code)

        def restore() -> None:
            if sys.exit is on_exit:
                sys.exit = former

        sys.exit = on_exit
        return restore

    def _raise_exit(self, code: object) -> NoReturn:
        error = _Exit(code)
        if threading.current_thread() is threading.main_thread():
            self._exit_code = code
            self._exit = weakref.ref(error, self._on_exit_caught)
        try:
            raise error
        finally:
            del error  # or this frame and the exception would keep each other alive

    def _on_exit_caught(self, reference: weakref.ref[_Exit]) -> None:
        # The exception goes away with no Python frame below when it has reached the interpreter, which then ends.
        # Anywhere else somebody has caught it, and the program goes on.
        try:
            sys._getframe(1)
        except ValueError:
            return
        if self._exit is reference:
            self._exit_code = None

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        end_all(RunStatus.CANCELED, "ended by SIGTERM")
        wait_for_all()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def _on_exit(self) -> None:
        end_all(*ending_of_exit(self._exit_code))
        wait_for_all()
        applied = [link.recorder.applied_journal() for link in links()]
        close_links()
        if 1 in (os.getpid(), os.getppid()):
            _wait_for_removal([folder for folder in applied if folder is not None])


_hooks = _Hooks()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_hooks.forked)
