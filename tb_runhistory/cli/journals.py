"""What stands in a store's spool: journals that are written, left behind, or were kept because of damage."""

from __future__ import annotations

from pathlib import Path

from tb_runhistory.cli.json_output import JournalEntry
from tb_runhistory.cli.layout import counted
from tb_runhistory.errors import JournalError
from tb_runhistory.journal.owner import owner_lives
from tb_runhistory.journal.spool import DAMAGED, journal_folders, read_applied, spool_folder
from tb_runhistory.journal.verify import JournalReport, verify_journal
from tb_runhistory.shipping.drain import REASON_FILE
from tb_runhistory.shipping.presence import shipper_of
from tb_runhistory.uri import StoreUri


def journal_entries(uri: StoreUri) -> list[JournalEntry]:
    """The journals of the store on this machine, oldest first, then those that were kept. Changes nothing.

    What a dead process left is in order while a shipper is at work: it is on its way.
    """
    spool = spool_folder(uri.key)
    is_shipped = shipper_of(spool) is not None
    entries = [_entry(folder, uri, is_shipped) for folder in journal_folders(spool)]
    kept = sorted((spool / DAMAGED).iterdir()) if (spool / DAMAGED).is_dir() else []
    return [entry for entry in entries if entry is not None] + [_kept(folder) for folder in kept]


def _entry(folder: Path, uri: StoreUri, is_shipped: bool) -> JournalEntry | None:
    """What is in a journal; None where it is gone by now."""
    if owner_lives(folder):
        return JournalEntry(str(folder), "alive", True, 0, 0, 0, "its process is writing it")
    applied = _applied(folder)
    try:
        report = verify_journal(folder)
    except (JournalError, OSError) as error:
        if not folder.exists():
            return None
        reason = str(error) if isinstance(error, JournalError) else f"it cannot be read: {error.strerror}"
        return JournalEntry(str(folder), "dead", False, 0, 0, 0, reason)
    left = max(report.sequence - applied, 0)
    is_ok = not report.missing and (is_shipped or not left)
    sentence = _sentence(report, left, is_shipped, uri)
    return JournalEntry(str(folder), "dead", is_ok, report.points, report.records, report.missing, sentence)


def _sentence(report: JournalReport, left: int, is_shipped: bool, uri: StoreUri) -> str:
    if not left and not report.missing:
        return "its process has ended, and all that it recorded is in the store"
    held = f"its process has ended and left {counted(left, 'record')} that are not in the store yet"
    way = "a shipper is at work on it" if is_shipped else f"run tb-runhistory sync {uri.shown}"
    if not report.missing:
        return f"{held}: {way}"
    first = report.damage[0]
    place = f"segment {first.segment} at byte {first.offset}: {first.reason}"
    return f"{held}, and {counted(report.missing, 'record')} missing ({place}): {way}, which brings all others"


def _kept(folder: Path) -> JournalEntry:
    try:
        reason = " ".join((folder / REASON_FILE).read_text("utf-8").split())
    except (OSError, UnicodeDecodeError):
        reason = "the reason is not known"
    sentence = f"records of it were damaged, all others are in the store ({reason}): remove the folder once you know"
    return JournalEntry(str(folder), "kept", False, 0, 0, 0, sentence)


def _applied(folder: Path) -> int:
    try:
        return read_applied(folder)
    except OSError:
        return 0
