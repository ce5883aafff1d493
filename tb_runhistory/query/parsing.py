"""Reading questions: from text to typed values, or to a sentence that points at the character that is wrong.

The parser has a stack of its own and looks one token ahead: it takes a time that is linear in the text, and what nests
too deeply for those who come after it is refused by count.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from tb_runhistory.errors import QueryError
from tb_runhistory.query.grammar import COLUMN, FILTER, GRAMMAR, ORDER, STARTS, Start, either, words_of
from tb_runhistory.query.kinds import kind_of, wanted
from tb_runhistory.query.terms import Column, Condition, Order

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.parsers.lalr_interactive_parser import InteractiveParser

MOST_CHARACTERS = 50_000
MOST_CONDITIONS = 250
DEEPEST_BRACKETS = 32
DEEPEST_RELATIVES = 4
_SHOWN = 20


def parse_filter(text: str) -> Condition | None:
    """The condition that a filter is; None for a blank one, which every run matches.

    Raises:
      QueryError: it is none, or it is too long or too deep.
    """
    return cast(Condition, _parse(text, FILTER)) if text.strip() else None


def parse_column(text: str) -> Column:
    """The column that a text names.

    Raises:
      QueryError: as ``parse_filter``.
    """
    return cast(Column, _parse(text, COLUMN))


def parse_order(text: str) -> tuple[Order, ...]:
    """What runs are sorted by: columns with ASC (the default) or DESC, with commas between them; () for a blank text.

    Raises:
      QueryError: as ``parse_filter``.
    """
    return cast(tuple[Order, ...], _parse(text, ORDER)) if text.strip() else ()


def read_until(text: str, start: Start) -> tuple[InteractiveParser, list[Token], int]:
    """Reads as far as the text is of the language: the parser as it stands there, the tokens, and the place.

    That is the end of the text, or the character where what stands there is no word, does not fit or is wrong.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    from tb_runhistory.query.building import Wrong

    parser = _parser().parse_interactive(text, start.rule)
    tokens: list[Token] = []
    try:
        for token in parser.lexer_thread.lex(parser.parser_state):
            parser.feed_token(token)
            tokens.append(token)
    except UnexpectedCharacters as unexpected:
        return parser, tokens, unexpected.pos_in_stream or 0
    except UnexpectedToken as unexpected:
        return parser, tokens, unexpected.token.start_pos or 0
    except Wrong as wrong:
        return parser, tokens, wrong.position
    return parser, tokens, len(text)


def column_before(parser: InteractiveParser) -> Column | None:
    """The column that was read last, of those that are not yet part of a condition.

    Raises:
      Wrong: there is no such column.
    """
    from lark import Token

    from tb_runhistory.query.building import Named

    if "COMPARED" in parser.accepts():
        # That the column is whole shows with the next token.
        parser = parser.copy(deepcopy_values=False)
        parser.feed_token(Token("COMPARED", "="))
    named = (value for value in reversed(parser.parser_state.value_stack) if isinstance(value, Named))
    last = next(named, None)
    return None if last is None else last.column


def _parse(text: str, start: Start) -> object:
    from tb_runhistory.query.building import Wrong

    if len(text) > MOST_CHARACTERS:
        raise QueryError(
            f"the {start.shown} has {len(text):,} characters, and {MOST_CHARACTERS:,} are the most that are read",
            text,
            MOST_CHARACTERS,
        )
    try:
        return _fed(text, start)
    except Wrong as wrong:
        raise QueryError(f"{_at(start, wrong.position)}: {wrong}", text, wrong.position, wrong.expected) from None


def _fed(text: str, start: Start) -> object:
    """What the text is.

    Raises:
      QueryError, Wrong: it is none.
    """
    from lark.exceptions import UnexpectedInput

    parser = _parser().parse_interactive(text, start.rule)
    limits = _Limits()
    try:
        for token in parser.lexer_thread.lex(parser.parser_state):
            limits.see(token)
            parser.feed_token(token)
        return parser.feed_eof()
    except UnexpectedInput:
        raise _unexpected(text, start) from None


def _unexpected(text: str, start: Start) -> QueryError:
    # Read again without the last token, which had already moved the parser when it was refused.
    _, _, position = read_until(text, start)
    found = text[position : position + _SHOWN].split(maxsplit=1)
    mark = found[0][0] if found else ""
    if mark in ("'", '"', "`") and mark not in text[position + 1 :]:
        return QueryError(f"{_at(start, position)}: nothing closes the {mark}", text, position, (mark,))
    parser = read_until(text[:position], start)[0]
    accepted, column = parser.accepts(), column_before(parser)
    is_value = "NUMBER" in accepted and column is not None
    expected = wanted(kind_of(column)) if is_value and column is not None else words_of(accepted)
    what = repr(found[0]) if found else "its end"
    return QueryError(f"{_at(start, position)}: expected {either(expected)}, found {what}", text, position, expected)


def _at(start: Start, position: int) -> str:
    return f"the {start.shown} is wrong at character {position + 1}"


class _Limits:
    """Counts what makes a text too deep or too wide for what follows."""

    def __init__(self) -> None:
        self._nots = [0]
        self._brackets: list[str] = []
        self._depth = 0
        self._conditions = 0

    def see(self, token: Token) -> None:
        """Counts a token.

        Raises:
          Wrong: it is one too many.
        """
        from tb_runhistory.query.building import Wrong

        self._count(token.type)
        position = token.start_pos or 0
        if self._depth > DEEPEST_BRACKETS:
            raise Wrong(f"brackets and NOT may stand {DEEPEST_BRACKETS} deep: take some away", position)
        if self._brackets.count("LSQB") > DEEPEST_RELATIVES:
            raise Wrong(f"relatives of relatives may be asked for {DEEPEST_RELATIVES} deep", position)
        if self._conditions > MOST_CONDITIONS:
            hint = "many values of one column are column IN (…)"
            raise Wrong(f"there are more than {MOST_CONDITIONS} comparisons: {hint}", position)

    def _count(self, kind: str) -> None:
        self._conditions += kind in ("COMPARED", "MATCHED", "IN", "LIKE", "IS")
        if kind == "NOT":
            self._nots[-1] += 1
            self._depth += 1
        elif kind in ("LPAR", "LSQB"):
            self._brackets.append(kind)
            self._nots.append(0)
            self._depth += 1
        else:
            if kind in ("RPAR", "RSQB") and self._brackets:
                self._brackets.pop()
                self._depth -= 1 + self._nots.pop()
            # What stood behind them is said.
            self._depth -= self._nots[-1]
            self._nots[-1] = 0


@cache
def _parser() -> Lark:
    from lark import Lark

    from tb_runhistory.query.building import BUILDER

    return Lark(GRAMMAR, parser="lalr", lexer="contextual", start=STARTS, transformer=BUILDER, maybe_placeholders=False)
