"""The tree of errors is what its first page says, and every edge knows what to do with each."""

from __future__ import annotations

import re
from collections.abc import Iterator

import grpc
import pytest

from tb_runhistory import errors
from tb_runhistory.errors import RunHistoryError


def tree(kind: type[RunHistoryError]) -> Iterator[type[RunHistoryError]]:
    """The class and all below it, parents first."""
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


KINDS = list(tree(RunHistoryError))


def test_the_drawn_tree_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"^ {4}([│├└─ ]*)(\w+)  ", errors.__doc__, re.M)
    depth = {name: len(lines) // 4 for lines, name in drawn}
    assert depth == {kind.__name__: len(kind.__mro__) - len(RunHistoryError.__mro__) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_at_every_edge(kind: type[RunHistoryError]) -> None:
    assert kind.__doc__
    assert 400 <= kind.http_status < 600
    assert kind.grpc_status in grpc.StatusCode.__members__
    assert kind.exit_code in (1, 2)


def test_what_the_drawing_says_of_edges_is_so() -> None:
    assert errors.__doc__ is not None
    rows = re.findall(r"(\w+) +exit (\d) +HTTP (\d+) +gRPC (\w+)", errors.__doc__)
    assert len(rows) >= 5
    for name, exit_code, http_status, grpc_status in rows:
        kind = getattr(errors, name)
        assert (kind.exit_code, kind.http_status, kind.grpc_status) == (int(exit_code), int(http_status), grpc_status)


def test_the_module_holds_no_other_error() -> None:
    defined = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert defined == {kind.__name__ for kind in KINDS}
