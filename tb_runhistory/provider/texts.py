"""Text series, and the descriptions of runs and experiments, as the Text dashboard asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tb_runhistory.errors import BadRequest
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.scalars import ListedSeries, start_times
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.records.changes import DataClass

DESCRIPTION_TAG = "description"
MAX_TEXT_CHARACTERS = 1 << 20
MAX_REPLY_CHARACTERS = 50 << 20


@dataclass(frozen=True, slots=True)
class ShownTexts:
    """The texts of one series by increasing step; wall times are seconds since the epoch."""

    run: str
    tag: str
    steps: list[int]
    wall_times: list[float]
    texts: list[str]


class Texts:
    """The text series of a snapshot.

    The description of a run is a series of its own, at step 0, under the tag "description". That of an experiment
    stands under the first segment of its runs' names, where no run can be.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def series(self, wanted: Wanted) -> Iterator[ListedSeries]:
        """The series that are wanted."""
        names, series = self._snapshot.names, self._snapshot.series(DataClass.TEXT)
        steps, times = series.last_step.tolist(), series.last_wall_time.tolist()
        for row, (key, tag) in enumerate(zip(series.key, series.tag, strict=True)):
            name = names.get(key.run_id)
            if name is not None and wanted.has_run(name) and wanted.has_tag(tag):
                yield ListedSeries(name, tag, steps[row], times[row], series.description[row])
        for shown in self.descriptions(wanted):
            yield ListedSeries(shown.run, shown.tag, 0, shown.wall_times[0])

    def texts(self, wanted: Wanted, asked: int, deadline: Deadline) -> Iterator[ShownTexts]:
        """At most ``asked`` texts (0: all) of each series that is wanted. Beyond a million characters a text is cut.

        Raises:
          BadRequest: the texts do not fit into one reply.
        """
        names, series = self._snapshot.names, self._snapshot.series(DataClass.TEXT)
        room = MAX_REPLY_CHARACTERS
        for key, tag in zip(series.key, series.tag, strict=True):
            name = names.get(key.run_id)
            if name is None or not (wanted.has_run(name) and wanted.has_tag(tag)):
                continue
            deadline.check()
            [read] = self._snapshot.reader.read_texts([key], asked or None)
            texts = [_cut(text) for text in read.text]
            room -= sum(map(len, texts))
            if room < 0:
                raise BadRequest("the texts are too large for one reply: ask for fewer runs or tags")
            yield ShownTexts(name, tag, read.step.tolist(), read.wall_time.tolist(), texts)
        yield from self.descriptions(wanted)

    def experiments_shown(self) -> dict[str, float]:
        """The names under which the descriptions of experiments stand, with the experiment's creation time."""
        return {shown.run: shown.wall_times[0] for shown in self._experiment_descriptions()}

    def descriptions(self, wanted: Wanted) -> Iterator[ShownTexts]:
        """The descriptions that are wanted, of experiments, then of runs, each as a series of one text."""
        for shown in self._experiment_descriptions():
            if wanted.has_run(shown.run) and wanted.has_tag(shown.tag):
                yield shown
        snapshot = self._snapshot
        described = [row for row, text in enumerate(snapshot.runs.description) if text]
        if not described:
            return
        series = snapshot.series(DataClass.TEXT)
        logged = {(key.run_id, tag) for key, tag in zip(series.key, series.tag, strict=True)}
        times = start_times(snapshot)
        for row in described:
            run_id = snapshot.runs.run_id[row]
            tag = DESCRIPTION_TAG
            while (run_id, tag) in logged:
                tag += "*"
            name = snapshot.names.get(run_id)
            if name is not None and wanted.has_run(name) and wanted.has_tag(tag):
                yield ShownTexts(name, tag, [0], [times[row]], [_cut(snapshot.runs.description[row])])

    def _experiment_descriptions(self) -> Iterator[ShownTexts]:
        experiments = self._snapshot.experiments
        shown = set(self._snapshot.runs.experiment)
        for name, description, created in zip(
            experiments.name, experiments.description, experiments.created_at.tolist(), strict=True
        ):
            if description and name in shown:
                run = self._snapshot.experiment_names[name]
                yield ShownTexts(run, DESCRIPTION_TAG, [0], [created], [_cut(description)])


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    return f"{text[:MAX_TEXT_CHARACTERS]}… ({len(text) - MAX_TEXT_CHARACTERS:,} more characters)"
