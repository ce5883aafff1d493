"""How much one answer may unpack. What a store claims is not believed: memory and work are bounded whatever it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(slots=True)
class Budget:
    """How many stored values may still be unpacked: ``values`` of one's own, then what is left of a shared budget.

    So that one series that claims much cannot take what others have a right to.
    """

    values: int
    shared: Self | None = None

    @property
    def left(self) -> int:
        """For how many there is room."""
        return self.values + (self.shared.left if self.shared is not None else 0)

    def take(self, values: int) -> bool:
        """Takes room for so many, if there is; whether there was."""
        if values > self.left:
            return False
        own = min(values, self.values)
        self.values -= own
        return self.shared is None or self.shared.take(values - own)
