"""What the recording API promises of any store: run on a SQLite file and on a PostgreSQL server."""
