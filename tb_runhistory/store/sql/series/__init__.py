"""What runs log: series of all classes, points in blocks and pyramids, and entries."""
