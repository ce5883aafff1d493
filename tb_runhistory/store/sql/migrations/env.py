"""Alembic's entry: migrates over the connection that ``store.upgrade`` hands in."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
context.run_migrations()
