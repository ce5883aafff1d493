"""``tb-runhistory view``: how the tab shows an experiment to whoever has not chosen otherwise."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.store import reading, store_option, whole_store
from tb_runhistory.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from tb_runhistory.store.base import RunHistoryReader


@click.command("view")
@click.argument("experiment")
@click.argument("link", required=False)
@store_option
@click.option("--clear", is_flag=True, help="Leave it to the tab again.")
def command(experiment: str, link: str | None, store: str | None, clear: bool) -> None:
    """Say how the tab shows an experiment at first.

    LINK is one that was copied from the tab once it showed the experiment as wanted, or what stands in one. Its
    columns, filter, order, groups and axes are what people then see who open the experiment and have not chosen
    otherwise; runs that it selects are left out. Without LINK the view that there is is printed.

    \b
        tb-runhistory view mnist 'http://localhost:6006/#runhistory&p.runhistory.sort=metrics.loss'
        tb-runhistory view mnist 'sort=metrics.loss&order=asc' --store sqlite:///runs.db
        tb-runhistory view mnist
        tb-runhistory view mnist --clear
    """
    from tb_runhistory.cli.lifecycle import apply_changes
    from tb_runhistory.records.changes import CreateExperiment
    from tb_runhistory.records.views import checked_view

    if clear and link is not None:
        raise click.UsageError("A view is given or cleared: leave one out.")
    try:
        wanted = "" if clear else checked_view(link) if link is not None else None
    except ValueError as error:
        raise BadRequest(str(error)) from None
    chosen = whole_store(None, store)
    with reading(None, store) as (reader, _):
        known = _view_of(reader, experiment)
    if wanted is None:
        click.echo(known or f"Nobody has said how {layout.printable(experiment)} is shown: the tab chooses.")
        return
    apply_changes(chosen, [CreateExperiment(experiment, time(), view=wanted)])
    click.echo(f"The tab shows {layout.printable(experiment)} {'by its own choice' if clear else 'so from now on'}.")


def _view_of(reader: RunHistoryReader, experiment: str) -> str:
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    columns = reader.experiments(Scope(stages=ANY_STAGE))
    if experiment not in columns.name:
        raise NotFound(
            f"the store {reader.location} has no experiment {experiment!r}: tb-runhistory list --all shows all"
        )
    return columns.view[columns.name.index(experiment)]
