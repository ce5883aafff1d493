"""The Run History tab, in TypeScript, and the Python that builds it."""
