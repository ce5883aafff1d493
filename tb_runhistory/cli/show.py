"""``tb-runhistory show``: everything of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.json_output import Metric, OtherSeries, Parameter, RunDetails, RunEntry, TextEntry, print_json
from tb_runhistory.cli.store import json_option, reading, store_option, uri_among
from tb_runhistory.records.changes import DataClass, LifecycleStage, ParameterValue

if TYPE_CHECKING:
    from tb_runhistory.records.columns import EntryColumns, LabelColumns, SeriesColumns
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

    RUN is its id, the id that was chosen for it, the beginning or the end of an id (four characters or more), or its
    name as TensorBoard shows it: experiment/parent/child, or the end of that.

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
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    run_id = find_run(reader, wanted)
    tree = RunTree(reader, Scope(run_ids=(run_id,), stages=ANY_STAGE))
    row = tree.rows[run_id]
    children = tree.children.get(row, [])
    of_run = Scope(only=(run_id,), stages=ANY_STAGE)
    parameters = reader.parameters(of_run)
    values = tree.last_values([row, *children])
    entries = [tree.entry(at, values) for at in (row, *children)]
    scalars = reader.series(of_run, DataClass.SCALAR)
    return RunDetails(
        store=shown,
        run=entries[0],
        description=tree.runs.description[row],
        error=tree.runs.error[row],
        dropped_points=int(tree.runs.dropped[row]),
        refused_records=int(tree.runs.refused[row]),
        parameters=[
            Parameter(name, _KINDS[type(value)], value)
            for name, value in zip(parameters.name, parameters.value, strict=True)
        ],
        tags=_labels(reader.tags(of_run)),
        properties=_labels(reader.properties(of_run)),
        metrics=[_metric(scalars, at) for at in range(len(scalars))],
        texts=_texts(reader, reader.series(of_run, DataClass.TEXT)),
        others=[
            entry
            for data_class in (DataClass.TENSOR, DataClass.BLOB_SEQUENCE)
            for entry in _others(reader.series(of_run, data_class), data_class)
        ],
        children=entries[1:],
    )


def _labels(columns: LabelColumns) -> dict[str, str | None]:
    return dict(zip(columns.name, columns.value, strict=True))


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


def _texts(reader: RunHistoryReader, series: SeriesColumns) -> list[TextEntry]:
    return [
        TextEntry(tag, count, last_step, _last_text(reader, entries))
        for tag, count, last_step, entries in zip(
            series.tag,
            series.count.tolist(),
            series.last_step.tolist(),
            reader.read_entries(series.key, limit=1),
            strict=True,
        )
    ]


def _last_text(reader: RunHistoryReader, entries: EntryColumns) -> str:
    if not len(entries):
        return ""
    [content] = entries.contents[-1]
    data = reader.read_artifact(content.digest) if content.data is None else content.data
    return data.decode("utf-8", "replace")


def _others(series: SeriesColumns, data_class: DataClass) -> Iterator[OtherSeries]:
    columns = (series.tag, series.plugin_name, series.count.tolist(), series.last_step.tolist())
    for tag, plugin, count, last_step in zip(*columns, strict=True):
        yield OtherSeries(tag, data_class.value, plugin, count, last_step)


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
        ("Others", [_other_row(other) for other in details.others]),
    )
    for title, rows in tables[:3]:
        yield from _section(title, rows, most)
    if details.metrics:
        indented = [(f"  {first}", *rest) for first, *rest in (_METRIC_HEADER, *map(_metric_row, details.metrics))]
        yield from ("", "Metrics", *layout.table(indented, right=range(1, len(_METRIC_HEADER)), most=most))
        yield from _remarks(details.metrics)
    for title, rows in tables[3:]:
        yield from _section(title, rows, most)
    yield from _children(details.children, most)


def _section(title: str, rows: Sequence[Sequence[str]], most: int) -> Iterator[str]:
    if rows:
        yield from ("", title, *layout.table(rows, most=most))


def _facts(details: RunDetails) -> Iterator[tuple[str, str]]:
    run = details.run
    yield "id", run.run_id
    if run.chosen_id:
        yield "chosen id", layout.printable(run.chosen_id)
    yield "experiment", f"{layout.printable(run.experiment)}, run {run.number}"
    yield "status", run.status
    if run.stage != LifecycleStage.ACTIVE:
        yield "stage", run.stage
    yield "created", layout.when(run.created_at)
    yield "started", layout.when(run.started_at)
    yield "ended", layout.when(run.ended_at)
    yield "duration", layout.lasting(run.duration)
    if run.parent_id:
        yield "parent", run.parent_id
    if details.dropped_points:
        yield "dropped", f"{layout.counted(details.dropped_points, 'point')} found no room in the journal"
    if details.refused_records:
        yield "refused", f"the store could not take {layout.counted(details.refused_records, 'record')}"
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


def _other_row(other: OtherSeries) -> tuple[str, str, str]:
    kind = other.data_class.replace("_", " ")
    values = layout.counted(other.count, "value")
    return (
        f"  {layout.printable(other.tag)}",
        f"{kind} of {other.plugin or 'no plugin'}",
        f"{values}, the last at step {other.last_step}",
    )


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
