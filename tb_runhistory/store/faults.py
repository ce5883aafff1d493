"""What a check of a store reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """Where in a store a fault is."""

    FILE = "file"
    SCHEMA = "schema"
    POINTS = "points"
    PYRAMID = "pyramid"
    FACTS = "facts"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: where, in a sentence, and of which run and tag ("" where it is of none)."""

    part: Part
    sentence: str
    run_id: str = ""
    tag: str = ""


@dataclass(slots=True)
class StoreReport:
    """What was read, and what is wrong with it. ``points`` are the shown points that could be read."""

    schema_version: int = 0
    runs: int = 0
    series: int = 0
    blocks: int = 0
    points: int = 0
    faults: list[Fault] = field(default_factory=list)
