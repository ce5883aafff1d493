"""Whether rows agree with one another: runs with their places in the tree, and all rows with the run they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, exists, func, select

from tb_runhistory.store.sql.paths import ID_BYTES, run_id_at
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import (
    IS_BELOW,
    appends,
    blocks,
    entries,
    experiments,
    params,
    properties,
    resumptions,
    runs,
    series,
    sessions,
    tags,
)
from tb_runhistory.store.verify.cells import shown
from tb_runhistory.store.verify.faults import Fault, Part

_MOST = 20
"""Of each kind so many are named: there may be as many as rows."""

OF_RUNS: Mapping[Table, str] = {
    params: "parameters",
    tags: "tags",
    properties: "properties",
    sessions: "sessions",
    series: "series",
    resumptions: "resumptions",
    blocks: "points",
    appends: "appended points",
    entries: "entries",
}
"""The tables whose rows are of a run, and what these are."""

_other = runs.alias("other")


def place_faults(row: Mapping[str, Any]) -> Iterator[str]:
    """What contradicts itself in the row of a run, in sentences."""
    path, root_id = row["path"], row["root_id"]
    if not isinstance(path, bytes) or len(path) % ID_BYTES:
        yield "its path is none"
        return
    if row["run_id"] != run_id_at(root_id, path):
        yield "its path is that of another run"
    if row["depth"] != len(path) // ID_BYTES:
        yield f"its depth is {shown(row['depth'])}, by its path it is {len(path) // ID_BYTES}"
    parent_id = run_id_at(root_id, path[:-ID_BYTES]) if path else ""
    if (row["parent_id"] or "") != parent_id:
        yield "its parent is not the one that its path names"


def relation_faults(connection: Connection) -> Iterator[Fault]:
    """The rows whose run, parent or experiment is not there, or that contradict those."""
    parent = and_(_other.c.root_id == runs.c.root_id, _other.c.run_id == runs.c.parent_id)
    root = and_(_other.c.root_id == runs.c.root_id, _other.c.run_id == runs.c.root_id)
    itself = select(runs.c.run_id)
    questions: list[tuple[str, Select[Any]]] = [
        ("its parent is not there", itself.where(IS_BELOW, ~exists().where(parent))),
        (
            "its experiment is not there",
            itself.where(~exists().where(experiments.c.experiment_id == runs.c.experiment_id)),
        ),
        (
            "its experiment is not that of its root",
            itself.join_from(runs, _other, root).where(IS_BELOW, _other.c.experiment_id != runs.c.experiment_id),
        ),
    ]
    for table, what in OF_RUNS.items():
        counted = select(table.c.run_id, func.count()).group_by(table.c.run_id)
        of_nobody = counted.where(~exists().where(same_run(runs, table)))
        questions.append((f"there are {what} of a run that is not there", of_nobody))
    for sentence, question in questions:
        for run_id, *_ in connection.execute(question.limit(_MOST)):
            yield Fault(Part.TREE, sentence, run_id)
