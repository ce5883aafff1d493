"""``tb-runhistory list``: experiments and their runs as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.asking import Question, question_options
from tb_runhistory.cli.json_output import ExperimentEntry, RunEntry, RunList, print_json
from tb_runhistory.cli.store import json_option, reading, store_option, uri_argument
from tb_runhistory.errors import BadRequest
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.status import RunStatus

if TYPE_CHECKING:
    from tb_runhistory.cli.runs import RunTree
    from tb_runhistory.records.columns import Scope
    from tb_runhistory.store.base import RunHistoryReader
    from tb_runhistory.uri import StoreUri

_ACTIVE, _ARCHIVED, _DELETED = LifecycleStage
_IN_SCOPE = {
    None: {_ACTIVE},
    "archived": {_ACTIVE, _ARCHIVED},
    "deleted": {_ACTIVE, _ARCHIVED, _DELETED},
    "all": {_ACTIVE, _ARCHIVED, _DELETED},
}
"""The stages that are read for each choice of what to list: what is archived may stand below what is not."""

_DEEPEST_BARS = 40
"""Levels that are drawn before a name: a tree may be deeper than any line is long."""

_HEADER = ("NAME", "ID", "STATUS", "STARTED", "DURATION", "METRICS")
_NARROWEST_METRICS = 12
_ROOM_FOR_METRICS = 60
_STATES = click.Choice([status.value for status in RunStatus], case_sensitive=False)
_LIMIT_HELP = "At most so many roots an experiment and children a run; 0 for all."


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the tree: a run, or where ``row`` is None how many siblings are left out.

    ``bars`` draws its place, ``below`` begins the bars of its children; roots are at level 1.
    """

    row: int | None
    bars: str
    below: str
    level: int
    left_out: int = 0


