"""Ids that are unique without asking anyone, and sort by when they were made."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils import uuid7


def new_id() -> str:
    """A new UUIDv7 in its usual form of 36 characters."""
    return str(uuid7())
