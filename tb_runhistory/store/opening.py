"""Opening a store by its URI."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tb_runhistory.errors import NotFound
from tb_runhistory.store.base import RunHistoryReader, RunHistoryWriter
from tb_runhistory.uri import StoreUri

if TYPE_CHECKING:
    from tb_runhistory.artifacts.base import ArtifactStore
    from tb_runhistory.store.sql.database import Database

ARTIFACTS_VARIABLE = "RUNHISTORY_ARTIFACT_DIR"
"""Names the folder for large contents of a store that is no file."""

NEWEST_SCHEMA = 1
"""``schema.SCHEMA_VERSION``, again so that a store can be checked without SQLAlchemy (a test compares)."""


def check_store(uri: StoreUri) -> None:
    """Makes sure that there is a store at ``uri`` which this version can read. Of a file it costs next to nothing.

    Raises:
      NotFound: there is none.
      NotAStore: there is something else.
      StoreTooNew: it was made by a newer version.
      StoreUnavailable: it cannot be read now.
    """
    if uri.is_file:
        from tb_runhistory.store.sqlite.files import check_store as check_file
        from tb_runhistory.store.sqlite.files import resolved

        check_file(resolved(uri.path), NEWEST_SCHEMA)
    else:
        open_database(uri).close()


def store_exists(uri: StoreUri) -> bool:
    """Whether there is anything at ``uri``, whether or not it can be read.

    Raises:
      StoreUnavailable: that cannot be told now.
    """
    try:
        check_store(uri)
    except NotFound:
        return False
    return True


def open_database(uri: StoreUri, writable: bool = False) -> Database:
    """The database at ``uri``. With ``writable`` a store is made if there is none, and upgraded if it is old.

    Raises:
      NotFound, NotAStore, StoreTooNew, StoreUnavailable: as ``check_store``; also ``DamagedData``.
    """
    if uri.is_file:
        from tb_runhistory.store.sqlite.database import SqliteDatabase

        return SqliteDatabase(uri, writable)
    from tb_runhistory.store.postgresql.database import PostgresDatabase

    return PostgresDatabase(uri, writable)


def open_artifacts(uri: StoreUri) -> ArtifactStore:
    """What keeps the large contents of the store at ``uri``: a folder beside its file.

    For a database on a server it is the folder that ``ARTIFACTS_VARIABLE`` names, else one of this user's, which
    all who record and view have to share.
    """
    from tb_runhistory.artifacts.folder import ArtifactFolder

    if uri.is_file:
        from tb_runhistory.store.sqlite.files import resolved

        return ArtifactFolder(Path(resolved(uri.path) + "-artifacts"))
    named = os.environ.get(ARTIFACTS_VARIABLE)
    if named:
        return ArtifactFolder(Path(named))
    from platformdirs import user_data_path

    server = re.sub(r"[^\w.-]+", "-", uri.shown.partition("://")[2].partition("?")[0])
    return ArtifactFolder(user_data_path("tb-runhistory") / "artifacts" / server)


def open_reader(uri: StoreUri) -> RunHistoryReader:
    """A reader of the store at ``uri``.

    Raises:
      NotFound, NotAStore, StoreTooNew, StoreUnavailable, DamagedData: as ``open_database``.
    """
    database = open_database(uri)
    from tb_runhistory.store.sql.reader import SqlReader

    return SqlReader(database, open_artifacts(uri))


def open_writer(uri: StoreUri) -> RunHistoryWriter:
    """A writer of the store at ``uri``, which is made if there is none and upgraded if it is old.

    Raises:
      NotAStore, StoreTooNew, DamagedData: what is there is something else, newer, or not to be trusted.
      StoreUnavailable: it cannot be made or written.
    """
    database = open_database(uri, writable=True)
    from tb_runhistory.store.sql.writer import SqlWriter

    return SqlWriter(database, open_artifacts(uri))
