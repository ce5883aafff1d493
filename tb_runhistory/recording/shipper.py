"""Carries journals into the store, exactly once: of the living, of the dead, of forks, all by the same path.

One cycle reads what is new in every journal of a spool, applies all of it in one call, and only then, because the store
has it durably, notes how far each journal is applied and removes what was consumed. Being cut off anywhere is harmless:
the store says how far each journal is applied in each of its trees, and what it has is left out when it is read again.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, strftime, thread_time, time

from tb_runhistory.errors import JournalError, RunHistoryError, StoreError
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.spool import journal_folders, remove_abandoned
from tb_runhistory.recording.journal_drain import JournalDrain
from tb_runhistory.recording.journal_sync import SYNC_SECONDS, JournalSync
from tb_runhistory.recording.shipper_lock import ShipperLock
from tb_runhistory.records.status import HEARTBEAT_SECONDS
from tb_runhistory.store.base import RunHistoryWriter, TreeBatch

BATCH_LIMIT = 1 << 16
"""Records that are read from one journal in one cycle."""
CYCLE_LIMIT = 4 * BATCH_LIMIT
"""Records that are held in memory in one cycle, of all journals."""
SHORTEST_PAUSE = 0.15
LONGEST_PAUSE = 0.6
PAUSE_FACTOR = 6.0
"""Seconds between two cycles: this much times the processor time of a usual one, within these bounds."""
USUAL_CYCLES = 8
"""What is usual changes over so many cycles: after a single long one, which moved points into blocks, the next points
should not wait long, too."""
LONGEST_BACK_OFF = 5.0
PUT_OFF_SECONDS = 5.0
GIVE_UP_SECONDS = 3600.0
"""How long the store may be unavailable after the last owner's death: then the next shipper has to see."""

STOP_VARIABLE = "RUNHISTORY_SHIPPER_STOP_AT"
"""For tests: the step (read, begin, apply, commit, mark, unlink) at which the process ends as if it were killed."""


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


def say_on_stderr(text: str) -> None:
    """Prints a dated line."""
    if sys.stderr is not None:
        print(f"{strftime('%Y-%m-%d %H:%M:%S')} tb_runhistory shipper: {text}", file=sys.stderr, flush=True)


