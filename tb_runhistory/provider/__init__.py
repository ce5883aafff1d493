"""TensorBoard's data, served from a run-history store."""
