"""From what the grammar has recognised to typed values, with the checks that need to know what a column is."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lark import Token, Transformer, v_args

from tb_runhistory.errors import BadRequest
from tb_runhistory.query.grammar import either
from tb_runhistory.query.kinds import WORDS, Kind, can_roll_up, kind_of, literal_for, wanted
from tb_runhistory.query.patterns import TextTest, like_test, regular_test
from tb_runhistory.query.terms import (
    AllOf,
    Ancestor,
    AnyOf,
    Attribute,
    Column,
    Comparison,
    Condition,
    CountOf,
    EveryRelative,
    Fact,
    Field,
    Filled,
    IsMissing,
    Label,
    LabelKind,
    Like,
    Literal,
    Matches,
    Metric,
    Not,
    OfAncestor,
    Operator,
    Order,
    Parameter,
    Relation,
    RollUp,
    SomeRelative,
    Statistic,
    Within,
)
from tb_runhistory.query.writing import column_text, literal_text


class Wrong(Exception):
    """What is written is of the grammar, and still means nothing."""

    def __init__(self, reason: str, position: int, expected: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.position = position
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Named:
    """A column as it was written: where it begins, and by how much numbers beside it are divided."""

    column: Column
    position: int
    divisor: float = 1.0


@dataclass(frozen=True, slots=True)
class _Given:
    """A literal as it was written."""

    value: Literal
    position: int


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as it was written; of a metric it may hold a fact."""

    parts: tuple[str, ...]
    is_quoted: bool
    position: int

    @property
    def whole(self) -> str:
        """The name with its dots."""
        return ".".join(self.parts)


Test: TypeAlias = Callable[[Named], Condition]

_OPERATORS = {"==": Operator.EQUAL, "<>": Operator.DIFFERENT}
_MLFLOW_ATTRIBUTES = {
    "run_id": Attribute.ID,
    "run_name": Attribute.NAME,
    "run name": Attribute.NAME,
    "start_time": Attribute.STARTED,
    "end_time": Attribute.ENDED,
}
"""What MLflow calls by other words; its times are milliseconds."""

_FACTS = tuple(fact.value for fact in Fact)
_ATTRIBUTES = tuple(attribute.value for attribute in Attribute)
_NOT_RECORDED = ("artifact_uri", "user_id")
_MILLISECONDS = 1000.0
_SHOWN = 40


