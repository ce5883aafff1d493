"""From a scope to SQL: which runs are meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true

from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.sql.around_damage import readable_rows
from tb_runhistory.store.sql.codes import STAGE_CODES
from tb_runhistory.store.sql.paths import in_subtree, is_id
from tb_runhistory.store.sql.schema import IS_ROOT, experiments, runs
from tb_runhistory.store.sql.types import storable

Condition: TypeAlias = ColumnElement[bool]

_ACTIVE = STAGE_CODES[LifecycleStage.ACTIVE]

_KEYS_AT_ONCE = 10_000
_TERMS_AT_ONCE = 100
"""SQLite reads a long ``OR`` as one deep expression, of which it takes a thousand levels."""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run stands: its tree, its id, and the path of ids below the root that is stored."""

    root_id: str
    run_id: str
    path: bytes

    def is_above(self, other: RunPlace) -> bool:
        """Whether the other one is a descendant."""
        return self.root_id == other.root_id and self.path != other.path and other.path.startswith(self.path)


@dataclass(frozen=True, slots=True)
class StageGroup:
    """Experiments of which a scope leaves out runs in the same stages: these, or (``is_rest``) all but these."""

    experiment_ids: frozenset[int]
    is_rest: bool
    left_out: frozenset[int]

    @property
    def experiments(self) -> Condition:
        """The condition on ``runs`` for those in these experiments."""
        if not self.is_rest:
            return runs.c.experiment_id.in_(self.experiment_ids)
        return runs.c.experiment_id.not_in(self.experiment_ids) if self.experiment_ids else true()

    @property
    def stages(self) -> Condition:
        """The condition on ``runs`` for those that are not left out. An unknown stage is in sight."""
        return runs.c.stage.not_in(sorted(self.left_out)) if self.left_out else true()

    def has(self, experiment_id: int) -> bool:
        """Whether an experiment is one of them."""
        return (experiment_id in self.experiment_ids) is not self.is_rest


def stage_groups(connection: Connection, scope: Scope) -> list[StageGroup]:
    """The experiments of which runs are in scope, by the stages in which they are.

    A run stands in its own stage, or in that of its experiment where that is further out of sight.
    """
    wanted = {STAGE_CODES[stage] for stage in scope.stages}
    everything = frozenset(STAGE_CODES.values())
    left_out = {of: frozenset(own for own in everything if max(own, of) not in wanted) for of in everything}
    stored = select(experiments.c.experiment_id, experiments.c.stage)
    if scope.experiment is not None:
        named = connection.execute(stored.where(experiments.c.name == storable(scope.experiment))).all()
        found = [StageGroup(frozenset([row[0]]), False, left_out.get(row[1], left_out[_ACTIVE])) for row in named]
    else:
        rest = left_out[_ACTIVE]
        others: dict[frozenset[int], set[int]] = defaultdict(set)
        put_away = stored.where(experiments.c.stage != _ACTIVE)
        for row in readable_rows(connection, put_away, experiments.c.experiment_id):
            if left_out.get(row.stage, rest) != rest:
                others[left_out[row.stage]].add(row.experiment_id)
        found = [StageGroup(frozenset().union(*others.values()), True, rest)]
        found += [StageGroup(frozenset(ids), False, of) for of, ids in others.items()]
    return [group for group in found if group.left_out != everything]


def in_scope(connection: Connection, scope: Scope, known: Sequence[StageGroup] | None = None) -> Condition:
    """The condition on ``runs`` that a scope stands for. ``known`` are its groups, where they were read before."""
    groups = stage_groups(connection, scope) if known is None else known
    conditions = [_any_of([and_(group.experiments, group.stages) for group in groups])]
    if scope.experiment is not None:
        # A tree is in one experiment: this finds the runs through an index.
        of_experiment = select(runs.c.root_id).where(IS_ROOT, _any_of([group.experiments for group in groups]))
        conditions.append(runs.c.root_id.in_(of_experiment))
    if scope.only is not None:
        conditions.append(is_one_of(scope.only))
    if scope.run_ids:
        conditions.append(in_subtrees(topmost(named_runs(connection, scope.run_ids))))
    return and_(*conditions)


def is_one_of(run_ids: Iterable[str]) -> Condition:
    """The condition on ``runs`` for those with these ids."""
    known = sorted(run_id for run_id in set(run_ids) if is_id(run_id))
    parts = [known[start : start + _KEYS_AT_ONCE] for start in range(0, len(known), _KEYS_AT_ONCE)]
    return _any_of([runs.c.run_id.in_(part) for part in parts])


def in_subtrees(tops: Sequence[RunPlace]) -> Condition:
    """The condition on ``runs`` for these runs and all their descendants."""
    whole_trees = [top.root_id for top in tops if not top.path]
    ranges = [in_subtree(runs, top.root_id, top.path) for top in tops if top.path]
    if whole_trees:
        ranges.append(runs.c.root_id.in_(whole_trees))
    return _any_of(ranges)


def named_runs(connection: Connection, texts: Iterable[str]) -> list[RunPlace]:
    """The runs that have one of these ids or chosen ids, whatever their stage."""
    wanted = {storable(text) for text in texts}
    ids = sorted({text.lower() for text in wanted if is_id(text.lower())})
    found: dict[tuple[str, bytes], RunPlace] = {}
    for condition in (runs.c.run_id.in_(ids), runs.c.chosen_id.in_(sorted(wanted))):
        for row in connection.execute(select(runs.c.root_id, runs.c.run_id, runs.c.path).where(condition)):
            if isinstance(row.path, bytes) and row.root_id:
                found[row.root_id, row.path] = RunPlace(row.root_id, row.run_id, row.path)
    return list(found.values())


def topmost(places: Iterable[RunPlace]) -> list[RunPlace]:
    """Those of the runs that are below no other of them."""
    tops: list[RunPlace] = []
    for place in sorted(places, key=lambda place: (place.root_id, place.path)):
        if not (tops and tops[-1].is_above(place)):
            tops.append(place)
    return tops


def _any_of(conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    while len(conditions) > _TERMS_AT_ONCE:
        conditions = [
            or_(*conditions[start : start + _TERMS_AT_ONCE]).self_group()
            for start in range(0, len(conditions), _TERMS_AT_ONCE)
        ]
    return or_(false(), *conditions)
