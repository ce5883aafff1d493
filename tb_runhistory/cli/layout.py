"""Text for people: aligned columns that fit a terminal, and words for times, numbers and names."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime

import click

from tb_runhistory.records.status import RunStatus

GAP = "  "
UNLIMITED = 1 << 20
"""The width of what is not a terminal: there nothing is cut."""

_COLORS = {
    RunStatus.RUNNING: "green",
    RunStatus.FAILED: "red",
    RunStatus.NOT_RESPONDING: "yellow",
    RunStatus.CANCELED: "yellow",
}
_ELLIPSIS = "…"
_LONGEST = 1e11
"""Seconds, some three thousand years: no run lasts as long."""


def is_terminal() -> bool:
    """Whether a person looks at standard output directly."""
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """The columns that a line may have."""
    return shutil.get_terminal_size().columns if is_terminal() else UNLIMITED


def printable(text: str) -> str:
    """``text`` in one line, with nothing in it that could act on a terminal: what a store holds is not trusted."""
    words = " ".join(text.split()) if not text.isprintable() else text
    return "".join(character if character.isprintable() else "�" for character in words)


def lines_of(text: str) -> list[str]:
    """The lines of a longer text, each printable. Indentation is kept."""
    return [
        "".join(character if character.isprintable() else "�" for character in line.expandtabs(4))
        for line in text.splitlines()
    ]


def cells(text: str) -> int:
    """The columns that ``text`` takes on a terminal, where some characters take two and some none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, most: int) -> str:
    """``text``, cut to at most ``most`` columns."""
    if cells(text) <= most:
        return text
    kept, used = [], 1
    for character in text:
        used += _cells(character)
        if used > most:
            break
        kept.append(character)
    return "".join(kept).rstrip() + _ELLIPSIS


def pad(text: str, columns: int, right: bool = False) -> str:
    """``text`` with blanks on its right, or with ``right`` on its left."""
    blanks = " " * (columns - cells(text))
    return blanks + text if right else text + blanks


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = (), most: int = UNLIMITED) -> list[str]:
    """Lines with aligned columns; those in ``right`` are aligned right. The first column gives way where it must.

    Trailing blanks are left out. What still does not fit is cut at the end of the line.
    """
    if not rows:
        return []
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]))]
    over = sum(widths) + len(GAP) * (len(widths) - 1) - most
    if over > 0:
        widths[0] = max(min(widths[0], 12), widths[0] - over)
    lines = []
    for row in rows:
        padded = [pad(cut(text, widths[column]), widths[column], column in right) for column, text in enumerate(row)]
        lines.append(cut(GAP.join(padded).rstrip(), most))
    return lines


def number(value: float) -> str:
    """A value in up to five digits."""
    return f"{value:.5g}"


def when(seconds: float | None) -> str:
    """A time in the time zone of this machine; "-" where there is none."""
    if seconds is None:
        return "-"
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "?"


def lasting(seconds: float | None) -> str:
    """A duration in its two greatest units; "-" where there is none, "?" where what is stored makes no sense."""
    if seconds is None:
        return "-"
    if not abs(seconds) < _LONGEST:
        return "?"
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


def counted(count: int, noun: str) -> str:
    """ "1 run", "2,000 runs"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("ry") else f"{count:,} {noun}s"


def colored(line: str, status: str) -> str:
    """``line`` with its first mention of ``status`` in that state's color; plain where NO_COLOR is set."""
    color = _COLORS.get(RunStatus(status))
    if color is None or os.environ.get("NO_COLOR"):
        return line
    return line.replace(status, click.style(status, fg=color), 1)


def colored_mark(line: str, is_ok: bool) -> str:
    """``line`` with its first seven columns in the color of a finding; plain where NO_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return line
    return click.style(line[:7], fg="green" if is_ok else "red") + line[7:]
