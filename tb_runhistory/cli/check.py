"""``tb-runhistory check``: verifies a store and the journals that belong to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.json_output import CheckReport, FaultEntry, print_json
from tb_runhistory.cli.store import json_option, store_option, uri_argument, whole_store
from tb_runhistory.errors import DamagedData, NotAStore, NotFound, StoreTooNew

if TYPE_CHECKING:
    from tb_runhistory.store.verify.store import Progress
    from tb_runhistory.uri import StoreUri

_MOST_FAULTS = 20


@click.command("check")
@uri_argument
@store_option
@json_option
def command(uri: str | None, store: str | None, as_json: bool) -> int:
    """Verify a store and its journals, and say what is wrong.

    Reads the whole store: the database as its own check sees it, the checksum of every row and of everything logged,
    each summary against its points, the stored facts (count, last, minimum, …) against the points, and how runs,
    experiments and files agree with one another. Then the journals of this machine: what dead processes left, and
    damaged records. Nothing is changed, and runs may be recorded meanwhile.

    The exit code is 0 when all is well, 1 when something is wrong.

    \b
        tb-runhistory check
        tb-runhistory check sqlite:///runs.db --json | jq '.faults'
    """
    chosen = whole_store(uri, store)
    report = _check(chosen, quiet=as_json)
    if as_json:
        print_json(report)
    else:
        for line in _text(report):
            click.echo(line)
    return 0 if report.is_ok else 1


def _check(chosen: StoreUri, quiet: bool) -> CheckReport:
    from tb_runhistory.cli.journals import journal_entries
    from tb_runhistory.store.verify.faults import Part, StoreReport
    from tb_runhistory.store.verify.store import verify_store

    faults: list[FaultEntry] = []
    found = StoreReport()
    journals = journal_entries(chosen)
    try:
        with _progress_bar(quiet) as progress:
            found = verify_store(chosen, progress)
    except NotFound:
        # Runs that were recorded offline are a store that is still to come.
        if not journals:
            raise
        faults.append(FaultEntry(Part.FILE.value, f"there is no store at {chosen.shown} yet", "", ""))
    except (NotAStore, StoreTooNew, DamagedData) as error:
        faults.append(FaultEntry(Part.FILE.value, str(error), "", ""))
    faults += [FaultEntry(fault.part.value, fault.sentence, fault.run_id, fault.tag) for fault in found.faults]
    return CheckReport(
        store=chosen.shown,
        is_ok=not faults and all(journal.is_ok for journal in journals),
        schema_version=found.schema_version,
        runs=found.runs,
        series=found.series,
        blocks=found.blocks,
        points=found.points,
        entries=found.entries,
        faults=faults,
        journals=journals,
    )


def _text(report: CheckReport) -> Iterator[str]:
    """The lines for people."""
    read = ", ".join(
        layout.counted(count, noun)
        for count, noun in (
            (report.runs, "run"),
            (report.points, "point"),
            (report.blocks, "block"),
            (report.entries, "entry"),
        )
    )
    yield f"{layout.printable(report.store)}: {read} read, schema version {report.schema_version or 'unknown'}"
    for fault in report.faults[:_MOST_FAULTS]:
        place = " ".join(layout.printable(name) for name in (fault.run_id and f"run {fault.run_id}", fault.tag) if name)
        yield f"  {fault.part}: {place + ': ' if place else ''}{layout.printable(fault.sentence)}"
    if len(report.faults) > _MOST_FAULTS:
        yield f"  … {len(report.faults) - _MOST_FAULTS:,} more: --json has all"
    for journal in report.journals:
        yield f"  journal {layout.printable(journal.folder)}: {layout.printable(journal.sentence)}"
    yield _closing(report)


def _closing(report: CheckReport) -> str:
    if report.is_ok:
        return "Nothing is wrong."
    wrong = len(report.faults) + sum(not journal.is_ok for journal in report.journals)
    return f"{layout.counted(wrong, 'thing')} wrong{_advice({fault.part for fault in report.faults})}"


def _advice(parts: set[str]) -> str:
    if not parts:
        return "."
    if parts & {"file", "schema"}:
        # Any statement may meet the damage, one that records as well as one that shows.
        return ": the database itself is damaged, and recording may fail. Restore the store from a backup."
    return (
        ": restore the store from a backup, or go on with it. What is named here is lost or not to be trusted, "
        "all else is sound."
    )


@contextmanager
def _progress_bar(quiet: bool) -> Iterator[Progress]:
    from tqdm import tqdm

    with tqdm(unit=" rows", desc="Checking", file=sys.stderr, disable=True if quiet else None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
