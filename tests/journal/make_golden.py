"""Writes the golden journal, once a format version: ``python -m tests.journal.make_golden``.

The file is never written again for a version that was released; ``test_format`` reads it.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from tb_runhistory.journal.format import (
    SegmentHeader,
    encode_header,
    encode_payload,
    encode_point,
    frame,
    seed_of,
    segment_name,
)
from tb_runhistory.records.changes import (
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    EndRun,
    JournalRecord,
    LifecycleStage,
    LogBlobs,
    LogText,
    MetricShape,
    RenameExperiment,
    RestateSeries,
    SetParameter,
    StageExperiment,
    StageRun,
    StartRun,
)
from tb_runhistory.records.status import RunStatus

GOLDEN = Path(__file__).parent / "golden"
JOURNAL_ID = str(uuid.UUID(int=0x0123456789AB7CDE8F0123456789ABCD))
SIZE = 4096


def expected() -> tuple[list[JournalRecord], list[int]]:
    """The records before the points of the golden journal, and the steps of its points."""
    records: list[JournalRecord] = [
        CreateExperiment("mnist", 1000.0, "hand-written digits"),
        RenameExperiment("mnist", "digits"),
        StageExperiment("digits", LifecycleStage.ARCHIVED),
        CreateRun("run", "run", None, "run", "digits", "first", 1000.0, "", "chosen"),
        StageRun("run", "run", LifecycleStage.DELETED),
        StartRun("run", "run", "session", 1001.0, "host", "earlier session"),
        SetParameter("run", "run", "lr", 0.001),
        DeclareSeries("run", "run", "session", 1, "loss", DataClass.SCALAR, "loss"),
        DeclareSeries("run", "run", "session", 2, "note", DataClass.TEXT, "note"),
        DeclareSeries(
            "run",
            "run",
            "session",
            3,
            "image",
            DataClass.BLOB_SEQUENCE,
            "image",
            plugin_name="images",
            plugin_data=b"\0\xff",
        ),
        RestateSeries(
            "run",
            "run",
            "session",
            (
                DeclareSeries("run", "run", "session", 1, "loss"),
                DeclareSeries("run", "run", "session", 4, "row/x", metric="row", column="x", shape=MetricShape.ROW),
            ),
        ),
        LogText("run", 2, 0, 1002.0, "naïve 🌊"),
        LogBlobs("run", 3, 0, 1002.0, (b"\x89PNG\0", b"")),
        EndRun("run", "run", "session", RunStatus.COMPLETED, 1003.0),
    ]
    return records, [0, 1, 2, -(2**63), 2**63 - 1]


def golden_segment() -> bytes:
    """The bytes of the golden journal's one segment."""
    records, steps = expected()
    seed = seed_of(JOURNAL_ID)
    data = encode_header(SegmentHeader(JOURNAL_ID, 1, 1))
    for sequence, record in enumerate(records, 1):
        data += frame(seed, sequence, encode_payload(record))
    for sequence, step in enumerate(steps, len(records) + 1):
        data += encode_point(seed, sequence, 1, step, 1002.5, step / 2)
    return data.ljust(SIZE, b"\0")


def main() -> None:
    """Writes it."""
    folder = GOLDEN / JOURNAL_ID
    folder.mkdir(parents=True, exist_ok=True)
    (folder / segment_name(1)).write_bytes(golden_segment())


if __name__ == "__main__":
    main()
