"""Searching a store: which runs match is found at once, each run is read when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.query.kinds import Kind, kind_of
from tb_runhistory.query.parsing import parse_column, parse_filter, parse_order
from tb_runhistory.query.terms import (
    Attribute,
    Column,
    Comparison,
    Condition,
    Fact,
    Field,
    Metric,
    Operator,
    Order,
    Relation,
    RollUp,
    Statistic,
    joined,
)
from tb_runhistory.query.writing import column_text
from tb_runhistory.recording.finding import selected_runs_of
from tb_runhistory.recording.handle import RunHandle
from tb_runhistory.recording.links import StoreLink
from tb_runhistory.recording.reading import (
    StageFilter,
    StatusFilter,
    StoredRun,
    TagFilter,
    checked_stage,
    only,
    selected,
    stored_runs,
)
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.names import checked_name

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from tb_runhistory.query.search import RunSearch
    from tb_runhistory.records.columns import Scope
    from tb_runhistory.store.base import RunHistoryReader

R = TypeVar("R")
E = TypeVar("E", bound=StrEnum)

OrderBy: TypeAlias = str | Sequence[str]
"""Columns with ASC or DESC, in one text with commas or in several."""

_PAGE = 100
_TOP = Comparison(Field(Attribute.DEPTH), Operator.EQUAL, 0.0)
_DEFAULT_COLUMNS = tuple(
    Field(attribute)
    for attribute in (
        Attribute.ID,
        Attribute.NAME,
        Attribute.EXPERIMENT,
        Attribute.STATUS,
        Attribute.CREATED,
        Attribute.STARTED,
        Attribute.DURATION,
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for: see ``Workspace.search_runs``. Raises QueryError or BadRequest where it is malformed."""

    condition: Condition | None
    order: tuple[Order, ...]
    most: int | None
    stage: str
    experiment: str | None = None

    @classmethod
    def of(
        cls, filter: str, order_by: OrderBy, most: int | None, stage: StageFilter, experiment: str | None = None
    ) -> Asked:
        """From what a person gives."""
        texts = [order_by] if isinstance(order_by, str) else list(order_by)
        order = tuple(key for text in texts for key in parse_order(text))
        if most is not None and most < 0:
            raise BadRequest(f"at most {most} runs cannot be found: give None for all, or a number from 0 on")
        return cls(parse_filter(filter), order, most, checked_stage(stage), experiment)

    @property
    def scope(self) -> Scope:
        """Among which runs."""
        return _scope(self.experiment, self.stage)

    def search(self, now: float) -> RunSearch:
        """The question to the store."""
        from tb_runhistory.query.search import RunSearch

        created = (Order(Field(Attribute.CREATED), descending=True),)
        return RunSearch(now, self.scope, self.condition, self.order or created, limit=self.most)


class RunList(Sequence[R], Generic[R]):
    """Runs that were found, in their order.

    It knows their ids, and reads a run when it is looked at, a hundred at a time when all are. A run that was removed
    since is left out of an iteration; asking for it by its place raises NotFound.
    """

    def __init__(
        self,
        link: StoreLink,
        run_ids: Sequence[str],
        total: int,
        made: Callable[[RunHandle], R],
        scope: Scope,
        now: float,
    ) -> None:
        self._link = link
        self._scope = scope
        self._ids = list(run_ids)
        self._total = total
        self._now = now
        self._made = made

    @property
    def ids(self) -> list[str]:
        """The ids of the runs."""
        return list(self._ids)

    @property
    def total(self) -> int:
        """How many runs match, of which ``max_results`` may have left some out."""
        return self._total

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, place: int) -> R: ...
    @overload
    def __getitem__(self, place: slice) -> RunList[R]: ...
    def __getitem__(self, place: int | slice) -> R | RunList[R]:
        if isinstance(place, slice):
            return RunList(self._link, self._ids[place], self._total, self._made, self._scope, self._now)
        found = list(self._read([self._ids[place]]))
        if not found:
            raise NotFound(f"the run {self._ids[place]} is not in the store {self._link.uri.shown} any more")
        return found[0]

    def __iter__(self) -> Iterator[R]:
        for start in range(0, len(self._ids), _PAGE):
            yield from self._read(self._ids[start : start + _PAGE])

    def __repr__(self) -> str:
        shown = f"{len(self):,} of {self._total:,} runs" if self._total > len(self) else f"{self._total:,} runs"
        return f"RunList({shown} of {self._link.uri.shown})"

    def to_columns(self, *columns: str) -> dict[str, NDArray[Any]]:
        """The values of columns, such as "params.lr" or "min(leaves.metrics.loss.min)", as numpy arrays by their texts.

        A row is a run. Without ``columns`` they are what every run has, and all parameters and metrics (their last
        values) that one of the runs has. Numbers are float64, NaN where there is none; other values are objects, None
        where there is none. Times are seconds since the epoch.

        Raises:
          QueryError: a text is no column.
          StoreError: the store cannot be read.
        """
        asked = {text: parse_column(text) for text in columns} or None
        return self._link.reader.ask(partial(_columns_of, self._ids, asked, self._scope, self._now))

    def to_pandas(self, *columns: str) -> DataFrame:
        """The same as a table of pandas, with the ids as its index; moments are timestamps in UTC.

        Raises:
          BadRequest: pandas is not installed.
          QueryError, StoreError: as ``to_columns``.
        """
        try:
            import pandas
        except ImportError:
            raise BadRequest("to_pandas needs pandas: pip install pandas, or take to_columns()") from None
        found = self.to_columns(*columns)
        table = pandas.DataFrame(found, index=pandas.Index(self._ids, name="run_id"))
        for text in found:
            if kind_of(parse_column(text)) is Kind.MOMENT:
                table[text] = pandas.to_datetime(table[text], unit="s", utc=True)
        return table

    def _read(self, run_ids: Sequence[str]) -> Iterator[R]:
        stored = self._link.reader.ask(partial(_runs_in_order, run_ids))
        return (self._made(RunHandle(self._link, run.created, None, run)) for run in stored)


