"""Appends to a journal: what ``Run.log`` costs.

A record is reserved (sequence number and place) and then written by one slice assignment; once that returned, the
kernel has it and the death of the process cannot take it away.

A signal handler may log while the thread it interrupted is in the middle of logging, which a lock cannot prevent in
one thread. CPython runs handlers after calls and at loops only, so every method here computes first, then asks whether
the sequence number is still the next one, and then reserves the place, with no call between question and reservation.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tb_runhistory.errors import JournalError
from tb_runhistory.journal.format import (
    CHECKSUM,
    KIND_POINT,
    POINT_BODY,
    POINT_SIZE,
    Payload,
    SegmentHeader,
    describe_series,
    encode_header,
    encode_payload,
    encode_point,
    encode_restatement,
    frame,
    seed_of,
    segment_name,
)
from tb_runhistory.journal.segment import HAS_LOCKS, Memory, Segment
from tb_runhistory.journal.spool import is_mmap_safe
from tb_runhistory.records.changes import (
    DeclareSeries,
    DropPoints,
    EndRun,
    JournalRecord,
    LogBlobs,
    LogText,
    StartRun,
)
from tb_runhistory.records.identity import new_id

FIRST_SEGMENT_SIZE = 1 << 20
SEGMENT_SIZE = 4 << 20
RESTATED_SHARE = 32
"""A segment is at least so many times as large as the declarations that it begins with."""
RESTATED_TOGETHER = 64
_RESTATED_SIZE = 1 << 16
"""So many series of a session, or so many characters, are declared again in one record: what its damage costs."""
RESERVE = 1 << 15
"""Bytes at the end of a segment for the ends of runs, and how much was dropped, when there is no room for another …"""
_RESERVED_SHARE = 16
"""… but no more than this part of it."""
RETRY_SECONDS = 1.0
"""How long a journal without room waits before it asks for room again."""
MAX_WAITING = 10_000
"""How many changes wait in memory while there is no room."""

_pack_body = POINT_BODY.pack
_pack_checksum = CHECKSUM.pack
_ATTEMPTS = 5
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)


class _Declared(NamedTuple):
    """A series in use: its session, as (root_id, run_id, session_id), and what else is said of it."""

    session: tuple[str, str, str]
    description: str


class _Nowhere(Memory):
    """What is written to before there is a segment: nothing."""

    def __setitem__(self, where: slice, record: bytes, /) -> None: ...


class JournalWriter:
    """The journal of one process, thread-safe. After a fork the child needs a journal of its own.

    Nothing here raises because of the disk: without room records are dropped and counted, a warning goes to stderr, and
    writing resumes when there is room. Points that were dropped are then reported as ``DropPoints`` of their run, and
    changes that were dropped (ten thousand at most) are written after all. Where there is no room to the end, each
    segment has kept a little: enough for the ends of the runs and for the numbers of points that were dropped.
    """

    @classmethod
    def create(cls, spool: Path) -> JournalWriter:
        """A new journal in ``spool`` that this process owns. A full disk is no error: the journal waits for room.

        Raises:
          JournalError: the spool cannot be written.
        """
        if not HAS_LOCKS:
            raise JournalError("recording needs POSIX file locks, which this platform does not have")
        folder = spool / new_id()
        try:
            spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
            journal = cls(folder)
            if journal._trouble is not None and journal._trouble.errno not in _NO_ROOM:
                raise journal._trouble
        except OSError as error:
            with contextlib.suppress(OSError):
                folder.rmdir()
            raise JournalError(
                f"no journal can be written in {spool}: {error.strerror or error}; "
                "set RUNHISTORY_JOURNAL_DIR to a folder on a local disk that you may write"
            ) from error
        return journal

    def __init__(self, folder: Path) -> None:
        self.journal_id = folder.name
        self.sequence = 0
        """Of the last acknowledged record; 0 before the first."""
        self._folder = folder
        self._seed = seed_of(folder.name)
        self._process = os.getpid()
        # Reentrant, because a signal handler may log in the thread that holds it.
        self._lock = threading.RLock()
        self._mapped = is_mmap_safe(folder)
        self._segment: Segment | None = None
        self._memory: Memory = _Nowhere()
        self._position = 0
        self._limit = 0
        self._end = 0
        self._number = 0
        self._prepared = 0
        self._closed = False
        self._series: dict[int, _Declared] = {}
        self._last_series = 0
        self._sessions: dict[str, StartRun] = {}
        self._dropped = 0
        self._lost_points: Counter[tuple[str, str]] = Counter()
        self._waiting: list[JournalRecord] = []
        self._applied = 0
        self._retry_at = 0.0
        self._trouble: OSError | None = None
        self._warned = False
        with self._lock:
            self._next_segment(0)
        _open_journals.add(self)

    @property
    def dropped(self) -> int:
        """Points and records that found no room since the last one that did."""
        return self._dropped

    def declare(self, series: DeclareSeries) -> int:
        """Gives the series a number (the one in ``series`` is ignored), which later segments declare again."""
        with self._lock:
            self._last_series += 1
            number = self._last_series
            numbered = replace(series, number=number)
            payload = encode_payload(numbered)
            # Known before it is written: if it finds no room, the next segment begins with it.
            session = (series.root_id, series.run_id, series.session_id)
            self._series[number] = _Declared(session, describe_series(numbered))
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
            record = _pack_checksum(crc32(body, self._seed)) + body
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
        """Appends a record; False when it found no room. A change is then kept and written once there is room.

        Raises:
          RecordTooLarge: it is larger than a journal takes. The journal is as before.
        """
        with self._lock:
            payload = encode_payload(record)
            if isinstance(record, StartRun):
                self._sessions[record.session_id] = record
            is_written = self._append(record, payload)
            if isinstance(record, EndRun):
                is_written = is_written or self._write_ending(record)
                # Not before: a process killed in between must leave a segment that names the session as running.
                self._sessions.pop(record.session_id, None)
            return is_written

    def applied(self) -> int:
        """How far the shipper has applied this journal (0: nothing yet)."""
        with self._lock:
            if self._segment is not None and not self._closed:
                self._applied = max(self._applied, self._segment.applied())
            return self._applied

    def restore(self) -> bool:
        """Puts the current segment back into its place if somebody has removed it; False where that is not possible.

        To be called now and then: cleaners of temporary folders take what they don't know.
        """
        with self._lock:
            segment = self._segment
            if self._closed or segment is None or segment.is_at(self._path(self._number)):
                return True
            return self._copy(segment)

    def close(self) -> None:
        """Gives up ownership; the files stay for the shipper. Idempotent; what is logged later is dropped."""
        is_owner = self._process == os.getpid()
        if not is_owner:
            # In a forked child: the lock may be held for ever by a thread that does not exist here.
            self._lock = threading.RLock()
        with self._lock:
            if self._closed:
                return
            if is_owner:
                self._write_remains()
            self._closed = True
            self._limit = self._end = 0
            self._memory = _Nowhere()
            if self._segment is not None:
                self._segment.close()
        _open_journals.discard(self)

    def _append_point_slowly(self, series: int, step: int, wall_time: float, value: float) -> bool:
        with self._lock:
            if self._place(lambda sequence: encode_point(self._seed, sequence, series, step, wall_time, value)):
                return True
            self._count_lost_point(series)
            return False

    def _count_lost_point(self, series: int) -> None:
        self._dropped += 1
        declaration = self._series.get(series)
        if declaration is not None:
            self._lost_points[declaration.session[:2]] += 1

    def _append(self, record: JournalRecord, payload: Payload) -> bool:
        if self._place_payload(payload):
            return True
        if isinstance(record, LogText | LogBlobs):
            self._count_lost_point(record.number)
            return False
        self._dropped += 1
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(record)
        return False

    def _write_ending(self, ending: EndRun) -> bool:
        """Writes the end of a run, and how many of its points were dropped, to the room that is kept for that."""
        self._write_lost_points((ending.root_id, ending.run_id))
        if self._waiting and self._waiting[-1] is ending and self._place_in_reserve(ending):
            self._waiting.remove(ending)
            return True
        return False

    def _write_lost_points(self, run: tuple[str, str]) -> None:
        count = self._lost_points.pop(run, 0)
        if count and not self._place_in_reserve(DropPoints(*run, count)):
            self._lost_points[run] += count

    def _write_remains(self) -> None:
        """Before the journal is closed: what waits for room gets what there is."""
        if not (self._waiting or self._lost_points):
            return
        self._retry_at = 0.0
        if self._next_segment(0):
            return
        for run in list(self._lost_points):
            self._write_lost_points(run)
        while self._waiting and self._place_in_reserve(self._waiting[0]):
            del self._waiting[0]

    def _place_in_reserve(self, record: JournalRecord) -> bool:
        payload = encode_payload(record)
        return self._place(lambda sequence: frame(self._seed, sequence, payload), in_reserve=True)

    def _place_payload(self, payload: Payload) -> bool:
        return self._place(lambda sequence: frame(self._seed, sequence, payload))

    def _place(self, encode: Callable[[int], bytes], in_reserve: bool = False) -> bool:
        """Writes the record that ``encode`` makes of a sequence number; False: there is no room.

        It goes into this segment or the next, or with ``in_reserve`` also to the end of this one, but not beyond.
        """
        while True:
            sequence = self.sequence + 1
            record = encode(sequence)
            position = self._position
            end = position + len(record)
            if self.sequence + 1 != sequence:
                continue
            if end > (self._end if in_reserve else self._limit):
                # Nothing more goes into this segment, not even a smaller record: a point must not
                # overtake the declaration of its series.
                self._limit = 0
                if in_reserve or not self._next_segment(len(record)):
                    return False
                continue
            self.sequence = sequence
            self._position = end
            try:
                self._memory[position:end] = record
            except OSError as error:
                self._take_back(position, end, error)
                if in_reserve:
                    return False
            else:
                return True

    def _take_back(self, position: int, end: int, error: OSError) -> None:
        """A file could not be written although its space was taken, as happens on copy-on-write file systems."""
        if self._position == end:
            self._position = position
            self.sequence -= 1
        self._limit = 0
        if error.errno != errno.EBADF:
            self._no_room(error)

    def _no_room(self, error: OSError) -> None:
        self._trouble = error
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
        declarations = self._declarations()
        restated = self._changes() + declarations
        framed = [frame(self._seed, sequence, payload) for sequence, payload in enumerate(restated, base + 1)]
        content = encode_header(SegmentHeader(self.journal_id, number, base + 1)) + b"".join(framed)
        declared_size = sum(len(payload.data) for payload in declarations)
        size = max(FIRST_SEGMENT_SIZE if number == 1 else SEGMENT_SIZE, RESTATED_SHARE * declared_size)
        reserve = min(RESERVE, size // _RESERVED_SHARE)
        size = max(size, len(content) + need + reserve)
        try:
            segment, hidden = self._prepare(size, content)
        except OSError as error:
            self._no_room(error)
            return False
        former = self._segment
        limits = (len(content), size - reserve, size)
        try:
            is_published = self._publish(base, number, segment, limits, base + len(restated), hidden)
        except OSError as error:
            segment.close()
            hidden.unlink(missing_ok=True)
            self._no_room(error)
            return False
        if not is_published:
            segment.close()
            hidden.unlink(missing_ok=True)
        elif former is not None:
            self._applied = max(self._applied, former.applied())
            former.close()
        return True

    def _prepare(self, size: int, content: bytes) -> tuple[Segment, Path]:
        """A segment that nobody sees yet and that begins with ``content``, and its path."""
        self._prepared += 1
        hidden = self._folder / f".{self._prepared}"
        for _ in range(_ATTEMPTS):
            try:
                segment = Segment(hidden, size, self._mapped)
                break
            except FileNotFoundError:
                # Somebody has taken the folder away, which a shipper also does with an empty one.
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        try:
            segment.memory[0 : len(content)] = content
        except OSError:
            segment.close()
            hidden.unlink(missing_ok=True)
            raise
        return segment, hidden

    def _publish(
        self, base: int, number: int, segment: Segment, limits: tuple[int, int, int], last: int, hidden: Path
    ) -> bool:
        """Makes a prepared segment the current one; False when a signal handler has logged since it was prepared."""
        former = self._segment, self._memory, self._position, self._end
        unwritten = self._lost_points, self._waiting, self._dropped
        lost: Counter[tuple[str, str]] = Counter()
        source, target, memory = str(hidden), self._path(number), segment.memory
        if self.sequence != base or self._number + 1 != number:
            return False
        self._segment, self._memory = segment, memory
        self._position, self._limit, self._end = limits
        self.sequence, self._number = last, number
        self._lost_points, self._waiting, self._dropped = lost, [], 0
        try:
            os.rename(source, target)
        except OSError:
            self._segment, self._memory, self._position, self._end = former
            self._lost_points, self._waiting, self._dropped = unwritten
            self.sequence, self._number, self._limit = base, number - 1, 0
            raise
        self._warned = False
        return True

    def _copy(self, segment: Segment) -> bool:
        """Gives the current segment, which is unlinked, a file again. False: that is not possible now."""
        base, position = self.sequence, self._position
        try:
            copy, hidden = self._prepare(self._end, segment.content(position))
        except OSError as error:
            self._no_room(error)
            return False
        target = self._path(self._number)
        if self.sequence != base or self._segment is not segment:
            # A signal handler has logged.
            copy.close()
            hidden.unlink(missing_ok=True)
            return False
        self._segment, self._memory = copy, copy.memory
        try:
            os.rename(hidden, target)
        except OSError as error:
            self._segment, self._memory = segment, segment.memory
            copy.close()
            self._no_room(error)
            return False
        segment.close()
        return True

    def _path(self, number: int) -> str:
        return str(self._folder / segment_name(number))

    def _changes(self) -> list[Payload]:
        """What had found no room, and what says which sessions run and what they lost."""
        drops = [DropPoints(root_id, run_id, count) for (root_id, run_id), count in self._lost_points.items()]
        return [encode_payload(record) for record in (*self._waiting, *self._sessions.values(), *drops)]

    def _declarations(self) -> list[Payload]:
        """The series in use, declared again."""
        by_session: dict[tuple[str, str, str], list[str]] = {}
        # A signal handler may declare one meanwhile.
        for declared in list(self._series.values()):
            by_session.setdefault(declared.session, []).append(declared.description)
        return [
            encode_restatement(session, together)
            for session, descriptions in by_session.items()
            for together in _divided(descriptions)
        ]


def _divided(descriptions: Sequence[str]) -> Iterator[Sequence[str]]:
    """Descriptions of series in parts of one record each."""
    start = size = 0
    for end, description in enumerate(descriptions):
        if end > start and (end - start == RESTATED_TOGETHER or size + len(description) > _RESTATED_SIZE):
            yield descriptions[start:end]
            start, size = end, 0
        size += len(description)
    yield descriptions[start:]


_open_journals: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child would keep its parent's lock, and with it the parent's runs, alive.
    for journal in list(_open_journals):
        journal.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
