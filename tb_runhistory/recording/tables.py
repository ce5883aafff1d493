"""Lists and tables as they are logged: what counts as a list, and how columns become rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tb_runhistory.recording.metric_values import metric_value
from tb_runhistory.records.names import checked_name


def listed(name: str, values: object) -> list[object]:
    """The values of a list, an array, a tensor or another iterable.

    Raises:
      TypeError: it is none of them, or a string or a mapping, which is hardly meant.
    """
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping)):
        return list(values)
    raise TypeError(
        f"the metric {name!r} cannot be logged as a list from {type(values).__name__}: give a list of values"
    )


def rows_of(name: str, columns: Mapping[str, object]) -> list[dict[str, float | str]]:
    """The rows of a table with a list, or a single value, for each column.

    Raises:
      TypeError: a value is of a type that no metric has.
      ValueError: the columns differ in length, or a column's name is none.
    """
    lists = {
        checked_name("column", column): [metric_value(f"{name}/{column}", value) for value in _cells(values)]
        for column, values in columns.items()
    }
    lengths = {column: len(values) for column, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the columns of the table {name!r} differ in length: {lengths}")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _cells(values: object) -> list[object]:
    # An array without dimensions has the methods of a sequence, but no length.
    has_length = hasattr(values, "__len__") and getattr(values, "ndim", 1) > 0
    if has_length and isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping)):
        return list(values)
    return [values]
