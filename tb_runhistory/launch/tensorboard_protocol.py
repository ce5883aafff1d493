"""What the TensorBoard process and its launcher say to each other. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

SERVING, ERROR = "serving", "error"
"""What the process says on its standard output, once: that it serves, or why it cannot, in a sentence."""


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """What to show and where.

    ``listener`` is the descriptor of the listening socket, which the process inherits; ``parent`` the id of the
    process that starts it. Of ``uri``, a whole store URI, and ``folder``, one of event files, one is empty.
    """

    listener: int
    parent: int
    uri: str
    folder: str

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """The inverse of ``to_line``."""
        return cls(**json.loads(line))
