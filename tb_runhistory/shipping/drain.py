"""What the shipper knows of one journal: how far it is read, what is applied, who still runs in it."""

from __future__ import annotations

import contextlib
import json
import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import time
from typing import Any

from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.reader import JournalBatch, JournalReader
from tb_runhistory.journal.spool import DAMAGED, prepared_files, read_applied, segment_numbers, write_applied
from tb_runhistory.records.changes import (
    DeclareSeries,
    EndRun,
    JournalRecord,
    LogBlobs,
    LogText,
    RestateSeries,
    StartRun,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping.batches import by_tree
from tb_runhistory.shipping.lock import FileLock
from tb_runhistory.store.base import TreeBatch

OWNER_DIED = "the process ended without finishing the run"
REASON_FILE = "reason"
REFUSED_FILE = "refused.jsonl"


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """A record of a tree in what was read last: its sequence number and, where it is about one, its run."""

    sequence: int
    run_id: str | None
    record: JournalRecord | None
    """None: a point."""


class JournalDrain:
    """One journal on its way into the store: ``read``, apply what that gave, then ``mark``; again until ``is_done``.

    ``lock`` keeps others from draining it.
    """

    def __init__(self, folder: Path, lock: FileLock, applied: Mapping[str, int]) -> None:
        """``applied`` is how far the store says that the journal is applied, by tree.

        Raises:
          OSError: the journal cannot be read.
        """
        self.folder = folder
        self.journal_id = folder.name
        self.lives = True
        self.count = 0
        """Records in the last batch."""
        self.size = 0
        """About how many bytes they are."""
        self.is_full = False
        """Whether the last batch was as large as it may be, so that there is more."""
        self.batches: list[TreeBatch] = []
        """What was read last, by tree: what is to be applied before ``mark``."""
        self.sessions: dict[str, StartRun] = {}
        """The sessions that the journal's owner began and has not ended."""
        self._lock = lock
        self._applied = applied
        # What is applied may be gone, and is missing to nobody.
        self._reader = JournalReader(folder, max([read_applied(folder), *applied.values()]))
        self._batch: JournalBatch | None = None
        self._marked = (0, 0)
        self._consumed: list[int] = []
        self._synced_segment = 0
        self._is_explained = False
        self._was_seen_alive = False
        self._last_time = 0.0

    @property
    def damage(self) -> str:
        """What of the journal is missing, in one line; empty when nothing is."""
        damage = self._reader.damage
        if not damage:
            return ""
        first = damage[0]
        places = f"{segment_name(first.segment)} at {first.offset}" + (" and elsewhere" if len(damage) > 1 else "")
        return f"{sum(place.missing for place in damage)} records are missing, in {places}"

    @property
    def kept(self) -> Path:
        """Where segments with damage are kept, and records that the store could not take."""
        return self.folder.parent / DAMAGED / self.journal_id

    @property
    def is_done(self) -> bool:
        """Whether the owner is dead and all of the journal has been read."""
        return self._reader.finished

    @property
    def is_replaced(self) -> bool:
        """Whether what is being read was removed by somebody and put back by its owner."""
        return self._reader.is_replaced()

    @property
    def has_read(self) -> bool:
        """Whether there was a segment."""
        return self._reader.segment > 0

    def read(self, limit: int, size: int) -> None:
        """Reads what is new, about ``limit`` records of ``size`` bytes at most, into ``batches``.

        The runs of a dead owner end with the last of it.

        Raises:
          JournalError: the journal is of a version that is not known here.
          OSError: it cannot be read.
        """
        # The order matters: what is read after the owner's death is all there will ever be. A segment that somebody
        # has unlinked is still held by a living owner.
        self.lives = owner_lives(self.folder) or self._reader.is_held()
        batch = self._reader.read(limit, size, final=not self.lives)
        self.count, self.size = len(batch), batch.size
        self.is_full = self.count >= limit or self.size >= size
        self._follow(batch)
        if self._reader.finished and self.sessions:
            batch = self._with_endings(batch)
        self._batch = batch
        self.batches = by_tree(self.journal_id, batch, self._reader.declarations, self._applied) if len(batch) else []
        if self._has_begun_a_session(batch):
            # After a power cut the journal must still know what the store says is running.
            with contextlib.suppress(OSError):
                self._sync()

    def part(self, root_id: str, after: int, sequence: int) -> TreeBatch | None:
        """Of what was read last that of one tree behind ``after``, up to ``sequence``; None: there is none."""
        assert self._batch is not None
        part = self._batch.between(after, sequence)
        found = by_tree(self.journal_id, part, self._reader.declarations, self._applied)
        return next((batch for batch in found if batch.root_id == root_id), None)

    def places(self, root_id: str, after: int, sequence: int) -> list[RecordPlace]:
        """The records and points of ``part``, in order."""
        assert self._batch is not None
        part = self._batch.between(after, sequence)
        declared = self._reader.declarations
        done = self._applied.get(root_id, 0)
        found = [
            RecordPlace(number, _run_of(record, declared), record)
            for number, record in part.records
            if record.root_id == root_id and not isinstance(record, DeclareSeries | RestateSeries)
        ]
        for number, series in zip(part.point_sequence.tolist(), part.point_series.tolist(), strict=True):
            if declared[series].root_id == root_id:
                found.append(RecordPlace(number, declared[series].run_id, None))
        return sorted((place for place in found if place.sequence > done), key=lambda place: place.sequence)

    def keep_refused(self, place: RecordPlace, reason: str) -> None:
        """Keeps a record that the store cannot take, durably, as a line of JSON with the reason.

        Raises:
          OSError: it cannot be written.
        """
        self.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"sequence": place.sequence, "reason": reason, **self._description(place)}, default=_as_text)
        line = text.encode() + b"\n"
        with open(self.kept / REFUSED_FILE, "a+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - len(line), 0))
            if file.read() == line:
                # Kept before, by a shipper that did not get to have it counted.
                return
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            self._add_reason(f"the store cannot take records of it, which are in {REFUSED_FILE}: {reason}\n")

    def mark(self) -> None:
        """Notes, for the owner to see, how far the journal is durably applied.

        Raises:
          OSError: it cannot be written. The next call tries again.
        """
        if self._batch is None:
            return
        state = (self._batch.sequence, self._reader.segment)
        if state != self._marked:
            write_applied(self.folder, self._reader.segment, self._batch.sequence)
            self._marked = state

    def clear_consumed(self) -> int:
        """Removes the segments that are read to their end and applied; how many. Damaged ones are kept elsewhere.

        Raises:
          OSError: they cannot be removed. The next call tries again.
        """
        self._consumed += self._reader.consumed
        self._reader.consumed.clear()
        count = len(self._consumed)
        while self._consumed:
            self._clear(segment_name(self._consumed[0]), keep=bool(self._reader.damage))
            del self._consumed[0]
        return count

    def remove(self) -> bool:
        """Removes the folder of a journal that is done; what was found damaged is listed beside its segments.

        False: it holds files that are none of a journal, and stays with them.

        Raises:
          OSError: it cannot be removed.
        """
        self.clear_consumed()
        if self._reader.damage and not self._is_explained:
            lines = [f"{segment_name(d.segment)} at {d.offset}: {d.reason}\n" for d in self._reader.damage]
            self._add_reason("".join(lines))
            self._is_explained = True
        return self._remove_folder()

    def set_aside(self, reason: str) -> bool:
        """Moves all that is left of the journal to where damaged ones are kept. As ``remove`` otherwise."""
        self._reader.close()
        for number in segment_numbers(self.folder):
            self._clear(segment_name(number), keep=True)
        self._add_reason(reason + "\n")
        return self._remove_folder()

    def close(self) -> None:
        """Closes the open segment and lets others drain the journal. Idempotent."""
        self._reader.close()
        self._lock.release()

    def _follow(self, batch: JournalBatch) -> None:
        self._was_seen_alive |= self.lives
        if len(batch.points):
            self._last_time = max(self._last_time, float(batch.points.wall_times[-1]))
        for _, record in batch.records:
            if isinstance(record, StartRun):
                self.sessions[record.session_id] = record
                self._last_time = max(self._last_time, record.started_at)
            elif isinstance(record, EndRun):
                self.sessions.pop(record.session_id, None)
            elif isinstance(record, LogText | LogBlobs):
                self._last_time = max(self._last_time, record.wall_time)

    def _has_begun_a_session(self, batch: JournalBatch) -> bool:
        return bool(self.sessions) and any(
            isinstance(record, StartRun) and record.session_id in self.sessions for _, record in batch.records
        )

    def _sync(self) -> None:
        self._reader.sync()
        if self._reader.segment != self._synced_segment:
            _sync_folder(self.folder)
            _sync_folder(self.folder.parent)
            self._synced_segment = self._reader.segment

    def _with_endings(self, batch: JournalBatch) -> JournalBatch:
        # They take the sequence number behind the last, so that a replay knows whether they were applied.
        ended_at = time() if self._was_seen_alive else self._last_time
        sequence = batch.sequence + 1
        endings = [
            (sequence, EndRun(run.root_id, run.run_id, run.session_id, RunStatus.FAILED, ended_at, OWNER_DIED))
            for run in self.sessions.values()
        ]
        self.sessions = {}
        return replace(batch, sequence=sequence, records=[*batch.records, *endings])

    def _description(self, place: RecordPlace) -> dict[str, Any]:
        assert self._batch is not None
        if place.record is not None:
            about = {"record": {"is": type(place.record).__name__, **asdict(place.record)}}
            number = getattr(place.record, "number", None)
            return about if number is None else {**about, "series": asdict(self._reader.declarations[number])}
        row = int(self._batch.point_sequence.searchsorted(place.sequence))
        points = self._batch.points
        point = [float(points.wall_times[row]), float(points.values[row])]
        series = self._reader.declarations[int(self._batch.point_series[row])]
        return {"point": [int(points.steps[row]), *point], "series": asdict(series)}

    def _clear(self, name: str, keep: bool) -> None:
        if not keep:
            (self.folder / name).unlink(missing_ok=True)
            return
        self.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name).rename(self.kept / name)

    def _add_reason(self, text: str) -> None:
        self.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.kept / REASON_FILE, "a", encoding="utf-8") as file:
            file.write(text)

    def _remove_folder(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            for path in prepared_files(self.folder):
                path.unlink(missing_ok=True)
            if os.listdir(self.folder):
                return False
            self.folder.rmdir()
        return True


def _run_of(record: JournalRecord, declared: Mapping[int, DeclareSeries]) -> str | None:
    if isinstance(record, LogText | LogBlobs):
        return declared[record.number].run_id if record.number in declared else None
    return getattr(record, "run_id", None)


def _as_text(value: object) -> str:
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
