"""A store in any SQL database: its tables, how they are written and how they are read."""
