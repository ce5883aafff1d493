"""``tb-runhistory show``: everything of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.answers import Metric, Parameter, RunDetails, RunEntry, TextEntry, print_json
from tb_runhistory.cli.store import json_option, reading, store_option, uri_among
from tb_runhistory.records.changes import DataClass, ParameterValue

if TYPE_CHECKING:
    from tb_runhistory.cli.runs import RunTree
    from tb_runhistory.records.columns import LabelColumns, SeriesColumns
    from tb_runhistory.store.base import RunHistoryReader

_KINDS = {bool: "boolean", int: "integer", float: "number", str: "text"}
_METRIC_HEADER = ("TAG", "POINTS", "LAST", "AT STEP", "MIN", "AT STEP", "MAX", "AT STEP", "MEAN")
_MOST_CHILDREN = 20


@click.command("show")
@click.argument("operands", nargs=-1, metavar="[URI] RUN")
@store_option
@json_option
def command(operands: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Show everything that is recorded of a run.

    RUN is its id, the beginning or the end of one (four characters or more), or its name as TensorBoard shows it:
    experiment/parent/child, or the end of that.

    \b
        tb-runhistory show mnist/sweep/rate=0.1
        tb-runhistory show sqlite:///runs.db 4f21c9
        tb-runhistory show sweep --json | jq '.parameters'
    """
    uri, wanted = uri_among(operands)
    if len(wanted) != 1:
        raise click.UsageError("Name one run, and the store before it or as --store.")
    with reading(uri, store) as (reader, chosen):
        details = _details(reader, chosen.shown, wanted[0])
    if as_json:
        print_json(details)
        return
    for line in _text(details):
        click.echo(line)


def _details(reader: RunHistoryReader, shown: str, wanted: str) -> RunDetails:
    from tb_runhistory.cli.runs import RunTree, find_run
    from tb_runhistory.provider.snapshot import Snapshot
    from tb_runhistory.records.columns import Scope

    run_id = find_run(reader, wanted)
    tree = RunTree(Snapshot(reader, Scope(run_ids=(run_id,))))
    row = tree.rows[run_id]
    parameters = tree.snapshot.parameters
    own = zip(parameters.run_id, parameters.name, parameters.value, strict=True)
    scalars = tree.snapshot.series(DataClass.SCALAR)
    entries = _entries(tree, scalars, [row, *tree.children.get(row, ())])
    return RunDetails(
        store=shown,
        run=entries[0],
        description=tree.runs.description[row],
        error=tree.runs.error[row],
        dropped_points=int(tree.runs.dropped[row]),
        parameters=[Parameter(name, _KINDS[type(value)], value) for owner, name, value in own if owner == run_id],
        tags=_labels(reader.tags(tree.snapshot.scope), run_id),
        properties=_labels(reader.properties(tree.snapshot.scope), run_id),
        metrics=[_metric(scalars, at) for at, key in enumerate(scalars.key) if key.run_id == run_id],
        texts=_texts(reader, tree.snapshot.series(DataClass.TEXT), run_id),
        children=entries[1:],
    )


def _entries(tree: RunTree, scalars: SeriesColumns, rows: Sequence[int]) -> list[RunEntry]:
    values: dict[str, dict[str, float]] = {}
    for key, tag, last in zip(scalars.key, scalars.tag, scalars.last_value.tolist(), strict=True):
        values.setdefault(key.run_id, {})[tag] = last
    return [tree.entry(row, values.get(tree.runs.run_id[row], {})) for row in rows]


def _labels(columns: LabelColumns, run_id: str) -> dict[str, str | None]:
    rows = zip(columns.run_id, columns.name, columns.value, strict=True)
    return {name: value for owner, name, value in rows if owner == run_id}


def _metric(series: SeriesColumns, at: int) -> Metric:
    finite = int(series.count[at] - series.non_finite[at])
    return Metric(
        tag=series.tag[at],
        description=series.description[at],
        count=int(series.count[at]),
        hidden=int(series.hidden[at]),
        non_finite=int(series.non_finite[at]),
        first_step=int(series.first_step[at]),
        last_step=int(series.last_step[at]),
        last=float(series.last_value[at]),
        last_logged_at=float(series.last_wall_time[at]),
        minimum=float(series.minimum[at]),
        minimum_step=int(series.minimum_step[at]),
        maximum=float(series.maximum[at]),
        maximum_step=int(series.maximum_step[at]),
        mean=float(series.sum[at]) / finite if finite else float("nan"),
    )


