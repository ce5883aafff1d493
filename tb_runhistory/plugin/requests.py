"""From query strings to typed questions. Whatever is not understood is refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tb_runhistory.errors import BadRequest
from tb_runhistory.query.tree import ColumnKind, RunField, TreeColumn, TreeQuery
from tb_runhistory.records.columns import Scope

MAX_COLUMNS = 200
MAX_PAGE = 500
MAX_RUNS = 400
MAX_POINTS = 2000
_MAX_TEXT = 1000
_MAX_OFFSET = 10**9
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_FIRST_STEP, _LAST_STEP = -(2**63), 2**63 - 1

Query = Mapping[str, Sequence[str]]
"""The values of a query string by name, in the order in which they were given."""


@dataclass(frozen=True, slots=True)
class PointsRequest:
    """What ``points`` is asked for: one tag of some runs, ``limit`` points each, within a window of steps or of all."""

    tag: str
    run_ids: tuple[str, ...]
    limit: int
    window: tuple[int, int] | None


def nothing_request(query: Query) -> None:
    """Of a route without parameters."""
    _check_names(query)


def overview_request(query: Query, view: Scope) -> Scope:
    """The scope that ``overview`` is asked for, within what is shown at all."""
    _check_names(query, "experiment")
    return _scope(query, view)


def page_request(query: Query, view: Scope, now: float) -> TreeQuery:
    """The page that ``runs`` is asked for."""
    _check_names(query, "parent", "experiment", "sort", "order", "offset", "limit", "column")
    columns = tuple(_column("column", name) for name in query.get("column", ()))
    if len(columns) > MAX_COLUMNS:
        raise BadRequest(f"At most {MAX_COLUMNS} columns can be asked for at once, not {len(columns)}: ask for fewer.")
    order = _text(query, "order") or "desc"
    if order not in ("asc", "desc"):
        raise BadRequest(f"The order is asc or desc, not {_shown(order)}.")
    return TreeQuery(
        now=now,
        scope=_scope(query, view),
        parent_id=_text(query, "parent"),
        sort=_sort(_text(query, "sort") or "created"),
        descending=order == "desc",
        offset=_whole(query, "offset", 0, 0, _MAX_OFFSET),
        limit=_whole(query, "limit", 100, 1, MAX_PAGE),
        columns=columns,
    )


def points_request(query: Query) -> PointsRequest:
    """What ``points`` is asked for."""
    _check_names(query, "tag", "run", "limit", "first_step", "last_step")
    tag, run_ids = _text(query, "tag"), tuple(dict.fromkeys(query.get("run", ())))
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
    return PointsRequest(tag, run_ids, _whole(query, "limit", 1000, 1, MAX_POINTS), window)


def _check_names(query: Query, *known: str) -> None:
    for name, values in query.items():
        if name not in known:
            taken = f"it takes {', '.join(known)}" if known else "it takes none"
            raise BadRequest(f"This address has no parameter {_shown(name)}: {taken}.")
        if len(values) > 1 and name not in ("column", "run"):
            raise BadRequest(f"The parameter {name} is given {len(values)} times: give it once.")
        for value in values:
            if len(value) > _MAX_TEXT:
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


def _sort(text: str) -> RunField | TreeColumn:
    if text in list(RunField):
        return RunField(text)
    return _column("sort", text, *RunField)


def _column(parameter: str, text: str, *others: str) -> TreeColumn:
    kind, _, name = text.partition(":")
    if not name or kind not in list(ColumnKind):
        known = ", ".join([*others, *(f"{kind}:NAME" for kind in ColumnKind)])
        raise BadRequest(f"The parameter {parameter} is one of {known}, not {_shown(text)}.")
    return TreeColumn(ColumnKind(kind), name)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
