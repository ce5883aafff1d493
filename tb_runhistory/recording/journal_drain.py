"""What the shipper knows of one journal: how far it is read, what is applied, who still runs in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import time

from tb_runhistory.journal.format import APPLIED_FILE, OWNER_FILE, segment_name
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.reader import JournalBatch, JournalReader
from tb_runhistory.journal.spool import DAMAGED, segment_numbers
from tb_runhistory.recording.batches import by_tree
from tb_runhistory.records.changes import EndRun, LogText, StartRun
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import TreeBatch

OWNER_DIED = "the process ended without finishing the run"
REASON_FILE = "reason"


class JournalDrain:
    """One journal on its way into the store: ``read``, apply what that gave, then ``mark``; again until ``is_done``."""

    def __init__(self, folder: Path, applied: Mapping[str, int]) -> None:
        """``applied`` is how far the store says that the journal is applied, by tree."""
        self.folder = folder
        self.journal_id = folder.name
        self.lives = True
        self.count = 0
        """Records in the last batch."""
        self.is_full = False
        """Whether the last batch was as large as it may be, so that there is more."""
        self.sessions: dict[str, StartRun] = {}
        """The sessions that the journal's owner began and has not ended."""
        self._applied = applied
        self._reader = JournalReader(folder, after=self._read_mark())
        self._sequence = 0
        self._marked = 0
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
        return f"{sum(each.missing for each in damage)} records are missing, in {places}"

    @property
    def kept(self) -> Path:
        """Where segments with damage are kept."""
        return self.folder.parent / DAMAGED / self.journal_id

    @property
    def is_done(self) -> bool:
        """Whether the owner is dead and all of the journal has been read."""
        return self._reader.finished

    def read(self, limit: int) -> list[TreeBatch]:
        """What is new, about ``limit`` records at most. The runs of a dead owner end with the last of it.

        Raises:
          JournalError: the journal is of a version that is not known here.
          OSError: it cannot be read.
        """
        # The order matters: what is read after the owner's death is all there will ever be.
        self.lives = owner_lives(self.folder)
        batch = self._reader.read(limit, final=not self.lives)
        self.count = len(batch)
        self.is_full = self.count >= limit
        self._follow(batch)
        if self._reader.finished and self.sessions:
            batch = self._with_endings(batch)
        self._sequence = batch.sequence
        if not batch.records and not len(batch.points):
            return []
        return by_tree(self.journal_id, batch, self._reader.declarations, self._applied)

    def mark(self) -> None:
        """Notes, for the owner to see, how far the journal is durably applied."""
        if self._sequence <= self._marked:
            return
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(self.folder / APPLIED_FILE, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.pwrite(descriptor, self._sequence.to_bytes(8, "little"), 0)
            finally:
                os.close(descriptor)
        self._marked = self._sequence

    def clear_consumed(self) -> int:
        """Removes the segments that are read to their end and applied; how many. Damaged ones are kept elsewhere."""
        consumed, self._reader.consumed = self._reader.consumed, []
        for number in consumed:
            self._clear(segment_name(number), keep=bool(self._reader.damage))
        return len(consumed)

    def remove(self) -> None:
        """Removes the folder of a journal that is done; what was found damaged is listed beside its segments."""
        self.clear_consumed()
        if self._reader.damage:
            lines = [f"{segment_name(d.segment)} at {d.offset}: {d.reason}\n" for d in self._reader.damage]
            self._write_reason("".join(lines))
        self._remove_folder()

    def set_aside(self, reason: str) -> None:
        """Moves all that is left of the journal to where damaged ones are kept."""
        self._reader.close()
        for number in segment_numbers(self.folder):
            self._clear(segment_name(number), keep=True)
        self._write_reason(reason + "\n")
        self._remove_folder()

    def close(self) -> None:
        """Closes the open segment. Idempotent."""
        self._reader.close()

    def _read_mark(self) -> int:
        try:
            return int.from_bytes((self.folder / APPLIED_FILE).read_bytes()[:8], "little")
        except FileNotFoundError:
            return 0

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
            elif isinstance(record, LogText):
                self._last_time = max(self._last_time, record.wall_time)

    def _with_endings(self, batch: JournalBatch) -> JournalBatch:
        # They take the sequence number behind the last, so that a replay knows whether they were applied.
        ended_at = time() if self._was_seen_alive else self._last_time
        sequence = batch.sequence + 1
        endings = [
            (sequence, EndRun(run.root_id, run.run_id, run.session_id, RunStatus.FAILED, ended_at, OWNER_DIED))
            for run in self.sessions.values()
        ]
        return replace(batch, sequence=sequence, records=[*batch.records, *endings])

    def _clear(self, name: str, keep: bool) -> None:
        if not keep:
            (self.folder / name).unlink(missing_ok=True)
            return
        self.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name).rename(self.kept / name)

    def _write_reason(self, text: str) -> None:
        self.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.kept / REASON_FILE).write_text(text, "utf-8")

    def _remove_folder(self) -> None:
        # The owner's file goes last: without it nobody could tell that the owner is dead.
        names = sorted(os.listdir(self.folder), key=lambda name: name == OWNER_FILE)
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        self.folder.rmdir()
