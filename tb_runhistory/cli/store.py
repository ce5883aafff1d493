"""How every command takes its store: a URI in front, ``--store``, or what recording here would use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tb_runhistory.errors import InvalidUri, NotFound
from tb_runhistory.recording.configuration import Origin, configured_store
from tb_runhistory.uri import StoreUri, parse_uri

if TYPE_CHECKING:
    from tb_runhistory.store.base import RunHistoryReader

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def store_option(command: Decorated) -> Decorated:
    """Adds ``--store``, as the argument ``store``."""
    return click.option("-s", "--store", metavar="URI", help="The store, in place of a URI in front.")(command)


def uri_argument(command: Decorated) -> Decorated:
    """Adds the URI in front, as the argument ``uri``, to a command that takes nothing else in front."""
    return click.argument("uri", required=False, metavar="[URI]")(command)


def json_option(command: Decorated) -> Decorated:
    """Adds ``--json``, as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON: docs/cli.md has its shape.")(command)


def uri_among(operands: Sequence[str]) -> tuple[str | None, list[str]]:
    """The URI that stands in front of other arguments, if one does, and those others."""
    if operands and "://" in operands[0]:
        return operands[0], list(operands[1:])
    return None, list(operands)


def chosen_store(uri: str | None, store: str | None) -> StoreUri:
    """The store that is meant: the one in front, the one of ``--store``, or what recording here would use.

    Raises:
      UsageError: it is given twice.
      InvalidUri: it is none.
    """
    if uri is not None and store is not None:
        raise click.UsageError("The store is given twice, in front and as --store: leave one out.")
    named = store if uri is None else uri
    return configured_store().uri if named is None else parse_uri(named)


def whole_store(uri: str | None, store: str | None) -> StoreUri:
    """As ``chosen_store``, for a command that is about all of a store.

    Raises:
      InvalidUri: the URI narrows the store to a part.
    """
    chosen = chosen_store(uri, store)
    if chosen.is_selective:
        raise InvalidUri(f"{chosen.shown!r} names a part of a store: leave out what follows the question mark")
    return chosen


@contextmanager
def reading(uri: str | None, store: str | None) -> Iterator[tuple[RunHistoryReader, StoreUri]]:
    """A reader of the store that is meant, and its URI, for the time of the block.

    Raises:
      NotFound, StoreError: there is no store, or it cannot be read.
    """
    from tb_runhistory.store.opening import open_reader

    chosen = chosen_store(uri, store)
    try:
        opened = open_reader(chosen)
    except NotFound as error:
        if uri is None and store is None and configured_store().origin is Origin.DEFAULT:
            raise NotFound(f"{error}; no store was named, so it is the default one: name yours with --store") from None
        raise
    with opened as reader:
        yield reader, chosen
