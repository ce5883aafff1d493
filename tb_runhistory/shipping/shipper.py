"""Carries journals into the store, exactly once: of the living, of the dead, of forks, all by the same path.

One cycle reads what is new in every journal of a spool, applies all of it in one call, and only then, because the store
has it durably, notes how far each journal is applied and removes what was consumed. Being cut off anywhere is harmless:
the store says how far each journal is applied in each of its trees, and what it has is left out when it is read again.
It also refuses what begins elsewhere (``JournalMoved``), so that two shippers of one spool double nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, thread_time, time

from tb_runhistory.errors import (
    JournalError,
    JournalMoved,
    NotAStore,
    NotFound,
    RunHistoryError,
    StoreTooNew,
    StoreUnavailable,
)
from tb_runhistory.journal.spool import journal_folders, segment_numbers
from tb_runhistory.records.status import HEARTBEAT_SECONDS
from tb_runhistory.shipping.drain import JournalDrain
from tb_runhistory.shipping.lock import FileLock
from tb_runhistory.shipping.refusal import Division
from tb_runhistory.shipping.saying import describe, say_on_stderr
from tb_runhistory.shipping.sync import JournalSync
from tb_runhistory.store.base import RunHistoryWriter

BATCH_LIMIT = 1 << 16
"""Records that are read from one journal in one cycle."""
CYCLE_LIMIT = 4 * BATCH_LIMIT
"""Records that are held in memory in one cycle, of all journals."""
BATCH_BYTES = 1 << 23
CYCLE_BYTES = 2 * BATCH_BYTES
"""The same in bytes. One record may be larger."""
PUT_OFF_SECONDS = 5.0
"""After how long a journal that cannot be read or cleared now is looked at again."""
BEGINNING_SECONDS = 10.0
"""How long a journal's folder may be without a file: its owner makes it before the first segment, and may be slow."""

