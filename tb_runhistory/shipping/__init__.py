"""The process that carries journals to the store."""
