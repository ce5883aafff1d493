"""Reads a journal, while it is written or afterwards, and says exactly what is missing from it.

A damaged record costs itself: reading goes on at the next 8-byte boundary where a record has a right checksum and a
greater sequence number. A bad record with nothing whole behind it may be one that is being written just now. In the
journal of a dead process it is one whose writing never ended and which was never acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.journal.format import (
    ALIGNMENT,
    HEADER_SIZE,
    KIND_POINT,
    KIND_RECORD,
    LARGEST_RECORD,
    POINT_SIZE,
    PREFIX,
    SMALLEST_RECORD,
    decode_header,
    decode_payload,
    segment_name,
)
from tb_runhistory.journal.spool import segment_numbers
from tb_runhistory.records.changes import DeclareSeries, JournalRecord, LogText
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
_CHUNK = 1 << 20
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

    ``sequence`` is the number up to and including which the journal has been read. Wall times are whole milliseconds.
    """

    sequence: int
    records: list[tuple[int, JournalRecord]]
    point_sequence: NDArray[np.int64]
    point_series: NDArray[np.int64]
    points: Points

    def __len__(self) -> int:
        return len(self.records) + len(self.points)


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
        """``after`` is the sequence number up to which segments may be gone because they were applied."""
        self.folder = folder
        self.declarations: dict[int, DeclareSeries] = {}
        self.damage: list[Damage] = []
        self.consumed: list[int] = []
        self.torn: list[tuple[int, int]] = []
        self.finished = False
        self.sequence: int | None = None
        self._path = str(folder)
        self._after = after
        self._number = 0
        self._descriptor = -1
        self._position = 0
        self._suspect: tuple[int, int] | None = None
        self._known = np.zeros(64, np.bool_)
        self._records: list[tuple[int, JournalRecord]] = []
        self._parts: list[NDArray[np.void]] = []
        self._count = 0

    def read(self, limit: int, final: bool = False) -> JournalBatch:
        """What is new, about ``limit`` records at most. ``final``: the owner was dead before this call.

        Raises:
          JournalError: a segment has a format version that is not known here.
          OSError: a segment cannot be read.
        """
        self._records, self._parts, self._count = [], [], 0
        while self._count < limit and not self.finished:
            # Listed before the segment is read: what has a successor is written to its end.
            later = self._later(final)
            if self._descriptor < 0:
                if later:
                    self._open(later[0])
                    continue
                self.finished = final
                break
            if self._read_some(limit, complete=final or bool(later)):
                continue
            if self._count >= limit or not (later or final):
                break
            self._close_segment()
            self.consumed.append(self._number)
            self.finished = not later
        return self._batch()

    def close(self) -> None:
        """Closes the segment that is open. Idempotent."""
        self._close_segment()

    def _later(self, final: bool) -> list[int]:
        """The segments behind the open one."""
        if self._number and not final:
            # While its owner lives a journal has no gaps, and one name is cheaper to ask for than a list.
            return [self._number + 1] if os.path.exists(f"{self._path}/{segment_name(self._number + 1)}") else []
        return [number for number in segment_numbers(self.folder) if number > self._number]

    def _open(self, number: int) -> None:
        path = self.folder / segment_name(number)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._number, self._position = number, HEADER_SIZE
        header = decode_header(os.pread(self._descriptor, HEADER_SIZE, 0))
        if header is None or header.number != number or header.journal_id != self.folder.name:
            self.damage.append(Damage(number, 0, 0, "the header is damaged or of another segment"))

    def _close_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read_some(self, limit: int, complete: bool) -> bool:
        """Reads on in the open segment; False when nothing more can be had from it now."""
        data = os.pread(self._descriptor, _LOOK, self._position)
        if len(data) == _LOOK and not _ZEROS.startswith(data[:SMALLEST_RECORD]):
            data = os.pread(self._descriptor, _CHUNK, self._position)
        piece = _Piece(data, self._position)
        self._parse(piece, limit)
        self._position += piece.used
        if piece.used or self._count >= limit:
            return piece.used > 0
        if not complete and _ZEROS.startswith(data):
            return False
        return self._resume(complete)

    def _parse(self, piece: _Piece, limit: int) -> None:
        """Takes whole records from the start of ``piece``, up to the first that is not."""
        window = _FIRST_WINDOW
        while self._count < limit:
            taken = self._take_points(piece, min(window, limit - self._count))
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
        checksums = [crc32(view[at : at + 44]) for at in range(start, start + count * POINT_SIZE, POINT_SIZE)]
        right = rows["checksum"][:count] == np.array(checksums, np.uint32)
        count = count if right.all() else int(np.argmin(right))
        if count:
            self._keep_points(rows[:count], piece)
        return count

    def _take_record(self, piece: _Piece) -> bool:
        """Takes one record of any kind; False when there is no whole one."""
        length = _whole_record(piece.view, piece.used)
        if not length:
            return False
        _, _, sequence, kind = PREFIX.unpack_from(piece.data, piece.used)
        offset = piece.offset + piece.used
        if self.sequence is None:
            self.sequence = min(self._after, sequence - 1)
        if sequence <= self.sequence:
            self._note_disorder(offset)
            piece.used += length
            return True
        self._note_gap(sequence, offset)
        if kind == KIND_POINT and length == POINT_SIZE:
            self._keep_points(np.frombuffer(piece.data, _POINT, 1, piece.used), piece)
            return True
        self.sequence = sequence
        try:
            if kind != KIND_RECORD:
                raise ValueError(f"unknown kind {kind}")
            record = decode_payload(piece.data[piece.used + PREFIX.size : piece.used + length])
        except ValueError as error:
            self.damage.append(Damage(self._number, offset, 1, f"record {sequence} is not understood: {error}"))
        else:
            self._keep_record(sequence, record, offset)
        piece.used += length
        return True

    def _note_gap(self, sequence: int, offset: int) -> None:
        assert self.sequence is not None
        missing = sequence - self.sequence - 1
        if missing:
            reason = f"records {self.sequence + 1} to {sequence - 1} are missing"
            self.damage.append(Damage(self._number, offset, missing, reason))

    def _note_disorder(self, offset: int) -> None:
        # What is missing was counted when its place in the order was passed.
        reason = "records that stand behind later ones are left out"
        if not self.damage or self.damage[-1].reason != reason or self.damage[-1].segment != self._number:
            self.damage.append(Damage(self._number, offset, 0, reason))

    def _keep_points(self, rows: NDArray[np.void], piece: _Piece) -> None:
        offset = piece.offset + piece.used
        piece.used += rows.nbytes
        self.sequence = int(rows["sequence"][-1])
        series = rows["series"]
        known = self._known.take(series, mode="clip") & (series < len(self._known))
        if not known.all():
            lost = int(len(rows) - np.count_nonzero(known))
            self.damage.append(Damage(self._number, offset, lost, "points of series whose declaration is missing"))
            rows = rows[known]
        self._parts.append(rows)
        self._count += len(rows)

    def _keep_record(self, sequence: int, record: JournalRecord, offset: int) -> None:
        if isinstance(record, DeclareSeries):
            if record.number >= len(self._known):
                known = np.zeros(max(2 * len(self._known), record.number + 1), np.bool_)
                known[: len(self._known)] = self._known
                self._known = known
            self._known[record.number] = True
            self.declarations[record.number] = record
        elif isinstance(record, LogText) and record.number not in self.declarations:
            self.damage.append(Damage(self._number, offset, 1, "a text of a series whose declaration is missing"))
        self._records.append((sequence, record))
        self._count += 1

    def _resume(self, complete: bool) -> bool:
        """Looks behind something that is no record for one that is; False when there is none, or none for certain."""
        size = os.fstat(self._descriptor).st_size
        data = os.pread(self._descriptor, max(size - self._position, 0), self._position)
        if not np.frombuffer(data, np.uint8).any():
            return False
        view = memoryview(data)
        if _whole_record(view, 0):
            return self._take_large(data)
        for at in _candidates(data, self.sequence or 0):
            if _whole_record(view, at):
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

    def _batch(self) -> JournalBatch:
        sequence = self._after if self.sequence is None else self.sequence
        if not self._parts:
            return JournalBatch(sequence, self._records, _NO_NUMBERS, _NO_NUMBERS, _NO_POINTS)
        rows = np.concatenate(self._parts)
        wall_times: Floats = rows["wall_time"].astype(np.float64)
        np.round(wall_times, _WALL_TIME_DECIMALS, out=wall_times)
        points = Points(rows["step"].astype(np.int64), wall_times, rows["value"].astype(np.float64))
        series = rows["series"].astype(np.int64)
        return JournalBatch(sequence, self._records, rows["sequence"].astype(np.int64), series, points)


