"""What a check of a store reports."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum


class Part(StrEnum):
    """Where in a store a fault is."""

    FILE = "file"
    """The database itself: what reads or writes it may fail anywhere."""
    SCHEMA = "schema"
    """Tables or columns that are not there: nothing else can be looked at."""
    ROWS = "rows"
    """A row whose checksum does not match, or a cell that is not what its column holds."""
    TREE = "tree"
    """Rows that contradict each other: a run without its parent, metrics without their run."""
    POINTS = "points"
    PYRAMID = "pyramid"
    """Summaries of points: a chart may be wrong or slow where they are."""
    FACTS = "facts"
    """What is stored of a series (count, last, minimum, …) is not what its values say."""
    ENTRIES = "entries"
    """Texts, tensors and blob sequences, and the files that large ones are in."""
    COUNTS = "counts"
    """Numbers of runs that an experiment keeps."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: where, in a sentence, and of which run and tag ("" where it is of none)."""

    part: Part
    sentence: str
    run_id: str = ""
    tag: str = ""


@dataclass(slots=True)
class StoreReport:
    """What was read, and what is wrong with it. ``points`` are the shown points that could be read, ``blocks`` the
    payloads of points and summaries.
    """

    schema_version: int = 0
    runs: int = 0
    series: int = 0
    blocks: int = 0
    points: int = 0
    entries: int = 0
    faults: list[Fault] = field(default_factory=list)

    def add(self, other: StoreReport) -> None:
        """Adds what another report counts and what it has found and this one has not."""
        known = set(self.faults)
        for counted in fields(self):
            if counted.name not in ("schema_version", "faults"):
                setattr(self, counted.name, getattr(self, counted.name) + getattr(other, counted.name))
        self.faults += [fault for fault in other.faults if fault not in known]
