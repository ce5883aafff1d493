"""The command ``tb-runhistory``: ``group.py`` holds the command itself, every other public module one of its commands."""

from __future__ import annotations

from tb_runhistory.cli.group import main

__all__ = ["main"]
