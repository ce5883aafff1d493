"""A store in a PostgreSQL database, over psycopg 3.

A tree is locked by an advisory lock of the transaction that writes it; a reader sees one snapshot. ``changed`` is the
id of the transaction that changed a row, which is known to others by their snapshots: what a reader has not seen is of
a transaction that was still running then, or began later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, exc, func, inspect, text

from tb_runhistory.errors import NotAStore, NotFound, StoreTooNew, StoreUnavailable
from tb_runhistory.store.postgresql.faults import not_connected, translated
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.schema import SCHEMA_VERSION, metadata
from tb_runhistory.store.sql.types import Bytes
from tb_runhistory.store.sql.upgrade import create, stored_version, upgrade, versions
from tb_runhistory.uri import StoreUri

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10
QUERY_SECONDS = 20.0
LOCK_SECONDS = 30
STUCK_SECONDS = 60
"""A transaction whose process does nothing for so long is ended, so that others get its locks."""

_MOST_TREE_LOCKS = 256
_COUNTERS = 16
_NAMESPACE = b"tb_runhistory "

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(:key)")
_LOCK_EACH = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
_NO_LIMIT = text("SET LOCAL statement_timeout = 0")
_STAMP = text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
_POSITION = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
_ADD_COUNTER = text("INSERT INTO store (name, value) VALUES (:name, '0')")
_COUNT = text("UPDATE store SET value = CAST(CAST(value AS bigint) + 1 AS text) WHERE name = :name")
_VERSION = text("SELECT sum(CAST(value AS bigint)) FROM store WHERE name >= 'commits-' AND name < 'commits.'")


class PostgresDatabase(Database):
    """The store in the database at ``uri``.

    Raises:
      NotFound: there is no such database, or no store in it.
      NotAStore, StoreTooNew: it holds something else, or a store that is newer.
      StoreUnavailable: the server cannot be reached, refuses the user, or psycopg is not installed.
    """

    def __init__(self, uri: StoreUri, writable: bool = False) -> None:
        self._uri = uri
        self._process = os.getpid()
        self._engine = _engine(uri, writable)
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with self._errors(is_writing=writable):
                if writable:
                    self._create_or_upgrade()
                else:
                    self._check()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def location(self) -> str:
        return self._uri.shown

    @contextmanager
    def reading(self, limited: bool = True) -> Iterator[Connection]:
        self._leave_others_connections()
        with self._errors(is_writing=False), self._reading.connect() as connection, connection.begin():
            if not limited:
                connection.execute(_NO_LIMIT)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._leave_others_connections()
        with self._errors(is_writing=True), self._engine.begin() as connection:
            yield connection
            # The last of all locks. Those who write at once seldom count on the same row.
            connection.execute(_COUNT, {"name": f"commits-{os.getpid() % _COUNTERS:02}"})

    def lock_trees(self, connection: Connection, root_ids: Iterable[str]) -> None:
        keys = sorted({_key(b"tree " + root_id.encode()) for root_id in root_ids})
        # A server has room for a bounded number of locks: with many trees, one stands for all.
        if len(keys) > _MOST_TREE_LOCKS:
            connection.execute(_LOCK, {"key": _ALL_TREES})
        else:
            connection.execute(_SHARE, {"key": _ALL_TREES})
            connection.execute(_LOCK_EACH, {"keys": keys})

    def lock_experiments(self, connection: Connection) -> None:
        connection.execute(_LOCK, {"key": _EXPERIMENTS})

    def raw_id(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.uuid_send(column, type_=Bytes())

    def stamp(self, connection: Connection) -> int:
        return cast(int, connection.execute(_STAMP).scalar_one())

    def position(self, connection: Connection) -> int:
        return cast(int, connection.execute(_POSITION).scalar_one())

    def version(self) -> int:
        with self.reading() as connection:
            return int(connection.execute(_VERSION).scalar_one() or 0)

    def close(self) -> None:
        self._engine.dispose()

    def _leave_others_connections(self) -> None:
        """After a fork the pool's connections are the parent's."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._process = os.getpid()

    def _check(self) -> None:
        with self._reading.connect() as connection, connection.begin():
            version = self._stored_version(connection)
        if version is None:
            raise NotFound(f"there is no store at {self.location}: record a run into it first, or correct the URI")
        if version < SCHEMA_VERSION:
            raise StoreUnavailable(
                f"the store {self.location} was made by an older version: it is upgraded when a run is recorded into it"
            )

    def _create_or_upgrade(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(_LOCK, {"key": _TABLES})
            version = self._stored_version(connection)
            if version is None:
                create(connection)
                names = [{"name": f"commits-{number:02}"} for number in range(_COUNTERS)]
                connection.execute(_ADD_COUNTER, names)
            elif version < SCHEMA_VERSION:
                upgrade(connection)

    def _stored_version(self, connection: Connection) -> int | None:
        present = set(inspect(connection).get_table_names())
        if versions.name not in present:
            taken = sorted(present & set(metadata.tables))
            if taken:
                raise NotAStore(
                    f"the database {self.location} has a table {taken[0]!r} that is not of a run-history store: "
                    "name a database, or with options=-csearch_path=NAME a schema, of its own"
                )
            return None
        version = stored_version(connection)
        if version > SCHEMA_VERSION:
            raise StoreTooNew(
                f"the store {self.location} has schema version {version}, this version of tb-runhistory knows up to "
                f"{SCHEMA_VERSION}: upgrade with pip install -U tb-runhistory"
            )
        return version

    @contextmanager
    def _errors(self, is_writing: bool) -> Iterator[None]:
        try:
            yield
        except (exc.SQLAlchemyError, OSError, MemoryError, OverflowError, UnicodeError) as error:
            cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
            raise translated(self.location, cause, is_writing, QUERY_SECONDS) from error


def _engine(uri: StoreUri, writable: bool) -> Engine:
    try:
        import psycopg
    except ImportError as error:
        raise StoreUnavailable(
            f"a store in PostgreSQL needs psycopg, which is not installed here ({error}): "
            "pip install 'tb-runhistory[postgres]'"
        ) from None

    def connect() -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(uri.text, connect_timeout=CONNECT_SECONDS, application_name="tb-runhistory")
        except psycopg.Error as error:
            raise not_connected(uri.shown, error) from None

    engine = create_engine("postgresql+psycopg://", creator=connect, pool_size=4, max_overflow=28, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def set_limits(connection: psycopg.Connection[Any], record: object) -> None:
        limits = {
            "synchronous_commit": "on",
            "statement_timeout": f"{0 if writable else QUERY_SECONDS * 1000:.0f}",
            "lock_timeout": f"{LOCK_SECONDS * 1000}",
            "idle_in_transaction_session_timeout": f"{STUCK_SECONDS * 1000}",
        }
        connection.execute("; ".join(f"SET {name} = {value}" for name, value in limits.items()).encode())
        connection.commit()

    return engine


def _key(of: bytes) -> int:
    return int.from_bytes(blake2b(_NAMESPACE + of, digest_size=8).digest(), "big", signed=True)


_ALL_TREES = _key(b"all trees")
_EXPERIMENTS = _key(b"experiments")
_TABLES = _key(b"tables")
