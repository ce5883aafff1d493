"""The folder of one run: one event file of ours in it, put there whole, and whatever files others have there.

The file's name tells what the file holds, so that an export needs no notes of its own:
``events.out.tfevents.<when it was written>.<whose it is>.<fingerprint of its content>.tb_runhistory``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_OURS = re.compile(r"events\.out\.tfevents\.(\d+)\.([0-9a-f]{16})\.([0-9a-f]{32})\.tb_runhistory")
# TensorBoard looks for "tfevents" in a file's name: this one is none of its business.
_PARTIAL = ".tb_runhistory.{}.partial"
_MAX_SEGMENT_BYTES = 200


def folder_of(logdir: Path, name: str) -> Path:
    """The folder of the run that is called ``name`` in TensorBoard: a folder in a folder for each segment."""
    return logdir.joinpath(*map(_fitting, name.split("/")))


def owner_of(run_id: str) -> str:
    """How the owner of a file is told in its name: 16 hexadecimal digits, because an id may hold anything."""
    return hashlib.blake2b(run_id.encode(), digest_size=8).hexdigest()


def is_current(folder: Path, owner: str, fingerprint: str) -> bool:
    """Whether the folder holds this content of ``owner``, and no earlier one besides."""
    return [found for _, found, _ in _files_of(folder, owner)] == [fingerprint]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Makes the folder, and keeps other exports from writing there for the time of the block.

    Raises:
      OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some network file systems have no locks: there only one export at a time is safe.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def has_foreign_files(folder: Path, owner: str) -> bool:
    """Whether event files stand in the folder that are not of ``owner``."""
    ours = {path for _, _, path in _files_of(folder, owner)}
    return any("tfevents" in path.name and path not in ours for path in folder.iterdir())


def replace(folder: Path, owner: str, fingerprint: str, records: Iterable[bytes | memoryview]) -> int:
    """Writes a file of ``owner``, puts it in its place and removes the earlier ones. Returns its size in bytes.

    Whoever reads the folder meanwhile sees no part of a file. To be called while the folder is ``held``.

    Raises:
      OSError: it cannot be written. What stood there before stands there still.
    """
    earlier = _files_of(folder, owner)
    partial = folder / _PARTIAL.format(owner)
    try:
        with partial.open("wb") as file:
            size = _write(file, records)
        # A TensorBoard that looks on reads files in the order of their names, and the later one counts.
        written = max([int(time.time()), *(number + 1 for number, _, _ in earlier)])
        partial.rename(folder / f"events.out.tfevents.{written:010}.{owner}.{fingerprint}.tb_runhistory")
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    for _, _, path in earlier:
        path.unlink(missing_ok=True)
    return size


def _write(file: IO[bytes], records: Iterable[bytes | memoryview]) -> int:
    size = 0
    for record in records:
        size += file.write(record)
    file.flush()
    os.fsync(file.fileno())
    return size


def _files_of(folder: Path, owner: str) -> list[tuple[int, str, Path]]:
    """The files of ``owner`` in the folder: when each was written, the fingerprint, the path."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    matches = [match for match in map(_OURS.fullmatch, names) if match and match[2] == owner]
    return sorted((int(match[1]), match[3], folder / match[0]) for match in matches)


def _fitting(segment: str) -> str:
    """The segment as the name of a folder: a file system allows 255 bytes."""
    encoded = segment.encode()
    if len(encoded) <= _MAX_SEGMENT_BYTES:
        return segment
    digest = hashlib.blake2b(encoded, digest_size=4).hexdigest()
    return f"{encoded[:_MAX_SEGMENT_BYTES].decode(errors='ignore').strip()}~{digest}"
