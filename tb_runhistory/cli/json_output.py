"""What ``--json`` prints, command by command; ``docs/cli.md`` describes each field, and a test holds it to it.

Times are seconds since the epoch, durations seconds, null where there is none. JSON has no word for numbers that are
not finite, so they are the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass
from typing import Any

import click

from tb_runhistory.records.changes import ParameterValue


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run in a list, or in short. ``name`` is where it stands, as in TensorBoard; ``stage`` is its own or, where that
    is farther from being shown, that of its experiment.
    """

    run_id: str
    chosen_id: str
    parent_id: str | None
    experiment: str
    name: str
    display_name: str
    number: int
    depth: int
    stage: str
    status: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    duration: float | None
    children: int
    metrics: dict[str, float]
    columns: dict[str, ParameterValue | None]


@dataclass(frozen=True, slots=True)
class ExperimentEntry:
    """An experiment. ``runs`` counts all of its runs, ``roots`` those without a parent that the options select."""

    name: str
    description: str
    stage: str
    created_at: float
    runs: int
    roots: int


@dataclass(frozen=True, slots=True)
class RunList:
    """The answer of ``list``: ``runs`` in the order of the tree, each parent before its children."""

    store: str
    experiments: list[ExperimentEntry]
    runs: list[RunEntry]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. ``kind`` is boolean, integer, number or text."""

    name: str
    kind: str
    value: ParameterValue


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its facts over the ``count`` points that are shown."""

    tag: str
    description: str
    count: int
    hidden: int
    non_finite: int
    first_step: int
    last_step: int
    last: float
    last_logged_at: float
    minimum: float
    minimum_step: int
    maximum: float
    maximum_step: int
    mean: float


@dataclass(frozen=True, slots=True)
class TextEntry:
    """Texts of one tag, with the last of them."""

    tag: str
    count: int
    last_step: int
    last: str


@dataclass(frozen=True, slots=True)
class OtherSeries:
    """Tensors or blob sequences of one tag. ``plugin`` is the plugin of TensorBoard that shows them, "" if unknown."""

    tag: str
    data_class: str
    plugin: str
    count: int
    last_step: int


@dataclass(frozen=True, slots=True)
class RunDetails:
    """The answer of ``show``."""

    store: str
    run: RunEntry
    description: str
    error: str
    dropped_points: int
    refused_records: int
    parameters: list[Parameter]
    tags: dict[str, str | None]
    properties: dict[str, str | None]
    metrics: list[Metric]
    texts: list[TextEntry]
    others: list[OtherSeries]
    children: list[RunEntry]


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """Something that is wrong in the store. ``run_id`` and ``tag`` are "" where it is of none."""

    part: str
    sentence: str
    run_id: str
    tag: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A journal that is there. ``state`` is alive, dead or kept; what a live one holds is not counted.

    A dead one's process has ended; one that is kept was damaged and is shipped as far as it could be.
    """

    folder: str
    state: str
    is_ok: bool
    points: int
    records: int
    missing: int
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of ``check``: what was read, and all that is wrong."""

    store: str
    is_ok: bool
    schema_version: int
    runs: int
    series: int
    blocks: int
    points: int
    entries: int
    faults: list[FaultEntry]
    journals: list[JournalEntry]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that ``doctor`` looked at. ``fix`` is what to do, "" where all is well."""

    topic: str
    is_ok: bool
    sentence: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer of ``doctor``."""

    is_ok: bool
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The answer of ``export``: what it wrote; ``unchanged`` folders had what they were to have."""

    store: str
    logdir: str
    written: int
    unchanged: int
    points: int
    bytes: int
    lost: int


def print_json(answer: RunList | RunDetails | CheckReport | Diagnosis | ExportReport) -> None:
    """Prints an answer as JSON in ASCII, so that no text in it can act on a terminal."""
    json.dump(_sayable(asdict(answer)), sys.stdout, indent=2, allow_nan=False)
    click.echo()


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sayable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_sayable(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
