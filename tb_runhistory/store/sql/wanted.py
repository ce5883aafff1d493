"""Asking for the rows of many keys at once, the same way in every database.

The keys go along with the question as a table of their own, ``WITH wanted AS (VALUES …)``, to which the tables that
hold the rows are joined. (An ``IN`` of several columns makes SQLite read the whole table.) The table has one of a few
sizes and is filled up with NULLs, which equal nothing, so that a question is compiled once for each size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from sqlalchemy import CTE, Connection, Dialect, Row, Select, bindparam, column, select, text
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine, to_instance

from tb_runhistory.store.sql.paths import is_id
from tb_runhistory.store.sql.types import Id

SIZES = (1, 8, 32, 128)
"""How many keys one statement may ask for. More are asked for in several: compiling takes longer than asking."""

Key: TypeAlias = Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as a driver takes it: its parameters in order, or by name where ``order`` is None."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Any]
    processes: Mapping[str, Callable[[Any], Any]]

    @classmethod
    def of(cls, statement: Select[Any], dialect: Dialect) -> Self:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        bound = {name: one.type.dialect_impl(dialect).bind_processor(dialect) for name, one in compiled.binds.items()}
        processes = {name: process for name, process in bound.items() if process is not None}
        return cls(compiled.string, compiled.positiontup if compiled.positional else None, compiled.params, processes)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        bound = {**self.constants, **values}
        for name, process in self.processes.items():
            bound[name] = process(bound[name])
        return bound if self.order is None else tuple(bound[name] for name in self.order)


class Lookup:
    """A question about many keys.

    ``key`` names the parts of a key and their types. ``question`` makes the statement, given the table of the wanted
    keys, whose columns have these names. A further parameter of it (``bindparam``) is given to ``rows`` by its name.
    """

    def __init__(
        self, key: Mapping[str, TypeEngine[Any] | type[TypeEngine[Any]]], question: Callable[[CTE], Select[Any]]
    ) -> None:
        # One type for all cells of a column: what the database needs of it is then worked out once.
        self._key = {name: to_instance(kind) for name, kind in key.items()}
        self._are_ids = [isinstance(kind, Id) for kind in self._key.values()]
        self._question = question
        self._statements: dict[int, tuple[Select[Any], list[str]]] = {}
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def rows(self, connection: Connection, keys: Collection[Key], **parameters: object) -> Iterator[Any]:
        """The rows of the answer. A key that is among ``keys`` twice may be answered twice. A text that is no id where
        one is asked for is nobody's.
        """
        for statement, values in self._questions(keys):
            yield from connection.execute(statement, {**values, **parameters})

    def all_rows(self, connection: Connection, keys: Collection[Key], **parameters: object) -> list[Row[Any]]:
        """The same, fetched at once: for many small rows, of which each costs less so."""
        rows: list[Row[Any]] = []
        for statement, values in self._questions(keys):
            rows += connection.execute(statement, {**values, **parameters}).all()
        return rows

    def cells(self, connection: Connection, keys: Collection[Key]) -> Iterator[Sequence[Any]]:
        """The same as the driver gives it, for hundreds of keys: half of the time goes into values on their way.

        For questions whose columns are numbers and bytes, and that have no further parameter. What is compiled serves
        every store that this process opens.
        """
        for statement, values in self._questions(keys):
            place = connection.dialect.name, len(values)
            if place not in self._compiled:
                self._compiled[place] = _Compiled.of(statement, connection.dialect)
            compiled = self._compiled[place]
            yield from connection.exec_driver_sql(compiled.text, compiled.parameters(values))

    def _questions(self, keys: Collection[Key]) -> Iterator[tuple[Select[Any], dict[str, Any]]]:
        wanted = list(keys)
        for start in range(0, len(wanted), SIZES[-1]):
            some = wanted[start : start + SIZES[-1]]
            statement, names = self._statement(next(size for size in SIZES if size >= len(some)))
            values = [
                None if is_of_id and part and not is_id(part) else part
                for key in some
                for part, is_of_id in zip(key, self._are_ids, strict=True)
            ]
            values += [None] * (len(names) - len(values))
            yield statement, dict(zip(names, values, strict=True))

    def _statement(self, size: int) -> tuple[Select[Any], list[str]]:
        if size not in self._statements:
            table, names = _table(self._key, size)
            self._statements[size] = (self._question(table), names)
        return self._statements[size]


def _table(key: Mapping[str, TypeEngine[Any] | type[TypeEngine[Any]]], size: int) -> tuple[CTE, list[str]]:
    """A table of ``size`` keys, and the names of the parameters that are its cells, row by row."""
    rows = [[f"wanted_{row}_{part}" for part in range(len(key))] for row in range(size)]
    bound = [
        bindparam(name, type_=kind, required=True) for row in rows for name, kind in zip(row, key.values(), strict=True)
    ]
    listed = ", ".join("(" + ", ".join(f":{name}" for name in row) + ")" for row in rows)
    # Both databases call the columns of a VALUES so.
    numbered = [column(f"column{part}", kind) for part, kind in enumerate(key.values(), 1)]
    cells = text(f"VALUES {listed}").bindparams(*bound).columns(*numbered).cte("wanted_values")
    named = [cells.c[number.name].label(name) for number, name in zip(numbered, key, strict=True)]
    return select(*named).cte("wanted"), [name for row in rows for name in row]
