"""The doors to the stores that this project has: a SQLite file, and a database of a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from tb_runhistory.uri import parse_uri
from tests.conformance.door import StoreDoor
from tests.postgresql_server import PostgresServer


class SqliteDoor(StoreDoor):
    """A store in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = parse_uri(f"sqlite:///{path}")

    @contextmanager
    def raw(self) -> Iterator[Connection]:
        engine = create_engine(f"sqlite:///{self.path}", poolclass=NullPool)
        with engine.begin() as connection:
            yield connection


class PostgresDoor(StoreDoor):
    """A store in a database of its own."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._text = server.new_database()
        self.uri = parse_uri(self._text)

    @contextmanager
    def raw(self) -> Iterator[Connection]:
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(self._text), poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    def drop(self) -> None:
        """Removes the database."""
        self._server.drop(self._text)


ENGINES = ("sqlite", "postgresql")
