"""What may be the name of a metric, a parameter, a tag or a run."""

from __future__ import annotations

import unicodedata

MAX_NAME_LENGTH = 255


def checked_name(what: str, name: object) -> str:
    """Returns ``name`` if it can name a ``what`` ("metric", "parameter", …).

    Raises:
      TypeError: it is not a string.
      ValueError: it is empty, longer than 255 characters, or holds a control character.
    """
    if not isinstance(name, str):
        raise TypeError(f"a {what} name is a string, not {type(name).__name__}: {name!r}")
    if not name.strip():
        raise ValueError(f"a {what} name must not be empty: {name!r}")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(
            f"a {what} name has at most {MAX_NAME_LENGTH} characters, this one has {len(name)}: {name[:40]!r}…"
        )
    # Cs: lone surrogates, which no UTF-8 store can hold.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise ValueError(f"a {what} name must not hold control characters: {name!r}")
    return name
