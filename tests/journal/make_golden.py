"""Writes the golden journal, once a format version: ``python -m tests.journal.make_golden``.

The file is never written again for a version that was released; ``test_format`` reads it.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from tb_runhistory.journal.format import SegmentHeader, encode_header, encode_payload, encode_point, frame, segment_name
from tb_runhistory.records.changes import (
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    EndRun,
    JournalRecord,
    LogText,
    SetParameter,
    StartRun,
)
from tb_runhistory.records.status import RunStatus

GOLDEN = Path(__file__).parent / "golden"
JOURNAL_ID = str(uuid.UUID(int=0x0123456789AB7CDE8F0123456789ABCD))
SIZE = 2048


def expected() -> tuple[list[JournalRecord], list[int]]:
    """The records before the points of the golden journal, and the steps of its points."""
    records: list[JournalRecord] = [
        CreateExperiment("mnist", 1000.0, "hand-written digits"),
        CreateRun("run", "run", None, "run", "mnist", "first", 1000.0),
        StartRun("run", "run", "session", 1001.0, "host"),
        SetParameter("run", "run", "lr", 0.001),
        DeclareSeries("run", "run", "session", 1, "loss", DataClass.SCALAR, "loss"),
        DeclareSeries("run", "run", "session", 2, "note", DataClass.TEXT, "note"),
        LogText("run", 2, 0, 1002.0, "naïve 🌊"),
        EndRun("run", "run", "session", RunStatus.COMPLETED, 1003.0),
    ]
    return records, [0, 1, 2, -(2**63), 2**63 - 1]


def golden_segment() -> bytes:
    """The bytes of the golden journal's one segment."""
    records, steps = expected()
    data = encode_header(SegmentHeader(JOURNAL_ID, 1, 1))
    for sequence, record in enumerate(records, 1):
        data += frame(sequence, encode_payload(record))
    for sequence, step in enumerate(steps, len(records) + 1):
        data += encode_point(sequence, 1, step, 1002.5, step / 2)
    return data.ljust(SIZE, b"\0")


def main() -> None:
    """Writes it."""
    folder = GOLDEN / JOURNAL_ID
    folder.mkdir(parents=True, exist_ok=True)
    (folder / segment_name(1)).write_bytes(golden_segment())


if __name__ == "__main__":
    main()
