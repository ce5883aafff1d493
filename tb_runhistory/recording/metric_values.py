"""What may be the value of a metric, a step, a parameter or a label, and what it becomes.

Values of numpy, torch and others are understood by their ``item()`` method, so that none of them is imported here.
"""

from __future__ import annotations

import numbers
import operator

from tb_runhistory.records.changes import ParameterValue

_INTEGER_RANGE = range(-(2**63), 2**63)


def metric_value(name: str, value: object) -> float | str:
    """The number or the text to record for ``value`` of the metric ``name``.

    Numbers, booleans, numpy scalars, arrays and tensors of one element become 64-bit floats; strings stay strings.

    Raises:
      TypeError: the value is something else.
      ValueError: an integer lies beyond the range of a 64-bit float.
    """
    plain = _plain(value)
    if isinstance(plain, str):
        return storable_text(plain)
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
      ValueError: an integer does not fit into 64 bits.
    """
    plain = _plain(value)
    if isinstance(plain, str):
        return storable_text(plain)
    if isinstance(plain, int) and not isinstance(plain, bool) and plain not in _INTEGER_RANGE:
        raise ValueError(f"the parameter {name!r} does not fit into 64 bits: record it as a text")
    if isinstance(plain, (bool, int, float)):
        return plain
    raise TypeError(
        f"the parameter {name!r} cannot hold a value of type {_type_name(value)}: "
        "use a number, a boolean or a string, for example str(value)"
    )


def storable_text(text: object) -> str:
    """``text`` as a string that UTF-8 can hold: lone surrogates become question marks."""
    # An enumeration's member that is a string means its value, which str() would not give.
    raw = text if isinstance(text, str) else str(text)
    return raw.encode("utf-8", "replace").decode()


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