@v_args(inline=True)
class _Builder(Transformer[Token, object]):
    """A method a rule of the grammar."""

    def filter(self, condition: Condition) -> Condition:
        return condition

    def column(self, named: Named) -> Column:
        return named.column

    def order(self, *keys: Order) -> tuple[Order, ...]:
        return keys

    def key(self, named: Named, direction: Token | None = None) -> Order:
        return Order(named.column, direction is not None and direction.lower() == "desc")

    # Conditions

    def any_of(self, *parts: Condition | Token) -> Condition:
        return AnyOf(tuple(part for part in parts if not isinstance(part, Token)))

    def all_of(self, *parts: Condition | Token) -> Condition:
        return AllOf(tuple(part for part in parts if not isinstance(part, Token)))

    def negated(self, _: Token, condition: Condition) -> Condition:
        return Not(condition)

    def asked(self, named: Named, test: Test) -> Condition:
        return test(named)

    def some_relative(self, _: Token, relatives: tuple[Relation, Condition]) -> Condition:
        return SomeRelative(*relatives)

    def every_relative(self, _: Token, relatives: tuple[Relation, Condition]) -> Condition:
        return EveryRelative(*relatives)

    def relatives_asked(self, relation: Token, named: Named, test: Test) -> tuple[Relation, Condition]:
        return _runs(relation), test(named)

    def relatives_that(self, relation: Token, condition: Condition) -> tuple[Relation, Condition]:
        return _runs(relation), condition

    # What is asked of a column

    def compared(self, operator: Token, given: _Given) -> Test:
        known = _OPERATORS.get(operator) or Operator(operator.value)

        def test(named: Named) -> Condition:
            value = _beside(named, given)
            has_order = not isinstance(value, bool) and kind_of(named.column).has_order
            if known not in (Operator.EQUAL, Operator.DIFFERENT) and not has_order:
                reason = f"{literal_text(value)} is neither more nor less than another"
                raise Wrong(reason, operator.start_pos or 0, ("=", "!="))
            return Comparison(named.column, known, value)

        return test

    def within(self, _: Token, values: tuple[_Given, ...]) -> Test:
        def test(named: Named) -> Condition:
            return Within(named.column, tuple(_beside(named, given) for given in values))

        return test

    def not_within(self, _: Token, word: Token, values: tuple[_Given, ...]) -> Test:
        return _negated(self.within(word, values))

    def like(self, operator: Token, pattern: Token) -> Test:
        text, ignore_case = _unquoted(pattern), operator.lower() == "ilike"
        is_like = _usable(lambda: like_test(text, ignore_case), pattern)

        def test(named: Named) -> Condition:
            # The words of a status and the like are known: those that match are meant.
            return _named_by(named, is_like, pattern) or Like(named.column, text, ignore_case)

        return test

    def not_like(self, _: Token, operator: Token, pattern: Token) -> Test:
        return _negated(self.like(operator, pattern))

    def matched(self, operator: Token, pattern: Token) -> Test:
        expression = _unquoted(pattern)
        is_found = _usable(lambda: regular_test(expression), pattern)

        def test(named: Named) -> Condition:
            return _named_by(named, is_found, pattern) or Matches(named.column, expression)

        return test if operator == "~" else _negated(test)

    def missing(self, *_: Token) -> Test:
        return lambda named: IsMissing(named.column)

    def given(self, *_: Token) -> Test:
        return lambda named: Not(IsMissing(named.column))

    def values(self, *values: _Given) -> tuple[_Given, ...]:
        return values

    def literal(self, token: Token) -> _Given:
        position = token.start_pos or 0
        if token.type == "TEXT":
            return _Given(_unquoted(token), position)
        if token.type == "TRUTH":
            return _Given(token.lower() == "true", position)
        number = float(token)
        if math.isnan(number):
            raise Wrong("NaN is a missing value, which equals nothing: ask IS NULL", position)
        return _Given(number, position)

    # Columns

    def of_ancestor(self, ancestor: Token, named: Named) -> Named:
        column = OfAncestor(Ancestor(ancestor.lower()), named.column)  # type: ignore[arg-type]
        return Named(column, ancestor.start_pos or 0, named.divisor)

    def roll_up(self, word: Token, relation: Token, named: Named) -> Named:
        statistic = Statistic(word.lower())
        if not can_roll_up(statistic, named.column):
            position = word.start_pos or 0
            if statistic is Statistic.BEST:
                raise Wrong("only metrics have a best one: write min or max", position, ("min", "max"))
            raise Wrong("a text has no statistic but count", position, ("count",))
        return _rolled_up(statistic, word, relation, named)

    def counted_values(self, word: Token, relation: Token, named: Named) -> Named:
        return _rolled_up(Statistic.COUNT, word, relation, named)

    def filled(self, word: Token, own: Named, roll_up: Named) -> Named:
        return Named(Filled(own.column, roll_up.column), word.start_pos or 0)  # type: ignore[arg-type]

    def counted(self, word: Token, relation: Token) -> Named:
        return Named(CountOf(_runs(relation)), word.start_pos or 0)

    def counted_that(self, word: Token, relation: Token, condition: Condition) -> Named:
        return Named(CountOf(_runs(relation), condition), word.start_pos or 0)

    def parameter(self, word: Token, name: _Name) -> Named:
        return Named(Parameter(_single(name)), word.start_pos or 0)

    def inherited(self, word: Token, _: Token, name: _Name) -> Named:
        return Named(Parameter(_single(name), inherited=True), word.start_pos or 0)

    def metric(self, word: Token, name: _Name) -> Named:
        return Named(_metric(name), word.start_pos or 0)

    def tag(self, word: Token, name: _Name) -> Named:
        return Named(Label(LabelKind.TAG, _single(name)), word.start_pos or 0)

    def property(self, word: Token, name: _Name) -> Named:
        return Named(Label(LabelKind.PROPERTY, _single(name)), word.start_pos or 0)

    def attribute(self, word: Token) -> Named:
        return _attribute(str(word), word.start_pos or 0, is_mlflow=False)

    def named_attribute(self, _: Token, name: _Name) -> Named:
        return _attribute(name.whole, name.position, is_mlflow=True)

    def unknown(self, word: Token, _: _Name) -> Named:
        known = ("params", "metrics", "tags", "properties", *Ancestor)
        meant = difflib.get_close_matches(word.lower(), known, 1)
        hint = f", did you mean {meant[0]}?" if meant else ": datasets are not recorded" if "dataset" in word else ""
        raise Wrong(f"there is no {word.value!r} with names in it{hint}", word.start_pos or 0, known)

    def name(self, *parts: Token) -> _Name:
        for part in parts[1:]:
            if part.type == "QUOTED":
                raise Wrong("a name in quotes is a whole name: put all of it in them", part.start_pos or 0)
        first = parts[0]
        is_quoted = first.type == "QUOTED"
        names = (_unquoted(first) if is_quoted else str(first), *map(str, parts[1:]))
        return _Name(names, is_quoted, first.start_pos or 0)


