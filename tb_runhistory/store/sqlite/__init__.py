"""What SQLite alone needs: the file, connections that leave no trace, and locks."""
