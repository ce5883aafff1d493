"""What the journal's tests write and compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from hypothesis import strategies as st

from tb_runhistory.journal.format import HEADER_SIZE, PREFIX, seed_of, segment_name
from tb_runhistory.journal.reader import JournalReader
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.records.changes import (
    AddProperties,
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    DescribeRun,
    Direction,
    DropPoints,
    EndRun,
    JournalRecord,
    LifecycleStage,
    LogBlobs,
    LogText,
    MetricShape,
    RemoveTags,
    RenameExperiment,
    RestateSeries,
    SetParameter,
    SetTags,
    StageExperiment,
    StageRun,
    StartRun,
)
from tb_runhistory.records.status import RunStatus

NUMBERS = st.floats(allow_nan=False)
INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=()))


def records() -> st.SearchStrategy[JournalRecord]:
    """Any record that is not a point."""
    parameter = st.one_of(st.booleans(), st.integers(), NUMBERS, TEXT)
    strategies: list[st.SearchStrategy[JournalRecord]] = [
        st.builds(
            CreateExperiment,
            TEXT,
            NUMBERS,
            TEXT,
            directions=st.dictionaries(TEXT, st.sampled_from(Direction)),
            view=st.none() | TEXT,
        ),
        st.builds(RenameExperiment, TEXT, TEXT),
        st.builds(StageExperiment, TEXT, st.sampled_from(LifecycleStage)),
        st.builds(CreateRun, TEXT, TEXT, st.none() | TEXT, TEXT, TEXT, TEXT, NUMBERS, TEXT, TEXT),
        st.builds(StageRun, TEXT, TEXT, st.sampled_from(LifecycleStage)),
        st.builds(StartRun, TEXT, TEXT, TEXT, NUMBERS, TEXT, TEXT),
        st.builds(EndRun, TEXT, TEXT, TEXT, st.sampled_from(RunStatus), NUMBERS, TEXT),
        st.builds(DescribeRun, TEXT, TEXT, st.none() | TEXT, st.none() | TEXT),
        st.builds(SetParameter, TEXT, TEXT, TEXT, parameter),
        st.builds(SetTags, TEXT, TEXT, st.dictionaries(TEXT, st.none() | TEXT)),
        st.builds(RemoveTags, TEXT, TEXT, st.lists(TEXT).map(tuple)),
        st.builds(AddProperties, TEXT, TEXT, st.dictionaries(TEXT, TEXT)),
        st.builds(LogText, TEXT, st.integers(1, 2**32 - 1), INT64, NUMBERS, TEXT),
        st.builds(LogBlobs, TEXT, st.integers(1, 2**32 - 1), INT64, NUMBERS, st.lists(st.binary()).map(tuple)),
        st.builds(DropPoints, TEXT, TEXT, st.integers(0, 2**63 - 1)),
        _series(TEXT, TEXT, TEXT),
        st.tuples(TEXT, TEXT, TEXT).flatmap(_restatements),
    ]
    return st.one_of(strategies)


def _series(*session: st.SearchStrategy[str]) -> st.SearchStrategy[DeclareSeries]:
    described = (TEXT, st.sampled_from(DataClass), TEXT, TEXT, st.sampled_from(MetricShape), TEXT, TEXT, st.binary())
    return st.builds(DeclareSeries, *session, st.integers(1, 1000), *described)


def _restatements(session: tuple[str, str, str]) -> st.SearchStrategy[RestateSeries]:
    series = st.lists(_series(*map(st.just, session)), max_size=3).map(tuple)
    return st.builds(RestateSeries, *map(st.just, session), series)


def scalar(tag: str, run: str = "run", root: str = "run") -> DeclareSeries:
    """A scalar series to declare."""
    return DeclareSeries(root, run, f"session of {run}", 0, tag, DataClass.SCALAR, tag)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a segment: offset and length in bytes, and its sequence number."""

    offset: int
    length: int
    sequence: int


def places(segment: Path) -> list[Place]:
    """The records of an undamaged segment, read without the reader under test."""
    data, seed = segment.read_bytes(), seed_of(segment.parent.name)
    found: list[Place] = []
    offset = HEADER_SIZE
    while offset + PREFIX.size <= len(data):
        checksum, length, sequence, _ = PREFIX.unpack_from(data, offset)
        if length == 0:
            break
        assert crc32(data[offset + 4 : offset + length], seed) == checksum
        found.append(Place(offset, length, sequence))
        offset += length
    return found


def journal_of(spool: Path, points: int, texts: bool = False) -> Path:
    """A closed journal: one series (two records), then ``points`` points with steps from 0 and values of half of them.

    With ``texts`` every third point is followed by a text.
    """
    writer = JournalWriter.create(spool)
    number = writer.declare(scalar("loss"))
    for step in range(points):
        assert writer.append_point(number, step, 1000.0 + step, step / 2)
        if texts and step % 3 == 2:
            assert writer.append(LogText("run", number, step, 1000.0, f"text {step}"))
    writer.close()
    return spool / writer.journal_id


def first_segment(folder: Path) -> Path:
    """The path of a journal's first segment."""
    return folder / segment_name(1)


def read_all(folder: Path, limit: int = 1 << 16) -> tuple[JournalReader, list[int], list[int]]:
    """The reader at the end of a dead journal, the steps of all points it gave, and all sequence numbers, in order."""
    reader = JournalReader(folder)
    steps: list[int] = []
    sequences: list[int] = []
    while not reader.finished:
        batch = reader.read(limit, final=True)
        steps += batch.points.steps.tolist()
        sequences += sorted([*batch.point_sequence.tolist(), *(sequence for sequence, _ in batch.records)])
    reader.close()
    return reader, steps, sequences
