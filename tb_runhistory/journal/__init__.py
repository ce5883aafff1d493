"""The journal: a file in which a training process leaves what it logs, before any store is asked."""
