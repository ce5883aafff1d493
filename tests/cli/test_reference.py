"""docs/cli.md says what the command says of itself, and has every field of its JSON."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass

import pytest

from tb_runhistory.cli import json_output
from tb_runhistory.cli.group import COMMANDS
from tests.cli.write_reference import PAGE, page_with, reference

TEXT = PAGE.read_text("utf-8")
SHAPES = [kind for kind in vars(json_output).values() if is_dataclass(kind) and isinstance(kind, type)]
SECTION = re.compile(r"^### (\w+)(?:: `\w+`)?\n\n\| field \| meaning \|\n\|---\|---\|\n((?:\|.*\|\n?)+)", re.MULTILINE)


def test_the_help_in_the_page_is_the_commands_own() -> None:
    assert page_with(reference(), TEXT) == TEXT, "write it anew: python -m tests.cli.write_reference"


def test_every_command_is_in_the_overview() -> None:
    assert set(re.findall(r"^\|.*\| `tb-runhistory (\w+)", TEXT, re.MULTILINE)) == set(COMMANDS)


def test_every_shape_has_its_section() -> None:
    assert {name for name, _ in SECTION.findall(TEXT)} == {kind.__name__ for kind in SHAPES}


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_every_field_has_its_row(kind: type) -> None:
    rows = dict(SECTION.findall(TEXT))[kind.__name__]
    documented = re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)
    assert is_dataclass(kind)
    assert documented == [field.name for field in fields(kind)]
