"""The text of questions: what ``parsing`` reads back as the same."""

from __future__ import annotations

import re
from typing import TypeAlias

from tb_runhistory.query.kinds import Kind, kind_of
from tb_runhistory.query.moments import moment_text
from tb_runhistory.query.terms import (
    AllOf,
    AnyOf,
    Column,
    Comparison,
    Condition,
    CountOf,
    Fact,
    Field,
    Filled,
    IsMissing,
    Label,
    Like,
    Literal,
    Matches,
    Metric,
    Not,
    OfAncestor,
    Parameter,
    Relation,
    RollUp,
    SomeRelative,
    Within,
)

_PLAIN = re.compile(r"\w[\w/@:-]*(?:\.\w[\w/@:-]*)*")
_FACTS = frozenset(Fact)
_Test: TypeAlias = Comparison | Within | Like | Matches | IsMissing


def column_text(column: Column) -> str:
    """The text of a column, the shortest there is."""
    if isinstance(column, OfAncestor):
        return f"{column.ancestor}.{column_text(column.column)}"
    if isinstance(column, RollUp):
        return f"{column.statistic}({column.over}.{column_text(column.column)})"
    if isinstance(column, Filled):
        return f"coalesce({column_text(column.own)}, {column_text(column.roll_up)})"
    if isinstance(column, CountOf):
        return f"count({_that(column.over, column.condition)})"
    if isinstance(column, Field):
        return column.attribute.value
    if isinstance(column, Parameter):
        return f"{'inherited.' if column.inherited else ''}params.{name_text(column.name)}"
    if isinstance(column, Label):
        return f"{column.kind}.{name_text(column.name)}"
    fact = "" if column.fact is Fact.LAST else f".{column.fact}"
    return f"metrics.{metric_text(column.tag)}{fact}"


def condition_text(condition: Condition) -> str:
    """The text of a condition."""
    if isinstance(condition, AllOf):
        return " AND ".join(map(_operand, condition.conditions))
    if isinstance(condition, AnyOf):
        return " OR ".join(map(_operand, condition.conditions))
    if isinstance(condition, Not):
        within = condition.condition
        if isinstance(within, Within | Like | Matches | IsMissing):
            return f"{column_text(within.column)} {_asked(within, negated=True)}"
        return f"NOT {_operand(within)}"
    if isinstance(condition, Comparison | Within | Like | Matches | IsMissing):
        return f"{column_text(condition.column)} {_asked(condition)}"
    word = "any" if isinstance(condition, SomeRelative) else "all"
    return f"{word}({_relatives(condition.over, condition.condition)})"


def name_text(name: str) -> str:
    """A name as it is written behind ``params.`` or ``tags.``: in back-ticks where it is no plain word."""
    return name if _PLAIN.fullmatch(name) else f"`{name.replace('`', '``')}`"


def metric_text(tag: str) -> str:
    """The name of a metric behind ``metrics.``: in back-ticks, too, where its end would be read as a fact."""
    begin, _, last = tag.rpartition(".")
    return f"`{tag}`" if begin and last.lower() in _FACTS and "`" not in tag else name_text(tag)


def literal_text(value: Literal) -> str:
    """A number, a boolean or a text as it is written in a filter."""
    if isinstance(value, str):
        doubled = value.replace("'", "''")
        return f"'{doubled}'"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(float(value))
    return text.removesuffix(".0")


def _operand(condition: Condition) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, AllOf | AnyOf) else text


def _asked(test: _Test, negated: bool = False) -> str:
    """What is asked of a column, without the column."""
    no = "NOT " if negated else ""
    if isinstance(test, Comparison):
        return f"{test.operator} {_beside(test.column, test.value)}"
    if isinstance(test, Within):
        return f"{no}IN ({', '.join(_beside(test.column, value) for value in test.values)})"
    if isinstance(test, Like):
        return f"{no}{'ILIKE' if test.ignore_case else 'LIKE'} {literal_text(test.pattern)}"
    if isinstance(test, Matches):
        return f"{'!~' if negated else '~'} {literal_text(test.pattern)}"
    return f"IS {no}NULL"


def _beside(column: Column, value: Literal) -> str:
    if kind_of(column) is Kind.MOMENT and isinstance(value, float):
        moment = moment_text(value)
        if moment is not None:
            return literal_text(moment)
    return literal_text(value)


def _that(over: Relation, condition: Condition | None) -> str:
    return over.value if condition is None else f"{over}[{condition_text(condition)}]"


def _relatives(over: Relation, condition: Condition) -> str:
    """Relatives with a test of a value of their own, or with any condition in brackets."""
    negated = isinstance(condition, Not)
    test = condition.condition if isinstance(condition, Not) else condition
    is_test = isinstance(test, Within | Like | Matches | IsMissing) or (isinstance(test, Comparison) and not negated)
    if is_test and isinstance(test, _Test) and isinstance(test.column, Field | Parameter | Label | Metric):
        return f"{over}.{column_text(test.column)} {_asked(test, negated)}"
    return _that(over, condition)
