"""What may be recorded, and what it becomes: values, steps, parameters, lists and tables, texts, and chosen ids.

Values of numpy, torch and others are understood by their ``item()`` method, so that none of them is imported here.
"""

from __future__ import annotations

import numbers
import operator
import re
from collections.abc import Iterable, Mapping, Sequence

from tb_runhistory.records.changes import Direction, ParameterValue
from tb_runhistory.records.names import MAX_NAME_LENGTH, checked_name

LARGEST_STEP = 2**63 - 1
MAX_TEXT_LENGTH = 20_000_000
"""How many characters a logged text may have, and the labels of one call together. However they are escaped, they fit
into a journal's largest record."""
MAX_LABEL_LENGTH = 1_000_000
"""How many characters a parameter, a tag, a property or a description may have: they stand in rows of a store."""

_INTEGER_RANGE = range(-(2**63), 2**63)
# NUL, which PostgreSQL cannot hold, and lone surrogates, which UTF-8 cannot.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def metric_value(name: str, value: object) -> float | str:
    """The number or the text to record for ``value`` of the metric ``name``.

    Numbers, booleans, numpy scalars, arrays and tensors of one element become 64-bit floats; strings stay strings.

    Raises:
      TypeError: the value is something else.
      ValueError: an integer lies beyond the range of a 64-bit float, or a text is too long.
    """
    plain = _plain(value)
    if isinstance(plain, str):
        return storable_text(f"a text of the metric {name!r}", plain, MAX_TEXT_LENGTH)
    if isinstance(plain, float):
        return plain
    if isinstance(plain, numbers.Real):
        try:
            return float(plain)
        except OverflowError:
            raise ValueError(f"a value of the metric {name!r} lies beyond the range of a 64-bit float") from None
    raise TypeError(
        f"the metric {name!r} cannot hold a value of type {_type_name(value)}: "
        "log a number, a boolean, a string, or an array or tensor of one element"
    )


def metric_step(name: str, step: object) -> int:
    """The step to record a value of the metric ``name`` at.

    Raises:
      TypeError: ``step`` is not an integer.
      ValueError: it does not fit into 64 bits.
    """
    try:
        number = operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"a step of the metric {name!r} is an integer, not {_type_name(step)}: {step!r}") from None
    if number not in _INTEGER_RANGE:
        raise ValueError(f"a step of the metric {name!r} does not fit into 64 bits")
    return number


def parameter_value(name: str, value: object) -> ParameterValue:
    """The boolean, number or text to record for the parameter ``name``.

    Raises:
      TypeError: the value is something else.
      ValueError: an integer does not fit into 64 bits, or a text is too long.
    """
    plain = _plain(value)
    if isinstance(plain, str):
        return storable_text(f"the parameter {name!r}", plain)
    if isinstance(plain, int) and not isinstance(plain, bool) and plain not in _INTEGER_RANGE:
        raise ValueError(f"the parameter {name!r} does not fit into 64 bits: record it as a text")
    if isinstance(plain, (bool, int, float)):
        return plain
    raise TypeError(
        f"the parameter {name!r} cannot hold a value of type {_type_name(value)}: "
        "use a number, a boolean or a string, for example str(value)"
    )


def storable_text(what: str, text: object, most: int = MAX_LABEL_LENGTH) -> str:
    """``text`` as a string that every store can hold: NUL and lone surrogates become U+FFFD.

    Raises:
      ValueError: it has more than ``most`` characters; ``what`` says in the error what it was to be.
    """
    # An enumeration's member that is a string means its value, which str() would not give.
    plain = str.__str__(text) if isinstance(text, str) else str(text)
    _check_length(what, len(plain), most)
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", plain)


def storable_labels(kind: str, labels: Mapping[str, object]) -> dict[str, str | None]:
    """Tags or properties (``kind``) with checked names and storable values; None stays None.

    Raises:
      TypeError, ValueError: a name is none, or all together are too long.
    """
    checked = {
        checked_name(kind, name): None if value is None else storable_text(f"the {kind} {name!r}", value)
        for name, value in labels.items()
    }
    length = sum(len(name) + len(value or "") + 1 for name, value in checked.items())
    _check_length(f"what sets {len(checked):,} labels in one call", length, MAX_TEXT_LENGTH)
    return checked


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


def child_tags(
    count: int | None, tag_key: str | None, tag_values: Sequence[object] | None
) -> tuple[str, Sequence[object]]:
    """The tag by which the children of ``Run.create_children`` differ, and its values.

    Raises:
      ValueError: neither ``count`` nor both of the others are given, or too much is.
    """
    if count is not None and tag_key is None and tag_values is None:
        return "batch_child_number", range(count)
    if count is None and tag_key is not None and tag_values is not None:
        return tag_key, tag_values
    raise ValueError("create_children takes either count, or tag_key together with tag_values")


def checked_directions(directions: Mapping[str, str]) -> dict[str, Direction]:
    """The directions of metrics.

    Raises:
      TypeError, ValueError: a name is none of a metric, or what is given for it is no direction.
    """
    known = [direction.value for direction in Direction]
    for name, direction in directions.items():
        if direction not in known:
            raise ValueError(f"the direction of the metric {name!r} is {' or '.join(known)}, not {direction!r}")
    return {checked_name("metric", name): Direction(direction) for name, direction in directions.items()}


def checked_run_id(run_id: object) -> str:
    """Returns ``run_id`` if a person may choose it: 1 to 255 printable characters, and no "/", which stands in paths.

    Raises:
      TypeError: it is not a string.
      ValueError: it is empty, too long, or holds what it must not.
    """
    if not isinstance(run_id, str):
        raise TypeError(f"a run id is a string, not {type(run_id).__name__}: {run_id!r}")
    if not run_id.strip() or len(run_id) > MAX_NAME_LENGTH or "/" in run_id or not run_id.isprintable():
        raise ValueError(f"a run id has 1 to {MAX_NAME_LENGTH} printable characters and no '/': {run_id[:40]!r}")
    return run_id


def _check_length(what: str, length: int, most: int) -> None:
    if length > most:
        raise ValueError(
            f"{what} has {length:,} characters, and {most:,} are the most that can be recorded: record a part of it, "
            "or keep it in a file"
        )


def _cells(values: object) -> list[object]:
    # An array without dimensions has the methods of a sequence, but no length.
    has_length = hasattr(values, "__len__") and getattr(values, "ndim", 1) > 0
    if has_length and isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping)):
        return list(values)
    return [values]


def _plain(value: object) -> object:
    """The Python value behind a scalar, array or tensor of one element; anything else unchanged."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    item = getattr(value, "item", None)
    if not callable(item):
        return value
    try:
        return item()
    except (TypeError, ValueError, RuntimeError):  # more than one element: numpy and torch differ in what they raise
        return value


def _type_name(value: object) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    shape = getattr(value, "shape", None)
    return f"{name} of shape {tuple(shape)}" if isinstance(shape, tuple) else name
