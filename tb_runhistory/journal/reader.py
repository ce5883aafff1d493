"""Reads a journal, while it is written or afterwards, and says exactly what is missing from it.

A damaged record costs itself: reading goes on at the next 8-byte boundary where a record has a right checksum and a
greater sequence number. A bad record with nothing whole behind it may be one that is being written just now. In the
journal of a dead process it is one whose writing never ended and which was never acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.journal.format import (
    ALIGNMENT,
    HEADER_SIZE,
    KIND_CONTENTS,
    KIND_POINT,
    LARGEST_RECORD,
    POINT_SIZE,
    PREFIX,
    SMALLEST_RECORD,
    Payload,
    decode_header,
    decode_payload,
    seed_of,
    segment_name,
)
from tb_runhistory.journal.owner import is_locked
from tb_runhistory.journal.spool import segment_numbers
from tb_runhistory.records.changes import DeclareSeries, JournalRecord, LogBlobs, LogText, RestateSeries
from tb_runhistory.records.points import Floats, Points

_POINT = np.dtype(
    [
        ("checksum", "<u4"),
        ("length", "<u4"),
        ("sequence", "<i8"),
        ("kind", "u1"),
        ("unused", "V3"),
        ("series", "<u4"),
        ("step", "<i8"),
        ("wall_time", "<f8"),
        ("value", "<f8"),
    ]
)
_LOOK = 4096 + HEADER_SIZE
"""Bytes that are looked at where nothing is expected: more than the page that a fault would have zeroed."""
_ZEROS = bytes(_LOOK)
_SHORTEST_CHUNK = 1 << 14
_LONGEST_CHUNK = 1 << 20
"""Bytes that are read at once: more while all of them are records, since a segment's space is taken ahead of need."""
_FIRST_WINDOW = 64
_NO_NUMBERS = np.empty(0, np.int64)
_NO_POINTS = Points.empty()
_KIND_AT = PREFIX.size - 1
_WALL_TIME_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Damage:
    """Where something of a journal is missing: a segment's number, an offset in it in bytes, and the records lost."""

    segment: int
    offset: int
    missing: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class JournalBatch:
    """What was read: ``records`` with their sequence numbers, and points in columns of one length, both in order.

    The journal has been read from behind ``after`` up to and including ``sequence``, about ``size`` bytes. Wall times
    are whole milliseconds.
    """

    after: int
    sequence: int
    size: int
    records: list[tuple[int, JournalRecord]]
    point_sequence: NDArray[np.int64]
    point_series: NDArray[np.int64]
    points: Points

    def __len__(self) -> int:
        return len(self.records) + len(self.points)

    def between(self, after: int, sequence: int) -> JournalBatch:
        """The part of it behind ``after``, up to and including ``sequence``."""
        first, last = np.searchsorted(self.point_sequence, [after, sequence], "right").tolist()
        rows = slice(first, last)
        records = [(number, record) for number, record in self.records if after < number <= sequence]
        points = self.points.take(rows)
        return JournalBatch(
            after, sequence, self.size, records, self.point_sequence[rows], self.point_series[rows], points
        )


class _Piece:
    """Bytes of a segment that start at ``offset`` in it, and how far they have been understood."""

    def __init__(self, data: bytes, offset: int) -> None:
        self.data = data
        self.view = memoryview(data)
        self.offset = offset
        self.used = 0


