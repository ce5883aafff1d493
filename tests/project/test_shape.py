"""The code stays small enough to be read: limits on files and functions, words and types on what is public."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from demo.environment import CHECKOUT

MODULES = sorted((CHECKOUT / "tb_runhistory").rglob("*.py"))
EVERYTHING = sorted([*MODULES, *(path for part in ("demo", "tests") for path in (CHECKOUT / part).rglob("*.py"))])
LONGEST_FILE = 600
LONGEST_FUNCTION = 90
LONG_FUNCTION = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def functions(path: Path) -> list[Function]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: Function) -> int:
    """Lines of a function without its docstring."""
    first, last = function.body[0], function.end_lineno or 0
    words = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) else 0
    return last - function.lineno + 1 - words


def public(node: ast.AST) -> Iterator[tuple[Definition, ast.ClassDef | None]]:
    """What a module defines for others, down to the methods of its classes, with the class of a method."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield child, node if isinstance(node, ast.ClassDef) else None
            if isinstance(child, ast.ClassDef):
                yield from public(child)


def is_documented_elsewhere(node: Definition, owner: ast.ClassDef | None) -> bool:
    """Whether the words may stand in the contract of a base class, or at the getter of a property."""
    setter = any(isinstance(mark, ast.Attribute) and mark.attr == "setter" for mark in node.decorator_list)
    return setter or (owner is not None and bool(owner.bases))


def test_there_is_code_to_look_at() -> None:
    assert len(MODULES) > 20


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {short(path): len(path.read_text("utf-8").splitlines()) for path in EVERYTHING}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_a_function_fits_on_a_screen() -> None:
    lengths = {f"{short(path)}:{node.name}": length(node) for path in EVERYTHING for node in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_hardly_any_function_is_over_fifty_lines() -> None:
    lengths = [length(node) for path in MODULES for node in functions(path)]
    assert sum(lines > LONG_FUNCTION for lines in lengths) <= 0.02 * len(lengths)


def test_what_is_public_says_what_it_means() -> None:
    silent = [
        f"{short(path)}:{node.name}"
        for path in MODULES
        for node, owner in public(ast.parse(path.read_text("utf-8")))
        if not ast.get_docstring(node) and not is_documented_elsewhere(node, owner)
    ]
    assert silent == []


def test_every_module_says_what_it_is() -> None:
    texts = {short(path): path.read_text("utf-8") for path in EVERYTHING}
    assert [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []


def test_every_function_is_annotated() -> None:
    bare = [
        f"{short(path)}:{node.name}"
        for path in EVERYTHING
        for node in functions(path)
        if node.returns is None
        or any(
            argument.annotation is None
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if argument.arg not in ("self", "cls")
        )
    ]
    assert bare == []
