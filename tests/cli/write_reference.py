"""Writes anew what docs/cli.md says of each command, from its own help: ``python -m tests.cli.write_reference``."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from tb_runhistory.cli import main
from tb_runhistory.cli.group import COMMANDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
START, END = "<!-- help: written by tests/cli/write_reference.py -->", "<!-- end of help -->"


def reference() -> str:
    """A section for each command, with its help."""
    return "\n".join(f"### {name}\n\n```text\n{_help(name)}```\n" for name in COMMANDS)


def page_with(text: str, page: str) -> str:
    """``page`` with ``text`` between its marks."""
    return re.sub(f"(?<={re.escape(START)}\n).*(?={re.escape(END)})", lambda _: f"\n{text}\n", page, flags=re.DOTALL)


def _help(name: str) -> str:
    return CliRunner(env={"COLUMNS": "80"}).invoke(main, [name, "--help"], prog_name="tb-runhistory").stdout


if __name__ == "__main__":
    PAGE.write_text(page_with(reference(), PAGE.read_text("utf-8")), "utf-8")
