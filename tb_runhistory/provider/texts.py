"""Texts, and the descriptions of runs and experiments, as the Text dashboard asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.records.changes import DataClass

DESCRIPTION_TAG = "description"
MAX_TEXT_CHARACTERS = 1 << 20
_MOST_STARS = 4


@dataclass(frozen=True, slots=True)
class ShownTexts:
    """The texts of one series by increasing step; wall times are seconds since the epoch."""

    run: str
    tag: str
    steps: list[int]
    wall_times: list[float]
    texts: list[str]


class Descriptions:
    """The descriptions in a snapshot.

    That of a run is a series of its own, at step 0, under the tag "description". That of an experiment stands under the
    first segment of its runs' names, where no run can be.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def any(self) -> bool:
        """Whether there is one."""
        snapshot = self._snapshot
        return bool(len(snapshot.directory.described(snapshot.rows))) or any(self._of_experiments())

    def experiments_shown(self) -> dict[str, float]:
        """The names under which the descriptions of experiments stand, with the experiment's creation time."""
        return {shown.run: shown.wall_times[0] for shown in self._of_experiments()}

    def shown(self, wanted: Wanted) -> Iterator[ShownTexts]:
        """The descriptions that are wanted, of experiments, then of runs, each as a series of one text."""
        for shown in self._of_experiments():
            if wanted.has_run(shown.run) and wanted.has_tag(shown.tag):
                yield shown
        snapshot, runs = self._snapshot, self._snapshot.directory
        for columns in snapshot.runs_of(runs.described(snapshot.wanted_rows(wanted))):
            found = [runs.row_of(run_id) for run_id in columns.run_id]
            tags = self._tags([row for row in found if row is not None])
            for row, text in zip(found, columns.description, strict=True):
                if row is not None and text and wanted.has_tag(tags[row]):
                    [started] = runs.start_times(np.array([row])).tolist()
                    yield ShownTexts(runs.name(row), tags[row], [0], [started], [cut(text)])

    def _tags(self, rows: list[int]) -> dict[int, str]:
        """The tag of each run's description: one that it has not logged texts under."""
        candidates = frozenset(DESCRIPTION_TAG + "*" * stars for stars in range(_MOST_STARS))
        logged: set[tuple[int | None, str]] = set()
        for series in self._snapshot.series_of(DataClass.TEXT, np.array(rows, np.intp), candidates):
            keys = zip(series.key, series.tag, strict=True)
            logged.update((self._snapshot.directory.row_of(key.run_id), tag) for key, tag in keys)
        ordered = sorted(candidates)
        return {row: next((tag for tag in ordered if (row, tag) not in logged), ordered[-1]) for row in rows}

    def _of_experiments(self) -> Iterator[ShownTexts]:
        snapshot = self._snapshot
        experiments = snapshot.experiments
        described = [row for row, text in enumerate(experiments.description) if text]
        shown = snapshot.directory.experiments_of(snapshot.rows) if described else set()
        for row in described:
            if experiments.name[row] in shown:
                run = snapshot.directory.first_segment(experiments.name[row])
                created = float(experiments.created_at[row])
                yield ShownTexts(run, DESCRIPTION_TAG, [0], [created], [cut(experiments.description[row])])


def cut(text: str) -> str:
    """The text, or its first million characters and how many more there are."""
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    return f"{text[:MAX_TEXT_CHARACTERS]}… ({len(text) - MAX_TEXT_CHARACTERS:,} more characters)"
