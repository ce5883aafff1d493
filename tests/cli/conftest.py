"""Stores for the command to look at."""

from __future__ import annotations

from tests.recording.conftest import own_scripts, store

__all__ = ["own_scripts", "store"]
