"""What the data server and its supervisor say to each other. Standard library only, as all that the latter loads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

ROLLUPS = ("mean", "min", "max")
"""The statistics that can be shown as runs over the children of a run."""

POINTS_BUDGET = 50_000
"""About how many points one request gets, over all its series, unless the user asks for a number."""

LOOPBACK = "127.0.0.1"

BEAT_SECONDS = 0.5
BEAT, OPEN, READY, ERROR = ".", "open", "ready", "error"
"""What the server says on its standard output, a word a line: that it lives, that its port is open, that it is loaded,
or why it cannot be."""

EXIT_BROKEN = 3
"""The exit code of a server that starting again would not help."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """``uri`` is the whole store URI; ``points_budget`` None lets each series have what was asked for.

    ``check_selection`` makes a server give up at once when the experiment or run that the URI selects does not exist.
    """

    uri: str
    port: int
    rollups: tuple[str, ...] = ()
    points_budget: int | None = POINTS_BUDGET
    check_selection: bool = False

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """The inverse of ``to_line``."""
        fields = json.loads(line)
        return cls(**{**fields, "rollups": tuple(fields["rollups"])})
