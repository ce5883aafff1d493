"""The ``tensorboard_plugins`` entry point."""

from __future__ import annotations

from tensorboard.plugins import base_plugin


class RunHistoryLoader(base_plugin.TBLoader):
    """Loads nothing yet."""
