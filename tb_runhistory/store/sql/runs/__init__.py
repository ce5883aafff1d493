"""Experiments, runs and what describes them: written, and read as listings and pages of the tree."""
