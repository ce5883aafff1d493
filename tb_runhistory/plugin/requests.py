"""From query strings to typed questions. Whatever is not understood is refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from tb_runhistory.errors import BadRequest
from tb_runhistory.query.groups import GroupColumn, GroupField, GroupQuery
from tb_runhistory.query.parsing import MOST_CHARACTERS, parse_column, parse_filter
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import Column, Metric, Order, Parameter, Statistic
from tb_runhistory.query.tree import Shown, TreeQuery
from tb_runhistory.records.columns import Scope

MAX_COLUMNS = 200
MAX_PAGE = 500
MAX_RUNS = 400
MAX_NAMED = 100
MAX_POINTS = 2000
MAX_MATCHING = 10_000
_MAX_TEXT = 1000
_MAX_OFFSET = 10**9
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_FIRST_STEP, _LAST_STEP = -(2**63), 2**63 - 1


class ColumnKind(StrEnum):
    """The short forms of columns: a parameter, own or inherited, and a metric's last value."""

    PARAMETER = "param"
    METRIC = "metric"


Query = Mapping[str, Sequence[str]]
"""The values of a query string by name, in the order in which they were given."""


@dataclass(frozen=True, slots=True)
class PointsRequest:
    """What ``points`` is asked for: one tag of some runs, ``limit`` points each, within a window of steps or of all.

    ``known`` are, by run, the states of series whose points whoever asks has already.
    """

    tag: str
    run_ids: tuple[str, ...]
    known: Mapping[str, str]
    limit: int
    window: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ColumnsRequest:
    """What ``columns`` is asked for: those of one kind, or of both, in whose names ``text`` stands, in any case."""

    scope: Scope
    kind: ColumnKind | None
    text: str
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What ``completions`` is asked for: what may stand in the filter ``text`` at the character ``position``."""

    scope: Scope
    text: str
    position: int


def nothing_request(query: Query) -> None:
    """Of a route without parameters."""
    _check_names(query)


def overview_request(query: Query, view: Scope) -> Scope:
    """The scope that ``overview`` is asked for, within what is shown at all."""
    _check_names(query, "experiment")
    return _scope(query, view)


def columns_request(query: Query, view: Scope) -> ColumnsRequest:
    """What ``columns`` is asked for."""
    _check_names(query, "experiment", "kind", "text", "run", "offset", "limit")
    run_ids = tuple(dict.fromkeys(query.get("run", ())))
    if len(run_ids) > MAX_NAMED:
        raise BadRequest(f"The columns of at most {MAX_NAMED} runs can be asked for at once, not {len(run_ids)}.")
    kind = _text(query, "kind")
    if kind and kind not in list(ColumnKind):
        raise BadRequest(f"The kind is one of {', '.join(ColumnKind)}, not {_shown(kind)}.")
    scope = _scope(query, view)
    return ColumnsRequest(
        scope=replace(scope, only=run_ids) if run_ids else scope,
        kind=ColumnKind(kind) if kind else None,
        text=_text(query, "text"),
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
    )


def names_request(query: Query) -> tuple[str, ...]:
    """The ids of the runs that ``runs/by-id`` is asked for."""
    _check_names(query, "run")
    run_ids = tuple(dict.fromkeys(query.get("run", ())))
    if not 1 <= len(run_ids) <= MAX_NAMED:
        raise BadRequest(f"From 1 to {MAX_NAMED} runs can be asked for at once, each as run=ID, not {len(run_ids)}.")
    return run_ids


def page_request(query: Query, view: Scope, now: float) -> TreeQuery:
    """The page that ``runs`` is asked for."""
    _check_names(
        *(query, "parent", "experiment", "filter", "show", "sort", "order", "offset", "limit", "column", "statuses")
    )
    shown = _text(query, "show") or Shown.WITH_ANCESTORS
    if shown not in list(Shown):
        raise BadRequest(f"With show, one of {', '.join(Shown)} is shown, not {_shown(shown)}.")
    order = _order(query)
    return TreeQuery(
        now=now,
        scope=_scope(query, view),
        parent_id=_text(query, "parent"),
        sort=order.column,
        descending=order.descending,
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
        columns=tuple(map(_column, _columns(query))),
        filter=parse_filter(_text(query, "filter")),
        shown=Shown(shown),
        statuses=_whole(query, "statuses", 0, 0, 1) == 1,
    )


def groups_request(query: Query, view: Scope, now: float) -> GroupQuery:
    """The groups that ``groups`` is asked for."""
    _check_names(query, "by", "experiment", "filter", "sort", "order", "offset", "limit", "column")
    if not _text(query, "by"):
        raise BadRequest("Groups are of a column: give by=COLUMN, such as by=params.model.")
    sort = _text(query, "sort") or GroupField.VALUE
    return GroupQuery(
        now=now,
        by=_column(_text(query, "by")),
        scope=_scope(query, view),
        filter=parse_filter(_text(query, "filter")),
        sort=GroupField(sort) if sort in list(GroupField) else _group_column(sort),
        descending=_is_descending(query, "asc"),
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
        columns=tuple(map(_group_column, _columns(query))),
    )


def matching_request(query: Query, view: Scope, now: float) -> RunSearch:
    """The runs that ``runs/matching`` is asked for."""
    _check_names(query, "experiment", "filter", "sort", "order", "limit")
    return RunSearch(
        now=now,
        scope=_scope(query, view),
        filter=parse_filter(_text(query, "filter")),
        order=(_order(query),),
        limit=_whole(query, "limit", 1000, 1, MAX_MATCHING),
    )


def completion_request(query: Query, view: Scope) -> CompletionRequest:
    """The place that ``completions`` is asked for; without a position it is the end of the text."""
    _check_names(query, "text", "position", "experiment")
    text = _text(query, "text")
    return CompletionRequest(_scope(query, view), text, _whole(query, "position", len(text), 0, MOST_CHARACTERS))


def points_request(query: Query) -> PointsRequest:
    """What ``points`` is asked for."""
    _check_names(query, "tag", "run", "known", "limit", "first_step", "last_step")
    tag, run_ids = _text(query, "tag"), tuple(dict.fromkeys(query.get("run", ())))
    named, states = query.get("run", ()), query.get("known", ())
    if states and len(states) != len(named):
        raise BadRequest(
            f"What is known is given once for each run, empty for none: {len(named)} runs, {len(states)} times."
        )
    if not tag or not run_ids:
        raise BadRequest("Points are of a tag of one or several runs: give tag=NAME and run=ID, once for each run.")
    if len(run_ids) > MAX_RUNS:
        raise BadRequest(f"The points of at most {MAX_RUNS} runs can be asked for at once, not {len(run_ids)}.")
    window = None
    if "first_step" in query or "last_step" in query:
        first = _whole(query, "first_step", _FIRST_STEP, _FIRST_STEP, _LAST_STEP)
        last = _whole(query, "last_step", _LAST_STEP, _FIRST_STEP, _LAST_STEP)
        if first > last:
            raise BadRequest(f"The first step, {first}, is beyond the last, {last}: exchange them.")
        window = (first, last)
    known = {run_id: state for run_id, state in zip(named, states, strict=False) if state}
    return PointsRequest(tag, run_ids, known, _whole(query, "limit", 1000, 1, MAX_POINTS), window)


def _check_names(query: Query, *known: str) -> None:
    for name, values in query.items():
        if name not in known:
            taken = f"it takes {', '.join(known)}" if known else "it takes none"
            raise BadRequest(f"This address has no parameter {_shown(name)}: {taken}.")
        if len(values) > 1 and name not in ("column", "run", "known"):
            raise BadRequest(f"The parameter {name} is given {len(values)} times: give it once.")
        for value in values:
            # A filter is refused for its length by the language itself.
            if len(value) > _MAX_TEXT and name not in ("filter", "text"):
                raise BadRequest(f"The parameter {name} is longer than {_MAX_TEXT} characters: {_shown(value)}.")


def _scope(query: Query, view: Scope) -> Scope:
    """``view`` narrowed to the experiment that is asked for, if any."""
    experiment = _text(query, "experiment")
    if not experiment:
        return view
    if view.experiment not in (None, experiment):
        raise BadRequest(
            f"This TensorBoard shows the experiment {_shown(view.experiment or '')} only, not {_shown(experiment)}."
        )
    return replace(view, experiment=experiment)


def _text(query: Query, name: str) -> str:
    return next(iter(query.get(name, ())), "")


def _whole(query: Query, name: str, default: int, least: int, most: int) -> int:
    text = _text(query, name)
    if name not in query:
        return default
    number = int(text) if _WHOLE.fullmatch(text) else None
    if number is None or not least <= number <= most:
        raise BadRequest(f"The parameter {name} is a whole number from {least} to {most}, not {_shown(text)}.")
    return number


def _order(query: Query) -> Order:
    return Order(_column(_text(query, "sort") or "created"), _is_descending(query, "desc"))


def _is_descending(query: Query, default: str) -> bool:
    order = _text(query, "order") or default
    if order not in ("asc", "desc"):
        raise BadRequest(f"The order is asc or desc, not {_shown(order)}.")
    return order == "desc"


def _columns(query: Query) -> Sequence[str]:
    names = query.get("column", ())
    if len(names) > MAX_COLUMNS:
        raise BadRequest(f"At most {MAX_COLUMNS} columns can be asked for at once, not {len(names)}: ask for fewer.")
    return names


def _group_column(text: str) -> GroupColumn:
    statistic, colon, column = text.partition(":")
    if not colon or statistic not in list(Statistic):
        raise BadRequest(
            f"A column of groups is a statistic over one of runs, such as mean:metrics.loss, not {_shown(text)}: "
            f"the statistics are {', '.join(Statistic)}."
        )
    return GroupColumn(Statistic(statistic), _column(column))


@lru_cache(maxsize=2048)
def _column(text: str) -> Column:
    kind, _, name = text.partition(":")
    if name and kind in list(ColumnKind):
        return Parameter(name, inherited=True) if kind == ColumnKind.PARAMETER else Metric(name)
    return parse_column(text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
