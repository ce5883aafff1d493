"""What one process records into one store: a journal of its own, and a shipper that drains it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, TypeAlias

from tb_runhistory.errors import JournalError, RunHistoryError
from tb_runhistory.journal.spool import spool_folder
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.recording.mode import RecordingMode, recording_mode
from tb_runhistory.recording.notices import notice_once
from tb_runhistory.recording.shipper_process import ensure_shipper
from tb_runhistory.records.changes import DeclareSeries, JournalRecord, LogText
from tb_runhistory.uri import StoreUri

if TYPE_CHECKING:
    from tb_runhistory.recording.session import RunSession

ATTEND_SECONDS = 5.0
"""How often a process that records looks whether its shipper lives."""

_MOST_WAITING = 10_000

AppendPoint: TypeAlias = Callable[[int, int, float, float], bool]
"""Appends a point: series number, step, wall time, value. False: it was dropped, and counted as such."""


class Recorder:
    """The journal of this process for one store. Threads may share it; nothing raises because of a disk or the store.

    ``due`` is the wall time from which ``attend`` wants to be called by whoever knows the time, ``sessions`` are the
    runs that this process logs to, by id, and ``lock`` guards everything but the hot path. It is reentrant, because
    a signal handler may end a run while the thread that it interrupted is in here. ``stalled_at`` is how far the
    journal was applied when a wait for the store was last in vain, and ``said_at`` its position when that was said.
    """

    def __init__(self, uri: StoreUri, mode: RecordingMode) -> None:
        self.uri = uri
        self.mode = mode
        self.spool: Path = spool_folder(uri.key)
        self.lock = threading.RLock()
        self.due = 0.0
        self.sessions: dict[str, RunSession] = {}
        self.stalled_at = -1
        self.said_at = -1
        self._journal: JournalWriter | None = None
        self._waiting: list[JournalRecord] = []
        self._retry_at = 0.0

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is recorded."""
        return self.mode is RecordingMode.DISABLED

    def append(self, record: JournalRecord) -> None:
        """Records a change. While the journal has no room, or there can be none, it waits in memory."""
        if self.is_disabled:
            return
        with self.lock:
            journal = self._opened()
            if journal is not None:
                journal.append(record)
            elif len(self._waiting) < _MOST_WAITING:
                self._waiting.append(record)
        self.attend_if_due()

    def declare(self, series: DeclareSeries) -> tuple[int, AppendPoint] | None:
        """The number of the series in the journal and what appends its points; None while there can be no journal."""
        if self.is_disabled:
            return 0, _accept
        with self.lock:
            journal = self._opened()
            return None if journal is None else (journal.declare(series), journal.append_point)

    def append_text(self, text: LogText) -> bool:
        """Records a text of a declared series; False where it was dropped."""
        if self.is_disabled:
            return True
        with self.lock:
            return self._journal is not None and self._journal.append(text)

    def release(self, numbers: Iterable[int]) -> None:
        """The series of an ended run are not logged to any more."""
        with self.lock:
            if self._journal is not None:
                self._journal.release(numbers)

    def position(self) -> int:
        """The sequence number of the journal's last record; 0 when there is none."""
        with self.lock:
            return 0 if self._journal is None else self._journal.sequence

    def applied(self) -> int:
        """How far the shipper has applied the journal."""
        with self.lock:
            return 0 if self._journal is None else self._journal.applied()

    def unwritten(self) -> int:
        """How many points and changes have found no room in the journal, which may still come."""
        with self.lock:
            return len(self._waiting) + (0 if self._journal is None else self._journal.dropped)

    def attend_if_due(self) -> None:
        """Calls ``attend`` when it wants to be called."""
        now = time()
        if now > self.due:
            self.attend(now)

    def attend(self, now: float) -> None:
        """Sees to it that a shipper lives, and that what waited for a journal gets one."""
        self.due = now + ATTEND_SECONDS
        with self.lock:
            if self._waiting:
                self._opened()
            elif self._journal is not None:
                self._ensure_shipper()

    def close(self) -> None:
        """Gives the journal up: what it holds is the shipper's to apply. A later record begins another."""
        with self.lock:
            for session in self.sessions.values():
                session.detach()
            self.sessions.clear()
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.close()

    def forked(self) -> None:
        """In a forked child: the journal, its lock, and what waits for room are the parent's."""
        self.lock = threading.RLock()
        self.due = 0.0
        journal, self._journal = self._journal, None
        self._waiting = []
        self._retry_at = 0.0
        self.stalled_at = self.said_at = -1
        for session in self.sessions.values():
            session.detach()
        if journal is not None:
            journal.close()

    def _opened(self) -> JournalWriter | None:
        if self._journal is not None:
            return self._journal
        now = time()
        if now < self._retry_at:
            return None
        try:
            journal = JournalWriter.create(self.spool)
        except JournalError as error:
            self._retry_at = now + ATTEND_SECONDS
            notice_once(f"nothing is recorded for now: {error}")
            return None
        self._journal = journal
        waiting, self._waiting = self._waiting, []
        for record in waiting:
            journal.append(record)
        self._ensure_shipper()
        return journal

    def _ensure_shipper(self) -> None:
        if self.mode is not RecordingMode.ONLINE:
            return
        try:
            ensure_shipper(self.uri, self.spool)
        except (OSError, RunHistoryError) as error:
            notice_once(f"no shipper can be started ({error}); what is recorded stays in {self.spool}")


def _accept(series: int, step: int, wall_time: float, value: float) -> bool:
    return True


_recorders: dict[str, Recorder] = {}


def recorder_of(uri: StoreUri) -> Recorder:
    """The recorder of this process for the store.

    Raises:
      BadRequest: ``RUNHISTORY_MODE`` holds an unknown mode.
    """
    recorder = _recorders.get(uri.key)
    if recorder is None:
        recorder = _recorders.setdefault(uri.key, Recorder(uri, recording_mode()))
    return recorder


def recorders() -> list[Recorder]:
    """All recorders of this process."""
    return list(_recorders.values())


def close_recorders() -> None:
    """Gives up every journal of this process, as its end does."""
    for recorder in recorders():
        recorder.close()
    _recorders.clear()


def _after_fork() -> None:
    for recorder in recorders():
        recorder.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
