"""Files in the place of a store that are none, or none of this version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def make_foreign(path: Path) -> None:
    """Another program's SQLite file."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA application_id=7")


def make_newer(path: Path) -> None:
    """A store of a schema that is not known yet."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version=99")
