"""A table of measurements: a row a measure, a column a subject, and whether the project's bars hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

OURS = "tb_runhistory"


@dataclass(frozen=True, slots=True)
class Bar:
    """What ours is to be: at most ``limit``, or at least; where ``against`` names a subject, ``limit`` times theirs."""

    limit: float
    against: str = ""
    at_least: bool = False

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        if not self.against:
            return f"{sign} {shown_number(self.limit)}"
        return f"{sign} {shown_number(self.limit)} × {self.against}"


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. ``samples`` holds, by subject, what each repetition measured, in ``unit``.

    ``notes`` say, by subject, how theirs was measured otherwise than ours.
    """

    name: str
    measure: str
    unit: str
    samples: dict[str, list[float]]
    bars: tuple[Bar, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)

    def verdict(self, bar: Bar) -> bool | None:
        """Whether the median holds the bar; None where something to compare is missing."""
        ours = self.samples.get(OURS)
        theirs = self.samples.get(bar.against) if bar.against else [1.0]
        if not ours or not theirs:
            return None
        limit = bar.limit * median(theirs)
        return median(ours) >= limit if bar.at_least else median(ours) <= limit

    def cell(self, subject: str) -> str:
        """Median (lowest to highest) of a subject, and for others than ours how many times ours that is."""
        samples = self.samples.get(subject)
        if not samples:
            return "–"
        text = shown_number(median(samples))
        if len(samples) > 1:
            text += f" ({shown_number(min(samples))}–{shown_number(max(samples))})"
        ours = self.samples.get(OURS)
        if subject != OURS and ours and median(ours):
            text += f", **{shown_number(median(samples) / median(ours))} ×**"
        return text

    def to_json(self) -> dict[str, Any]:
        """Everything measured, for programs."""
        return {
            "name": self.name,
            "measure": self.measure,
            "unit": self.unit,
            "samples": self.samples,
            "bars": [{"bar": str(bar), "holds": self.verdict(bar)} for bar in self.bars],
            "notes": self.notes,
        }


def shown_number(number: float) -> str:
    """A number with three digits that count, and commas in thousands."""
    if not math.isfinite(number):
        return str(number)
    if number == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def markdown(rows: Sequence[Row], subjects: Sequence[str]) -> str:
    """The rows as a table in Markdown, with the subjects that have at least one sample, and the notes below."""
    present = [subject for subject in subjects if any(row.samples.get(subject) for row in rows)]
    lines = [_line(["measure", "unit", *present, "bar", "holds"]), _line(["---"] * (len(present) + 4))]
    for row in rows:
        words = {True: "yes", False: "**no**", None: "–"}
        verdicts = "; ".join(words[row.verdict(bar)] for bar in row.bars)
        bars = "; ".join(map(str, row.bars))
        lines.append(_line([row.measure, row.unit, *map(row.cell, present), bars or "–", verdicts or "–"]))
    notes = dict.fromkeys(f"* {subject}: {note}" for row in rows for subject, note in row.notes.items())
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
