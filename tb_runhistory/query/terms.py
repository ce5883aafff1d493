"""What can be asked of runs, as typed values.

A ``Column`` is one value of a run: a column of the table, an axis of a plot, a key to sort or group by, a term of a
filter. A ``Condition`` holds, does not hold, or is unknown for a run, as in SQL: a comparison with a value that is
missing is unknown, and only runs for which the whole condition holds are matches.

A value is a number, a boolean or a text. NaN is a missing value, infinities are numbers; texts are compared by their
code points; booleans are equal or different and nothing else. ``docs/query.md`` tells it for people, and
``tests/query/oracle.py`` is the meaning in plain Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Attribute(StrEnum):
    """What every run has. Times are seconds since the epoch, ``DURATION`` is seconds, ``DEPTH`` is 0 at the top.

    ``NAME`` and ``STATUS`` are those that are shown: a run without a name is called "run 7" by its number, one that is
    silent does not respond. ``DURATION`` lasts until now, or until the last heartbeat. ``STEPS`` is one more than the
    last step of any of its metrics, missing where there is none from 0 on. ``PROGRESS``, from 0 to 1, is the share that
    they are of its parameter ``TOTAL_STEPS``, own or inherited, and missing where that is no number above 0. An empty
    text is missing.
    """

    ID = "id"
    NAME = "name"
    STATUS = "status"
    STAGE = "stage"
    EXPERIMENT = "experiment"
    DEPTH = "depth"
    NUMBER = "number"
    CREATED = "created"
    STARTED = "started"
    ENDED = "ended"
    DURATION = "duration"
    STEPS = "steps"
    PROGRESS = "progress"
    HOST = "host"
    DESCRIPTION = "description"
    ERROR = "error"


TOTAL_STEPS = "total_steps"
"""The parameter by which a run says how many steps it is going to log."""


class Fact(StrEnum):
    """What is known of a metric without its points. ``ARGMIN`` and ``ARGMAX`` are the steps of the extremes."""

    LAST = "last"
    FIRST = "first"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    COUNT = "count"
    ARGMIN = "argmin"
    ARGMAX = "argmax"


class LabelKind(StrEnum):
    """The two kinds of text that a run carries by name."""

    TAG = "tags"
    PROPERTY = "properties"


class Ancestor(StrEnum):
    """A relative of which there is one at most. A run at the top has no parent, and is its own root."""

    PARENT = "parent"
    ROOT = "root"


class Relation(StrEnum):
    """Relatives of which there are many. ``LEAVES`` are the descendants without children.

    ``REPEATS`` are the parents of leaves, each with the mean over its leaves in place of its own value: so a trial with
    ten folds does not weigh ten times. A leaf that stands directly below the run in question is its own repeat.
    They serve roll-ups only: no condition is asked of them.
    """

    CHILDREN = "children"
    DESCENDANTS = "descendants"
    LEAVES = "leaves"
    REPEATS = "repeats"


class Statistic(StrEnum):
    """What is made of the values of many runs. Values that are missing or NaN are left out, and so is all that is no
    number; ``COUNT`` counts values of any type.

    ``STD`` is that of the population. ``BEST`` is the minimum or the maximum by the metric's direction, and so for
    metrics only. With nothing to make it of, a statistic is missing and ``COUNT`` is 0.
    """

    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    STD = "std"
    MEDIAN = "median"
    COUNT = "count"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of the run."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the run; with ``inherited``, where it has none of its own, that of its nearest ancestor."""

    name: str
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A tag or a property of the run. A bare tag is an empty text."""

    kind: LabelKind
    name: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A fact of the run's scalar series with this tag. The extremes, their steps and the mean are of finite values."""

    tag: str
    fact: Fact = Fact.LAST


OwnColumn = Field | Parameter | Label | Metric
"""A value of the run itself."""


@dataclass(frozen=True, slots=True)
class OfAncestor:
    """The same column of the parent or the root; missing where there is no such relative."""

    ancestor: Ancestor
    column: OwnColumn


@dataclass(frozen=True, slots=True)
class RollUp:
    """A statistic over one column of relatives: over all of them, whatever is shown."""

    statistic: Statistic
    over: Relation
    column: OwnColumn


@dataclass(frozen=True, slots=True)
class Filled:
    """The run's own fact of a metric or, where it has no such series, the roll-up over its relatives."""

    own: Metric
    roll_up: RollUp


@dataclass(frozen=True, slots=True)
class CountOf:
    """How many relatives there are, or how many of them match."""

    over: Relation
    condition: Condition | None = None


Column = OwnColumn | OfAncestor | RollUp | Filled | CountOf
Literal = bool | float | str


class Operator(StrEnum):
    """How a column is compared with a literal."""

    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column operator value``. Unknown where the column is missing or of another type than the value.

    Beside a parameter a text may stand for a number or a boolean as well: see ``readings``.
    """

    column: Column
    operator: Operator
    value: Literal


_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity)", re.IGNORECASE)


def readings(column: Column, value: Literal) -> tuple[Literal, ...]:
    """What a literal stands for beside a column: itself and, for a text beside a parameter, what it reads as.

    MLflow knows parameters as texts only, and quotes them: ``params.lr = '0.1'`` is to find a text and a number.
    """
    of_run = column.column if isinstance(column, OfAncestor) else column
    if not isinstance(of_run, Parameter) or not isinstance(value, str):
        return (value,)
    if value.lower() in ("true", "false"):
        return (value, value.lower() == "true")
    return (value, float(value)) if _NUMBER.fullmatch(value) else (value,)


@dataclass(frozen=True, slots=True)
class Within:
    """``column IN (…)``: whether it equals one of those that are of its type; unknown where none is."""

    column: Column
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """``column LIKE pattern``: % stands for any text, _ for any character, and nothing escapes them.

    ILIKE takes the letters A to Z in either case. Unknown where the column is no text.
    """

    column: Column
    pattern: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """``column ~ pattern``: the regular expression (RE2) is found somewhere in the text; unknown where it is none."""

    column: Column
    pattern: str


@dataclass(frozen=True, slots=True)
class IsMissing:
    """``column IS NULL``; never unknown."""

    column: Column


@dataclass(frozen=True, slots=True)
class AllOf:
    """``a AND b AND …``."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``a OR b OR …``."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT a``."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class SomeRelative:
    """``any(children…)``: whether the condition holds for at least one of the relatives; never unknown."""

    over: Relation
    condition: Condition


@dataclass(frozen=True, slots=True)
class EveryRelative:
    """``all(children…)``: whether it holds for each of the relatives, of which there is at least one; never unknown."""

    over: Relation
    condition: Condition


Condition = Comparison | Within | Like | Matches | IsMissing | AllOf | AnyOf | Not | SomeRelative | EveryRelative


def joined(*conditions: Condition | None) -> Condition | None:
    """The condition that all of these hold; one that is None always does."""
    given = tuple(condition for condition in conditions if condition is not None)
    return AllOf(given) if len(given) > 1 else next(iter(given), None)


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by. Ascending, numbers and booleans stand before texts; missing values are last whichever way,
    and equal runs stand as they were created.
    """

    column: Column
    descending: bool = False
