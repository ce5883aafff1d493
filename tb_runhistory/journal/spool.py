"""Where journals stand: one spool folder a store, on a local disk, with a folder a journal."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tb_runhistory.file_system import file_system_of
from tb_runhistory.journal.format import (
    APPLIED_OFFSET,
    APPLIED_SIZE,
    SEGMENT_SUFFIX,
    decode_applied,
    encode_applied,
    segment_name,
)
from tb_runhistory.records.identity import id_bytes

FOLDER_VARIABLE = "RUNHISTORY_JOURNAL_DIR"
DAMAGED = "damaged"
"""The folder in a spool where journals with damage are kept."""

_PREPARED = re.compile(r"\.[0-9]+")
_MMAP_SAFE = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs", "overlay"})


def spool_folder(store_key: str) -> Path:
    """The spool of the store with this key (``StoreUri.key``). It need not exist yet.

    ``RUNHISTORY_JOURNAL_DIR`` names the folder of all spools, else it is in the user's state folder.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).absolute() / store_key
    import platformdirs

    return platformdirs.user_state_path("tb-runhistory", appauthor=False) / "journals" / store_key


def journal_folders(spool: Path) -> list[Path]:
    """The journals in a spool, oldest first; none where there is no spool. What is not named by an id is none."""
    try:
        with os.scandir(spool) as entries:
            names = [entry.name for entry in entries if id_bytes(entry.name) is not None and entry.is_dir()]
    except FileNotFoundError:
        return []
    return [spool / name for name in sorted(names)]


def segment_numbers(folder: Path) -> list[int]:
    """The numbers of a journal's segments, ascending; none where the folder is gone."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(SEGMENT_SUFFIX) for name in names if name.endswith(SEGMENT_SUFFIX) and name[0] != ".")
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def prepared_files(folder: Path) -> list[Path]:
    """Segments that were prepared and never published: their process ended, or is just about to publish them."""
    try:
        return [folder / name for name in os.listdir(folder) if _PREPARED.fullmatch(name)]
    except FileNotFoundError:
        return []


def read_applied(folder: Path) -> int:
    """How far the journal is applied, as its segments say; 0 where they don't.

    Raises:
      OSError: they cannot be read.
    """
    found = 0
    for number in segment_numbers(folder):
        with open(folder / segment_name(number), "rb", buffering=0) as segment:
            found = max(found, decode_applied(os.pread(segment.fileno(), APPLIED_SIZE, APPLIED_OFFSET)))
    return found


def write_applied(folder: Path, number: int, sequence: int) -> None:
    """Notes in a segment how far the journal is applied, for its owner to see; nothing where the segment is gone.

    Raises:
      OSError: it cannot be written.
    """
    try:
        descriptor = os.open(folder / segment_name(number), os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.pwrite(descriptor, encode_applied(sequence), APPLIED_OFFSET)
    finally:
        os.close(descriptor)


def is_mmap_safe(folder: Path) -> bool:
    """Whether the folder's file system keeps the space it has promised to a mapped file.

    On a copy-on-write or network file system a store to a mapped page can still find the disk full, and the kernel
    answers that with SIGBUS. Only file systems known not to are named; everything else counts as unsafe.
    """
    return file_system_of(folder) in _MMAP_SAFE