BUILDER = _Builder()
"""For lark, to be called while it parses."""


def _usable(made: Callable[[], TextTest], pattern: Token) -> TextTest:
    try:
        return made()
    except BadRequest as error:
        raise Wrong(str(error), pattern.start_pos or 0) from None


def _beside(named: Named, given: _Given) -> Literal:
    """The literal as it is compared with the column."""
    kind = kind_of(named.column)
    value = given.value
    if isinstance(value, float) and named.divisor != 1.0:
        value /= named.divisor
    meant = literal_for(kind, value)
    if meant is None:
        allowed = wanted(kind)
        what = f"{column_text(named.column)} is compared with {either(allowed)}"
        raise Wrong(f"{what}, not with {literal_text(given.value)[:_SHOWN]}", given.position, allowed)
    return meant


def _named_by(named: Named, is_meant: TextTest, pattern: Token) -> Condition | None:
    """For a column of known words, those of them that are found; None for other columns of texts."""
    kind = kind_of(named.column)
    if kind.is_number or kind is Kind.ID:
        reason = "a number is compared with =, <, … or IN" if kind.is_number else "an id is compared with = or IN"
        raise Wrong(f"only texts are searched: {reason}", pattern.start_pos or 0)
    if not kind.is_word:
        return None
    words = {meant for written, meant in WORDS[kind].items() if is_meant(written)}
    if not words:
        raise Wrong(f"nothing here is like that: it is {either(wanted(kind))}", pattern.start_pos or 0, wanted(kind))
    return Within(named.column, tuple(word for word in dict.fromkeys(WORDS[kind].values()) if word in words))


def _negated(test: Test) -> Test:
    return lambda named: Not(test(named))


def _runs(relation: Token) -> Relation:
    """Relatives that are runs."""
    found = Relation(relation.lower())
    if found is Relation.REPEATS:
        known = tuple(each.value for each in Relation if each is not found)
        raise Wrong("repeats are means and no runs: ask another relation", relation.start_pos or 0, known)
    return found


def _rolled_up(statistic: Statistic, word: Token, relation: Token, named: Named) -> Named:
    column = RollUp(statistic, Relation(relation.lower()), named.column)  # type: ignore[arg-type]
    return Named(column, word.start_pos or 0, named.divisor if kind_of(column) is Kind.MOMENT else 1.0)


def _single(name: _Name) -> str:
    if name.is_quoted and len(name.parts) > 1:
        raise Wrong("nothing may follow a name in quotes here", name.position)
    return name.whole


def _metric(name: _Name) -> Metric:
    """A metric with its fact: the last part of the name, where that is the word of one."""
    *tag, last = name.parts
    if tag and last.lower() in _FACTS:
        return Metric(".".join(tag), Fact(last.lower()))
    if name.is_quoted and tag:
        raise Wrong(f"{last!r} is no fact of a metric: it is {either(_FACTS)}", name.position, _FACTS)
    return Metric(name.whole)


def _attribute(word: str, position: int, is_mlflow: bool) -> Named:
    lower = word.lower()
    if lower in ("start_time", "end_time") or (is_mlflow and lower == "created"):
        return Named(Field(_MLFLOW_ATTRIBUTES.get(lower, Attribute.STARTED)), position, _MILLISECONDS)
    if lower in _MLFLOW_ATTRIBUTES:
        return Named(Field(_MLFLOW_ATTRIBUTES[lower]), position)
    if lower in _ATTRIBUTES:
        return Named(Field(Attribute(lower)), position)
    if lower in _NOT_RECORDED:
        raise Wrong(f"{word!r} of MLflow is not recorded here", position)
    meant = difflib.get_close_matches(lower, _ATTRIBUTES, 1)
    name = word[:_SHOWN]
    hint = f"did you mean {meant[0]}?" if meant else f"a parameter is params.{name}, a metric metrics.{name}"
    raise Wrong(f"runs have no attribute {name!r}: {hint}", position, _ATTRIBUTES)


def _unquoted(token: Token) -> str:
    mark = token[0]
    return token[1:-1].replace(mark * 2, mark)
