"""What the filter box offers: words of the language, and the names and values that the store has."""

from __future__ import annotations

from collections.abc import Iterable

from tb_runhistory.plugin.messages import Completions
from tb_runhistory.plugin.requests import CompletionRequest
from tb_runhistory.query.completion import Names, complete
from tb_runhistory.query.terms import Column, LabelKind, Metric, Parameter
from tb_runhistory.query.writing import literal_text, metric_text, name_text
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.base import RunHistoryReader

MOST_OFFERED = 50
_LONGEST = 255


def completions(reader: RunHistoryReader, asked: CompletionRequest, now: float) -> Completions:
    """What may stand at the place: words first, then the names or values that most runs have."""
    place = complete(asked.text, asked.position)
    offered = list(place.words)
    if place.names is not None:
        offered += _names(reader, place.names, asked.scope, place.typed)
    if place.values is not None:
        offered += _values(reader, place.values, asked.scope, now, place.typed)
    return Completions(place.start, place.stop, offered[:MOST_OFFERED])


def _names(reader: RunHistoryReader, names: Names, scope: Scope, typed: str) -> Iterable[str]:
    """Names with ``typed`` in them, those that begin with it first."""
    wanted = typed.strip('`"').casefold()
    written = metric_text if names is Names.METRICS else name_text
    known = _known(reader, names, scope)
    found = [name for name in known if wanted in name.casefold() and len(name) <= _LONGEST]
    return map(written, sorted(found, key=lambda name: not name.casefold().startswith(wanted)))


def _known(reader: RunHistoryReader, names: Names, scope: Scope) -> list[str]:
    if names in _LABELS:
        return reader.label_names(_LABELS[names], scope)
    columns = reader.tree_columns(scope).column
    if names is Names.METRICS:
        return [column.tag for column in columns if isinstance(column, Metric)]
    return [column.name for column in columns if isinstance(column, Parameter)]


_LABELS = {Names.TAGS: LabelKind.TAG, Names.PROPERTIES: LabelKind.PROPERTY}


def _values(reader: RunHistoryReader, column: Column, scope: Scope, now: float, typed: str) -> Iterable[str]:
    text = typed.strip("'\"")
    counted = reader.column_values(column, scope, now, text, MOST_OFFERED)
    return [literal_text(value) for value in counted.value if not isinstance(value, str) or len(value) <= _LONGEST]
