"""From query strings to typed questions. Whatever is not understood is refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from tb_runhistory.errors import BadRequest
from tb_runhistory.query.groups import GroupColumn, GroupField, GroupQuery
from tb_runhistory.query.parsing import MOST_CHARACTERS, parse_column, parse_filter
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import Column, Filled, Metric, Order, Relation, RollUp, Statistic
from tb_runhistory.query.tree import Shown, TreeQuery
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.columns import ACTIVE, ANY_STAGE, Scope

MAX_COLUMNS = 200
MAX_PAGE = 500
MAX_RUNS = 400
MAX_NAMED = 100
MAX_POINTS = 2000
MAX_MATCHING = 10_000
_MAX_TEXT = 1000
_MAX_OFFSET = 10**9
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_FILL = re.compile(rf"({'|'.join(Statistic)})\(({'|'.join(Relation)})\)")
_STAGES = {"active": ACTIVE, "archived": ACTIVE | {LifecycleStage.ARCHIVED}, "all": ANY_STAGE}
"""What may be shown of runs that are put away, by the word for it."""
_FIRST_STEP, _LAST_STEP = -(2**63), 2**63 - 1


class ColumnKind(StrEnum):
    """Of what there are columns to be found by name, as their texts begin."""

    METRICS = "metrics"
    PARAMETERS = "params"
    TAGS = "tags"
    PROPERTIES = "properties"


Query = Mapping[str, Sequence[str]]
"""The values of a query string by name, in the order in which they were given."""

Read = Callable[[str], Column]
"""What makes a column of its text."""


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
    """What ``columns`` is asked for: those of one kind in whose names ``text`` stands, in any case.

    Without a kind it is metrics and parameters.
    """

    scope: Scope
    kind: ColumnKind | None
    text: str
    offset: int
    limit: int


class ExportFormat(StrEnum):
    """What a table is written as."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What ``export`` is asked for: the runs that a search finds, with these columns."""

    format: ExportFormat
    search: RunSearch
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class MatchingRequest:
    """What ``runs/matching`` is asked for; with ``best`` the best of this metric first, whichever direction it has."""

    search: RunSearch
    best: Metric | None


@dataclass(frozen=True, slots=True)
class NamesRequest:
    """What ``runs/by-id`` is asked for: what runs are called, and what they have in some columns."""

    run_ids: tuple[str, ...]
    columns: tuple[Column, ...]


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
    _check_names(query, "experiment", "stages")
    return _scope(query, view)


def columns_request(query: Query, view: Scope) -> ColumnsRequest:
    """What ``columns`` is asked for."""
    _check_names(query, "experiment", "stages", "kind", "text", "run", "offset", "limit")
    run_ids = tuple(dict.fromkeys(query.get("run", ())))
    if len(run_ids) > MAX_NAMED:
        raise BadRequest(f"The columns of at most {MAX_NAMED} runs can be asked for at once, not {len(run_ids)}.")
    kind = _text(query, "kind")
    if kind and kind not in list(ColumnKind):
        raise BadRequest(f"The kind is one of {', '.join(ColumnKind)}, not {_shown(kind)}.")
    scope = _scope(query, view)
    return ColumnsRequest(
        scope=replace(scope, only=run_ids, stages=ANY_STAGE) if run_ids else scope,
        kind=ColumnKind(kind) if kind else None,
        text=_text(query, "text"),
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
    )


def names_request(query: Query) -> NamesRequest:
    """The runs and columns that ``runs/by-id`` is asked for."""
    _check_names(query, "run", "column", "fill")
    run_ids = tuple(dict.fromkeys(query.get("run", ())))
    if not 1 <= len(run_ids) <= MAX_NAMED:
        raise BadRequest(f"From 1 to {MAX_NAMED} runs can be asked for at once, each as run=ID, not {len(run_ids)}.")
    return NamesRequest(run_ids, tuple(map(_reading(query), _columns(query))))


def page_request(query: Query, view: Scope, now: float) -> TreeQuery:
    """The page that ``runs`` is asked for."""
    sorted_by = ("sort", "order", "offset", "limit", "column", "fill")
    _check_names(query, "parent", "experiment", "stages", "filter", "show", *sorted_by, "statuses")
    shown = _text(query, "show") or Shown.WITH_ANCESTORS
    if shown not in list(Shown):
        raise BadRequest(f"With show, one of {', '.join(Shown)} is shown, not {_shown(shown)}.")
    read = _reading(query)
    order = _order(query, read)
    return TreeQuery(
        now=now,
        scope=_scope(query, view),
        parent_id=_text(query, "parent"),
        sort=order.column,
        descending=order.descending,
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
        columns=tuple(map(read, _columns(query))),
        filter=parse_filter(_text(query, "filter")),
        shown=Shown(shown),
        statuses=_whole(query, "statuses", 0, 0, 1) == 1,
    )