def _whole_record(view: memoryview, at: int) -> int:
    """The length of the record at ``at``; 0 when there is none, it is damaged, or it does not end in ``view``."""
    if at + SMALLEST_RECORD > len(view):
        return 0
    checksum, length, _, _ = PREFIX.unpack_from(view, at)
    if not SMALLEST_RECORD <= length <= LARGEST_RECORD or length % ALIGNMENT or at + length > len(view):
        return 0
    return int(length) if crc32(view[at + 4 : at + length]) == checksum else 0


def _candidates(data: bytes, after: int) -> Iterator[int]:
    """Where behind the start of ``data`` something looks like a record with a sequence number beyond ``after``."""
    count = len(data) // ALIGNMENT
    words = np.frombuffer(data, "<u8", count)
    if count < SMALLEST_RECORD // ALIGNMENT:
        return
    length = words[:-2] >> np.uint64(32)
    kind = words[2:] & np.uint64(0xFF)
    looks = (length >= SMALLEST_RECORD) & (length <= LARGEST_RECORD) & (length % ALIGNMENT == 0)
    looks &= (words[1:-1] > after) & ((kind == KIND_POINT) | (kind == KIND_RECORD))
    for position in np.flatnonzero(looks[1:]):
        yield (int(position) + 1) * ALIGNMENT
