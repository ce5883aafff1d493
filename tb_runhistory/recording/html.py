"""Runs and experiments as small tables for notebooks. Everything that is shown is escaped; colours are the page's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tb_runhistory.recording.reading import StoredRun

_MOST_ROWS = 10
_MOST_CHARACTERS = 120
_TABLE = "border-collapse:collapse;color:inherit;background:transparent;text-align:left"
_CELL = "padding:2px 12px 2px 0;text-align:left;border-bottom:1px solid rgba(128,128,128,.35)"


def run_html(details: Mapping[str, object], metrics: Mapping[str, object]) -> str:
    """A run: what ``get_details`` says, with the last value of each of its first metrics."""
    rows: list[Sequence[object]] = [
        (label, details[key])
        for label, key in (
            ("Experiment", "experiment"),
            ("Status", "status"),
            ("Id", "runId"),
            ("Started", "startTimeUtc"),
            ("Ended", "endTimeUtc"),
            ("Error", "error"),
        )
        if details.get(key)
    ]
    parameters = details.get("parameters")
    if isinstance(parameters, Mapping):
        rows += _first(parameters)
    rows += [(name, _last(value)) for name, value in _first(metrics)]
    return _table(str(details["displayName"]), (), rows)


def experiment_html(name: str, roots: Sequence[StoredRun], count: int) -> str:
    """An experiment: the number of its runs, and those of its roots that started last."""
    rows: list[Sequence[object]] = [
        (run.number, run.created.display_name, run.status.value, _when(run.started_at)) for run in roots[:_MOST_ROWS]
    ]
    if len(roots) > _MOST_ROWS:
        rows.append(("…", f"{len(roots) - _MOST_ROWS} more", "", ""))
    runs = f"{count} run" + ("" if count == 1 else "s")
    return _table(f"{name} ({runs})", ("Number", "Run", "Status", "Started"), rows)


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [f'<table style="{_TABLE}"><caption style="text-align:left;font-weight:bold">{_text(caption)}</caption>']
    if head:
        lines.append("<tr>" + "".join(f'<th scope="col" style="{_CELL}">{_text(cell)}</th>' for cell in head) + "</tr>")
    for first, *rest in rows:
        cells = "".join(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in rest)
        lines.append(f'<tr><th scope="row" style="{_CELL}">{_text(first)}</th>{cells}</tr>')
    return "".join([*lines, "</table>"])


def _first(values: Mapping[str, object]) -> list[tuple[str, object]]:
    return list(values.items())[:_MOST_ROWS]


def _last(value: object) -> object:
    if isinstance(value, list):
        return value[-1] if value else ""
    if isinstance(value, dict):
        return f"table of {len(value)} columns"
    return value


def _when(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _text(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return escape(text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…")
