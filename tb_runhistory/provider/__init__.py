"""TensorBoard's data provider over a run-history reader, and the process that serves it."""
