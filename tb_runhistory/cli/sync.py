"""``tb-runhistory sync``: ships what journals hold."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from tb_runhistory.cli.store import store_option, uri_argument, whole_store
from tb_runhistory.errors import JournalError, NotFound
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.spool import journal_folders, spool_folder
from tb_runhistory.shipping.lock import ShipperLock
from tb_runhistory.shipping.shipper import Shipper
from tb_runhistory.store.base import RunHistoryWriter
from tb_runhistory.store.opening import check_store, open_writer
from tb_runhistory.uri import StoreUri

_POLL_SECONDS = 0.2


@click.command("sync")
@uri_argument
@store_option
def command(uri: str | None, store: str | None) -> None:
    """Ship what the journals on this machine hold to the store.

    Runs whose process died are marked as failed. It is safe to interrupt and to repeat: nothing is shipped twice.

    \b
        tb-runhistory sync
        tb-runhistory sync sqlite:///runs.db
    """
    chosen = whole_store(uri, store)
    try:
        click.echo(_sync(chosen))
    except OSError as error:
        raise JournalError(f"the journals cannot be used: {error}") from None


def _sync(uri: StoreUri) -> str:
    """Ships everything; returns the closing sentence."""
    spool = spool_folder(uri.key)
    if not journal_folders(spool):
        return f"Nothing to ship: {spool} holds no journals of {uri.shown}."
    lock = ShipperLock.take(spool)
    if lock is None:
        _wait_for_the_other(uri, spool)
        return f"The shipper that was at work has brought everything to {uri.shown}." + _still_open(spool)
    try:
        records = _drain(uri, spool)
    finally:
        lock.release()
    return f"Shipped {records:,} records to {uri.shown}." + _still_open(spool)


def _drain(uri: StoreUri, spool: Path) -> int:
    def open_store() -> RunHistoryWriter:
        return open_writer(uri)

    shipped = 0
    with _progress_bar() as bar:

        def progress(applied: int, journals: int) -> None:
            nonlocal shipped
            bar.set_postfix_str(f"{journals} journals left", refresh=False)
            bar.update(applied - shipped)
            shipped = applied

        shipper = Shipper(spool, open_store, say=lambda text: bar.write(text, file=sys.stderr))
        try:
            shipper.drain(progress=progress)
        finally:
            shipper.close()
    return shipped


def _wait_for_the_other(uri: StoreUri, spool: Path) -> None:
    # Where there is no store yet, the shipper makes it.
    with suppress(NotFound):
        check_store(uri)
    click.echo("A shipper is at work on these journals already; waiting for it (Ctrl-C leaves it alone).", err=True)
    with _progress_bar() as bar:
        while left := [folder for folder in journal_folders(spool) if not owner_lives(folder)]:
            bar.set_postfix_str(f"{len(left)} journals left")
            time.sleep(_POLL_SECONDS)


def _still_open(spool: Path) -> str:
    journals = len(journal_folders(spool))
    if not journals:
        return " Nothing is left."
    noun = "journal is" if journals == 1 else "journals are"
    return f" {journals} {noun} still being written or cannot be read now: they stay in {spool}."


def _progress_bar() -> Any:
    from tqdm import tqdm

    return tqdm(unit=" records", unit_scale=True, desc="Shipping", file=sys.stderr, disable=None)
