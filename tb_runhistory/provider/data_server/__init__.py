"""The process that serves a run history to TensorBoard, and what starts it and keeps it alive."""
