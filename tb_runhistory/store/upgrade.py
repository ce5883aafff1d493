"""Bringing an older store up to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table

MIGRATIONS = Path(__file__).parent / "migrations"

versions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table. A new store is created whole and stamped here with its schema version in four digits."""


def upgrade(connection: Connection, migrations: Path = MIGRATIONS) -> None:
    """Runs the migrations that the store behind ``connection`` lacks, within the caller's transaction."""
    # Needed only where an old store is met, and slow to import.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations))
    command.upgrade(config, "head")
