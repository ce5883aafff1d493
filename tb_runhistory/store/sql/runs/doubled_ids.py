"""An id that stands in two trees: two runs never become one because somebody gave both the same id.

The tree that is heard of first keeps it. In another the run has an id that is made from both the tree's and the given
one, always the same, and the given one is what it can be found by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from tb_runhistory.records.changes import CreateRun
from tb_runhistory.store.base import LoggedEntries, LoggedPoints, TreeBatch
from tb_runhistory.store.sql.runs.run_rows import RunKey

NewIds: TypeAlias = Mapping[RunKey, str]
"""The ids of runs, given as (root_id, run_id), whose own belongs to another tree."""


def id_in_tree(root_id: str, run_id: str) -> str:
    """The id, in one tree, of a run whose own belongs to another."""
    return str(uuid5(UUID(root_id), run_id))


def new_ids(doubled: Collection[RunKey]) -> NewIds:
    """New ids for runs whose own belong to other trees."""
    return {run: id_in_tree(*run) for run in doubled}


def with_new_ids(batch: TreeBatch, ids: NewIds) -> TreeBatch:
    """The batch, with new ids in place of those that belong to other trees."""
    if not any(root_id == batch.root_id for root_id, _ in ids):
        return batch
    logged = batch.points
    return replace(
        batch,
        changes=[_renamed(change, ids) for change in batch.changes],
        points=LoggedPoints([_renamed(series, ids) for series in logged.series], logged.starts, logged.points),
        entries=[LoggedEntries(_renamed(part.series, ids), part.entries) for part in batch.entries],
    )


def _renamed(part: Any, ids: NewIds) -> Any:
    """A change or a declaration that speaks of runs by their new ids."""
    if isinstance(part, CreateRun):
        path = [ids.get((part.root_id, run_id), run_id) for run_id in part.path.split("/")]
        part = replace(part, path="/".join(path))
        if (part.root_id, part.run_id) in ids and not part.chosen_id:
            part = replace(part, chosen_id=part.run_id)
    new_id = ids.get((part.root_id, getattr(part, "run_id", "")))
    return part if new_id is None else replace(part, run_id=new_id)