class JournalReader:
    """Reads the segments of one journal in order. Not thread-safe; several readers may read one journal.

    ``declarations`` are the series declared so far, ``damage`` what was found missing, ``torn`` where (segment, offset)
    a segment ends in a record that was never acknowledged, ``consumed`` the segments that were read to their end.
    ``finished`` says that a final read has found the end.
    """

    def __init__(self, folder: Path, after: int = 0) -> None:
        """``after`` is the sequence number up to which the journal is applied: nothing of that is ever missing."""
        self.folder = folder
        self.declarations: dict[int, DeclareSeries] = {}
        self.damage: list[Damage] = []
        self.consumed: list[int] = []
        self.torn: list[tuple[int, int]] = []
        self.finished = False
        self.sequence: int | None = None
        self._path = str(folder)
        self._seed = seed_of(folder.name)
        self._after = self._start = after
        self._number = 0
        self._descriptor = -1
        self._position = 0
        self._suspect: tuple[int, int] | None = None
        self._known = np.zeros(64, np.bool_)
        self._records: list[tuple[int, JournalRecord]] = []
        self._parts: list[memoryview | bytes] = []
        self._latest: tuple[Payload, JournalRecord] | None = None
        self._is_blank = False
        self._chunk = _SHORTEST_CHUNK
        self._count = self._limit = 0
        self._size = self._size_limit = 0

    def read(self, limit: int, size: int = 1 << 62, final: bool = False) -> JournalBatch:
        """What is new, about ``limit`` records of about ``size`` bytes at most. ``final``: the owner died before this.

        Raises:
          JournalError: a segment has a format version that is not known here.
          OSError: a segment cannot be read.
        """
        self._records, self._parts, self._count, self._size = [], [], 0, 0
        self._limit, self._size_limit = limit, size
        before = self.sequence
        while not self._is_full() and not self.finished:
            # Listed before the segment is read: what has a successor is written to its end.
            later = self._later(final)
            if self._descriptor < 0:
                if later:
                    self._open(later[0])
                    continue
                self.finished = final
                break
            if self._read_some(complete=final or bool(later)):
                continue
            if self._is_full() or not (later or final):
                break
            self._close_segment()
            self.consumed.append(self._number)
            self.finished = not later
        return self._batch(before)

    def close(self) -> None:
        """Closes the segment that is open. Idempotent."""
        self._close_segment()

    @property
    def segment(self) -> int:
        """The number of the segment that is, or was last, open; 0 before the first."""
        return self._number

    def is_held(self) -> bool:
        """Whether the owner holds the segment that is open here, which may be unlinked meanwhile."""
        return self._descriptor >= 0 and is_locked(self._descriptor)

    def sync(self) -> None:
        """Asks the kernel to write the segment that is open here to disk.

        Raises:
          OSError: it could not be written.
        """
        if self._descriptor >= 0:
            os.fdatasync(self._descriptor)

    def is_replaced(self) -> bool:
        """Whether the segment that is open here stands in the folder again, in another file."""
        if self._descriptor < 0:
            return False
        try:
            found = os.stat(f"{self._path}/{segment_name(self._number)}")
        except FileNotFoundError:
            return False
        return not os.path.samestat(found, os.fstat(self._descriptor))

    def _is_full(self) -> bool:
        return self._count >= self._limit or self._size >= self._size_limit

    def _later(self, final: bool) -> list[int]:
        """The segments behind the open one."""
        if self._descriptor >= 0 and not final and os.fstat(self._descriptor).st_nlink:
            # While its owner lives a journal has no gaps, and one name is cheaper to ask for than a list.
            return [self._number + 1] if os.path.exists(f"{self._path}/{segment_name(self._number + 1)}") else []
        return [number for number in segment_numbers(self.folder) if number > self._number]

    def _open(self, number: int) -> None:
        path = self.folder / segment_name(number)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._number, self._position = number, HEADER_SIZE
        data = os.pread(self._descriptor, HEADER_SIZE, 0)
        header = decode_header(data)
        # A power cut leaves zeros of what was never written to disk, and behind them there is nothing either.
        self._is_blank = header is None and not any(data)
        if not self._is_blank and (header is None or header.number != number or header.journal_id != self.folder.name):
            self._note_header()

    def _note_header(self) -> None:
        self._is_blank = False
        self.damage.append(Damage(self._number, 0, 0, "the header is damaged or of another segment"))

    def _close_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read_some(self, complete: bool) -> bool:
        """Reads on in the open segment; False when nothing more can be had from it now."""
        data = os.pread(self._descriptor, _LOOK, self._position)
        if len(data) == _LOOK and not _ZEROS.startswith(data[:SMALLEST_RECORD]):
            length = PREFIX.unpack_from(data)[1]
            size = max(length, self._chunk) if length <= LARGEST_RECORD else self._chunk
            data = os.pread(self._descriptor, size, self._position)
        piece = _Piece(data, self._position)
        self._parse(piece)
        self._position += piece.used
        is_used = 2 * piece.used > len(data) >= _SHORTEST_CHUNK
        self._chunk = min(2 * self._chunk, _LONGEST_CHUNK) if is_used else _SHORTEST_CHUNK
        if piece.used and self._is_blank:
            self._note_header()
        if piece.used or self._is_full():
            return piece.used > 0
        if not complete and _ZEROS.startswith(data):
            return False
        return self._resume(complete)

    def _parse(self, piece: _Piece) -> None:
        """Takes whole records from the start of ``piece``, up to the first that is not."""
        window = _FIRST_WINDOW
        while not self._is_full():
            taken = self._take_points(piece, min(window, self._limit - self._count))
            window = window * 2 if taken == window else _FIRST_WINDOW
            if taken == 0 and not self._take_record(piece):
                break

    def _take_points(self, piece: _Piece, window: int) -> int:
        """Takes a run of up to ``window`` points with consecutive sequence numbers; how many there were."""
        count = min(window, (len(piece.data) - piece.used) // POINT_SIZE)
        if count < 1 or self.sequence is None or piece.data[piece.used + _KIND_AT] != KIND_POINT:
            return 0
        rows = np.frombuffer(piece.data, _POINT, count, piece.used)
        expected = np.arange(self.sequence + 1, self.sequence + 1 + count)
        right = (rows["sequence"] == expected) & (rows["length"] == POINT_SIZE) & (rows["kind"] == KIND_POINT)
        count = count if right.all() else int(np.argmin(right))
        start, view = piece.used + 4, piece.view
        places = range(start, start + count * POINT_SIZE, POINT_SIZE)
        checksums = [crc32(view[at : at + 44], self._seed) for at in places]
        right = rows["checksum"][:count] == np.array(checksums, np.uint32)
        count = count if right.all() else int(np.argmin(right))
        if count:
            self._keep_points(rows[:count], piece)
        return count

    def _take_record(self, piece: _Piece) -> bool:
        """Takes one record of any kind; False when there is no whole one."""
        length = _whole_record(piece.view, piece.used, self._seed)
        if not length:
            return False
        _, _, sequence, kind = PREFIX.unpack_from(piece.data, piece.used)
        offset = piece.offset + piece.used
        if self.sequence is None:
            self.sequence = self._start = min(self._after, sequence - 1)
        if sequence <= self.sequence:
            self._note_disorder(offset)
            piece.used += length
            return True
        self._note_gap(sequence, offset)
        if kind == KIND_POINT and length == POINT_SIZE:
            self._keep_points(np.frombuffer(piece.data, _POINT, 1, piece.used), piece)
            return True
        self.sequence = sequence
        payload = Payload(kind, piece.data[piece.used + PREFIX.size : piece.used + length])
        try:
            # New series are declared twice in a row.
            is_repeated = self._latest is not None and payload == self._latest[0]
            record = self._latest[1] if self._latest and is_repeated else decode_payload(payload)
        except ValueError as error:
            self.damage.append(Damage(self._number, offset, 1, f"record {sequence} is not understood: {error}"))
        else:
            self._latest = (payload, record) if isinstance(record, DeclareSeries) else None
            self._keep_record(sequence, record, offset)
        piece.used += length
        self._size += length
        return True

    def _note_gap(self, sequence: int, offset: int) -> None:
        assert self.sequence is not None
        # What the store has is missing to nobody: a power cut may take it from a journal that is applied.
        last = max(self.sequence, self._after)
        missing = sequence - last - 1
        if missing > 0:
            reason = f"records {last + 1} to {sequence - 1} are missing"
            self.damage.append(Damage(self._number, offset, missing, reason))

    def _note_disorder(self, offset: int) -> None:
        # What is missing was counted when its place in the order was passed.
        reason = "records that stand behind later ones are left out"
        if not self.damage or self.damage[-1].reason != reason or self.damage[-1].segment != self._number:
            self.damage.append(Damage(self._number, offset, 0, reason))

    def _keep_points(self, rows: NDArray[np.void], piece: _Piece) -> None:
        start, offset = piece.used, piece.offset + piece.used
        piece.used += rows.nbytes
        self.sequence = int(rows["sequence"][-1])
        series = rows["series"]
        known = self._known.take(series, mode="clip") & (series < len(self._known))
        part: memoryview | bytes = piece.view[start : piece.used]
        if not known.all():
            lost = int(np.count_nonzero(rows["sequence"][~known] > self._after))
            if lost:
                self.damage.append(Damage(self._number, offset, lost, "points of series whose declaration is missing"))
            part = rows[known].tobytes()
        self._parts.append(part)
        self._count += len(part) // POINT_SIZE
        self._size += len(part)

    def _keep_record(self, sequence: int, record: JournalRecord, offset: int) -> None:
        if isinstance(record, DeclareSeries | RestateSeries):
            self._declare(record.series if isinstance(record, RestateSeries) else (record,))
        elif self._is_undeclared(record) and sequence > self._after:
            self.damage.append(Damage(self._number, offset, 1, "a value of a series whose declaration is missing"))
        self._records.append((sequence, record))
        self._count += 1

    def _declare(self, series: Sequence[DeclareSeries]) -> None:
        highest = max((declared.number for declared in series), default=0)
        if highest >= len(self._known):
            known = np.zeros(max(2 * len(self._known), highest + 1), np.bool_)
            known[: len(self._known)] = self._known
            self._known = known
        for declared in series:
            self._known[declared.number] = True
            self.declarations[declared.number] = declared

    def _is_undeclared(self, record: JournalRecord) -> bool:
        return isinstance(record, LogText | LogBlobs) and record.number not in self.declarations

    def _resume(self, complete: bool) -> bool:
        """Looks behind something that is no record for one that is; False when there is none, or none for certain."""
        size = os.fstat(self._descriptor).st_size
        data = os.pread(self._descriptor, max(size - self._position, 0), self._position)
        if not np.frombuffer(data, np.uint8).any():
            return False
        view = memoryview(data)
        if _whole_record(view, 0, self._seed):
            return self._take_large(data)
        for at in _candidates(data, self.sequence or 0):
            if _whole_record(view, at, self._seed):
                break
        else:
            if complete:
                self.torn.append((self._number, self._position))
            return False
        place = (self._number, self._position)
        if not complete and self._suspect != place:
            # The bytes were copied while the owner wrote: what is bad in one copy may be whole in the next.
            self._suspect = place
            return False
        self._position += at
        return True

    def _take_large(self, data: bytes) -> bool:
        """Takes a record that is larger than what is read at once, or was not whole a moment ago."""
        piece = _Piece(data, self._position)
        self._take_record(piece)
        self._position += piece.used
        return True

    def _batch(self, before: int | None) -> JournalBatch:
        sequence = self._after if self.sequence is None else self.sequence
        after = self._start if before is None else before
        if not self._parts:
            return JournalBatch(after, sequence, self._size, self._records, _NO_NUMBERS, _NO_NUMBERS, _NO_POINTS)
        rows = np.frombuffer(b"".join(self._parts), _POINT)
        wall_times: Floats = rows["wall_time"].astype(np.float64)
        np.round(wall_times, _WALL_TIME_DECIMALS, out=wall_times)
        points = Points(rows["step"].astype(np.int64), wall_times, rows["value"].astype(np.float64))
        numbers, series = rows["sequence"].astype(np.int64), rows["series"].astype(np.int64)
        return JournalBatch(after, sequence, self._size, self._records, numbers, series, points)


def _whole_record(view: memoryview, at: int, seed: int) -> int:
    """The length of the record at ``at``; 0 when there is none, it is damaged, or it does not end in ``view``."""
    if at + SMALLEST_RECORD > len(view):
        return 0
    checksum, length, _, _ = PREFIX.unpack_from(view, at)
    if not SMALLEST_RECORD <= length <= LARGEST_RECORD or length % ALIGNMENT or at + length > len(view):
        return 0
    return int(length) if crc32(view[at + 4 : at + length], seed) == checksum else 0


def _candidates(data: bytes, after: int) -> Iterator[int]:
    """Where behind the start of ``data`` something looks like a record with a sequence number beyond ``after``."""
    count = len(data) // ALIGNMENT
    words = np.frombuffer(data, "<u8", count)
    if count < SMALLEST_RECORD // ALIGNMENT:
        return
    length = words[:-2] >> np.uint64(32)
    kind = words[2:] & np.uint64(0xFF)
    looks = (length >= SMALLEST_RECORD) & (length <= LARGEST_RECORD) & (length % ALIGNMENT == 0)
    looks &= (words[1:-1] > after) & (kind >= KIND_POINT) & (kind <= KIND_CONTENTS)
    for position in np.flatnonzero(looks[1:]):
        yield (int(position) + 1) * ALIGNMENT
