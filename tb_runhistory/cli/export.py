"""``tb-runhistory export``: runs become event files, from the store alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.json_output import ExportReport, print_json
from tb_runhistory.cli.store import json_option, reading, store_option, uri_among
from tb_runhistory.errors import BadRequest

if TYPE_CHECKING:
    from tb_runhistory.records.columns import Scope
    from tb_runhistory.store.base import RunHistoryReader
    from tb_runhistory.uri import StoreUri


@click.command("export")
@click.argument("operands", nargs=-1, metavar="[URI] LOGDIR")
@store_option
@click.option("-r", "--run", "wanted", metavar="RUN", multiple=True, help="Only this run; may be repeated.")
@click.option("-e", "--experiment", metavar="NAME", help="Only the runs of this experiment.")
@click.option("--no-recursive", is_flag=True, help="Only the runs themselves, without what stands below them.")
@json_option
def command(
    operands: tuple[str, ...],
    store: str | None,
    wanted: tuple[str, ...],
    experiment: str | None,
    no_recursive: bool,
    as_json: bool,
) -> None:
    """Write runs into a folder as TensorBoard's event files.

    Each run has a folder below its parent's in LOGDIR. RUN is an id, a part of one, or a name, as show takes it. What
    is archived or deleted is left out unless it is named.
    Exporting again writes only what has changed and completes what was interrupted; files of others are left alone.

    \b
        tb-runhistory export logs
        tb-runhistory export sqlite:///runs.db logs --experiment mnist
        tb-runhistory export logs --run mnist/sweep --json
    """
    uri, folders = uri_among(operands)
    if len(folders) != 1:
        raise click.UsageError("Name one folder to export to, and the store before it or as --store.")
    from tb_runhistory.export.exporting import export_runs
    from tb_runhistory.query.parsing import parse_filter

    with reading(uri, store) as (reader, chosen):
        scope = _scope(reader, chosen, wanted, experiment)
        condition = parse_filter(chosen.filter)
        result = export_runs(reader, scope, Path(folders[0]), recursive=not no_recursive, condition=condition)
    report = ExportReport(
        chosen.shown, result.logdir, result.written, result.unchanged, result.points, result.bytes, result.lost
    )
    if as_json:
        print_json(report)
        return
    click.echo(
        f"Wrote {layout.counted(report.written, 'folder')} with {layout.counted(report.points, 'point')} to "
        f"{report.logdir}; {report.unchanged:,} had not changed."
    )


def _scope(reader: RunHistoryReader, uri: StoreUri, wanted: tuple[str, ...], experiment: str | None) -> Scope:
    from tb_runhistory.cli.runs import find_run
    from tb_runhistory.records.columns import ACTIVE, ANY_STAGE, Scope

    if experiment is not None and uri.experiment not in (None, experiment):
        raise BadRequest(f"the store's URI names the experiment {uri.experiment!r} and --experiment {experiment!r}")
    runs = tuple(find_run(reader, run) for run in wanted) or uri.runs
    return Scope(experiment or uri.experiment, runs, stages=ANY_STAGE if runs else ACTIVE)
