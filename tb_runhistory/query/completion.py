"""What may stand at a place in a filter, so that a page can offer it while it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tb_runhistory.query.grammar import FILTER, Start, words_of
from tb_runhistory.query.kinds import Kind, kind_of, wanted
from tb_runhistory.query.parsing import MOST_CHARACTERS, column_before, read_until
from tb_runhistory.query.terms import Attribute, Column, Fact

if TYPE_CHECKING:
    from lark import Token
    from lark.parsers.lalr_interactive_parser import InteractiveParser


class Names(StrEnum):
    """Names that the store has, by the word in front of them."""

    PARAMETERS = "params"
    METRICS = "metrics"
    TAGS = "tags"
    PROPERTIES = "properties"


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand at a place.

    It replaces the text from ``start`` to ``stop``, of which ``typed`` (without a quote that begins it) stands before
    the place. ``words`` are of the language, as they are to be written; ``names`` says which names of the store may
    stand there (``writing.name_text`` writes one, ``metric_text`` that of a metric), and ``values`` of which column
    values may (``literal_text`` writes one). Where the text is wrong before the place, there is nothing.
    """

    start: int
    stop: int
    typed: str
    words: tuple[str, ...] = ()
    names: Names | None = None
    values: Column | None = None


_WORD = re.compile(r"[\w/@:-]*")
_LAST_WORD = re.compile(r"[\w/@:-]*\Z")
_KINDS_OF_NAMES = {
    "PARAMS": Names.PARAMETERS,
    "METRICS": Names.METRICS,
    "TAGS": Names.TAGS,
    "PROPERTIES": Names.PROPERTIES,
}
_BEFORE_A_DOT = ("PARAMS", "METRICS", "TAGS", "PROPERTIES", "INHERITED", "ANCESTOR")
_BEFORE_A_BRACKET = ("STATISTIC", "COUNT", "ANY", "ALL", "COALESCE")
_NO_WORDS = ("NAME", "QUOTED", "NUMBER", "TEXT", "TRUTH", "DOT", "$END")
_FACTS = tuple(fact.value for fact in Fact)


def complete(text: str, position: int, start: Start = FILTER) -> Completion:
    """What may stand in a filter, or another ``start``, at the character ``position``."""
    before = text[: min(position, MOST_CHARACTERS)]
    _, tokens, end = read_until(before, start)
    if end < len(before) and before[end] in "'\"`":
        return _in_quotes(text, before, end, start)
    word = _LAST_WORD.search(before)
    begin = word.start() if word else len(before)
    parser, tokens, end = read_until(before[:begin], start)
    stop = len(before) + len(_rest(text, before))
    if end < begin:
        return Completion(begin, stop, before[begin:])
    if tokens and tokens[-1].type == "DOT" and tokens[-2].type in (*_KINDS_OF_NAMES, "NAME", "QUOTED"):
        return _in_name(before, stop, tokens)
    return _in_words(before, begin, stop, parser.accepts(), _column_before(parser))


def _in_quotes(text: str, before: str, begin: int, start: Start) -> Completion:
    """In a text or a name whose other quote is still to come."""
    parser, tokens, end = read_until(before[:begin], start)
    mark, typed = before[begin], before[begin + 1 :]
    closing = text.find(mark, len(before))
    stop = len(before) if closing < 0 else closing + 1
    accepted = parser.accepts()
    if end == begin and "QUOTED" in accepted and tokens[-2].type in _KINDS_OF_NAMES:
        return Completion(begin, stop, typed, names=_KINDS_OF_NAMES[tokens[-2].type])
    column = _column_before(parser)
    if end < begin or "TEXT" not in accepted or mark == "`" or column is None:
        return Completion(begin, stop, typed)
    words = wanted(kind_of(column)) if kind_of(column).is_word else ()
    return Completion(begin, stop, typed, _beginning(words, f"'{typed}"), values=_with_values(column))


def _in_name(before: str, stop: int, tokens: Sequence[Token]) -> Completion:
    """Behind ``params.`` and the like; a name may have dots of its own."""
    place = len(tokens) - 2
    while place >= 0 and tokens[place].type in ("NAME", "QUOTED", "DOT"):
        place -= 1
    if place < 0 or tokens[place].type not in _KINDS_OF_NAMES:
        return Completion(len(before), stop, "")
    begin = tokens[place + 1].end_pos or 0
    names = _KINDS_OF_NAMES[tokens[place].type]
    typed = before[begin:]
    if names is not Names.METRICS or place == len(tokens) - 2:
        return Completion(begin, stop, typed, names=names)
    # Behind a metric's name stands a fact, or more of the name.
    written, _, last = typed.rpartition(".")
    return Completion(begin, stop, typed, tuple(f"{written}.{fact}" for fact in _beginning(_FACTS, last)), names)


def _in_words(before: str, begin: int, stop: int, accepted: Iterable[str], column: Column | None) -> Completion:
    typed = before[begin:]
    terminals = set(accepted)
    if "NUMBER" in terminals or "TEXT" in terminals:
        kind = Kind.ANY if column is None else kind_of(column)
        words = wanted(kind) if kind.is_word else ("true", "false") if kind is Kind.ANY else ()
        return Completion(begin, stop, typed, _beginning(words, typed), values=_with_values(column))
    if column is not None and "COMPARED" in terminals and kind_of(column).is_number:
        terminals -= {"LIKE", "MATCHED"}
    attributes = tuple(attribute.value for attribute in Attribute) if "NAME" in terminals else ()
    words = (
        *attributes,
        *(f"{word}." for word in words_of(terminals.intersection(_BEFORE_A_DOT))),
        *(f"{word}(" for word in words_of(terminals.intersection(_BEFORE_A_BRACKET))),
        *words_of(terminals.difference(_BEFORE_A_DOT, _BEFORE_A_BRACKET, _NO_WORDS)),
    )
    return Completion(begin, stop, typed, _beginning(words, typed))


def _column_before(parser: InteractiveParser) -> Column | None:
    from tb_runhistory.query.building import Wrong

    try:
        return column_before(parser)
    except Wrong:
        return None


def _with_values(column: Column | None) -> Column | None:
    """The column, where the store has values of it to offer."""
    return column if column is not None and kind_of(column) in (Kind.TEXT, Kind.ANY) else None


def _beginning(words: Iterable[str], typed: str) -> tuple[str, ...]:
    return tuple(word for word in words if word.lower().startswith(typed.lower()))


def _rest(text: str, before: str) -> str:
    found = _WORD.match(text, len(before))
    return found.group() if found else ""
