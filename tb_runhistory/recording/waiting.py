"""Waiting until the store has what was recorded, and saying what it has not."""

from __future__ import annotations

import os
from time import monotonic, sleep

from tb_runhistory.journal.bell import ring
from tb_runhistory.recording.configuration import RecordingMode
from tb_runhistory.recording.notices import notice, notice_once
from tb_runhistory.recording.recorder import Recorder

STALL_SECONDS = 5.0
"""How long the end of a run waits for a store that takes nothing."""

END_SECONDS = 60.0
"""How long it waits for one that takes records, but slowly."""

READ_SECONDS = 10.0
"""How long a question waits until the store has what was recorded here."""

FLUSH_SECONDS = 300.0

_SHORTEST_POLL_SECONDS = 0.001
_LONGEST_POLL_SECONDS = 0.01


class Waiting:
    """The waits of one process for one store.

    Many short runs must not each pay for a store that is down: where a wait was in vain and the store has taken
    nothing since, the next one does not wait.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        # How far the store was when a wait was last in vain, and the last record when that was said.
        self._stalled_at = -1
        self._said_at = -1

    def until_applied(self, seconds: float) -> bool:
        """Waits until the store has all that this process has recorded; False when the time is up, or offline."""
        return self._wait(seconds, seconds)

    def before_reading(self) -> None:
        """Waits before a question to the store."""
        if not self._is_stalled():
            self._wait(READ_SECONDS, READ_SECONDS)

    def at_the_end(self, share: float = 1.0, is_last: bool = False) -> None:
        """Waits at the end of a run, as long as the store makes progress, and says what is left and what to do.

        ``share`` is the part of the time that there is, and ``is_last`` says that there will be no later occasion.
        """
        is_stalled = self._is_stalled()
        stall = 0 if is_stalled else STALL_SECONDS * share
        if self._wait(stall, END_SECONDS * share, shows_progress=True):
            return
        position = self._recorder.position()
        if self._said_at == position or (is_stalled and not is_last):
            return
        self._said_at = position
        self._say_what_is_left()

    def _is_stalled(self) -> bool:
        return self._stalled_at == self._recorder.applied()

    def _wait(self, stall: float, longest: float, shows_progress: bool = False) -> bool:
        """Waits ``longest`` seconds at most, or ``stall`` seconds from when the store last took something."""
        recorder = self._recorder
        if recorder.is_disabled:
            return True
        recorder.attend_if_due()
        recorder.see_to_journal()
        began = moved = shown = monotonic()
        target, before = recorder.position(), recorder.applied()
        if before < target:
            ring(recorder.spool)
        # The journal may be lost meanwhile, and another begun.
        while (applied := recorder.applied()) < min(target, recorder.position()):
            if recorder.mode is RecordingMode.OFFLINE:
                return False
            now = monotonic()
            if applied != before:
                before, moved = applied, now
            if now - moved >= stall or now - began >= longest:
                if stall >= STALL_SECONDS:
                    self._stalled_at = applied if now - moved >= stall else -1
                return False
            if shows_progress and now - shown >= STALL_SECONDS:
                shown = now
                notice(f"waiting for the store {recorder.uri.shown}: {target - applied:,} records are left")
            sleep(min(_LONGEST_POLL_SECONDS, max(_SHORTEST_POLL_SECONDS, (now - began) / 4)))
            recorder.attend_if_due()
        return recorder.unwritten() == 0

    def _say_what_is_left(self) -> None:
        recorder = self._recorder
        sync = f"tb-runhistory sync {recorder.uri.shown}"
        if recorder.mode is RecordingMode.OFFLINE:
            notice_once(f"recorded offline, in {recorder.spool}: ship it to the store with '{sync}'")
            return
        unwritten = recorder.unwritten()
        if unwritten:
            notice(
                f"{unwritten:,} records found no room in the journal in {recorder.spool} and are lost if this process "
                "ends"
            )
        left = recorder.position() - recorder.applied()
        if left <= 0:
            return
        kept = f"{left:,} records are not in the store {recorder.uri.shown} yet. They are kept in {recorder.spool}, "
        # With the first process of a container all others end, and so does the shipper.
        if self._is_stalled() or os.getpid() == 1:
            notice(f"{kept}and are shipped when a shipper reaches the store, or now with '{sync}'")
        else:
            notice(f"{kept}and are being shipped, also when this process has ended; '{sync}' waits for it")