_OUTAGES = (StoreUnavailable, NotFound, NotAStore, StoreTooNew)
"""What says nothing about the records: the store is tried again later."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """What a cycle did.

    ``applied`` records are in the store; ``more`` says that there is more to read at once; ``left`` journals are not
    done (those left for later not counted); ``took`` is the processor time in seconds.
    """

    applied: int
    more: bool
    left: int
    took: float


class Shipper:
    """Ships the journals of one spool into one store. Its caller holds the spool's lock. Not thread-safe."""

    def __init__(
        self, spool: Path, open_writer: Callable[[], RunHistoryWriter], say: Callable[[str], None] = say_on_stderr
    ) -> None:
        """``open_writer`` opens the store, again after each outage; ``say`` takes lines for people."""
        self.spool = spool
        self.say = say
        self._open_writer = open_writer
        self._writer: RunHistoryWriter | None = None
        self._drains: dict[str, JournalDrain] = {}
        self._put_off: dict[str, float] = {}
        self._beginning = 0
        self._finished: list[str] = []
        self._said: set[str] = set()
        self._turn = 0
        self._beat_at = 0.0
        self._sync = JournalSync()

    def cycle(self) -> Cycle:
        """Ships once what every journal has.

        Raises:
          StoreError: the store cannot be used now. Nothing is lost; the next cycle begins anew.
        """
        try:
            return self._cycle()
        except BaseException:
            self.close()
            raise

    def drain(self, timeout: float = math.inf, progress: Callable[[int, int], None] | None = None) -> bool:
        """Ships what was recorded, for ``timeout`` seconds at most; False: some of it is not in the store.

        ``progress`` is called with the number of records applied so far and of journals left. Journals whose owner
        lives are shipped as far as they go.

        Raises:
          StoreError: the store cannot be used now.
        """
        deadline = monotonic() + timeout
        applied = 0
        while True:
            cycle = self.cycle()
            applied += cycle.applied
            if progress is not None:
                progress(applied, cycle.left)
            if not cycle.more:
                # What is put off for ever are files of others.
                return not any(until < math.inf for until in self._put_off.values())
            if monotonic() >= deadline:
                return False

    def is_put_off(self, journal_id: str) -> bool:
        """Whether the journal is left for later."""
        return journal_id in self._put_off

    def sync(self) -> list[Path]:
        """While the store cannot be used: has the kernel write the journals to disk, once a second. They are given."""
        folders = journal_folders(self.spool)
        self._sync.follow(folders, frozenset())
        return folders

    def close(self) -> None:
        """Closes the journals and the store; the next cycle opens them again. Idempotent."""
        for drain in self._drains.values():
            drain.close()
        self._drains.clear()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _cycle(self) -> Cycle:
        if self._writer is None:
            self._writer = self._open_writer()
        started = thread_time()
        folders = self._find_journals(self._writer)
        drains = list(self._drains.values())
        # Each cycle begins with another journal, so that a busy one does not keep the others waiting.
        self._turn = (self._turn + 1) % len(drains) if drains else 0
        read = self._read(drains[self._turn :] + drains[: self._turn])
        shipped = self._apply(read)
        for drain in shipped:
            self._tidy(drain)
        self._forget_finished()
        self._beat()
        caught_up = {drain.journal_id for drain in shipped if not drain.is_full}
        self._sync.follow(folders, caught_up)
        more = len(shipped) < len(read) or not caught_up.issuperset(self._drains)
        left = len(self._drains) + self._beginning
        return Cycle(sum(drain.count for drain in shipped), more, left, thread_time() - started)

    def _find_journals(self, writer: RunHistoryWriter) -> list[Path]:
        """Opens the journals that are new in the spool. Those whose files somebody took away are drained to the end."""
        folders = journal_folders(self.spool)
        now = monotonic()
        names = {folder.name for folder in folders}
        self._put_off = {name: until for name, until in self._put_off.items() if name in names}
        self._beginning = 0
        for folder in folders:
            drain = self._drains.get(folder.name)
            if drain is not None and drain.is_replaced:
                self._drop(drain)
                drain = None
            if drain is not None or self._put_off.get(folder.name, 0.0) > now:
                continue
            if folder.name not in self._put_off and _is_beginning(folder):
                self._beginning += 1
            else:
                self._put_off.pop(folder.name, None)
                self._open(folder, writer)
        return folders

    def _open(self, folder: Path, writer: RunHistoryWriter) -> None:
        try:
            lock = FileLock.of_folder(folder)
        except OSError as error:
            self._put_off_journal(folder.name, error)
            return
        if lock is None:
            # Two shippers have the spool, and the other one is at this journal.
            self._put_off[folder.name] = monotonic() + PUT_OFF_SECONDS
            return
        try:
            self._drains[folder.name] = JournalDrain(folder, lock, writer.applied(folder.name))
        except BaseException as error:
            lock.release()
            if isinstance(error, _OUTAGES) or not isinstance(error, (OSError, RunHistoryError)):
                raise
            self._put_off_journal(folder.name, error)

    def _read(self, drains: Sequence[JournalDrain]) -> list[JournalDrain]:
        """Reads as much as a cycle may hold; the journals that were read."""
        room, size = CYCLE_LIMIT, CYCLE_BYTES
        read: list[JournalDrain] = []
        for drain in drains:
            if room <= 0 or size <= 0:
                break
            try:
                drain.read(min(room, BATCH_LIMIT), min(size, BATCH_BYTES))
            except (OSError, JournalError) as error:
                self._leave_for_later(drain, error)
            except Exception as error:  # Content that cannot be understood must not stop the other journals.
                self._reject(drain, error)
            else:
                read.append(drain)
                room -= drain.count
                size -= drain.size
        return read

    def _apply(self, drains: Sequence[JournalDrain]) -> list[JournalDrain]:
        """Applies what was read; the journals of which all is applied. The others are opened anew in the next cycle."""
        batches = [batch for drain in drains for batch in drain.batches]
        try:
            if not batches or self._attempt(lambda writer: writer.apply(batches)) is None:
                return list(drains)
        except JournalMoved:
            pass
        applied: list[JournalDrain] = []
        refused: list[JournalDrain] = []
        for drain in drains:
            try:
                (applied if self._apply_one(drain) else refused).append(drain)
            except JournalMoved:
                self._drop(drain)
        for drain in refused:
            if self._divide(drain):
                applied.append(drain)
        return applied

    def _apply_one(self, drain: JournalDrain) -> bool:
        return not drain.batches or self._attempt(lambda writer: writer.apply(drain.batches)) is None

    def _attempt(self, do: Callable[[RunHistoryWriter], None]) -> Exception | None:
        """Does it; gives back the error when it is one about what is written.

        Raises:
          JournalMoved: another shipper has applied some of it.
          StoreError: the store cannot be used now.
        """
        assert self._writer is not None
        try:
            do(self._writer)
        except (*_OUTAGES, JournalMoved):
            raise
        except RunHistoryError as error:
            return error
        except Exception as error:  # What state a library has left its connection in is not known.
            self._writer.close()
            self._writer = self._open_writer()
            return error
        return None

    def _divide(self, drain: JournalDrain) -> bool:
        division = Division(drain, self._attempt)
        try:
            is_applied = division.apply()
        except JournalMoved:
            is_applied = False
        except OSError as error:
            self._leave_for_later(drain, error)
            return False
        if division.refused:
            self.say(
                f"{division.refused} records of the journal {drain.journal_id} are kept in {drain.kept}, since the "
                f"store cannot take them: {division.reason}"
            )
        if division.failure is not None:
            self._leave_for_later(drain, division.failure)
        elif not is_applied:
            self._drop(drain)
        return is_applied

    def _tidy(self, drain: JournalDrain) -> None:
        """Marks and clears what is applied, and removes a journal that is done. What fails is tried again."""
        self._succeeds(drain, drain.mark)
        if self._succeeds(drain, drain.clear_consumed) and drain.is_done:
            self._finish(drain)

    def _succeeds(self, drain: JournalDrain, step: Callable[[], object]) -> bool:
        try:
            step()
        except OSError as error:
            self._say_once(f"the journal {drain.journal_id} is applied and cannot be cleared: {describe(error)}")
            return False
        return True

    def _finish(self, drain: JournalDrain) -> None:
        try:
            is_gone = drain.remove()
        except OSError as error:
            self._leave_for_later(drain, error)
            return
        if drain.damage:
            self.say(f"the journal {drain.journal_id} is damaged and kept in {drain.kept}: {drain.damage}")
        self._drop(drain)
        if not is_gone:
            self._leave_folder(drain)
        elif drain.has_read:
            # Of an empty folder nothing is known: its owner may yet put back what somebody has removed.
            self._finished.append(drain.journal_id)

    def _leave_folder(self, drain: JournalDrain) -> None:
        self._put_off[drain.journal_id] = math.inf
        self._say_once(f"{drain.folder} holds files that are not of the journal, which is shipped: they stay there")

    def _forget_finished(self) -> None:
        while self._finished:
            error = self._attempt(lambda writer: writer.forget(self._finished[-1]))
            if error is not None:
                self._say_once(f"the progress of the journal {self._finished[-1]} stays stored: {describe(error)}")
            self._finished.pop()

    def _drop(self, drain: JournalDrain) -> None:
        self._drains.pop(drain.journal_id, None)
        drain.close()

    def _leave_for_later(self, drain: JournalDrain, error: Exception) -> None:
        self._put_off_journal(drain.journal_id, error)
        self._drop(drain)

    def _put_off_journal(self, journal_id: str, error: Exception) -> None:
        self._put_off[journal_id] = monotonic() + PUT_OFF_SECONDS
        # One that is gone by now has nothing that could be shipped.
        if not isinstance(error, FileNotFoundError):
            self._say_once(f"the journal {journal_id} is left for later: {describe(error)}")

    def _reject(self, drain: JournalDrain, error: Exception) -> None:
        if drain.lives:
            # Its owner writes on, and what is set aside must be whole.
            self._leave_for_later(drain, error)
            return
        reason = f"the journal {drain.journal_id} cannot be applied and is kept in {drain.kept}: {describe(error)}"
        try:
            is_gone = drain.set_aside(reason)
        except OSError as failure:
            self._leave_for_later(drain, failure)
            return
        self.say(reason)
        self._drop(drain)
        if not is_gone:
            self._leave_folder(drain)

    def _beat(self) -> None:
        now = monotonic()
        if self._writer is None or now < self._beat_at:
            return
        runs = [
            (run.root_id, run.run_id)
            for drain in self._drains.values()
            if drain.lives
            for run in drain.sessions.values()
        ]
        if runs:
            error = self._attempt(lambda writer: writer.beat(runs, time()))
            if error is not None:
                self._say_once(f"the store takes no heartbeat: {describe(error)}")
            self._beat_at = now + HEARTBEAT_SECONDS

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(text)


def _is_beginning(folder: Path) -> bool:
    """Whether a journal has no segment, and its folder is so young that the owner may be about to make one."""
    try:
        age = time() - folder.stat().st_mtime
    except OSError:
        return False
    return abs(age) < BEGINNING_SECONDS and not segment_numbers(folder)
