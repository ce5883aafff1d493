"""What ``list`` asks of a store in the language of docs/query.md: a filter, an order, and columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tb_runhistory.cli import layout
from tb_runhistory.records.changes import ParameterValue

if TYPE_CHECKING:
    from tb_runhistory.query.terms import Column, Condition, Order
    from tb_runhistory.records.columns import Scope
    from tb_runhistory.store.base import RunHistoryReader

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_WIDEST = 40


def question_options(command: Decorated) -> Decorated:
    """Adds ``--filter``, ``--column`` and ``--sort``, as the arguments ``filter``, ``columns`` and ``sort``."""
    options = (
        click.option("--filter", default="", metavar="FILTER", help="Only runs that match, and what is above them."),
        click.option("--column", "columns", multiple=True, metavar="COLUMN", help="Show this; may be given again."),
        click.option("--sort", default="", metavar="ORDER", help="Order of siblings: COLUMN [ASC|DESC], …"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the runs of a scope. ``columns`` are by their texts."""

    condition: Condition | None
    order: tuple[Order, ...]
    columns: Mapping[str, Column]
    now: float

    @classmethod
    def of(cls, filters: Sequence[str], sort: str, columns: Sequence[str]) -> Question:
        """From texts; of several filters all must hold.

        Raises:
          QueryError: one is malformed.
        """
        from tb_runhistory.query.parsing import parse_column, parse_filter, parse_order
        from tb_runhistory.query.terms import joined

        condition = joined(*map(parse_filter, filters))
        return cls(condition, parse_order(sort), {text: parse_column(text) for text in columns}, time())

    def matches(self, reader: RunHistoryReader, scope: Scope) -> set[str] | None:
        """The ids of the runs that match; None where there is no filter."""
        return None if self.condition is None else set(self._found(reader, scope, self.condition, ()))

    def places(self, reader: RunHistoryReader, scope: Scope) -> dict[str, int] | None:
        """The place of each run in the order, by its id; None where none is asked for."""
        if not self.order:
            return None
        return {run_id: place for place, run_id in enumerate(self._found(reader, scope, None, self.order))}

    def values(self, reader: RunHistoryReader, scope: Scope, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """By run id, the values of the columns by their texts; None where one is missing."""
        if not self.columns or not run_ids:
            return {}
        found = reader.cells(run_ids, list(self.columns.values()), self.now, reader.directions(scope))
        return {
            run_id: {text: cells.values[row] for text, cells in zip(self.columns, found, strict=True)}
            for row, run_id in enumerate(run_ids)
        }

    def shown(self, text: str, value: ParameterValue | None) -> str:
        """A value of the column ``text`` in a line; "" where it is missing."""
        from tb_runhistory.query.kinds import Kind, kind_of

        if value is None:
            return ""
        if isinstance(value, str):
            return layout.cut(layout.printable(value), _WIDEST)
        if isinstance(value, bool):
            return str(value).lower()
        kind = kind_of(self.columns[text])
        if kind is Kind.MOMENT:
            return layout.when(value)
        return layout.lasting(value) if kind is Kind.DURATION else layout.number(value)

    def _found(
        self, reader: RunHistoryReader, scope: Scope, condition: Condition | None, order: tuple[Order, ...]
    ) -> list[str]:
        from tb_runhistory.query.search import RunSearch

        return reader.search(RunSearch(self.now, scope, condition, order)).run_id