def _texts(reader: RunHistoryReader, series: SeriesColumns, run_id: str) -> list[TextEntry]:
    rows = [at for at, key in enumerate(series.key) if key.run_id == run_id]
    last = reader.read_texts([series.key[at] for at in rows], limit=1)
    return [
        TextEntry(
            series.tag[at], int(series.count[at]), int(series.last_step[at]), texts.text[-1] if len(texts) else ""
        )
        for at, texts in zip(rows, last, strict=True)
    ]


def _text(details: RunDetails) -> Iterator[str]:
    """The lines for people."""
    most = layout.width()
    yield layout.cut(layout.printable(details.run.name), most)
    for line in layout.table([(f"  {name}", text) for name, text in _facts(details)], most=most):
        yield layout.colored(line, details.run.status)
    for title, text in (("Error", details.error), ("Description", details.description)):
        if text.strip():
            yield from ("", title, *(f"  {line}".rstrip() for line in layout.lines_of(text)))
    tables = (
        ("Parameters", [(f"  {layout.printable(p.name)}", _value(p.value), p.kind) for p in details.parameters]),
        ("Tags", _label_rows(details.tags)),
        ("Properties", _label_rows(details.properties)),
        ("Texts", [_text_row(text) for text in details.texts]),
    )
    for title, rows in tables[:3]:
        yield from _section(title, rows, most)
    if details.metrics:
        indented = [(f"  {first}", *rest) for first, *rest in (_METRIC_HEADER, *map(_metric_row, details.metrics))]
        yield from ("", "Metrics", *layout.table(indented, right=range(1, len(_METRIC_HEADER)), most=most))
        yield from _remarks(details.metrics)
    yield from _section(*tables[3], most)
    yield from _children(details.children, most)


def _section(title: str, rows: Sequence[Sequence[str]], most: int) -> Iterator[str]:
    if rows:
        yield from ("", title, *layout.table(rows, most=most))


def _facts(details: RunDetails) -> Iterator[tuple[str, str]]:
    run = details.run
    yield "id", run.run_id
    yield "experiment", f"{layout.printable(run.experiment)}, run {run.number}"
    yield "status", run.status
    yield "created", layout.when(run.created_at)
    yield "started", layout.when(run.started_at)
    yield "ended", layout.when(run.ended_at)
    yield "duration", layout.lasting(run.duration)
    if run.parent_id:
        yield "parent", run.parent_id
    if details.dropped_points:
        yield "dropped", f"{layout.counted(details.dropped_points, 'point')} found no room in the journal"
    yield "store", layout.printable(details.store)


def _label_rows(labels: dict[str, str | None]) -> list[tuple[str, str]]:
    return [(f"  {layout.printable(name)}", layout.printable(value or "")) for name, value in labels.items()]


def _value(value: ParameterValue) -> str:
    return layout.printable(value) if isinstance(value, str) else repr(value)


def _metric_row(metric: Metric) -> tuple[str, ...]:
    return (
        layout.printable(metric.tag),
        f"{metric.count:,}",
        layout.number(metric.last),
        str(metric.last_step),
        layout.number(metric.minimum),
        str(metric.minimum_step),
        layout.number(metric.maximum),
        str(metric.maximum_step),
        layout.number(metric.mean),
    )


def _remarks(metrics: Sequence[Metric]) -> Iterator[str]:
    for metric in metrics:
        remarks = []
        if metric.non_finite:
            remarks.append(f"{layout.counted(metric.non_finite, 'value')} not finite")
        if metric.hidden:
            remarks.append(f"{layout.counted(metric.hidden, 'point')} superseded and not shown")
        if remarks:
            yield f"  {layout.printable(metric.tag)}: {', '.join(remarks)}"


def _text_row(text: TextEntry) -> tuple[str, str, str]:
    times = layout.counted(text.count, "text")
    return f"  {layout.printable(text.tag)}", f"{times}, the last at step {text.last_step}", layout.printable(text.last)


def _children(children: Sequence[RunEntry], most: int) -> Iterator[str]:
    if not children:
        return
    shown = children[:_MOST_CHILDREN]
    rows = [
        (f"  {layout.printable(child.display_name)}", child.run_id, child.status, layout.lasting(child.duration))
        for child in shown
    ]
    yield from ("", f"Children ({len(children):,})")
    for child, line in zip(shown, layout.table(rows, right=[3], most=most), strict=True):
        yield layout.colored(line, child.status)
    if len(children) > len(shown):
        yield f"  … {len(children) - len(shown):,} more: --json has all"