@click.command("list")
@uri_argument
@store_option
@click.option("-e", "--experiment", metavar="NAME", help="Only the runs of this experiment.")
@click.option("--status", type=_STATES, help="Only runs in this state, and what stands above them.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(min=0), help=_LIMIT_HELP)
@click.option("--archived", "stages", flag_value="archived", help="Only what is archived, and what stands above it.")
@click.option("--deleted", "stages", flag_value="deleted", help="Only what is deleted, and what stands above it.")
@click.option("--all", "stages", flag_value="all", help="What is archived or deleted, too.")
@click.option("-d", "--depth", type=click.IntRange(min=1), help="Levels of the tree: 1 for the roots alone.")
@question_options
@click.option("--csv", "as_csv", is_flag=True, help="Print all matching runs as a CSV table, as the tab does.")
@json_option
def command(
    uri: str | None,
    store: str | None,
    experiment: str | None,
    status: str | None,
    limit: int,
    depth: int | None,
    stages: str | None,
    filter: str,
    columns: tuple[str, ...],
    sort: str,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List experiments and their runs as a tree.

    Roots come newest first, children in the order they were created, or both as --sort says. Each line has the end of
    the run's id, which show takes, and the last values of metrics as far as there is room, or the columns that are
    asked for. docs/query.md describes filters, columns and orders.

    \b
        tb-runhistory list
        tb-runhistory list sqlite:///runs.db --experiment mnist --depth 1
        tb-runhistory list --status Failed --limit 0
        tb-runhistory list --archived
        tb-runhistory list --filter "metrics.loss < 0.1 and params.model = 'tree'"
        tb-runhistory list --column 'min(leaves.metrics.loss)' --sort 'min(leaves.metrics.loss)'
        tb-runhistory list --filter 'depth = 1' --column metrics.loss --csv > trials.csv
        tb-runhistory list --json | jq -r '.runs[] | [.name, .metrics.loss] | @tsv'
    """
    from tb_runhistory.cli.runs import RunTree

    with reading(uri, store) as (reader, chosen):
        asked = Question.of([chosen.filter, filter], sort, columns)
        if as_csv:
            _print_csv(reader, _scope(chosen, experiment, stages), asked, {"status": status, "stage": stages})
            return
        tree = RunTree(reader, _scope(chosen, experiment, stages))
        tree.sort(asked.places(reader, tree.scope))
        roots = _roots(tree, None if status is None else RunStatus(status), stages, asked.matches(reader, tree.scope))
        lines = {name: list(_lines(tree, rows, limit, depth)) for name, rows in roots.items()}
        shown = [line.row for of_one in lines.values() for line in of_one if line.row is not None]
        metrics = {} if columns else tree.last_values(shown)
        values = asked.values(reader, tree.scope, [tree.runs.run_id[row] for row in shown])
        entries = {row: tree.entry(row, metrics, values) for row in shown}
        experiments = _experiments(tree, {name: len(rows) for name, rows in roots.items()})
    if as_json:
        print_json(RunList(chosen.shown, experiments, list(entries.values())))
    else:
        _print(chosen, experiments, lines, entries, asked)


def _print_csv(reader: RunHistoryReader, scope: Scope, asked: Question, words: dict[str, str | None]) -> None:
    """All runs that are meant, wherever they stand in their trees; ``words`` narrow them to a status and a stage."""
    from contextlib import nullcontext

    from tb_runhistory.plugin.exporting import export
    from tb_runhistory.plugin.requests import ExportFormat, ExportRequest
    from tb_runhistory.query.search import RunSearch
    from tb_runhistory.query.terms import Attribute, Comparison, Field, Operator, joined

    narrowed = [
        Comparison(Field(Attribute(name)), Operator.EQUAL, word)
        for name, word in words.items()
        if word is not None and word != "all"
    ]
    search = RunSearch(asked.now, scope, joined(asked.condition, *narrowed))
    search = replace(search, order=asked.order) if asked.order else search
    for part in export(reader, ExportRequest(ExportFormat.CSV, search, tuple(asked.columns.values())), nullcontext):
        click.echo(part, nl=False)


def _scope(chosen: StoreUri, experiment: str | None, stages: str | None) -> Scope:
    from tb_runhistory.records.columns import Scope

    if experiment is not None and chosen.experiment not in (None, experiment):
        raise BadRequest(f"the URI names the experiment {chosen.experiment!r}, --experiment another: leave one out")
    return Scope(experiment or chosen.experiment, chosen.runs, stages=frozenset(_IN_SCOPE[stages]))


def _roots(
    tree: RunTree, status: RunStatus | None, stages: str | None, matches: set[str] | None
) -> dict[str, list[int]]:
    """The roots by experiment. With a status the tree is narrowed to runs in that state and what stands above them,
    with a stage to those in that stage, with ``matches`` to these.

    An experiment without any is there only where nothing narrows the list.
    """
    scope = tree.scope
    only = None if stages in (None, "all") else LifecycleStage(stages)
    if status is not None or only is not None or matches is not None:
        rows = (
            row
            for row in range(len(tree.runs))
            if (status is None or tree.status(row) is status)
            and (only is None or tree.stage(row) is only)
            and (matches is None or tree.runs.run_id[row] in matches)
        )
        tree.narrow(tree.with_ancestors(rows))
    is_whole = status is None and matches is None and scope.experiment is None and not scope.run_ids
    roots: dict[str, list[int]] = {
        name: [] for name, stage in tree.experiment_stages.items() if is_whole and only in (None, stage)
    }
    for row in tree.roots:
        roots.setdefault(tree.runs.experiment[row], []).append(row)
    return roots


def _lines(tree: RunTree, roots: Sequence[int], limit: int, depth: int | None) -> Iterator[_Line]:
    """The lines of roots and all below them. No recursion: a tree may be deeper than Python's stack."""
    waiting = _siblings(tree, roots, limit, "", 1)
    while waiting:
        line = waiting.pop()
        yield line
        if line.row is not None and (depth is None or line.level < depth):
            waiting += _siblings(tree, tree.children.get(line.row, []), limit, line.below, line.level + 1)


def _siblings(tree: RunTree, siblings: Sequence[int], limit: int, bars: str, level: int) -> list[_Line]:
    """The lines of runs of one parent, the last one first."""
    shown = siblings if not limit else siblings[:limit]
    left_out = len(siblings) - len(shown)
    lines = []
    for place, row in enumerate(shown):
        if tree.is_root(row):
            lines.append(_Line(row, "", "", level))
            continue
        is_last = place == len(shown) - 1 and not left_out
        is_drawn = level <= _DEEPEST_BARS
        below = bars + ("   " if is_last else "│  ") if is_drawn else bars
        lines.append(_Line(row, bars + ("└─ " if is_last else "├─ "), below, level))
    if left_out:
        is_below = bool(bars) or not tree.is_root(siblings[0])
        lines.append(_Line(None, bars + ("└─ " if is_below else ""), "", level, left_out))
    return lines[::-1]


def _experiments(tree: RunTree, roots: dict[str, int]) -> list[ExperimentEntry]:
    columns = tree.experiments
    return [
        ExperimentEntry(
            name,
            columns.description[row],
            columns.stage[row].value,
            float(columns.created_at[row]),
            int(columns.run_count[row]),
            roots[name],
        )
        for row, name in enumerate(columns.name)
        if name in roots
    ]


def _print(
    chosen: StoreUri,
    experiments: list[ExperimentEntry],
    lines: dict[str, list[_Line]],
    entries: dict[int, RunEntry],
    asked: Question,
) -> None:
    counts = (
        f"{layout.counted(len(experiments), 'experiment')}, {layout.counted(sum(e.runs for e in experiments), 'run')}"
    )
    click.echo(layout.cut(f"{layout.printable(chosen.shown)}: {counts}", layout.width()))
    for experiment in experiments:
        click.echo()
        stage = "" if experiment.stage == _ACTIVE else f", {experiment.stage}"
        title = f"{layout.printable(experiment.name)} ({layout.counted(experiment.runs, 'run')}{stage})"
        click.echo(layout.cut(title, layout.width()))
        for text in _experiment_lines(lines[experiment.name], entries, asked):
            click.echo(text)
    if not experiments:
        click.echo("There are no such runs.")


def _experiment_lines(lines: Sequence[_Line], entries: dict[int, RunEntry], asked: Question) -> Iterator[str]:
    """The table of one experiment; the lines that say how much is left out stand in it."""
    from tb_runhistory.cli.runs import short_ids

    shown = [entries[line.row] for line in lines if line.row is not None]
    if not shown:
        return
    ids = short_ids([entry.run_id for entry in shown])
    fixed = [_HEADER[:-1]]
    for line in lines:
        if line.row is None:
            fixed.append((f"{line.bars}… {line.left_out:,} more: --limit 0 shows all", "", "", "", ""))
        else:
            entry = entries[line.row]
            name = line.bars + (layout.printable(entry.display_name) or f"run {entry.number}")
            status = entry.status if entry.stage == _ACTIVE else f"{entry.status}, {entry.stage}"
            fixed.append(
                (name, ids[entry.run_id], status, layout.when(entry.started_at), layout.lasting(entry.duration))
            )
    most = layout.width()
    if asked.columns:
        further = [tuple(map(layout.printable, asked.columns)), *_columns(lines, entries, asked)]
        right = range(4, 5 + len(asked.columns))
    else:
        room = min(_ROOM_FOR_METRICS, max(_NARROWEST_METRICS, most // 3))
        further = [("METRICS",), *((text,) for text in _metrics_by_room(lines, entries, room))]
        right = range(4, 5)
    rows = [(*columns, *texts) for columns, texts in zip(fixed, further, strict=True)]
    for place, text in enumerate(layout.table(rows, right=right, most=most)):
        row = lines[place - 1].row if place else None
        yield text if row is None else layout.colored(text, entries[row].status)


def _columns(lines: Sequence[_Line], entries: dict[int, RunEntry], asked: Question) -> Iterator[tuple[str, ...]]:
    """For each line the values of the columns that are asked for."""
    for line in lines:
        values = entries[line.row].columns if line.row is not None else {}
        yield tuple(asked.shown(text, values.get(text)) for text in asked.columns)


def _metrics_by_room(lines: Sequence[_Line], entries: dict[int, RunEntry], room: int) -> Iterator[str]:
    """For each line as many last values as fit into ``room`` columns, the first tags first."""
    for line in lines:
        text = ""
        for tag, value in entries[line.row].metrics.items() if line.row is not None else ():
            longer = f"{text}  {layout.printable(tag)} {layout.number(value)}".strip()
            if layout.cells(longer) > room:
                text = f"{text} …" if text else layout.cut(longer, room)
                break
            text = longer
        yield text
