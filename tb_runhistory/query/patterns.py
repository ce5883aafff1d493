"""Patterns of texts, run by RE2: in a time that is linear in the text, whatever the pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tb_runhistory.errors import BadRequest

MOST_CHARACTERS = 1_000
_MOST_BYTES = 4 << 20
"""What a compiled pattern may take: "((a{100}){100}){100}" is short and would take gigabytes."""

TextTest: TypeAlias = Callable[[str], bool]


def like_test(pattern: str, ignore_case: bool) -> TextTest:
    """Whether a text is LIKE the pattern: % stands for any text, _ for any character.

    With ``ignore_case`` the letters A to Z are the same in either case.

    Raises:
      BadRequest: the pattern is too long.
    """
    wanted = ascii_lower(pattern) if ignore_case else pattern
    parts = {"%": ".*", "_": "."}
    found = _compiled("(?s)" + "".join(parts.get(mark) or _literal(mark) for mark in wanted), pattern)
    if ignore_case:
        return lambda text: found.fullmatch(ascii_lower(text)) is not None
    return lambda text: found.fullmatch(text) is not None


def regular_test(pattern: str) -> TextTest:
    """Whether the regular expression is found somewhere in a text.

    Raises:
      BadRequest: it is wrong, or too large.
    """
    found = _compiled(pattern, pattern)
    return lambda text: found.search(text) is not None


def ascii_lower(text: str) -> str:
    """The text with the letters A to Z as a to z, and all others as they are."""
    return text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _literal(mark: str) -> str:
    return mark if mark.isalnum() or ord(mark) > 127 else f"\\x{ord(mark):02x}"


def _compiled(expression: str, given: str) -> Any:
    # Loaded late: only questions with patterns need it.
    import re2

    if len(given) > MOST_CHARACTERS:
        raise BadRequest(f"the pattern has {len(given):,} characters, and {MOST_CHARACTERS:,} are the most")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_BYTES
    try:
        # What is no character is stored as U+FFFD.
        return re2.compile(expression.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), options)
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise BadRequest(f"the pattern is wrong, or none that RE2 can run: {shown[:200]}") from None
