"""Bringing an older store up to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, func, insert, select

from tb_runhistory.records.identity import new_id
from tb_runhistory.store.sql.schema import SCHEMA_VERSION, metadata, store

MIGRATIONS = Path(__file__).parent / "migrations"

versions = Table("schema_versions", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table, under a name that no other program in the same database uses."""

COUNTER_DIGITS = 20
"""Counters in ``store`` have one length, so that their page never changes its shape."""


def create(connection: Connection) -> None:
    """Makes all tables, whole, within the caller's transaction, and gives the store its id."""
    metadata.create_all(connection)
    versions.create(connection)
    connection.execute(insert(versions).values(version_num=f"{SCHEMA_VERSION:04}"))
    counters = [{"name": name, "value": "0" * COUNTER_DIGITS} for name in ("base", "stamp")]
    connection.execute(insert(store), [{"name": "id", "value": new_id()}, *counters])


def stored_version(connection: Connection) -> int:
    """The schema version of a store that is there."""
    return int(connection.execute(select(func.max(versions.c.version_num))).scalar_one() or 0)


def upgrade(connection: Connection, migrations: Path = MIGRATIONS) -> None:
    """Runs the migrations that the store behind ``connection`` lacks, within the caller's transaction."""
    # Needed only where an old store is met, and slow to import.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": versions.name})
    config.set_main_option("script_location", str(migrations))
    command.upgrade(config, "head")
