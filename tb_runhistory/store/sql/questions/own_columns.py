"""The columns of runs themselves, for a forest at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from tb_runhistory.query.terms import TOTAL_STEPS, Attribute, Field, Label, Metric, OwnColumn, Parameter
from tb_runhistory.records.points import Floats
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus
from tb_runhistory.store.evaluation.evaluator import OwnColumns
from tb_runhistory.store.evaluation.values import Values
from tb_runhistory.store.sql.around_damage import readable_rows
from tb_runhistory.store.sql.codes import STAGE_CODES, STATUS_CODES, stage_of
from tb_runhistory.store.sql.columns import MAX_NAME, UNREADABLE, as_text, cut_in_store
from tb_runhistory.store.sql.questions.kept import View
from tb_runhistory.store.sql.questions.sources import SourceKey
from tb_runhistory.store.sql.schema import experiments

_RUNNING, _NOT_RESPONDING = STATUS_CODES[RunStatus.RUNNING], STATUS_CODES[RunStatus.NOT_RESPONDING]
_STATUSES = [status.value for status in STATUS_CODES]
_STAGES = [stage.value for stage in STAGE_CODES]


@dataclass(frozen=True, eq=False)
class StoredColumns(OwnColumns):
    """Columns of the runs of a view, as they are at the moment ``now`` (seconds since the epoch)."""

    connection: Connection
    view: View
    now: float

    def values(self, column: OwnColumn) -> Values:
        if not isinstance(column, Field):
            [found] = self.view.columns(column)
            return found
        return _FIELDS[column.attribute](self)

    @cached_property
    def statuses(self) -> NDArray[np.int64]:
        """The status that is shown of each run, by its code."""
        stored, heartbeat = self.view.columns(Attribute.STATUS)
        code = np.nan_to_num(stored.number, nan=_NOT_RESPONDING).astype(np.int64)
        code[(code < 0) | (code >= len(_STATUSES))] = _NOT_RESPONDING
        is_silent = (code == _RUNNING) & (self.now - heartbeat.number > HEARTBEAT_TIMEOUT_SECONDS)
        return np.where(is_silent, _NOT_RESPONDING, code)

    def _ids(self) -> Values:
        forest = self.view.forest
        return Values.of_texts([*forest.id_texts(np.arange(len(forest)))])

    def _names(self) -> Values:
        [names] = self.view.columns(Attribute.NAME)
        rows = np.flatnonzero(names.is_missing)
        numbers = self.view.forest.runs.number[rows].tolist()
        return names.put(rows, Values.of_texts([f"run {number}" for number in numbers])) if len(rows) else names

    def _stages(self) -> Values:
        own = self.view.forest.runs.stage
        code = np.where((own >= 0) & (own < len(_STAGES)), own, 0)
        ids, place = np.unique(self.view.forest.runs.experiment, return_inverse=True)
        of_experiment = np.array([self._experiments.get(one, ("", 0))[1] for one in ids.tolist()], np.int64)
        if len(ids):
            code = np.maximum(code, of_experiment[place])
        return Values.of_words(code.astype(np.int32), _STAGES)

    def _experiment_names(self) -> Values:
        ids, place = np.unique(self.view.forest.runs.experiment, return_inverse=True)
        words = [self._experiments.get(one, (UNREADABLE, 0))[0] for one in ids.tolist()]
        return Values.of_words(place.astype(np.int32), words)

    def _texts(self, attribute: Attribute) -> Values:
        [found] = self.view.columns(attribute)
        return found

    def _durations(self) -> Floats:
        started, ended = self.view.columns(Attribute.STARTED)
        _, heartbeat = self.view.columns(Attribute.STATUS)
        running_until = np.where(self.statuses == _NOT_RESPONDING, heartbeat.number, self.now)
        until = np.where(ended.is_missing, running_until, ended.number)
        return np.where(np.isnan(until), self.now, until) - started.number

    def _numbers(self, number: NDArray[np.int64] | Floats) -> Values:
        return Values.of_numbers(number.astype(float))

    @cached_property
    def _experiments(self) -> dict[int, tuple[str, int]]:
        """The name and the stage of each experiment."""
        asked = select(experiments.c.experiment_id, cut_in_store(experiments.c.name, MAX_NAME), experiments.c.stage)
        rows = readable_rows(self.connection, asked, experiments.c.experiment_id)
        return {of: (as_text(name), STAGE_CODES[stage_of(stage)]) for of, name, stage in map(tuple, rows)}


_FIELDS: dict[Attribute, Callable[[StoredColumns], Values]] = {
    Attribute.ID: StoredColumns._ids,
    Attribute.NAME: StoredColumns._names,
    Attribute.STATUS: lambda own: Values.of_words(own.statuses.astype(np.int32), _STATUSES),
    Attribute.STAGE: StoredColumns._stages,
    Attribute.EXPERIMENT: StoredColumns._experiment_names,
    Attribute.DEPTH: lambda own: own._numbers(own.view.forest.depth),
    Attribute.NUMBER: lambda own: own._numbers(own.view.forest.runs.number),
    Attribute.CREATED: lambda own: own._numbers(own.view.forest.runs.created_at),
    Attribute.STARTED: lambda own: own.view.columns(Attribute.STARTED)[0],
    Attribute.ENDED: lambda own: own.view.columns(Attribute.STARTED)[1],
    Attribute.DURATION: lambda own: own._numbers(own._durations()),
    Attribute.STEPS: lambda own: own.view.columns(Attribute.STEPS)[0],
    Attribute.HOST: lambda own: own._texts(Attribute.HOST),
    Attribute.DESCRIPTION: lambda own: own._texts(Attribute.DESCRIPTION),
    Attribute.ERROR: lambda own: own._texts(Attribute.ERROR),
}

_READ_FOR: Mapping[Attribute, Set[SourceKey]] = {
    Attribute.STATUS: {Attribute.STATUS},
    Attribute.STARTED: {Attribute.STARTED},
    Attribute.ENDED: {Attribute.STARTED},
    Attribute.DURATION: {Attribute.STARTED, Attribute.STATUS},
    Attribute.STEPS: {Attribute.STEPS},
    Attribute.PROGRESS: {Attribute.STEPS, Parameter(TOTAL_STEPS)},
    **{text: {text} for text in (Attribute.NAME, Attribute.HOST, Attribute.DESCRIPTION, Attribute.ERROR)},
}
"""What is read of runs for an attribute; all others are in the trees."""


def sources_of(term: object) -> set[SourceKey]:
    """What has to be read for a column or a condition."""
    if isinstance(term, Field):
        return set(_READ_FOR.get(term.attribute, ()))
    if isinstance(term, Parameter):
        return {Parameter(term.name)}
    if isinstance(term, Label | Metric):
        return {term}
    if isinstance(term, tuple):
        return set().union(*map(sources_of, term))
    if is_dataclass(term) and not isinstance(term, type):
        return set().union(*(sources_of(getattr(term, part.name)) for part in fields(term)))
    return set()
