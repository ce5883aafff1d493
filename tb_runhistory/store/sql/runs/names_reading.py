"""Which experiments there are, and which parameters and metrics runs have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection, and_, case, func, literal, select
from sqlalchemy.exc import DatabaseError

from tb_runhistory.query.terms import LabelKind, Metric, Parameter
from tb_runhistory.query.tree import ColumnCounts
from tb_runhistory.records.changes import DataClass, LifecycleStage
from tb_runhistory.records.columns import ACTIVE, ExperimentColumns, Scope
from tb_runhistory.store.sql.around_damage import readable_rows
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES, METRIC_NAMES, PARAMETER_NAMES, STAGE_CODES, stage_of
from tb_runhistory.store.sql.columns import (
    MAX_NAME,
    MAX_TEXT,
    TextBudget,
    as_text,
    cut_in_store,
    numbers,
    transposed,
    whole_numbers,
)
from tb_runhistory.store.sql.runs.default_views import read_views
from tb_runhistory.store.sql.runs.scope import Condition, in_scope, stage_groups
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import (
    IS_PUT_AWAY,
    IS_ROOT,
    experiments,
    names,
    params,
    properties,
    runs,
    series,
    tags,
)
from tb_runhistory.store.sql.types import storable

_ACTIVE = STAGE_CODES[LifecycleStage.ACTIVE]
_STAGE = 2
_MOST_RUNS = 2**40
_MOST_LABELS = 1000
_KINDS: Mapping[int, Callable[[str], Parameter | Metric]] = {PARAMETER_NAMES: Parameter, METRIC_NAMES: Metric}


def read_experiments(connection: Connection, scope: Scope | None) -> ExperimentColumns:
    """As ``RunReader.experiments`` says."""
    asked = (
        experiments.c.experiment_id,
        cut_in_store(experiments.c.name, MAX_NAME),
        experiments.c.stage,
        cut_in_store(experiments.c.description, MAX_TEXT),
        experiments.c.created_at,
        experiments.c.run_count,
    )
    stages = (scope or Scope()).stages
    others = [code for stage, code in STAGE_CODES.items() if stage not in stages]
    listed = select(*asked).order_by(experiments.c.created_at, experiments.c.experiment_id)
    stored = readable_rows(connection, listed, experiments.c.experiment_id)
    rows = TextBudget().rows(stored, {1: MAX_NAME, 3: MAX_TEXT})
    if scope is None or scope == Scope():
        rows = [row for row in rows if row[_STAGE] not in others]
    else:
        counted = _runs_by_experiment(connection, scope)
        is_narrow = scope != Scope(stages=stages)
        rows = [
            (*row[:-1], counted.get(row[0], 0))
            for row in rows
            if row[0] in counted or not (is_narrow or row[_STAGE] in others)
        ]
    experiment_id, name, stage, description, created_at, run_count = transposed(rows, len(asked))
    views = read_views(connection)
    return ExperimentColumns(
        name=list(map(as_text, name)),
        stage=[stage_of(code) for code in stage],
        description=list(map(as_text, description)),
        view=[views.get(one, "") for one in experiment_id],
        created_at=numbers(created_at),
        run_count=whole_numbers(run_count),
    )


def _runs_by_experiment(connection: Connection, scope: Scope) -> Mapping[int, int]:
    """How many runs in scope each experiment has, where it has any."""
    if scope.run_ids or scope.only is not None:
        in_each = select(runs.c.experiment_id, func.count()).where(in_scope(connection, scope))
        return {row[0]: row[1] for row in connection.execute(in_each.group_by(runs.c.experiment_id))}
    # The store keeps count of active runs, and has an index of the others.
    groups = stage_groups(connection, scope)
    counted: Counter[int] = Counter()
    active = select(experiments.c.experiment_id, literal(_ACTIVE), experiments.c.run_count)
    put_away = select(runs.c.experiment_id, runs.c.stage, func.count()).where(IS_PUT_AWAY)
    for query in (active, put_away.group_by(runs.c.experiment_id, runs.c.stage)):
        for experiment_id, stage, count in connection.execute(query):
            if (
                type(count) is int
                and count
                and any(group.has(experiment_id) and stage not in group.left_out for group in groups)
            ):
                counted[experiment_id] += count
    return counted


def count_columns(connection: Connection, scope: Scope) -> ColumnCounts:
    """As ``RunReader.tree_columns`` says."""
    try:
        counted = _stored_counts(connection, scope) if _is_counted(scope) else _live_counts(connection, scope)
    except DatabaseError:
        # What was counted is damaged: the runs themselves say it, too.
        counted = _live_counts(connection, scope)
    budget = TextBudget()
    named = ((kind, budget.text(name, MAX_NAME), count) for kind, name, count in counted)
    rows = sorted(named, key=lambda row: (row[0], -row[2], row[1]))
    columns = [_KINDS[kind](name) for kind, name, _ in rows]
    return ColumnCounts(columns, whole_numbers(count for *_, count in rows))


def read_label_names(connection: Connection, kind: LabelKind, scope: Scope) -> list[str]:
    """As ``RunReader.label_names`` says."""
    table = tags if kind is LabelKind.TAG else properties
    counted = (
        select(cut_in_store(table.c.name, MAX_NAME))
        .group_by(table.c.name)
        .order_by(func.count().desc(), table.c.name)
        .limit(_MOST_LABELS)
    )
    if scope.experiment is not None:
        # A tree is of one experiment: its labels stand together.
        roots = select(runs.c.root_id).join_from(runs, experiments, experiments.c.experiment_id == runs.c.experiment_id)
        counted = counted.where(
            table.c.root_id.in_(roots.where(IS_ROOT, experiments.c.name == storable(scope.experiment)))
        )
    return [as_text(name) for name in connection.execute(counted).scalars()]


def _is_counted(scope: Scope) -> bool:
    """Whether the store keeps count of what the runs in scope have."""
    return not scope.run_ids and scope.only is None and scope.stages == ACTIVE


def _stored_counts(connection: Connection, scope: Scope) -> Iterable[tuple[int, str, int]]:
    of_experiment: Condition = experiments.c.stage.not_in(
        [code for stage, code in STAGE_CODES.items() if stage not in ACTIVE]
    )
    if scope.experiment is not None:
        of_experiment = and_(of_experiment, experiments.c.name == storable(scope.experiment))
    name = cut_in_store(names.c.name, MAX_NAME)
    # So that no sum overflows, whatever a damaged cell says.
    count = case((names.c.run_count < _MOST_RUNS, names.c.run_count), else_=_MOST_RUNS)
    query = (
        select(names.c.kind, name, func.sum(count))
        .select_from(names.join(experiments, experiments.c.experiment_id == names.c.experiment_id))
        .where(of_experiment, names.c.kind.in_(_KINDS), names.c.run_count > 0)
        .group_by(names.c.kind, names.c.name)
    )
    return [(kind, name, int(count)) for kind, name, count in connection.execute(query)]


def _live_counts(connection: Connection, scope: Scope) -> Iterable[tuple[int, str, int]]:
    condition = in_scope(connection, scope)
    is_metric = and_(series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR], series.c.count > 0)
    for kind, column, meant in ((PARAMETER_NAMES, params.c.name, condition), (METRIC_NAMES, series.c.tag, is_metric)):
        table = column.table
        query = (
            select(cut_in_store(column, MAX_NAME), func.count())
            .select_from(runs.join(table, same_run(table, runs)))
            .where(condition, meant)
            .group_by(column)
        )
        for name, count in connection.execute(query):
            yield kind, name, count
