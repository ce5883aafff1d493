"""The runs of a store as a tree of rows, and the run that a person means."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from time import time

from tb_runhistory.cli.json_output import RunEntry
from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.provider.directory import RunDirectory
from tb_runhistory.records.changes import DataClass, LifecycleStage, ParameterValue
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.store.base import RunHistoryReader

_SHORTEST_PART = 4
_MOST_CANDIDATES = 5
_STAGES = tuple(LifecycleStage)


class RunTree:
    """The runs in a scope, by row: ``roots`` are those whose parent is not in scope, newest first.

    Raises:
      NotFound: the scope's experiment or one of its runs does not exist.
    """

    def __init__(self, reader: RunHistoryReader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self.experiments = reader.experiments(Scope(stages=scope.stages))
        self.runs = reader.runs(scope)
        self._check_found()
        self.rows = {run_id: row for row, run_id in enumerate(self.runs.run_id)}
        self.children: dict[int, list[int]] = {}
        self.roots: list[int] = []
        self._now = time()
        for row, parent_id in enumerate(self.runs.parent_id):
            if parent_id in self.rows:
                self.children.setdefault(self.rows[parent_id], []).append(row)
            else:
                self.roots.append(row)
        self.roots.reverse()

    @cached_property
    def names(self) -> dict[str, str]:
        """The name in TensorBoard by the run's id. They are those of the whole store, however narrow the scope."""
        experiments = set(self.runs.experiment)
        experiment = next(iter(experiments)) if len(experiments) == 1 else None
        directory = RunDirectory(Scope())
        for name in self.reader.experiments(Scope(stages=ANY_STAGE)).name:
            directory.first_segment(name)
        directory.update([self.reader.runs(Scope(experiment, stages=ANY_STAGE))])
        rows = ((run_id, directory.row_of(run_id)) for run_id in self.runs.run_id)
        return {run_id: directory.name(row) for run_id, row in rows if row is not None}

    @cached_property
    def experiment_stages(self) -> dict[str, LifecycleStage]:
        """The stage of each experiment by its name."""
        return dict(zip(self.experiments.name, self.experiments.stage, strict=True))

    def stage(self, row: int) -> LifecycleStage:
        """The stage of the run or of its experiment, whichever is farther from being shown."""
        of_experiment = self.experiment_stages.get(self.runs.experiment[row], LifecycleStage.ACTIVE)
        return max(self.runs.stage[row], of_experiment, key=_STAGES.index)

    def status(self, row: int) -> RunStatus:
        """The state to show now."""
        return shown_status(self.runs.status[row], _time(self.runs.heartbeat_at[row]), self._now)

    def is_root(self, row: int) -> bool:
        """Whether the run's parent is not in scope."""
        return self.runs.parent_id[row] not in self.rows

    def shown_name(self, row: int) -> str:
        """What the run is called in its place: its display name, or its number."""
        return self.runs.display_name[row] or f"run {self.runs.number[row]}"

    def sort(self, places: Mapping[str, int] | None) -> None:
        """Sorts siblings by their places, given by their ids; with None it leaves them as they are."""
        if places is not None:
            for siblings in (self.roots, *self.children.values()):
                siblings.sort(key=lambda row: places.get(self.runs.run_id[row], len(places)))

    def narrow(self, kept: set[int]) -> None:
        """Leaves out all runs but those at ``kept``."""
        self.roots = [row for row in self.roots if row in kept]
        self.children = {row: [child for child in below if child in kept] for row, below in self.children.items()}

    def with_ancestors(self, rows: Iterable[int]) -> set[int]:
        """``rows`` and all that stand above them."""
        kept: set[int] = set()
        for row in rows:
            at: int | None = row
            while at is not None and at not in kept:
                kept.add(at)
                at = self.rows.get(self.runs.parent_id[at])
        return kept

    def last_values(self, rows: Sequence[int]) -> dict[str, dict[str, float]]:
        """By run id, the last value of each metric of the runs at ``rows``."""
        found: dict[str, dict[str, float]] = defaultdict(dict)
        if rows:
            only = tuple(self.runs.run_id[row] for row in rows)
            series = self.reader.series(Scope(only=only, stages=self.scope.stages), DataClass.SCALAR)
            for key, tag, last in zip(series.key, series.tag, series.last_value.tolist(), strict=True):
                found[key.run_id][tag] = last
        return found

    def entry(
        self,
        row: int,
        metrics: Mapping[str, dict[str, float]],
        columns: Mapping[str, dict[str, ParameterValue | None]] | None = None,
    ) -> RunEntry:
        """The run at ``row``, with what is given for it by its id."""
        runs = self.runs
        run_id = runs.run_id[row]
        started, ended = _time(runs.started_at[row]), _time(runs.ended_at[row])
        status = self.status(row)
        until = _time(runs.heartbeat_at[row]) if status is RunStatus.NOT_RESPONDING else self._now
        duration = None if started is None else max(0.0, (until or started if ended is None else ended) - started)
        return RunEntry(
            run_id=run_id,
            chosen_id=runs.chosen_id[row],
            parent_id=runs.parent_id[row] or None,
            experiment=runs.experiment[row],
            name=self.names.get(run_id, run_id),
            display_name=runs.display_name[row],
            number=int(runs.number[row]),
            depth=int(runs.depth[row]),
            stage=self.stage(row).value,
            status=status.value,
            created_at=float(runs.created_at[row]),
            started_at=started,
            ended_at=ended,
            duration=duration,
            children=len(self.children.get(row, ())),
            metrics=metrics.get(run_id, {}),
            columns=(columns or {}).get(run_id, {}),
        )

    def _check_found(self) -> None:
        location, scope = self.reader.location, self.scope
        missing = set(scope.run_ids).difference(self.runs.run_id, self.runs.chosen_id)
        if missing:
            raise NotFound(f"the store {location} has no run {min(missing)!r}: tb-runhistory list --all shows all")
        if scope.experiment is not None and scope.experiment not in self.experiments.name:
            known = ", ".join(repr(name) for name in self.experiments.name[:_MOST_CANDIDATES]) or "none"
            raise NotFound(f"the store {location} has no experiment {scope.experiment!r}; it has: {known}")


