"""All forgeries, by name."""

from tests.hostile import forged_files, forged_points, forged_runs
from tests.hostile.forging import FORGERIES

__all__ = ["FORGERIES", "forged_files", "forged_points", "forged_runs"]
