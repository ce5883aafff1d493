"""What one process records into one store: a journal of its own, and a shipper that drains it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from time import monotonic, time
from typing import Protocol, TypeAlias

from tb_runhistory.errors import JournalError, RunHistoryError
from tb_runhistory.journal.spool import spool_folder
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.recording.configuration import RecordingMode
from tb_runhistory.recording.notices import notice, notice_once
from tb_runhistory.records.changes import DeclareSeries, JournalRecord, LogText
from tb_runhistory.shipping.process import ensure_shipper
from tb_runhistory.uri import StoreUri

ATTEND_SECONDS = 5.0
"""How often a process that records looks whether its journal and its shipper are there."""

_MOST_WAITING = 10_000

AppendPoint: TypeAlias = Callable[[int, int, float, float], bool]
"""Appends a point: series number, step, wall time, value. False: it was dropped, and counted as such."""


class JournalEnd(Enum):
    """Why a journal is not written any more."""

    CLOSED = auto()
    FORKED = auto()
    """This process is a child of the one that wrote it."""
    LOST = auto()
    """Somebody has removed its files."""


class JournalUser(Protocol):
    """Who records through a recorder, and has to begin anew with each journal."""

    def journal_ended(self, end: JournalEnd) -> None:
        """The series that were declared are declared no more. The recorder's lock is held, or of no use."""


class Recorder:
    """The journal of this process for one store. Threads may share it; nothing raises because of a disk or the store.

    ``lock`` guards everything but the hot path. It is reentrant, because a signal handler may end a run while the
    thread that it interrupted is in here. Whoever knows the wall time calls ``attend`` when it lies outside the span
    from ``attended_at`` to ``due``: one comparison that also notices a clock that was set back.
    """

    def __init__(self, uri: StoreUri, mode: RecordingMode) -> None:
        self.uri = uri
        self.mode = mode
        self.spool: Path = spool_folder(uri.key)
        self.lock = threading.RLock()
        self.attended_at = 0.0
        self.due = 0.0
        self.user: JournalUser | None = None
        self._journal: JournalWriter | None = None
        self._waiting: list[JournalRecord] = []
        self._lost = 0
        self._retry_at = 0.0
        self._applied = 0

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
            else:
                self._lost += 1
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
            if self._journal is None:
                return 0
            # Where somebody has closed all descriptors of this process, what was last seen stands.
            with suppress(OSError):
                self._applied = self._journal.applied()
            return self._applied

    def applied_journal(self) -> Path | None:
        """The folder of the journal if all of it is applied, and a shipper will remove it once it is closed."""
        with self.lock:
            if self._journal is None or self.mode is not RecordingMode.ONLINE:
                return None
            return self.spool / self._journal.journal_id if self.applied() >= self._journal.sequence else None

    def unwritten(self) -> int:
        """How many points and changes have found no room in the journal, which may still come."""
        with self.lock:
            return self._lost + len(self._waiting) + (0 if self._journal is None else self._journal.dropped)

    def attend_if_due(self) -> None:
        """Calls ``attend`` when it wants to be called."""
        now = time()
        if not self.attended_at <= now <= self.due:
            self.attend(now)

    def attend(self, now: float | None = None) -> None:
        """Sees to it that the journal is there, that a shipper lives, and that what waited for a journal gets one."""
        self.attended_at = time() if now is None else now
        self.due = self.attended_at + ATTEND_SECONDS
        with self.lock:
            self.see_to_journal()
            if self._waiting:
                self._opened()
            elif self._journal is not None:
                self._ensure_shipper()

    def see_to_journal(self) -> None:
        """Puts the journal's files back where somebody has removed them, or else begins another journal."""
        with self.lock:
            try:
                if self._journal is not None and not self._journal.restore():
                    self._begin_anew(self._journal)
            except Exception as error:  # Whatever it is, training is not to end because of it.
                notice_once(f"the journal in {self.spool} could not be looked after ({type(error).__name__})")

    def close(self) -> None:
        """Gives the journal up: what it holds is the shipper's to apply. A later record begins another."""
        with self.lock:
            self._give_up(JournalEnd.CLOSED)

    def forked(self) -> None:
        """In a forked child: the journal, its lock, and what waits for room are the parent's."""
        self.lock = threading.RLock()
        self.attended_at = self.due = 0.0
        self._waiting = []
        self._lost = 0
        self._retry_at = 0.0
        self._give_up(JournalEnd.FORKED)

    def _give_up(self, end: JournalEnd, successor: JournalWriter | None = None) -> None:
        journal, self._journal = self._journal, successor
        self._applied = 0
        if self.user is not None:
            self.user.journal_ended(end)
        if journal is not None:
            journal.close()

    def _begin_anew(self, journal: JournalWriter) -> None:
        try:
            successor = JournalWriter.create(self.spool)
        except JournalError:  # One without a name is better than none: its files may still be put back.
            return
        left = journal.sequence - self.applied()
        self._give_up(JournalEnd.LOST, successor)
        notice(
            f"the journal of this process in {self.spool} was removed while it was written, and another is begun: "
            f"up to {left:,} records that were not in the store yet are lost. Keep cleaners of old files away from it, "
            "or set RUNHISTORY_JOURNAL_DIR to another folder on a local disk"
        )

    def _opened(self) -> JournalWriter | None:
        if self._journal is not None:
            return self._journal
        now = monotonic()
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
        except Exception as error:  # Only our own texts are known to hold no secret.
            reason = error if isinstance(error, (OSError, RunHistoryError)) else type(error).__name__
            notice_once(f"no shipper can be started ({reason}); what is recorded stays in {self.spool}")


def _accept(series: int, step: int, wall_time: float, value: float) -> bool:
    return True
