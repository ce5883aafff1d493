"""Ids that are unique without asking anyone, and sort by when they were made."""

from __future__ import annotations

import uuid


def new_id() -> str:
    """A new UUIDv7 in its usual form of 36 characters."""
    try:
        from uuid import uuid7  # type: ignore[attr-defined, unused-ignore]
    except ImportError:
        from uuid_utils import uuid7
    return str(uuid.UUID(int=uuid7().int))
