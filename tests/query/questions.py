"""Random columns and conditions of every kind, over the names that ``model`` knows."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

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
    OwnColumn,
    Parameter,
    Relation,
    RollUp,
    SomeRelative,
    Statistic,
    Within,
)
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.status import RunStatus
from tests.conformance.builder import START, id_of
from tests.query.model import EXPERIMENTS, METRICS, PARAMETERS, PROPERTIES, TAGS, WORDS

TIMES = (Attribute.CREATED, Attribute.STARTED, Attribute.ENDED)
NUMBERS = (*TIMES, Attribute.DURATION, Attribute.DEPTH, Attribute.NUMBER, Attribute.STEPS, Attribute.PROGRESS)
WORDED = {
    Attribute.ID: [id_of(f"run-{number}") for number in range(4)],
    Attribute.STATUS: [status.value for status in RunStatus],
    Attribute.STAGE: [stage.value for stage in LifecycleStage],
}
"""Attributes that have one of a few words, and are compared with these only."""
TEXTS = (Attribute.NAME, Attribute.EXPERIMENT, Attribute.HOST, Attribute.DESCRIPTION, Attribute.ERROR)

_EQUALITY = (Operator.EQUAL, Operator.DIFFERENT)
_PLACES = (Relation.CHILDREN, Relation.DESCENDANTS, Relation.LEAVES)
_PATTERNS = ("%", "a%", "%_b", "A_b", "50%", "%\n%", "run-1_", "", "T%", "%ä%", "\\d%", "it's")
_REGULAR = ("^a", "dam$", "[0-9]+", "(?i)ADAM", "a.b", r"\d", "", "Ä", "run-[13]$", "two.lines", "(?s)two.lines")

parameters = st.builds(Parameter, st.sampled_from(PARAMETERS), st.booleans())
labels = st.builds(Label, st.just(LabelKind.TAG), st.sampled_from(TAGS)) | st.builds(
    Label, st.just(LabelKind.PROPERTY), st.sampled_from(PROPERTIES)
)
metrics = st.builds(Metric, st.sampled_from(METRICS), st.sampled_from(Fact))
number_fields = st.builds(Field, st.sampled_from(NUMBERS))
text_fields = st.builds(Field, st.sampled_from(TEXTS))
word_fields = st.builds(Field, st.sampled_from(list(WORDED)))
fields = number_fields | text_fields | word_fields


def of_ancestors(own: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A column of the run itself, or the same of its parent or root."""
    return own | st.builds(OfAncestor, st.sampled_from(Ancestor), own)


def roll_ups_of(column: OwnColumn) -> st.SearchStrategy[RollUp]:
    """Roll-ups that can be made of a column."""
    is_number = isinstance(column, Metric) or (isinstance(column, Field) and column.attribute in NUMBERS)
    if not is_number and not isinstance(column, Parameter):
        return st.builds(RollUp, st.just(Statistic.COUNT), st.sampled_from(_PLACES), st.just(column))
    known = [each for each in Statistic if each is not Statistic.BEST or isinstance(column, Metric)]
    return st.builds(RollUp, st.sampled_from(known), st.sampled_from(Relation), st.just(column))


roll_ups = (fields | parameters | labels | metrics).flatmap(roll_ups_of)
filled = metrics.flatmap(lambda metric: st.builds(Filled, st.just(metric), roll_ups_of(metric)))


def columns(depth: int = 1) -> st.SearchStrategy[Column]:
    """Columns of every kind; counts of relatives hold conditions that are nested so deep."""
    counts = st.builds(CountOf, st.sampled_from(_PLACES), st.none() | conditions(depth - 1) if depth else st.none())
    return of_ancestors(fields | parameters | labels | metrics) | roll_ups | filled | counts


def numbers_beside(column: Column) -> st.SearchStrategy[float]:
    """Numbers that tell values of the column apart."""
    if isinstance(column, RollUp) and column.statistic is Statistic.STD:
        return st.sampled_from([-1.0, 1e200])  # What lies between is a matter of rounding.
    of_run = column.column if isinstance(column, OfAncestor | RollUp) else column
    if isinstance(of_run, Field) and of_run.attribute in TIMES:
        return st.sampled_from([START + second for second in (0.0, 3.0, 10.5, 60.0, 250.0)])
    return st.sampled_from([0.0, -0.0, 1.0, 0.5, 0.25, 2.0, -1.5, -3.0, 10.0, math.inf, -math.inf])


def comparisons(depth: int) -> st.SearchStrategy[Condition]:
    """Conditions on the value of one column, each of a type that suits it."""
    counts = st.builds(CountOf, st.sampled_from(_PLACES), st.none() | conditions(depth - 1) if depth else st.none())
    numeric = of_ancestors(number_fields | metrics) | roll_ups | filled | counts
    texts = of_ancestors(text_fields | labels)
    anything = of_ancestors(parameters)
    words = st.sampled_from(WORDS)
    literals: st.SearchStrategy[Literal] = words | st.booleans() | numbers_beside(Parameter("lr"))
    return st.one_of(
        numeric.flatmap(lambda column: _compared(column, numbers_beside(column))),
        texts.flatmap(lambda column: _compared(column, words | st.sampled_from(EXPERIMENTS)) | _searched(column)),
        anything.flatmap(lambda column: _compared(column, literals) | _searched(column)),
        of_ancestors(word_fields).flatmap(_named),
        st.builds(IsMissing, columns(0)),
    )


def conditions(depth: int = 2) -> st.SearchStrategy[Condition]:
    """Conditions of every kind, nested ``depth`` levels deep at most."""
    if depth <= 0:
        return comparisons(0)
    within = conditions(depth - 1)
    several = st.lists(within, min_size=2, max_size=3).map(tuple)
    over = st.sampled_from(_PLACES)
    return st.one_of(
        comparisons(depth),
        st.builds(AllOf, several),
        st.builds(AnyOf, several),
        st.builds(Not, within),
        st.builds(SomeRelative, over, within),
        st.builds(EveryRelative, over, within),
    )


def _compared(column: Column, literals: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    def comparison(literal: Literal) -> st.SearchStrategy[Condition]:
        operators = _EQUALITY if isinstance(literal, bool) else tuple(Operator)
        return st.builds(Comparison, st.just(column), st.sampled_from(operators), st.just(literal))

    several = st.lists(literals, min_size=1, max_size=3).map(tuple)
    return literals.flatmap(comparison) | st.builds(Within, st.just(column), several)


def _searched(column: Column) -> st.SearchStrategy[Condition]:
    like = st.builds(Like, st.just(column), st.sampled_from(_PATTERNS), st.booleans())
    return like | st.builds(Matches, st.just(column), st.sampled_from(_REGULAR))


def _named(column: Column) -> st.SearchStrategy[Condition]:
    field = column.column if isinstance(column, OfAncestor) else column
    assert isinstance(field, Field)
    words = st.sampled_from(WORDED[field.attribute])
    several = st.lists(words, min_size=1, max_size=3).map(tuple)
    return st.builds(Comparison, st.just(column), st.sampled_from(_EQUALITY), words) | st.builds(
        Within, st.just(column), several
    )
