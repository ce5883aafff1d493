"""``tb-runhistory gc``: removes for good what is deleted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.store import reading, store_option, uri_argument, whole_store
from tb_runhistory.records.changes import LifecycleStage

if TYPE_CHECKING:
    from tb_runhistory.store.base import RunHistoryReader

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Deleted:
    """What is deleted: experiments, and of the others the topmost runs, as sentences; and the number of all runs."""

    sentences: list[str]
    runs: int


@click.command("gc")
@uri_argument
@store_option
@click.option("-y", "--yes", is_flag=True, help="Remove without asking.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
def command(uri: str | None, store: str | None, yes: bool, dry_run: bool) -> None:
    """Remove for good what is deleted, and files that nothing refers to.

    Shows what is deleted and asks before anything is removed. What is removed cannot be restored; a run that a process
    still records stays. The space in the store's file is used again by what is recorded later. It is safe to interrupt
    and to repeat.

    \b
        tb-runhistory delete mnist/sweep
        tb-runhistory gc --dry-run
        tb-runhistory gc --yes
    """
    from tb_runhistory.store.opening import open_writer

    chosen = whole_store(uri, store)
    with reading(uri, store) as (reader, _):
        deleted = _deleted(reader)
    for sentence in deleted.sentences[:_MOST_SHOWN]:
        click.echo(f"  {layout.cut(layout.printable(sentence), layout.width() - 2)}")
    if len(deleted.sentences) > _MOST_SHOWN:
        click.echo(f"  … {len(deleted.sentences) - _MOST_SHOWN:,} more")
    if not deleted.sentences:
        click.echo("Nothing is deleted.")
    if dry_run or (deleted.sentences and not yes and not _is_wanted(deleted.runs)):
        return
    with open_writer(chosen) as writer, _progress_bar() as progress:
        removed = writer.remove_deleted(progress)
    click.echo(f"Removed {layout.counted(removed, 'run')} from {layout.printable(chosen.shown)}.")
    if removed < deleted.runs:
        stayed = layout.counted(deleted.runs - removed, "run")
        click.echo(f"{stayed} stayed: a process still records there, or somebody restored them. Repeat it later.")


def _deleted(reader: RunHistoryReader) -> _Deleted:
    from tb_runhistory.cli.runs import RunTree
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    tree = RunTree(reader, Scope(stages=ANY_STAGE))
    rows = [row for row in range(len(tree.runs)) if tree.stage(row) is LifecycleStage.DELETED]
    is_deleted = set(rows)
    experiments = [name for name, stage in tree.experiment_stages.items() if stage is LifecycleStage.DELETED]
    sentences = [f"the experiment {name}, all of it" for name in experiments]
    for row in rows:
        parent = tree.rows.get(tree.runs.parent_id[row])
        if parent not in is_deleted and tree.runs.experiment[row] not in experiments:
            run_id = tree.runs.run_id[row]
            sentences.append(f"{tree.names.get(run_id, run_id)} ({run_id}) and all below it")
    return _Deleted(sentences, len(rows))


def _is_wanted(runs: int) -> bool:
    question = f"Remove this for good, {layout.counted(runs, 'run')} in all?"
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: say --yes to remove it, or --dry-run to only look.")
    return click.confirm(question)


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    from tqdm import tqdm

    with tqdm(unit=" runs", desc="Removing", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
