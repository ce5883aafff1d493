"""What can be asked of runs, as typed values.

A ``Column`` is one value of a run: a column of the table, an axis of a plot, a key to sort or group by, a term of a
filter. A ``Condition`` holds, does not hold, or is unknown for a run, as in SQL: a comparison with a value that is
missing is unknown, and only runs for which the whole condition holds are matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Attribute(StrEnum):
    """What every run has. Times are seconds since the epoch, ``DURATION`` is seconds, ``DEPTH`` is 0 at the top."""

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
    HOST = "host"
    DESCRIPTION = "description"
    ERROR = "error"


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
    """A relative of which there is one at most."""

    PARENT = "parent"
    ROOT = "root"


class Relation(StrEnum):
    """Relatives of which there are many. ``LEAVES`` are the descendants without children.

    ``REPEATS`` are the parents of leaves, each with the mean over its leaves in place of its own value: so a trial with
    ten folds does not weigh ten times. A leaf that stands directly below the run in question is its own repeat.
    """

    CHILDREN = "children"
    DESCENDANTS = "descendants"
    LEAVES = "leaves"
    REPEATS = "repeats"


class Statistic(StrEnum):
    """What is made of the values of many runs. Values that are missing or NaN are left out.

    ``STD`` is that of the population. ``BEST`` is the minimum or the maximum by the metric's direction.
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
    """A tag or a property of the run."""

    kind: LabelKind
    name: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A fact of the run's series with this tag."""

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
    """``column operator value``. Unknown where the column is missing or of another type than the value."""

    column: Column
    operator: Operator
    value: Literal


@dataclass(frozen=True, slots=True)
class Within:
    """``column IN (…)``."""

    column: Column
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """``column LIKE pattern``: % stands for any text, _ for any character; ILIKE in either case of letters."""

    column: Column
    pattern: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """``column ~ pattern``: the regular expression (RE2) is found somewhere in the text."""

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
