"""All that a reader says of a store, by question and cell, so that two states of it can be compared."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from tb_runhistory.errors import RunHistoryError
from tb_runhistory.query.terms import Attribute, Column, Field, Metric, Parameter
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import ANY_STAGE, Scope, SeriesColumns, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import RunHistoryReader

Cell: TypeAlias = tuple[Any, ...]
"""Which cell: what kind of thing, of which run or series, which column or step."""

SIGN_OF_LIFE = "heartbeat_at"
"""Renewed every few seconds without a checksum: the one column that is left out of comparisons."""

_NOW = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is asked, of some runs (all of those that a store has, where it names none)."""

    name: str
    runs: frozenset[str]
    ask: Callable[[RunHistoryReader], Iterator[tuple[Cell, object]]]


@dataclass(slots=True)
class Answers:
    """What was answered: cells by question, and the questions that were refused with a sentence."""

    cells: dict[str, dict[Cell, object]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def answers_to(questions: Sequence[Question], reader: RunHistoryReader) -> Answers:
    """Asks everything. Any exception but our own passes through: a reader may refuse, but never fail."""
    found = Answers()
    for question in questions:
        try:
            found.cells[question.name] = dict(question.ask(reader))
        except RunHistoryError as error:
            found.refused[question.name] = str(error)
    return found


def questions_about(reader: RunHistoryReader) -> list[Question]:
    """Every question there is to ask of a sound store: of each run and series by itself, and of all together."""
    everything = Scope(stages=ANY_STAGE)
    runs = reader.runs(everything)
    series = {data_class: reader.series(everything, data_class) for data_class in DataClass}
    every_run = frozenset(runs.run_id)
    asked = [
        Question("the listing", every_run, partial(_runs, scope=everything)),
        Question("experiments", every_run, _experiments),
        Question("labels", every_run, partial(_labels, scope=everything)),
        Question("columns of the tree", every_run, _columns),
        *(_page(sort, parent_id, every_run) for sort in _SORTS for parent_id in ("", max(runs.parent_id))),
    ]
    for run_id in runs.run_id:
        alone = Scope(only=(run_id,), stages=ANY_STAGE)
        asked.append(Question(f"run {run_id}", frozenset((run_id,)), partial(_runs, scope=alone)))
        asked.append(Question(f"labels of {run_id}", frozenset((run_id,)), partial(_labels, scope=alone)))
    for data_class, listed in series.items():
        asked.append(
            Question(
                f"all series of {data_class.value}",
                every_run,
                partial(_all_series, scope=everything, data_class=data_class),
            )
        )
        asked += _questions_about_values(data_class, listed)
    return asked


_SORTS: tuple[Column, ...] = (
    *map(Field, (Attribute.CREATED, Attribute.NAME, Attribute.STATUS, Attribute.STARTED, Attribute.DURATION)),
    Metric("loss"),
    Parameter("rate", inherited=True),
)


def _page(sort: Column, parent_id: str, every_run: frozenset[str]) -> Question:
    columns = (Metric("loss"), Parameter("rate", inherited=True))
    query = TreeQuery(_NOW, Scope(), parent_id, sort, columns=columns)

    def ask(reader: RunHistoryReader) -> Iterator[tuple[Cell, object]]:
        page = reader.tree_page(query)
        yield ("page", "total"), page.total
        for place, run_id in enumerate(page.runs.run_id):
            yield ("page", place), run_id
            yield ("children", run_id), int(page.children[place])
            for column, cells in zip(columns, page.values, strict=True):
                yield ("cell", run_id, str(column)), exact(cells[place])

    return Question(f"children of {parent_id or 'nobody'} by {sort}", every_run, ask)


def _questions_about_values(data_class: DataClass, listed: SeriesColumns) -> Iterator[Question]:
    is_scalar = data_class is DataClass.SCALAR
    every_run = frozenset(key.run_id for key in listed.key)
    if is_scalar and listed.key:
        for limit in (None, 64):
            yield Question(
                f"a chart of everything, {limit} points",
                every_run,
                partial(_points, keys=listed.key, limit=limit),
            )
    for key in listed.key:
        name, owner = f"{data_class.value} {key.number} of {key.run_id}", frozenset((key.run_id,))
        if is_scalar:
            for limit in (None, 64):
                yield Question(f"{name}, {limit} points", owner, partial(_points, keys=[key], limit=limit))
            yield Question(f"{name}, all values", owner, partial(_all_values, key=key))
        else:
            yield Question(name, owner, partial(_entries, key=key))


def exact(value: object) -> object:
    """A value that compares equal only where every bit is equal."""
    if isinstance(value, np.generic):
        value = value.item()
    return struct.pack("<d", value) if isinstance(value, float) else value


def _rows(kind: str, names: Sequence[Cell], columns: Any) -> Iterator[tuple[Cell, object]]:
    for column in fields(columns):
        values = getattr(columns, column.name)
        if column.name != SIGN_OF_LIFE:
            for name, value in zip(names, values.tolist() if isinstance(values, np.ndarray) else values, strict=True):
                # A sum is known up to rounding, which depends on the order of addition.
                yield (kind, *name, column.name), exact(round(value, 9) if column.name == "sum" else value)


def _runs(reader: RunHistoryReader, scope: Scope) -> Iterator[tuple[Cell, object]]:
    runs = reader.runs(scope)
    yield from _rows("run", [(run_id,) for run_id in runs.run_id], runs)


def _experiments(reader: RunHistoryReader) -> Iterator[tuple[Cell, object]]:
    experiments = reader.experiments(Scope(stages=ANY_STAGE))
    yield from _rows("experiment", [(name,) for name in experiments.name], experiments)


def _labels(reader: RunHistoryReader, scope: Scope) -> Iterator[tuple[Cell, object]]:
    for kind, labels in (
        ("param", reader.parameters(scope)),
        ("tag", reader.tags(scope)),
        ("property", reader.properties(scope)),
    ):
        for run_id, name, value in zip(labels.run_id, labels.name, labels.value, strict=True):
            yield (kind, run_id, name), (type(value).__name__, exact(value))


def _columns(reader: RunHistoryReader) -> Iterator[tuple[Cell, object]]:
    counts = reader.tree_columns(Scope())
    for column, count in zip(counts.column, counts.run_count.tolist(), strict=True):
        yield ("column", str(column)), count


def _all_series(reader: RunHistoryReader, scope: Scope, data_class: DataClass) -> Iterator[tuple[Cell, object]]:
    listed = reader.series(scope, data_class)
    names = [(data_class.value, key.run_id, tag) for key, tag in zip(listed.key, listed.tag, strict=True)]
    yield from _rows("series", names, listed)


def _points(reader: RunHistoryReader, keys: Sequence[SeriesKey], limit: int | None) -> Iterator[tuple[Cell, object]]:
    for key, read in zip(keys, reader.read_points(keys, limit), strict=True):
        yield from points_of(key, read.points)
        yield ("total", key), read.total
        yield ("damaged", key), len(read.damaged)


def points_of(key: SeriesKey, points: Points) -> Iterator[tuple[Cell, object]]:
    """Each point as a cell; of several at one step the last."""
    pairs = np.stack((points.wall_times, points.values), axis=1)
    for step, pair in zip(points.steps.tolist(), pairs, strict=True):
        yield ("point", key, step), pair.tobytes()


def _all_values(reader: RunHistoryReader, key: SeriesKey) -> Iterator[tuple[Cell, object]]:
    [points] = reader.read_all_values([key])
    seen: dict[int, int] = {}
    pairs = np.stack((points.wall_times, points.values), axis=1)
    for step, pair in zip(points.steps.tolist(), pairs, strict=True):
        seen[step] = seen.get(step, -1) + 1
        yield ("value", key, step, pair.tobytes()), True


def _entries(reader: RunHistoryReader, key: SeriesKey) -> Iterator[tuple[Cell, object]]:
    [read] = reader.read_entries([key], all_values=True)
    yield ("total", key), read.total
    yield ("damaged", key), read.damaged
    for step, wall_time, contents in zip(read.step.tolist(), read.wall_time.tolist(), read.contents, strict=True):
        yield ("entry", key, step, exact(wall_time), contents), True


def is_value(cell: Cell) -> bool:
    """Whether a cell is a point, a value at a step, or an entry: what must never be shown wrong."""
    return cell[0] in ("point", "value", "entry")
