"""The life of a shipper that runs by itself: cycles at a pace, outages of the store, and the end."""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic

from tb_runhistory.journal.bell import Bell
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.spool import journal_folders
from tb_runhistory.shipping.lock import ShipperLock
from tb_runhistory.shipping.saying import describe
from tb_runhistory.shipping.shipper import Cycle, Shipper
from tb_runhistory.shipping.sync import SYNC_SECONDS

SHORTEST_PAUSE = 0.15
LONGEST_PAUSE = 0.6
PAUSE_FACTOR = 6.0
"""Seconds between two cycles: this much times the processor time of a usual one, within these bounds."""
USUAL_CYCLES = 8
"""What is usual changes over so many cycles: after a single long one, which moved points into blocks, the next points
should not wait long, too."""
LONGEST_BACK_OFF = 5.0
GIVE_UP_SECONDS = 3600.0
"""How long the store may be unavailable after the last owner's death: then the next shipper has to see."""


def serve(shipper: Shipper, lock: ShipperLock, stop: threading.Event) -> None:
    """Ships until no owner lives and nothing is left, or until ``stop`` is set; then closes and releases the lock.

    It also ends when the lock's file was removed and another shipper has the spool by now.
    """
    usual = 0.0
    bell = Bell(shipper.spool)
    try:
        while not stop.is_set():
            found = _valid(lock, shipper.spool)
            if found is None:
                shipper.say("another shipper has this spool by now: this one ends")
                return
            lock = found
            cycle = _cycle_or_outage(shipper, stop)
            if cycle is None:
                return
            if cycle.more:
                continue
            if cycle.left == 0:
                if _may_end(shipper, lock):
                    return
            else:
                usual += (cycle.took - usual) / USUAL_CYCLES
                bell.wait(max(SHORTEST_PAUSE, min(PAUSE_FACTOR * usual, LONGEST_PAUSE)), stop.is_set)
    finally:
        bell.close()
        shipper.close()
        lock.release()


def _valid(lock: ShipperLock, spool: Path) -> ShipperLock | None:
    """The lock of the spool: ``lock``, or another where its file was removed; None when somebody else has it."""
    if lock.holds(spool):
        return lock
    try:
        another = ShipperLock.take(spool)
    except OSError:
        return lock
    if another is not None:
        lock.release()
    return another


def _cycle_or_outage(shipper: Shipper, stop: threading.Event) -> Cycle | None:
    """A cycle, after as many attempts as the store needs; None when it is time to end."""
    back_off, without_owner_since, is_said = SHORTEST_PAUSE, monotonic(), False
    while True:
        try:
            cycle = shipper.cycle()
        except Exception as error:  # The process must outlive whatever a store or its libraries do.
            if not is_said:
                shipper.say(f"{describe(error)}; journals are kept, and the store is tried again")
            is_said = True
        else:
            if is_said:
                shipper.say("the store takes records again")
            return cycle
        until = monotonic() + back_off
        while monotonic() < until:
            folders = shipper.sync()
            if not folders or stop.wait(min(SYNC_SECONDS, back_off)):
                return None
        if any(owner_lives(folder) for folder in folders):
            without_owner_since = monotonic()
        elif monotonic() - without_owner_since > GIVE_UP_SECONDS:
            return None
        back_off = min(2 * back_off, LONGEST_BACK_OFF)


def _may_end(shipper: Shipper, lock: ShipperLock) -> bool:
    """Gives the lock up and looks again: whoever began a journal before that relied on this shipper."""
    lock.unlock()
    is_clear = all(shipper.is_put_off(folder.name) for folder in journal_folders(shipper.spool))
    return is_clear or not lock.retake()
