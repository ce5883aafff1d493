"""Whether the numbers of runs that experiments keep are those that there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, select

from tb_runhistory.records.changes import DataClass, LifecycleStage
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES, METRIC_NAMES, PARAMETER_NAMES, STAGE_CODES
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import experiments, names, params, runs, series
from tb_runhistory.store.verify.cells import shown
from tb_runhistory.store.verify.faults import Fault, Part

_MOST = 20
_IS_ACTIVE = runs.c.stage == STAGE_CODES[LifecycleStage.ACTIVE]


def count_faults(connection: Connection) -> Iterator[Fault]:
    """What is wrong with ``experiments`` and ``names``, all in one moment."""
    yield from _experiment_faults(connection)
    for experiment_id, kind, name, stored, found in islice(_names_that_differ(connection), _MOST):
        what = "parameter" if kind == PARAMETER_NAMES else "metric"
        said = f"{shown(stored)} runs of the experiment {experiment_id} are said to have the {what} {shown(name)}"
        yield Fault(Part.COUNTS, f"{said}, {found:,} have")


def _experiment_faults(connection: Connection) -> Iterator[Fault]:
    counted = (
        select(
            experiments.c.name,
            experiments.c.run_count,
            func.count(runs.c.run_id).filter(_IS_ACTIVE),
            experiments.c.last_number,
            func.coalesce(func.max(runs.c.number), 0),
        )
        .select_from(experiments.outerjoin(runs, runs.c.experiment_id == experiments.c.experiment_id))
        .group_by(experiments.c.experiment_id, experiments.c.name, experiments.c.run_count, experiments.c.last_number)
    )
    for name, run_count, found, last_number, highest in connection.execute(counted):
        if run_count != found:
            yield Fault(
                Part.COUNTS,
                f"the experiment {shown(name)} is said to have {shown(run_count)} active runs, it has {found:,}",
            )
        # A cell that is no number at all is found by itself.
        if isinstance(last_number, int) and isinstance(highest, int) and last_number < highest:
            yield Fault(
                Part.COUNTS,
                f"the experiment {shown(name)} has a run {highest:,}, its last is said to be {last_number:,}",
            )


def _names_that_differ(connection: Connection) -> Iterator[tuple[int, int, str, int, int]]:
    """The experiment, kind and name, the stored number of runs and the true one, wherever these differ."""
    stored = {
        (experiment_id, kind, name): count for experiment_id, kind, name, count in connection.execute(select(names))
    }
    for kind, question in ((PARAMETER_NAMES, _with_parameter()), (METRIC_NAMES, _with_metric())):
        for experiment_id, name, found in connection.execute(question):
            count = stored.pop((experiment_id, kind, name), 0)
            if count != found:
                yield experiment_id, kind, name, count, found
    for (experiment_id, kind, name), count in stored.items():
        if count:
            yield experiment_id, kind, name, count, 0


def _with_parameter() -> Select[Any]:
    having = select(runs.c.experiment_id, params.c.name, func.count()).join_from(runs, params, same_run(params, runs))
    return having.where(_IS_ACTIVE).group_by(runs.c.experiment_id, params.c.name)


def _with_metric() -> Select[Any]:
    having = select(runs.c.experiment_id, series.c.tag, func.count()).join_from(runs, series, same_run(series, runs))
    is_metric = series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR]
    return having.where(_IS_ACTIVE, is_metric).group_by(runs.c.experiment_id, series.c.tag)
