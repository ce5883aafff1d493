"""Answering questions about runs in columns of numpy: no SQL, the same whatever holds the store."""
