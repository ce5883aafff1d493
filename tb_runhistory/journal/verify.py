"""Reads a whole journal and says what it holds and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tb_runhistory.journal.reader import Damage, JournalReader
from tb_runhistory.journal.spool import read_applied

_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class JournalReport:
    """What a journal holds: points, other records, damage, and places where the last record was never acknowledged."""

    points: int
    records: int
    sequence: int
    damage: tuple[Damage, ...]
    torn: tuple[tuple[int, int], ...]

    @property
    def missing(self) -> int:
        """How many records are lost, as far as the sequence numbers tell."""
        return sum(damage.missing for damage in self.damage)


def verify_journal(folder: Path) -> JournalReport:
    """Reads the journal in ``folder`` to its end, without changing it.

    Raises:
      JournalError: a segment has a format version that is not known here.
      OSError: a segment cannot be read.
    """
    reader = JournalReader(folder, read_applied(folder))
    points = records = 0
    try:
        while not reader.finished:
            batch = reader.read(_LIMIT, final=True)
            points += len(batch.points)
            records += len(batch.records)
    finally:
        reader.close()
    return JournalReport(points, records, reader.sequence or 0, tuple(reader.damage), tuple(reader.torn))
