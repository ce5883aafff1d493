"""The runs of a store as a tree of rows, and the run that a person means."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from time import time

from tb_runhistory.cli.answers import RunEntry
from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.store.base import RunHistoryReader

_SHORTEST_PART = 4
_MOST_CANDIDATES = 5


class RunTree:
    """The runs in a scope, by row: ``roots`` are those whose parent is not in scope, newest first."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.runs = snapshot.runs
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

    def status(self, row: int) -> RunStatus:
        """The state to show now."""
        return shown_status(self.runs.status[row], _time(self.runs.heartbeat_at[row]), self._now)

    def is_root(self, row: int) -> bool:
        """Whether the run's parent is not in scope."""
        return self.runs.parent_id[row] not in self.rows

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
            ids = tuple(self.runs.run_id[row] for row in rows)
            series = self.snapshot.reader.series(Scope(only=ids), DataClass.SCALAR)
            for key, tag, last in zip(series.key, series.tag, series.last_value.tolist(), strict=True):
                found[key.run_id][tag] = last
        return found

    def entry(self, row: int, metrics: dict[str, float]) -> RunEntry:
        """The run at ``row``."""
        runs = self.runs
        run_id = runs.run_id[row]
        started, ended = _time(runs.started_at[row]), _time(runs.ended_at[row])
        status = self.status(row)
        until = _time(runs.heartbeat_at[row]) if status is RunStatus.NOT_RESPONDING else self._now
        duration = None if started is None else max(0.0, (until or started if ended is None else ended) - started)
        return RunEntry(
            run_id=run_id,
            parent_id=runs.parent_id[row] or None,
            experiment=runs.experiment[row],
            name=self.snapshot.names.get(run_id, run_id),
            display_name=runs.display_name[row],
            number=int(runs.number[row]),
            depth=int(runs.depth[row]),
            status=status.value,
            created_at=float(runs.created_at[row]),
            started_at=started,
            ended_at=ended,
            duration=duration,
            children=len(self.children.get(row, ())),
            metrics=metrics,
        )


def find_run(reader: RunHistoryReader, wanted: str) -> str:
    """The id of the run that ``wanted`` means.

    That is an id, the beginning or the end of one, or a name as TensorBoard shows it (``experiment/parent/child``) or
    the end of one.

    Raises:
      NotFound: there is none.
      BadRequest: several runs could be meant.
    """
    if wanted in reader.runs(Scope(only=(wanted,))).run_id:
        return wanted
    names = Snapshot(reader, Scope()).names
    exact = [run_id for run_id, name in names.items() if name == wanted]
    parts = [
        run_id
        for run_id, name in names.items()
        if name.endswith("/" + wanted)
        or (len(wanted) >= _SHORTEST_PART and (run_id.startswith(wanted) or run_id.endswith(wanted)))
    ]
    found = exact or parts
    if not found:
        raise NotFound(f"the store {reader.location} has no run {wanted!r}: tb-runhistory list shows names and ids")
    if len(found) > 1:
        shown = ", ".join(f"{names[run_id]} ({run_id})" for run_id in found[:_MOST_CANDIDATES])
        more = f" and {len(found) - _MOST_CANDIDATES:,} more" if len(found) > _MOST_CANDIDATES else ""
        raise BadRequest(f"{wanted!r} may be any of {len(found):,} runs, name one by its id: {shown}{more}")
    return found[0]


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """The ends of ids that tell them apart, six characters or more: what ids begin with is when they were made."""
    length = 6
    while len({run_id[-length:] for run_id in ids}) < len(set(ids)) and length < max(map(len, ids)):
        length += 1
    return {run_id: run_id[-length:] for run_id in ids}


def _time(seconds: float) -> float | None:
    return None if math.isnan(seconds) else float(seconds)
