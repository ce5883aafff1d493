"""Questions about runs, as typed values."""
