"""Appends to a journal: what ``Run.log`` costs.

A record is reserved (sequence number and place) and then written by one slice assignment; once that returned, the
kernel has it and the death of the process cannot take it away.

A signal handler may log while the thread it interrupted is in the middle of logging, which a lock cannot prevent in
one thread. CPython runs handlers after calls and at loops only, so every method here computes first, then asks whether
the sequence number is still the next one, and then reserves the place, with no call between question and reservation.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tb_runhistory.errors import JournalError
from tb_runhistory.journal.format import (
    APPLIED_FILE,
    CHECKSUM,
    KIND_POINT,
    POINT_BODY,
    POINT_SIZE,
    SegmentHeader,
    encode_header,
    encode_payload,
    encode_point,
    frame,
    segment_name,
)
from tb_runhistory.journal.owner import OwnerLock
from tb_runhistory.journal.segment import Memory, allocate
from tb_runhistory.journal.spool import is_mmap_safe
from tb_runhistory.records.changes import DeclareSeries, DropPoints, EndRun, JournalRecord, LogText, StartRun
from tb_runhistory.records.identity import new_id

FIRST_SEGMENT_SIZE = 1 << 20
SEGMENT_SIZE = 4 << 20
RETRY_SECONDS = 1.0
"""How long a journal without room waits before it asks for room again."""
MAX_WAITING = 10_000
"""How many changes wait in memory while there is no room."""

_pack_body = POINT_BODY.pack
_pack_checksum = CHECKSUM.pack


class _Declared(NamedTuple):
    """A series in use: its run, as (root_id, run_id), and its declaration as it is written."""

    run: tuple[str, str]
    payload: bytes


class JournalWriter:
    """The journal of one process, thread-safe. After a fork the child needs a journal of its own.

    Nothing here raises because of the disk: without room records are dropped and counted, a warning goes to stderr, and
    writing resumes when there is room. Points that were dropped are then reported as ``DropPoints`` of their run, and
    changes that were dropped (ten thousand at most) are written after all.
    """

    @classmethod
    def create(cls, spool: Path) -> JournalWriter:
        """A new journal in ``spool`` that this process owns. A full disk is no error: the journal waits for room.

        Raises:
          JournalError: the spool cannot be written.
        """
        journal_id = new_id()
        hidden = spool / f".{journal_id}"
        try:
            spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            hidden.mkdir(mode=0o700)
            owner = OwnerLock(hidden, journal_id)
            applied = os.open(hidden / APPLIED_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            hidden.rename(spool / journal_id)
        except OSError as error:
            shutil.rmtree(hidden, ignore_errors=True)
            raise JournalError(
                f"no journal can be written in {spool}: {error.strerror or error}; "
                "set RUNHISTORY_JOURNAL_DIR to a folder on a local disk that you may write"
            ) from error
        return cls(spool / journal_id, owner, applied)

    def __init__(self, folder: Path, owner: OwnerLock, applied: int) -> None:
        self.journal_id = folder.name
        self.sequence = 0
        """Of the last acknowledged record; 0 before the first."""
        self._folder = folder
        self._owner = owner
        self._applied = applied
        self._process = os.getpid()
        # Reentrant, because a signal handler may log in the thread that holds it.
        self._lock = threading.RLock()
        self._mapped = is_mmap_safe(folder)
        self._memory: Memory = mmap.mmap(-1, 1)
        self._position = 0
        self._limit = 0
        self._number = 0
        self._prepared = 0
        self._closed = False
        self._series: dict[int, _Declared] = {}
        self._last_series = 0
        self._sessions: dict[str, StartRun] = {}
        self._dropped = 0
        self._lost_points: Counter[tuple[str, str]] = Counter()
        self._waiting: list[JournalRecord] = []
        self._retry_at = 0.0
        self._warned = False
        with self._lock:
            self._next_segment(0)

    @property
    def dropped(self) -> int:
        """Points and records that found no room since the last one that did."""
        return self._dropped

    def declare(self, series: DeclareSeries) -> int:
        """Gives the series a number (the one in ``series`` is ignored), which later segments declare again."""
        with self._lock:
            self._last_series += 1
            number = self._last_series
            payload = encode_payload(replace(series, number=number))
            # Known before it is written: if it finds no room, the next segment begins with it.
            self._series[number] = _Declared((series.root_id, series.run_id), payload)
            # Twice, so that one damaged record does not cost the points of a whole segment.
            if not (self._place_payload(payload) and self._place_payload(payload)):
                self._dropped += 1
            return number

    def release(self, numbers: Iterable[int]) -> None:
        """Series of an ended run need not be declared again in later segments."""
        with self._lock:
            for number in numbers:
                self._series.pop(number, None)

    def append_point(self, series: int, step: int, wall_time: float, value: float) -> bool:
        """Appends a point of a declared series; False when it was dropped.

        Raises:
          struct.error: ``step`` does not fit in 64 bits, or something is no number. The journal is as before.
        """
        with self._lock:
            sequence = self.sequence + 1
            body = _pack_body(POINT_SIZE, sequence, KIND_POINT, series, step, wall_time, value)
            record = _pack_checksum(crc32(body)) + body
            position = self._position
            end = position + POINT_SIZE
            if end <= self._limit and self.sequence + 1 == sequence:
                self.sequence = sequence
                self._position = end
                try:
                    self._memory[position:end] = record
                except OSError as error:
                    self._take_back(position, end, error)
                else:
                    return True
        return self._append_point_slowly(series, step, wall_time, value)

    def append(self, record: JournalRecord) -> bool:
        """Appends a record; False when it found no room. A change is then kept and written once there is room."""
        with self._lock:
            if isinstance(record, StartRun):
                self._sessions[record.session_id] = record
            is_written = self._append(record)
            if isinstance(record, EndRun):
                # Not before: a process killed in between must leave a segment that names the session as running.
                self._sessions.pop(record.session_id, None)
            return is_written

    def applied(self) -> int:
        """How far the shipper has applied this journal (0: nothing yet)."""
        with self._lock:
            return 0 if self._closed else int.from_bytes(os.pread(self._applied, 8, 0), "little")

    def close(self) -> None:
        """Gives up ownership; the files stay for the shipper. Idempotent; what is logged later is dropped."""
        if self._process != os.getpid():
            # In a forked child: the lock may be held for ever by a thread that does not exist here.
            self._lock = threading.RLock()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._limit = 0
            self._memory.close()
            os.close(self._applied)
            self._owner.release()

    def _append_point_slowly(self, series: int, step: int, wall_time: float, value: float) -> bool:
        with self._lock:
            if self._place(lambda sequence: encode_point(sequence, series, step, wall_time, value)):
                return True
            self._count_lost_point(series)
            return False

    def _count_lost_point(self, series: int) -> None:
        self._dropped += 1
        declaration = self._series.get(series)
        if declaration is not None:
            self._lost_points[declaration.run] += 1

    def _append(self, record: JournalRecord) -> bool:
        if self._place_payload(encode_payload(record)):
            return True
        if isinstance(record, LogText):
            self._count_lost_point(record.number)
            return False
        self._dropped += 1
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(record)
        return False

    def _place_payload(self, payload: bytes) -> bool:
        return self._place(lambda sequence: frame(sequence, payload))

    def _place(self, encode: Callable[[int], bytes]) -> bool:
        """Writes the record that ``encode`` makes of a sequence number, in this segment or the next; False: no room."""
        while True:
            sequence = self.sequence + 1
            record = encode(sequence)
            position = self._position
            end = position + len(record)
            if self.sequence + 1 != sequence:
                continue
            if end > self._limit:
                # Nothing more goes into this segment, not even a smaller record: a point must not
                # overtake the declaration of its series.
                self._limit = 0
                if not self._next_segment(len(record)):
                    return False
                continue
            self.sequence = sequence
            self._position = end
            try:
                self._memory[position:end] = record
            except OSError as error:
                self._take_back(position, end, error)
            else:
                return True

    def _take_back(self, position: int, end: int, error: OSError) -> None:
        """A file could not be written although its space was taken, as happens on copy-on-write file systems."""
        if self._position == end:
            self._position = position
            self.sequence -= 1
        self._limit = 0
        self._no_room(error)

    def _no_room(self, error: OSError) -> None:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if self._warned:
            return
        self._warned = True
        # A stderr that is closed or full must not stop the training.
        with contextlib.suppress(OSError, ValueError):
            print(
                f"tb_runhistory: no room for the journal in {self._folder} ({error.strerror or error}); what is logged "
                "is dropped and counted until there is room again",
                file=sys.stderr,
            )

    def _next_segment(self, need: int) -> bool:
        """Opens the next segment with room for ``need`` bytes more; False: there is no room."""
        if self._closed or time.monotonic() < self._retry_at:
            return False
        base, number = self.sequence, self._number + 1
        restated = self._restated(base)
        content = encode_header(SegmentHeader(self.journal_id, number, base + 1)) + b"".join(restated)
        end, last = len(content), base + len(restated)
        limit = max(FIRST_SEGMENT_SIZE if number == 1 else SEGMENT_SIZE, end + need)
        self._prepared += 1
        hidden = self._folder / f".{self._prepared}"
        try:
            memory = allocate(hidden, limit, self._mapped)
        except OSError as error:
            self._no_room(error)
            return False
        former = self._memory
        try:
            memory[0:end] = content
            if not self._publish(base, number, memory, end, limit, last, hidden):
                memory.close()
                hidden.unlink()
                return True
        except OSError as error:
            memory.close()
            hidden.unlink(missing_ok=True)
            self._no_room(error)
            return False
        former.close()
        return True

    def _publish(self, base: int, number: int, memory: Memory, end: int, limit: int, last: int, hidden: Path) -> bool:
        """Makes a prepared segment the current one; False when a signal handler has logged since it was prepared."""
        former = self._memory, self._position, self._lost_points, self._waiting, self._dropped
        lost: Counter[tuple[str, str]] = Counter()
        source, target = str(hidden), str(self._folder / segment_name(number))
        if self.sequence != base or self._number + 1 != number:
            return False
        self._memory, self._position, self._limit = memory, end, limit
        self.sequence, self._number = last, number
        self._lost_points, self._waiting, self._dropped = lost, [], 0
        try:
            os.rename(source, target)
        except OSError:
            self._memory, self._position, self._lost_points, self._waiting, self._dropped = former
            self.sequence, self._number, self._limit = base, number - 1, 0
            raise
        self._warned = False
        return True

    def _restated(self, sequence: int) -> list[bytes]:
        """What a segment begins with: what had found no room, and what makes it readable without those before it."""
        drops = [DropPoints(root_id, run_id, count) for (root_id, run_id), count in self._lost_points.items()]
        payloads = [encode_payload(record) for record in (*self._waiting, *self._sessions.values(), *drops)]
        payloads += [series.payload for series in self._series.values()]
        return [frame(number, payload) for number, payload in enumerate(payloads, sequence + 1)]
