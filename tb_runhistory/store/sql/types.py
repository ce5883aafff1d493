"""How values stand in columns: ids as 16 bytes, texts in the order of their bytes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from tb_runhistory.records.identity import id_bytes, id_text

NO_ID = "00000000-0000-0000-0000-000000000000"
"""Stands where an id is needed and there is none: "" to whoever reads."""


class Id(TypeDecorator[str]):
    """An id in its usual form: 16 bytes, or a UUID where the database has that type. "" is stored as zeros."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            postgresql.UUID(as_uuid=False) if dialect.name == "postgresql" else LargeBinary(16)
        )

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        data = id_bytes(value or NO_ID)
        if data is None:
            raise ValueError(f"not an id: {value[:40]!r}")
        return id_text(data) if dialect.name == "postgresql" else data

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name != "postgresql":
            # A damaged cell may hold anything; it is then nobody's id.
            value = id_text(value) if isinstance(value, bytes) and len(value) == 16 else NO_ID
        return "" if value == NO_ID else str(value)


class Bytes(LargeBinary):
    """Bytes. What else a damaged cell holds is passed on as it is, in both directions, so that its row can be named."""

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


Word = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""A text, compared and sorted by its bytes in UTF-8, as SQLite does."""


def storable(text: str) -> str:
    """The text as every database can hold it: U+FFFD stands for each NUL and each lone surrogate."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Through UTF-16, so that two surrogates that belong together become the one character that they are.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
