"""What can be told of a SQLite store without opening it as a database. Standard library only."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

from tb_runhistory.errors import NotAStore, NotFound, StoreTooNew, StoreUnavailable
from tb_runhistory.uri import StoreUri

APPLICATION_ID = 0x54425248
"""Stands in the file's header, where ``file`` and others look: "TBRH"."""

# https://www.sqlite.org/fileformat2.html, section 1.3: the first 100 bytes of a database file.
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"
_USER_VERSION = struct.Struct(">60xI")
_APPLICATION_ID = struct.Struct(">68xI")


def check_store(uri: StoreUri, newest: int) -> int:
    """The schema version of the store at ``uri``, told from the file's header.

    Raises:
      NotFound: there is no such file.
      NotAStore: the file is something else.
      StoreTooNew: its schema is newer than ``newest``.
      StoreUnavailable: it cannot be read.
    """
    path = Path(uri.path)
    try:
        if path.exists() and not path.is_file():
            raise NotAStore(f"{path} is not a file: name the SQLite file of a run-history store")
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise NotFound(
                f"there is no store at {path}: record a run into {uri.text} first, or correct the path"
            ) from None
        raise StoreUnavailable(f"the store {path} cannot be read: {error.strerror}") from None
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise NotAStore(f"{path} is not a run-history store (it is no SQLite file): name another file")
    if _APPLICATION_ID.unpack_from(header)[0] != APPLICATION_ID:
        raise NotAStore(f"{path} is a SQLite file, but not a run-history store: name another file")
    version = int(_USER_VERSION.unpack_from(header)[0])
    if version > newest:
        raise StoreTooNew(
            f"the store {path} has schema version {version}, this version of tb-runhistory knows up to {newest}: "
            "upgrade with pip install -U tb-runhistory"
        )
    return version
