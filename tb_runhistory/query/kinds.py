"""What values a column may have, and the literals that can be compared with them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from uuid import UUID

from tb_runhistory.query.moments import duration_of, moment_of
from tb_runhistory.query.terms import (
    Attribute,
    Column,
    CountOf,
    Field,
    Filled,
    Label,
    Literal,
    Metric,
    OfAncestor,
    Parameter,
    RollUp,
    Statistic,
)
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.status import RunStatus


class Kind(Enum):
    """The values of a column."""

    NUMBER = auto()
    MOMENT = auto()
    DURATION = auto()
    TEXT = auto()
    ID = auto()
    STATUS = auto()
    STAGE = auto()
    ANY = auto()

    @property
    def is_number(self) -> bool:
        """Whether they are numbers."""
        return self in (Kind.NUMBER, Kind.MOMENT, Kind.DURATION)

    @property
    def is_word(self) -> bool:
        """Whether they are a few words."""
        return self in WORDS

    @property
    def has_order(self) -> bool:
        """Whether one may be less than another."""
        return self is not Kind.ID and not self.is_word


_KINDS = {
    Attribute.ID: Kind.ID,
    Attribute.STATUS: Kind.STATUS,
    Attribute.STAGE: Kind.STAGE,
    Attribute.DEPTH: Kind.NUMBER,
    Attribute.NUMBER: Kind.NUMBER,
    Attribute.CREATED: Kind.MOMENT,
    Attribute.STARTED: Kind.MOMENT,
    Attribute.ENDED: Kind.MOMENT,
    Attribute.DURATION: Kind.DURATION,
    Attribute.STEPS: Kind.NUMBER,
    Attribute.PROGRESS: Kind.NUMBER,
}

_MLFLOW = {
    "RUNNING": RunStatus.RUNNING.value,
    "SCHEDULED": RunStatus.QUEUED.value,
    "FINISHED": RunStatus.COMPLETED.value,
    "FAILED": RunStatus.FAILED.value,
    "KILLED": RunStatus.CANCELED.value,
}
"""What the words of MLflow mean here."""

WORDS: Mapping[Kind, Mapping[str, str]] = {
    Kind.STATUS: {status.value: status.value for status in RunStatus} | _MLFLOW,
    Kind.STAGE: {stage.value: stage.value for stage in LifecycleStage},
}
"""The words that may be written, in either case of letters, and those that they stand for."""
_MEANT = {kind: {word.lower(): meant for word, meant in words.items()} for kind, words in WORDS.items()}


def kind_of(column: Column) -> Kind:
    """The kind of values that a column has."""
    if isinstance(column, OfAncestor):
        return kind_of(column.column)
    if isinstance(column, RollUp):
        is_count = column.statistic is Statistic.COUNT
        kind = Kind.NUMBER if is_count or column.statistic is Statistic.STD else kind_of(column.column)
        return kind if kind.is_number else Kind.NUMBER
    if isinstance(column, Field):
        return _KINDS.get(column.attribute, Kind.TEXT)
    if isinstance(column, Metric | Filled | CountOf):
        return Kind.NUMBER
    return Kind.ANY if isinstance(column, Parameter) else Kind.TEXT


def can_roll_up(statistic: Statistic, column: Column) -> bool:
    """Whether there is such a statistic over the column: all but a count are made of numbers, the best of metrics."""
    if statistic is Statistic.COUNT or isinstance(column, Metric):
        return True
    if statistic is Statistic.BEST or isinstance(column, Label):
        return False
    return isinstance(column, Parameter) or kind_of(column).is_number


def literal_for(kind: Kind, value: Literal) -> Literal | None:
    """What a literal is beside a column of the kind; None where it cannot be compared with it."""
    if kind is Kind.ANY:
        return value
    if kind.is_number:
        if isinstance(value, str):
            return moment_of(value) if kind is Kind.MOMENT else duration_of(value) if kind is Kind.DURATION else None
        return None if isinstance(value, bool) else value
    if not isinstance(value, str):
        return None
    if kind is Kind.ID:
        return _id(value)
    return _MEANT[kind].get(value.lower()) if kind.is_word else value


def wanted(kind: Kind) -> tuple[str, ...]:
    """What can stand beside a column of the kind, for people."""
    if kind.is_word:
        return tuple(dict.fromkeys(f"'{word}'" for word in WORDS[kind].values()))
    return {
        Kind.NUMBER: ("a number without quotes",),
        Kind.MOMENT: ("a date such as '2026-01-31' or '2026-01-31T12:00'", "seconds since 1970"),
        Kind.DURATION: ("seconds", "a duration such as '1h 30m'"),
        Kind.ID: ("the 36 characters of a run's id in quotes",),
        Kind.ANY: ("a number", "true", "false", "a text in quotes"),
    }.get(kind, ("a text in quotes",))


def _id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
