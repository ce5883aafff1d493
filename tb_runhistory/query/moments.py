"""Moments and durations as people write them, in seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(r"\s*(?:[0-9]+(?:\.[0-9]+)?\s*[dhms]\s*)+", re.IGNORECASE)
_PART = re.compile(r"([0-9.]+)\s*([dhms])", re.IGNORECASE)


def moment_of(text: str) -> float | None:
    """The seconds since the epoch of a date or a time in ISO 8601; None where it is none.

    A date is its first second. What names no zone is in UTC, so that a question means the same everywhere.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def moment_text(seconds: float) -> str | None:
    """The moment in ISO 8601, which ``moment_of`` gives back exactly; None where there is no such text."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    text = moment.isoformat().removesuffix("+00:00")
    text = text.removesuffix("T00:00:00")
    return text if moment_of(text) == seconds else None


def duration_of(text: str) -> float | None:
    """The seconds of a duration such as "90s", "1.5h" or "2d 12h"; None where it is none."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(text))
