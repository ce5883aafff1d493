"""What columns and conditions mean, in plain Python: what every store's answer is held against."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import re2

from tb_runhistory.query.direction import guessed_direction
from tb_runhistory.query.terms import (
    TOTAL_STEPS,
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
    readings,
)
from tb_runhistory.records.changes import Direction
from tb_runhistory.records.status import RunStatus, shown_status
from tests.query.model import NOW, ModelRun

Value: TypeAlias = bool | float | str | None
Truth: TypeAlias = bool | None


def value_of(run: ModelRun, column: Column) -> Value:
    """The value of a column; None where it is missing."""
    if isinstance(column, OfAncestor):
        relative = run.parent if column.ancestor is Ancestor.PARENT else run.line[0]
        return None if relative is None else own_value(relative, column.column)
    if isinstance(column, RollUp):
        return rolled_up(run, column)
    if isinstance(column, Filled):
        return own_value(run, column.own) if column.own.tag in run.points else rolled_up(run, column.roll_up)
    if isinstance(column, CountOf):
        found = relatives(run, column.over)
        return float(len(found if column.condition is None else matches(found, column.condition)))
    return own_value(run, column)


def own_value(run: ModelRun, column: OwnColumn) -> Value:
    """The value of a column of the run itself."""
    if isinstance(column, Field):
        return _attribute(run, column.attribute)
    if isinstance(column, Parameter):
        line = reversed(run.line) if column.inherited else [run]
        value = next((each.parameters[column.name] for each in line if column.name in each.parameters), None)
        return value if value is None or isinstance(value, bool | str) else _number(value)
    if isinstance(column, Label):
        labels = run.tags if column.kind is LabelKind.TAG else run.properties
        return labels[column.name] or "" if column.name in labels else None
    return _fact(run.points.get(column.tag, {}), column.fact)


def rolled_up(run: ModelRun, column: RollUp) -> Value:
    """The statistic over the relatives."""
    if column.over is Relation.REPEATS:
        values: list[Value] = _repeats(run, column.column)
    else:
        values = [own_value(each, column.column) for each in relatives(run, column.over)]
    if column.statistic is Statistic.COUNT:
        return float(sum(value is not None for value in values))
    return statistic_of(numbers_in(values), column)


def relatives(run: ModelRun, over: Relation) -> list[ModelRun]:
    """The relatives of a run, but not its repeats, which are no runs."""
    if over is Relation.CHILDREN:
        return run.children
    return [each for each in run.descendants() if over is Relation.DESCENDANTS or not each.children]


def truth_of(run: ModelRun, condition: Condition) -> Truth:
    """Whether the condition holds for the run; None where it is unknown."""
    if isinstance(condition, AllOf):
        return _all(truth_of(run, each) for each in condition.conditions)
    if isinstance(condition, AnyOf):
        return _negated(_all(_negated(truth_of(run, each)) for each in condition.conditions))
    if isinstance(condition, Not):
        return _negated(truth_of(run, condition.condition))
    if isinstance(condition, SomeRelative):
        return bool(matches(relatives(run, condition.over), condition.condition))
    if isinstance(condition, EveryRelative):
        found = relatives(run, condition.over)
        return bool(found) and len(matches(found, condition.condition)) == len(found)
    value = value_of(run, condition.column)
    if isinstance(condition, IsMissing):
        return value is None
    if isinstance(condition, Comparison):
        return _compared(value, condition.operator, readings(condition.column, condition.value))
    if isinstance(condition, Within):
        wanted = [each for literal in condition.values for each in readings(condition.column, literal)]
        same = [each for each in wanted if _type(each) is _type(value)]
        return value in same if same else None
    if not isinstance(value, str):
        return None
    return _like(value, condition) if isinstance(condition, Like) else re2.search(condition.pattern, value) is not None


def matches(runs: Iterable[ModelRun], condition: Condition) -> list[ModelRun]:
    """The runs for which the whole condition holds."""
    return [run for run in runs if truth_of(run, condition)]


def ordered(runs: Sequence[ModelRun], column: Column, descending: bool) -> list[ModelRun]:
    """Sorted by a column: numbers and booleans before texts, missing values last whichever way, ties by creation.

    A status has its place in the life of a run, a name is the same in either case of its letters.
    """
    by_creation = sorted(runs, key=lambda run: (run.created_at, run.number))
    keyed = [(_sort_key(value_of(run, column), column), run) for run in by_creation]
    valued = [(key, run) for key, run in keyed if key is not None]
    valued.sort(key=lambda each: each[0], reverse=descending)
    return [run for _, run in valued] + [run for key, run in keyed if key is None]


def _sort_key(value: Value, column: Column) -> tuple[int, float | str] | None:
    if value is None:
        return None
    field = column.column if isinstance(column, OfAncestor) else column
    if field == Field(Attribute.STATUS):
        return (0, list(RunStatus).index(RunStatus(str(value))))
    if isinstance(value, str):
        return (1, _lower(value) if field == Field(Attribute.NAME) else value)
    return (0, float(value))


def _steps(run: ModelRun) -> float | None:
    last = max((step for by_step in run.points.values() for step in by_step), default=-1)
    return last + 1.0 if last >= 0 else None


def _progress(run: ModelRun) -> float | None:
    steps, total = _steps(run), own_value(run, Parameter(TOTAL_STEPS, inherited=True))
    if isinstance(total, bool | str) or total is None or total <= 0:
        return None
    return min((steps or 0.0) / total, 1.0)


def _attribute(run: ModelRun, attribute: Attribute) -> Value:
    status = shown_status(run.status, run.started_at, NOW)
    until = run.ended_at if run.ended_at is not None else run.started_at if status is RunStatus.NOT_RESPONDING else NOW
    found: dict[Attribute, float | str | None] = {
        Attribute.ID: run.run_id,
        Attribute.NAME: run.display_name or f"run {run.number}",
        Attribute.STATUS: status.value,
        Attribute.STAGE: run.stage.value,
        Attribute.EXPERIMENT: run.experiment,
        Attribute.DEPTH: float(len(run.line) - 1),
        Attribute.NUMBER: float(run.number),
        Attribute.CREATED: run.created_at,
        Attribute.STARTED: run.started_at,
        Attribute.ENDED: run.ended_at,
        Attribute.DURATION: None if run.started_at is None or until is None else until - run.started_at,
        Attribute.STEPS: _steps(run),
        Attribute.PROGRESS: _progress(run),
        Attribute.HOST: run.host or None,
        Attribute.DESCRIPTION: run.description or None,
        Attribute.ERROR: run.error or None,
    }
    return found[attribute]


def _fact(points: dict[int, float], fact: Fact) -> float | None:
    if not points:
        return None
    finite = {step: value for step, value in sorted(points.items()) if math.isfinite(value)}
    if fact is Fact.LAST:
        return _number(points[max(points)])
    if fact is Fact.FIRST:
        return _number(points[min(points)])
    if fact is Fact.COUNT:
        return float(len(points))
    if not finite:
        return None
    if fact is Fact.MEAN:
        return _number(sum(finite.values()) / len(finite))
    lowest = min(finite, key=lambda step: finite[step])
    highest = max(finite, key=lambda step: finite[step])
    return {
        Fact.MIN: finite[lowest],
        Fact.MAX: finite[highest],
        Fact.ARGMIN: float(lowest),
        Fact.ARGMAX: float(highest),
    }[fact]


def _repeats(run: ModelRun, column: OwnColumn) -> list[Value]:
    by_parent: dict[ModelRun, list[Value]] = {}
    for leaf in relatives(run, Relation.LEAVES):
        assert leaf.parent is not None
        by_parent.setdefault(leaf if leaf.parent is run else leaf.parent, []).append(own_value(leaf, column))
    means = (_mean(numbers_in(values)) for values in by_parent.values())
    return list(means)


def statistic_of(values: list[float], column: RollUp) -> float | None:
    """The statistic of a roll-up over these values."""
    if not values:
        return None
    statistic = column.statistic
    if statistic is Statistic.BEST:
        assert isinstance(column.column, Metric)
        is_down = guessed_direction(column.column.tag) is Direction.MINIMIZE
        statistic = Statistic.MIN if is_down else Statistic.MAX
    if statistic is Statistic.MIN:
        return min(values)
    if statistic is Statistic.MAX:
        return max(values)
    if statistic is Statistic.MEAN:
        return _mean(values)
    if statistic is Statistic.MEDIAN:
        return _number(statistics.median(values))
    mean = _mean(values)
    if mean is None or not math.isfinite(mean):
        return None
    return _number(math.sqrt(sum(_square(value - mean) for value in values) / len(values)))


def _mean(values: list[float]) -> float | None:
    return _number(sum(values) / len(values)) if values else None


def _square(value: float) -> float:
    return value * value


def numbers_in(values: Iterable[Value]) -> list[float]:
    """The numbers among values."""
    return [value for value in values if isinstance(value, float)]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _compared(value: Value, operator: Operator, literals: Sequence[Literal]) -> Truth:
    literal = next((each for each in literals if _type(each) is _type(value)), None)
    if value is None or literal is None:
        return None
    if operator in (Operator.EQUAL, Operator.DIFFERENT):
        return (value == literal) is (operator is Operator.EQUAL)
    if isinstance(value, bool):
        return None
    # Texts are compared by their code points, as Python does.
    is_less, is_greater = value < literal, value > literal  # type: ignore[operator]
    return {
        Operator.LESS: is_less,
        Operator.AT_MOST: not is_greater,
        Operator.GREATER: is_greater,
        Operator.AT_LEAST: not is_less,
    }[operator]


def _type(value: Value) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _like(text: str, like: Like) -> bool:
    pattern = "".join({"%": ".*", "_": "."}.get(mark, re.escape(mark)) for mark in like.pattern)
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if like.ignore_case else 0)
    if like.ignore_case:
        return re.fullmatch(_lower(pattern), _lower(text), flags) is not None
    return re.fullmatch(pattern, text, flags) is not None


def _lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _all(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    return False if False in found else None if None in found else True


def _negated(truth: Truth) -> Truth:
    return None if truth is None else not truth
