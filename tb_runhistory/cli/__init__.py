"""The command ``tb-runhistory``: ``group.py`` is the command itself, each module named like a command is that one."""

from __future__ import annotations

from tb_runhistory.cli.group import main

__all__ = ["main"]
