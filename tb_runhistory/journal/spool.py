"""Where journals stand: one spool folder a store, on a local disk, with a folder a journal."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from tb_runhistory.file_system import file_system_of
from tb_runhistory.journal.format import SEGMENT_SUFFIX

FOLDER_VARIABLE = "RUNHISTORY_JOURNAL_DIR"
DAMAGED = "damaged"
"""The folder in a spool where journals with damage are kept."""

_ABANDONED_SECONDS = 3600.0
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
    """The journals in a spool, oldest first; none where there is no spool."""
    try:
        with os.scandir(spool) as entries:
            names = [
                entry.name for entry in entries if entry.name[0] != "." and entry.name != DAMAGED and entry.is_dir()
            ]
    except FileNotFoundError:
        return []
    return [spool / name for name in sorted(names)]


def remove_abandoned(spool: Path) -> None:
    """Removes folders of journals whose process ended before they could be seen, an hour ago or earlier."""
    with contextlib.suppress(FileNotFoundError), os.scandir(spool) as entries:
        for entry in entries:
            if entry.name[0] == "." and entry.is_dir() and time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(entry.path, ignore_errors=True)


def segment_numbers(folder: Path) -> list[int]:
    """The numbers of a journal's segments, ascending; none where the folder is gone."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(SEGMENT_SUFFIX) for name in names if name.endswith(SEGMENT_SUFFIX) and name[0] != ".")
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def is_mmap_safe(folder: Path) -> bool:
    """Whether the folder's file system keeps the space it has promised to a mapped file.

    On a copy-on-write or network file system a store to a mapped page can still find the disk full, and the kernel
    answers that with SIGBUS. Only file systems known not to are named; everything else counts as unsafe.
    """
    return file_system_of(folder) in _MMAP_SAFE
