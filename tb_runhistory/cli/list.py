"""``tb-runhistory list``: experiments and their runs as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.answers import ExperimentEntry, RunEntry, RunList, print_json
from tb_runhistory.cli.store import json_option, reading, store_option, uri_argument
from tb_runhistory.errors import BadRequest
from tb_runhistory.records.status import RunStatus

if TYPE_CHECKING:
    from tb_runhistory.cli.runs import RunTree
    from tb_runhistory.provider.snapshot import Snapshot
    from tb_runhistory.store.base import RunHistoryReader
    from tb_runhistory.uri import StoreUri

_HEADER = ("NAME", "ID", "STATUS", "STARTED", "DURATION", "METRICS")
_NARROWEST_METRICS = 12
_ROOM_FOR_METRICS = 60
_STATES = click.Choice([status.value for status in RunStatus], case_sensitive=False)
_LIMIT_HELP = "At most so many roots an experiment and children a run; 0 for all."


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the tree: a run, or where ``row`` is None how many siblings are left out. ``bars`` draws its place."""

    row: int | None
    bars: str
    left_out: int = 0


@click.command("list")
@uri_argument
@store_option
@click.option("-e", "--experiment", metavar="NAME", help="Only the runs of this experiment.")
@click.option("--status", type=_STATES, help="Only runs in this state, and what stands above them.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(min=0), help=_LIMIT_HELP)
@click.option("-d", "--depth", type=click.IntRange(min=1), help="Levels of the tree: 1 for the roots alone.")
@json_option
def command(
    uri: str | None,
    store: str | None,
    experiment: str | None,
    status: str | None,
    limit: int,
    depth: int | None,
    as_json: bool,
) -> None:
    """List experiments and their runs as a tree.

    Roots come newest first, children in the order they were created. Each line has the end of the run's id, which
    show takes, and the last values of metrics as far as there is room.

    \b
        tb-runhistory list
        tb-runhistory list sqlite:///runs.db --experiment mnist --depth 1
        tb-runhistory list --status Failed --limit 0
        tb-runhistory list --json | jq -r '.runs[] | [.name, .metrics.loss] | @tsv'
    """
    from tb_runhistory.cli.runs import RunTree

    with reading(uri, store) as (reader, chosen):
        tree = RunTree(_snapshot(reader, chosen, experiment))
        roots = _roots(tree, None if status is None else RunStatus(status))
        lines = {name: list(_lines(tree, rows, limit, depth)) for name, rows in roots.items()}
        shown = [line.row for each in lines.values() for line in each if line.row is not None]
        values = tree.last_values(shown)
        entries = {row: tree.entry(row, values.get(tree.runs.run_id[row], {})) for row in shown}
        experiments = _experiments(tree, {name: len(rows) for name, rows in roots.items()})
    if as_json:
        print_json(RunList(chosen.shown, experiments, list(entries.values())))
    else:
        _print(chosen, experiments, lines, entries)


def _snapshot(reader: RunHistoryReader, chosen: StoreUri, experiment: str | None) -> Snapshot:
    from tb_runhistory.provider.snapshot import Snapshot
    from tb_runhistory.records.columns import Scope

    if experiment is not None and chosen.experiment not in (None, experiment):
        raise BadRequest(f"the URI names the experiment {chosen.experiment!r}, --experiment another: leave one out")
    return Snapshot(reader, Scope(experiment or chosen.experiment, chosen.runs))


def _roots(tree: RunTree, status: RunStatus | None) -> dict[str, list[int]]:
    """The roots by experiment. With a status the tree is narrowed to runs in that state and what stands above them.

    An experiment without any is there only where nothing narrows the list.
    """
    scope = tree.snapshot.scope
    if status is not None:
        tree.narrow(tree.with_ancestors(row for row in range(len(tree.runs)) if tree.status(row) is status))
    is_whole = status is None and scope.experiment is None and not scope.run_ids
    roots: dict[str, list[int]] = {name: [] for name in tree.snapshot.experiments.name} if is_whole else {}
    for row in tree.roots:
        roots.setdefault(tree.runs.experiment[row], []).append(row)
    return roots


def _lines(tree: RunTree, siblings: Sequence[int], limit: int, depth: int | None, bars: str = "") -> Iterator[_Line]:
    """The lines of runs and all below them. ``bars`` draws the place of their parent."""
    shown = siblings if not limit else siblings[:limit]
    left_out = len(siblings) - len(shown)
    for place, row in enumerate(shown):
        is_last = place == len(shown) - 1 and not left_out
        is_root = tree.is_root(row)
        yield _Line(row, "" if is_root else bars + ("└─ " if is_last else "├─ "))
        if depth is None or depth > 1:
            below = bars if is_root else bars + ("   " if is_last else "│  ")
            yield from _lines(tree, tree.children.get(row, []), limit, depth and depth - 1, below)
    if left_out:
        yield _Line(None, bars + ("└─ " if bars or not tree.is_root(siblings[0]) else ""), left_out)


def _experiments(tree: RunTree, roots: dict[str, int]) -> list[ExperimentEntry]:
    columns = tree.snapshot.experiments
    return [
        ExperimentEntry(
            name, columns.description[row], float(columns.created_at[row]), int(columns.run_count[row]), roots[name]
        )
        for row, name in enumerate(columns.name)
        if name in roots
    ]


def _print(
    chosen: StoreUri, experiments: list[ExperimentEntry], lines: dict[str, list[_Line]], entries: dict[int, RunEntry]
) -> None:
    counts = (
        f"{layout.counted(len(experiments), 'experiment')}, {layout.counted(sum(e.runs for e in experiments), 'run')}"
    )
    click.echo(layout.cut(f"{layout.printable(chosen.shown)}: {counts}", layout.width()))
    for experiment in experiments:
        click.echo()
        title = f"{layout.printable(experiment.name)} ({layout.counted(experiment.runs, 'run')})"
        click.echo(layout.cut(title, layout.width()))
        for text in _experiment_lines(lines[experiment.name], entries):
            click.echo(text)
    if not experiments:
        click.echo("There are no such runs.")


def _experiment_lines(lines: Sequence[_Line], entries: dict[int, RunEntry]) -> Iterator[str]:
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
            fixed.append(
                (name, ids[entry.run_id], entry.status, layout.when(entry.started_at), layout.lasting(entry.duration))
            )
    most = layout.width()
    metrics = _metrics_by_room(lines, entries, min(_ROOM_FOR_METRICS, max(_NARROWEST_METRICS, most // 3)))
    rows = [(*columns, text) for columns, text in zip(fixed, ["METRICS", *metrics], strict=True)]
    for place, text in enumerate(layout.table(rows, right=[4], most=most)):
        row = lines[place - 1].row if place else None
        yield text if row is None else layout.colored(text, entries[row].status)


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