def groups_request(query: Query, view: Scope, now: float) -> GroupQuery:
    """The groups that ``groups`` is asked for."""
    _check_names(query, "by", "experiment", "stages", "filter", "sort", "order", "offset", "limit", "column", "fill")
    if not _text(query, "by"):
        raise BadRequest("Groups are of a column: give by=COLUMN, such as by=params.model.")
    sort, read = _text(query, "sort") or GroupField.VALUE, _reading(query)
    return GroupQuery(
        now=now,
        by=_column(_text(query, "by")),
        scope=_scope(query, view),
        filter=parse_filter(_text(query, "filter")),
        sort=GroupField(sort) if sort in list(GroupField) else _group_column(sort, read),
        descending=_is_descending(query, "asc"),
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
        columns=tuple(_group_column(text, read) for text in _columns(query)),
    )


def matching_request(query: Query, view: Scope, now: float) -> MatchingRequest:
    """The runs that ``runs/matching`` is asked for."""
    _check_names(query, "experiment", "stages", "filter", "below", "sort", "order", "limit")
    best = _best_of(query)
    search = RunSearch(
        now=now,
        scope=_scope(query, view),
        filter=parse_filter(_text(query, "filter")),
        order=(_order(query, _column) if best is None else Order(best),),
        limit=_whole(query, "limit", 1000, 1, MAX_MATCHING),
        below=_text(query, "below"),
    )
    return MatchingRequest(search, best)


def export_request(query: Query, view: Scope, now: float) -> ExportRequest:
    """The table that ``export`` is asked for."""
    _check_names(query, "format", "experiment", "stages", "filter", "sort", "order", "column", "fill")
    asked = _text(query, "format") or ExportFormat.CSV
    if asked not in list(ExportFormat):
        raise BadRequest(f"The format is one of {', '.join(ExportFormat)}, not {_shown(asked)}.")
    read = _reading(query)
    search = RunSearch(
        now=now,
        scope=_scope(query, view),
        filter=parse_filter(_text(query, "filter")),
        order=(_order(query, read),),
    )
    return ExportRequest(ExportFormat(asked), search, tuple(map(read, _columns(query))))


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
    """``view`` narrowed to the experiment that is asked for, if any, with the runs in the stages that are."""
    stages = _text(query, "stages") or "active"
    if stages not in _STAGES:
        raise BadRequest(f"Runs are shown in the stages {', '.join(_STAGES)}, not {_shown(stages)}.")
    experiment = _text(query, "experiment")
    if view.experiment not in (None, experiment) and experiment:
        raise BadRequest(
            f"This TensorBoard shows the experiment {_shown(view.experiment or '')} only, not {_shown(experiment)}."
        )
    return replace(view, experiment=experiment or view.experiment, stages=_STAGES[stages])


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


def _order(query: Query, read: Read) -> Order:
    return Order(read(_text(query, "sort") or "created"), _is_descending(query, "desc"))


def _best_of(query: Query) -> Metric | None:
    """The metric whose best come first; None where the order is another."""
    if _text(query, "order") != "best":
        return None
    column = _column(_text(query, "sort") or "created")
    if not isinstance(column, Metric):
        raise BadRequest(
            f"Of metrics there is a best, not of {_shown(_text(query, 'sort'))}: the order is asc or desc."
        )
    return column


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


def _group_column(text: str, read: Read) -> GroupColumn:
    statistic, colon, column = text.partition(":")
    if not colon or statistic not in list(Statistic):
        raise BadRequest(
            f"A column of groups is a statistic over one of runs, such as mean:metrics.loss, not {_shown(text)}: "
            f"the statistics are {', '.join(Statistic)}."
        )
    return GroupColumn(Statistic(statistic), read(column))


def _reading(query: Query) -> Read:
    """What reads columns: a metric is filled, where a run has no such series, as the query says."""
    text = _text(query, "fill")
    if not text:
        return _column
    found = _FILL.fullmatch(text)
    if found is None:
        raise BadRequest(
            f"Metrics are filled by a statistic over relatives, such as best(leaves), not {_shown(text)}: "
            f"the statistics are {', '.join(Statistic)}, the relatives {', '.join(Relation)}."
        )
    statistic, over = Statistic(found[1]), Relation(found[2])

    def filled(text: str) -> Column:
        column = _column(text)
        return Filled(column, RollUp(statistic, over, column)) if isinstance(column, Metric) else column

    return filled


@lru_cache(maxsize=2048)
def _column(text: str) -> Column:
    return parse_column(text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
