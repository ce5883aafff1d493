"""What the event file of each run is to hold, as the store's listings say: no value is read for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from tb_runhistory.provider.hparams import HParams, SessionTag
from tb_runhistory.provider.scalars import start_times
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.provider.texts import Descriptions, ShownTexts
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SeriesColumns, SeriesKey

FORMAT = 2
"""Part of every fingerprint: raised when the same content is to be written in another way."""

DEFAULT_PLUGINS = {DataClass.SCALAR: "scalars", DataClass.TEXT: "text"}
"""The plugin of TensorBoard for series that name none."""


@dataclass(frozen=True, slots=True)
class SeriesContent:
    """One series: ``facts`` differ when its values do."""

    key: SeriesKey
    data_class: DataClass
    tag: str
    description: str
    plugin_name: str
    plugin_data: bytes
    count: int
    facts: tuple[object, ...]

    @property
    def said(self) -> tuple[object, ...]:
        """All that what is written follows from."""
        return (
            self.data_class.value, self.tag, self.description, self.plugin_name, self.plugin_data, self.facts,
        )  # fmt: skip


@dataclass(slots=True)
class FolderContent:
    """What is written to one folder: a run, or an experiment that has a description.

    ``run_id`` is empty for an experiment; ``name`` is the name in TensorBoard. ``entries`` are the series that are not
    scalar.
    """

    run_id: str
    name: str
    start_time: float
    scalars: list[SeriesContent] = field(default_factory=list)
    entries: list[SeriesContent] = field(default_factory=list)
    descriptions: list[ShownTexts] = field(default_factory=list)
    sessions: list[SessionTag] = field(default_factory=list)

    @property
    def point_count(self) -> int:
        """The number of points of all scalar series."""
        return sum(series.count for series in self.scalars)

    def fingerprint(self) -> str:
        """32 hexadecimal digits that differ when what is written differs."""
        said = (
            FORMAT,
            self.start_time,
            [series.said for series in (*self.scalars, *self.entries)],
            [(shown.tag, shown.wall_times, shown.texts) for shown in self.descriptions],
            self.sessions,
        )
        return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()


def contents_of(snapshot: Snapshot, chosen: frozenset[str] | None = None) -> list[FolderContent]:
    """One for each run in the snapshot, or for those with the ids ``chosen``, parents before their children.

    The descriptions of their experiments come first.
    """
    runs, names = snapshot.runs, snapshot.names
    folders = {
        names[run_id]: FolderContent(run_id, names[run_id], started)
        for run_id, started in zip(runs.run_id, start_times(snapshot), strict=True)
        if run_id in names and (chosen is None or run_id in chosen)
    }
    by_run = {folder.run_id: folder for folder in folders.values()}
    for data_class in DataClass:
        for series in _contents(snapshot.series(data_class), data_class):
            folder = by_run.get(series.key.run_id)
            if folder is not None:
                (folder.scalars if data_class is DataClass.SCALAR else folder.entries).append(series)
    for tag in HParams(snapshot).tags(Wanted.of(folders)):
        folders[tag.run].sessions.append(tag)
    return _with_descriptions(snapshot, folders)


def _with_descriptions(snapshot: Snapshot, folders: dict[str, FolderContent]) -> list[FolderContent]:
    above: dict[str, FolderContent] = {}
    shown_experiments = {name.split("/")[0] for name in folders}
    for shown in Descriptions(snapshot).shown(Wanted.of([*folders, *shown_experiments])):
        folder = folders.get(shown.run) or above.setdefault(
            shown.run, FolderContent("", shown.run, shown.wall_times[0])
        )
        folder.descriptions.append(shown)
    return [*above.values(), *folders.values()]


def _contents(series: SeriesColumns, data_class: DataClass) -> Iterator[SeriesContent]:
    columns = (
        series.count, series.hidden, series.non_finite, series.first_step, series.last_step, series.last_wall_time,
        series.last_value, series.minimum, series.maximum, series.sum,
    )  # fmt: skip
    facts = list(zip(*(column.tolist() for column in columns), strict=True))
    for row, (key, tag) in enumerate(zip(series.key, series.tag, strict=True)):
        yield SeriesContent(
            key=key,
            data_class=data_class,
            tag=tag,
            description=series.description[row],
            plugin_name=series.plugin_name[row] or DEFAULT_PLUGINS.get(data_class, ""),
            plugin_data=series.plugin_data[row],
            count=facts[row][0],
            facts=facts[row],
        )