class Shipper:
    """Ships the journals of one spool into one store. Its caller holds the spool's lock. Not thread-safe."""

    def __init__(
        self, spool: Path, open_writer: Callable[[], RunHistoryWriter], say: Callable[[str], None] = say_on_stderr
    ) -> None:
        """``open_writer`` opens the store, again after each outage; ``say`` takes lines for people."""
        self.spool = spool
        self._open_writer = open_writer
        self._say = say
        self._writer: RunHistoryWriter | None = None
        self._drains: dict[str, JournalDrain] = {}
        self._put_off: dict[str, float] = {}
        self._said: set[str] = set()
        self._is_separate = False
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

    def run(self, lock: ShipperLock, stop: threading.Event) -> None:
        """Ships until no owner lives and nothing is left, or until ``stop`` is set; then releases the lock."""
        usual = 0.0
        try:
            remove_abandoned(self.spool)
            while not stop.is_set():
                cycle = self._cycle_or_outage(stop)
                if cycle is None:
                    return
                if cycle.more:
                    continue
                if cycle.left == 0:
                    if self._may_end(lock):
                        return
                else:
                    usual += (cycle.took - usual) / USUAL_CYCLES
                    stop.wait(max(SHORTEST_PAUSE, min(PAUSE_FACTOR * usual, LONGEST_PAUSE)))
        finally:
            self.close()
            lock.release()

    def drain(self, timeout: float = math.inf, progress: Callable[[int, int], None] | None = None) -> bool:
        """Ships what was recorded, for ``timeout`` seconds at most; False: some of it is not in the store.

        ``progress`` is told the number of records applied so far and of journals left. Journals whose owner lives are
        shipped as far as they go.

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
                return not self._put_off
            if monotonic() >= deadline:
                return False

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
        drains = drains[self._turn :] + drains[: self._turn]
        is_separate, self._is_separate = self._is_separate, False
        shipped: list[JournalDrain] = []
        for group in [[drain] for drain in drains] if is_separate else [drains]:
            shipped += self._ship(group)
        self._beat()
        caught_up = {drain.journal_id for drain in shipped if not drain.is_full}
        self._sync.follow(folders, caught_up)
        more = self._is_separate or not caught_up.issuperset(self._drains)
        return Cycle(sum(drain.count for drain in shipped), more, len(self._drains), thread_time() - started)

    def _find_journals(self, writer: RunHistoryWriter) -> list[Path]:
        folders = journal_folders(self.spool)
        now = monotonic()
        for name in self._drains.keys() - {folder.name for folder in folders}:
            # Taken away by somebody, which says nothing about its owner.
            self._drains.pop(name).close()
        for folder in folders:
            if folder.name not in self._drains and self._put_off.get(folder.name, 0.0) <= now:
                self._put_off.pop(folder.name, None)
                self._drains[folder.name] = JournalDrain(folder, writer.applied(folder.name))
        return folders

    def _ship(self, drains: Sequence[JournalDrain]) -> list[JournalDrain]:
        """Reads, applies, marks and clears; the journals for which all of it was done."""
        room = CYCLE_LIMIT
        batches: list[TreeBatch] = []
        read: list[JournalDrain] = []
        for drain in drains:
            if room <= 0:
                break
            try:
                batches += drain.read(min(room, BATCH_LIMIT))
            except (OSError, JournalError) as error:
                self._leave_for_later(drain, error)
            except Exception as error:  # Content that cannot be understood must not stop the other journals.
                self._reject(drain, error)
            else:
                read.append(drain)
                room -= drain.count
        _stop_at("read")
        if batches and not self._apply(batches, read):
            return []
        for drain in read:
            drain.mark()
        _stop_at("mark")
        for drain in read:
            try:
                if drain.clear_consumed():
                    _stop_at("unlink")
                if drain.is_done:
                    self._finish(drain)
            except OSError as error:
                self._leave_for_later(drain, error)
        return read

    def _apply(self, batches: Sequence[TreeBatch], drains: Sequence[JournalDrain]) -> bool:
        """Applies the batches of the journals; False when they cannot be, for a reason that is not the store's."""
        assert self._writer is not None
        try:
            _stop_at("begin")
            if os.environ.get(STOP_VARIABLE) == "apply":
                self._writer.apply(batches[:1])
                _stop_at("apply")
            self._writer.apply(batches)
            _stop_at("commit")
        except StoreError:
            raise
        except Exception as error:  # The culprit is found by applying each journal by itself.
            if len(drains) > 1:
                self._is_separate = True
                self.close()
            else:
                self._reject(drains[0], error)
                self._writer.close()
                self._writer = self._open_writer()
            return False
        return True

    def _finish(self, drain: JournalDrain) -> None:
        assert self._writer is not None
        if drain.damage:
            self._say(f"the journal {drain.journal_id} is damaged and kept in {drain.kept}: {drain.damage}")
        drain.remove()
        drain.close()
        del self._drains[drain.journal_id]
        self._writer.forget(drain.journal_id)

    def _leave_for_later(self, drain: JournalDrain, error: Exception) -> None:
        self._say_once(f"the journal {drain.journal_id} is left for later: {_describe(error)}")
        self._put_off[drain.journal_id] = monotonic() + PUT_OFF_SECONDS
        self._drains.pop(drain.journal_id, None)
        drain.close()

    def _reject(self, drain: JournalDrain, error: Exception) -> None:
        if drain.lives:
            # Its owner writes on, and what is set aside must be whole.
            self._leave_for_later(drain, error)
            return
        reason = f"the journal {drain.journal_id} cannot be applied and is kept in {drain.kept}: {_describe(error)}"
        try:
            drain.set_aside(reason)
        except OSError as failure:
            self._leave_for_later(drain, failure)
            return
        self._say(reason)
        del self._drains[drain.journal_id]

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
            self._writer.beat(runs, time())
            self._beat_at = now + HEARTBEAT_SECONDS

    def _cycle_or_outage(self, stop: threading.Event) -> Cycle | None:
        """A cycle, after as many attempts as the store needs; None when it is time to end."""
        back_off, alone_since, is_said = SHORTEST_PAUSE, monotonic(), False
        while True:
            try:
                cycle = self.cycle()
            except Exception as error:  # The process must outlive whatever a store or its libraries do.
                if not is_said:
                    self._say(f"{_describe(error)}; journals are kept, and the store is tried again")
                is_said = True
            else:
                if is_said:
                    self._say("the store takes records again")
                return cycle
            until = monotonic() + back_off
            while monotonic() < until:
                folders = journal_folders(self.spool)
                self._sync.follow(folders, frozenset())
                if not folders or stop.wait(min(SYNC_SECONDS, back_off)):
                    return None
            if any(owner_lives(folder) for folder in folders):
                alone_since = monotonic()
            elif monotonic() - alone_since > GIVE_UP_SECONDS:
                return None
            back_off = min(2 * back_off, LONGEST_BACK_OFF)

    def _may_end(self, lock: ShipperLock) -> bool:
        """Gives the lock up and looks again: whoever began a journal before that relied on this shipper."""
        lock.unlock()
        is_clear = all(folder.name in self._put_off for folder in journal_folders(self.spool))
        return is_clear or not lock.retake()

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _describe(error: Exception) -> str:
    """The error for people. Only our own texts are known to hold no secret: of others the type and place are told."""
    if isinstance(error, RunHistoryError):
        return str(error)
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error.strerror}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name} ({frames[-1].filename}:{frames[-1].lineno})"


def _stop_at(step: str) -> None:
    if os.environ.get(STOP_VARIABLE) == step:
        os._exit(70)
