"""Ids that are unique without asking anyone, and sort by when they were made."""

from __future__ import annotations

import sys
from functools import lru_cache

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils import uuid7

_LENGTH = 36
_DASHES = slice(8, 24, 5)


def new_id() -> str:
    """A new UUIDv7 in its usual form of 36 characters."""
    return str(uuid7())


def id_bytes(text: str) -> bytes | None:
    """The 16 bytes of an id in its usual form; None where ``text`` is none."""
    return _parsed(text) if len(text) == _LENGTH and text[_DASHES] == "----" else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> bytes | None:
    try:
        found = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    # Where fromhex has passed over a blank, or a dash stands in another place, there are fewer.
    return found if len(found) == 16 else None


def id_text(data: bytes) -> str:
    """The usual form of an id of 16 bytes."""
    digits = data.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
