"""Artifacts in a folder of the local file system.

A content stands in ``<folder>/<two digits>/<digest>``. It is written under a name of its own beside that place and
renamed when it is whole and on disk, so that what has its digest for a name is complete, whatever was killed.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tb_runhistory.artifacts.base import DIGEST_LENGTH, ArtifactStore, checked_digest
from tb_runhistory.errors import DamagedData, NotFound, StoreUnavailable

_PIECE = 1 << 20
_UNFINISHED = "unfinished-"
_LEFT_BEHIND_SECONDS = 24 * 3600.0
"""How old an unfinished file is when nobody writes it any more."""

_SHELF = re.compile(r"[0-9a-f]{2}")
_DIGEST = re.compile(rf"[0-9a-f]{{{DIGEST_LENGTH}}}")


class ArtifactFolder(ArtifactStore):
    """The artifacts in ``folder``, which is made with the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def location(self) -> str:
        return str(self._folder)

    def put(self, content: bytes | BinaryIO) -> str:
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        with self._errors():
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=self._folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    digest = _copy(stream, file)
                    file.flush()
                    os.fsync(file.fileno())
                self._shelve(Path(unfinished), digest)
            except BaseException:
                Path(unfinished).unlink(missing_ok=True)
                raise
        return digest

    def get(self, digest: str) -> bytes:
        path = self._path(checked_digest(digest))
        with self._errors():
            try:
                # Not through a link that somebody has put there.
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                raise NotFound(f"the artifact {digest} is not in {self._folder}") from None
            with os.fdopen(descriptor, "rb") as file:
                content = file.read()
        if hashlib.sha256(content).hexdigest() != digest:
            raise DamagedData(f"the artifact {path} is damaged: it is not what its name says")
        return content

    def digests(self, put_before: float = math.inf) -> Iterator[str]:
        with self._errors():
            try:
                shelves = sorted(os.listdir(self._folder))
            except FileNotFoundError:
                return
            for shelf in filter(_SHELF.fullmatch, shelves):
                with os.scandir(self._folder / shelf) as entries:
                    for entry in entries:
                        if _DIGEST.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < put_before:
                            yield entry.name

    def remove(self, digest: str) -> None:
        with self._errors():
            self._path(checked_digest(digest)).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        with self._errors():
            for path in self._folder.glob(f"{_UNFINISHED}*"):
                if time.time() - path.lstat().st_mtime > _LEFT_BEHIND_SECONDS:
                    path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _shelve(self, unfinished: Path, digest: str) -> None:
        """Gives a file that is whole and on disk the name of its content, durably."""
        path = self._path(digest)
        path.parent.mkdir(exist_ok=True)
        # Whatever is there is the same content, or damaged and mended by this.
        os.replace(unfinished, path)
        for folder in (path.parent, self._folder, self._folder.parent):
            _sync_folder(folder)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(
                f"the artifacts in {self._folder} cannot be used: {error.strerror or error}"
            ) from error


def _copy(source: BinaryIO, target: BinaryIO) -> str:
    """Copies a stream to its end and returns the digest of what it held."""
    hashed = hashlib.sha256()
    while piece := source.read(_PIECE):
        hashed.update(piece)
        target.write(piece)
    return hashed.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
