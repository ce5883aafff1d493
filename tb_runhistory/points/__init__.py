"""Columns of points and their bytes: blocks, pyramids above them, and few points in place of many. No SQL, no files."""