def find_run(reader: RunHistoryReader, wanted: str) -> str:
    """The id of the run that ``wanted`` means, archived and deleted ones among them.

    That is an id; the id that a person chose for it; the beginning or the end of an id; or a name as TensorBoard shows
    it (``experiment/parent/child``) or the end of one.

    Raises:
      NotFound: there is none.
      BadRequest: several runs could be meant.
    """
    found = reader.find_runs(wanted)
    if len(found) == 1:
        return found[0]
    tree = RunTree(reader, Scope(only=tuple(found) or None, stages=ANY_STAGE))
    found = found or _by_name_or_part(tree, wanted)
    if not found:
        raise NotFound(f"the store {reader.location} has no run {wanted!r}: tb-runhistory list shows names and ids")
    if len(found) > 1:
        shown = ", ".join(f"{tree.names.get(run_id, '?')} ({run_id})" for run_id in found[:_MOST_CANDIDATES])
        more = f" and {len(found) - _MOST_CANDIDATES:,} more" if len(found) > _MOST_CANDIDATES else ""
        raise BadRequest(f"{wanted!r} may be any of {len(found):,} runs, name one by its id: {shown}{more}")
    return found[0]


def _by_name_or_part(tree: RunTree, wanted: str) -> list[str]:
    exact = [run_id for run_id, name in tree.names.items() if name == wanted]
    is_part = len(wanted) >= _SHORTEST_PART
    return exact or [
        run_id
        for run_id, name in tree.names.items()
        if name.endswith("/" + wanted) or (is_part and (run_id.startswith(wanted) or run_id.endswith(wanted)))
    ]


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """The ends of ids that tell them apart, six characters or more: what ids begin with is when they were made."""
    length = 6
    while len({run_id[-length:] for run_id in ids}) < len(set(ids)) and length < max(map(len, ids)):
        length += 1
    return {run_id: run_id[-length:] for run_id in ids}


def _time(seconds: float) -> float | None:
    return None if math.isnan(seconds) else float(seconds)
