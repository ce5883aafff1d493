"""Writes src/api/messages.ts, the frontend's types of what the server answers, from the server's own dataclasses.

    python3 generate_messages.py

Reads tb_runhistory/plugin/messages.py as source, without importing it: the standard library is all that this needs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "tb_runhistory" / "plugin" / "messages.py"
TARGET = HERE / "src" / "api" / "messages.ts"

HEADING = "// Made by generate_messages.py from tb_runhistory/plugin/messages.py. Not to be edited.\n"
PRIMITIVES = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "None": "null"}


class UnknownType(Exception):
    """A type in messages.py that has no counterpart here; the message says which and where."""


def typescript_of(source: str) -> str:
    """The TypeScript module for the Python module ``source``: an interface a dataclass, a type an alias.

    Docstrings become doc comments. Raises UnknownType.
    """
    body = ast.parse(source).body
    parts = [HEADING]
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.ClassDef):
            parts.append(interface_of(statement))
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            comment = text_of(following)
            declaration = f"export type {statement.targets[0].id} = {type_of(statement.value)};\n"
            parts.append(doc_comment(comment) + declaration)
    return "\n".join(parts)


def interface_of(statement: ast.ClassDef) -> str:
    """The interface with the fields of one dataclass."""
    comment = doc_comment(ast.get_docstring(statement) or "")
    fields = [f"  {name}: {type_of(annotation)};\n" for name, annotation in fields_of(statement)]
    return f"{comment}export interface {statement.name} {{\n{''.join(fields)}}}\n"


def fields_of(statement: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """The names and annotations of a dataclass, in order."""
    for field in statement.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            yield field.target.id, field.annotation


def type_of(annotation: ast.expr) -> str:
    """The TypeScript for one annotation. Raises UnknownType for what messages of JSON have no use for."""
    match annotation:
        case ast.Name(id=name):
            return PRIMITIVES.get(name, name)
        case ast.Constant(value=None):
            return "null"
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{type_of(left)} | {type_of(right)}"
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            inner = type_of(item)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=options):
            values = options.elts if isinstance(options, ast.Tuple) else [options]
            return " | ".join(f'"{ast.literal_eval(value)}"' for value in values)
    raise UnknownType(f"{SOURCE.name} line {annotation.lineno}: no TypeScript is known for {ast.unparse(annotation)}.")


def text_of(statement: ast.stmt | None) -> str:
    """The text of a bare string, as it documents the assignment before it; "" for any other statement."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return ""


def doc_comment(text: str) -> str:
    """``text`` as a doc comment, "" for no text."""
    lines = [line.strip() for line in text.replace("*/", "* /").strip().splitlines()]
    if not lines:
        return ""
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def main() -> int:
    """Writes the file when it would change."""
    text = typescript_of(SOURCE.read_text("utf-8"))
    if not TARGET.exists() or TARGET.read_text("utf-8") != text:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