def search(link: StoreLink, asked: Asked, made: Callable[[RunHandle], R]) -> RunList[R]:
    """The runs that are asked for, each ``made`` when it is looked at; none where there is no store.

    Raises:
      StoreError: the store cannot be read.
    """
    now = time()
    link.waiting.before_reading()
    with suppress(NotFound):
        found = link.reader.ask(lambda reader: reader.search(asked.search(now)))
        return RunList(link, found.run_id, found.matches, made, asked.scope, now)
    return RunList(link, [], 0, made, asked.scope, now)


def runs_of_experiment(
    link: StoreLink, asked: Asked, include_children: bool, tags: TagFilter, status: StatusFilter
) -> Iterator[RunHandle]:
    """See ``Experiment.get_runs``."""
    if asked.condition is None and asked.experiment is not None:
        yield from selected_runs_of(link, asked.experiment, include_children, tags, status, asked.stage)
        return
    if not include_children:
        asked = replace(asked, condition=joined(_TOP, asked.condition))
    found = search(link, asked, lambda handle: handle)
    for start in range(0, len(found), _PAGE):
        runs = link.reader.ask(partial(_runs_in_order, found.ids[start : start + _PAGE]))
        for run in link.reader.ask(partial(selected, runs, tags, status)):
            yield RunHandle(link, run.created, None, run)


def roll_up_of(name: str, fact: str, statistic: str, over: str) -> RollUp:
    """The column that ``Run.roll_up`` is asked for.

    Raises:
      BadRequest: a word is none of those that there are.
    """
    return RollUp(
        _one_of(Statistic, "statistic", statistic),
        _one_of(Relation, "relation", over),
        Metric(checked_name("metric", name), _one_of(Fact, "fact", fact)),
    )


def rolled_up(handle: RunHandle, column: RollUp) -> float | None:
    """The value of a roll-up of one run; None where there is nothing to make it of.

    Raises:
      NotFound, StoreError: the store cannot be read.
    """
    handle.link.waiting.before_reading()

    def question(reader: RunHistoryReader) -> float | None:
        directions = reader.directions(_scope(handle.created.experiment, LifecycleStage.ACTIVE))
        [cells] = reader.cells([handle.run_id], [column], time(), directions)
        value = cells.values[0]
        return None if value is None or isinstance(value, str) else float(value)

    return handle.link.reader.ask(question)


def _scope(experiment: str | None, stage: str) -> Scope:
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    return Scope(experiment, stages=ANY_STAGE if stage == "any" else frozenset({LifecycleStage(stage)}))


def _runs_in_order(run_ids: Sequence[str], reader: RunHistoryReader) -> list[StoredRun]:
    stored = {run.created.run_id: run for run in stored_runs(reader, only(*run_ids))}
    return [stored[run_id] for run_id in run_ids if run_id in stored]


def _columns_of(
    run_ids: Sequence[str], asked: dict[str, Column] | None, scope: Scope, now: float, reader: RunHistoryReader
) -> dict[str, NDArray[Any]]:
    if asked is not None:
        found = reader.run_values(run_ids, list(asked.values()), scope, now)
        return {text: _typed(values, kind_of(asked[text])) for text, values in zip(asked, found, strict=True)}
    # What few runs have is looked up; what many have is most of what all have.
    had = reader.tree_columns(only(*run_ids) if len(run_ids) <= _PAGE else scope).column if run_ids else []
    every = {column_text(column): column for column in (*_DEFAULT_COLUMNS, *had)}
    found = reader.run_values(run_ids, list(every.values()), scope, now)
    return {
        text: _typed(values, kind_of(column))
        for (text, column), values in zip(every.items(), found, strict=True)
        if column in _DEFAULT_COLUMNS or not _is_empty(values)
    }


def _is_empty(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "f" and bool((values != values).all())


def _typed(values: NDArray[Any], kind: Kind) -> NDArray[Any]:
    """What has no value of which it could be seen is an array of objects, unless the column has numbers."""
    if kind.is_number or not _is_empty(values):
        return values
    nothing: NDArray[Any] = values.astype(object)
    nothing[:] = None
    return nothing


def _one_of(words: type[E], what: str, given: str) -> E:
    known = [str(word) for word in words]
    if given not in known:
        raise BadRequest(f"there is no {what} {given!r}: it is {', '.join(known[:-1])} or {known[-1]}")
    return words(given)
