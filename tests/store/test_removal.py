"""Removing for good what was deleted: nothing of it stays behind, nothing else goes, whatever comes between."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from tb_runhistory.artifacts.folder import ArtifactFolder
from tb_runhistory.errors import NotFound
from tb_runhistory.records.changes import (
    AddProperties,
    DataClass,
    LifecycleStage,
    SetParameter,
    SetTags,
    StageExperiment,
    StageRun,
)
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_artifacts
from tb_runhistory.store.sql import removal
from tb_runhistory.store.sql.schema import metadata
from tests.conformance.builder import BuiltRun, History
from tests.conformance.door import StoreDoor

ANY = Scope(stages=ANY_STAGE)
LARGE = 100_000


@pytest.fixture
def history(door: StoreDoor, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """A builder over a writer that is closed at the end; artifacts stand in a folder of the test."""
    monkeypatch.setenv("RUNHISTORY_ARTIFACT_DIR", f"{tmp_path}/artifacts")
    with door.open_writer() as writer:
        yield History(writer)


@pytest.fixture
def reader(door: StoreDoor, history: History) -> Iterator[RunHistoryReader]:
    """A reader that is closed at the end."""
    with door.open_reader() as reader:
        yield reader


def described(run: BuiltRun) -> BuiltRun:
    """A run with something in every table, ended."""
    here = (run.root_id, run.run_id)
    run.apply(SetParameter(*here, "lr", 1), SetTags(*here, {"a": None}), AddProperties(*here, {"b": "c"}))
    run.log("loss", range(10_000)).log_texts("note", [(0, "short")])
    run.resume().log("loss", [5]).log_texts("note", [(0, "other")])
    return run.end()


def delete(run: BuiltRun) -> None:
    """Deletes a run and all below it."""
    run.apply(StageRun(run.root_id, run.run_id, LifecycleStage.DELETED))


def rows_of(door: StoreDoor, run_id: str) -> dict[str, int]:
    """How many rows of each table are about a run, where there are any."""
    found = {}
    with door.raw() as connection:
        for table in metadata.sorted_tables:
            if "run_id" in table.c:
                counted = select(func.count()).select_from(table).where(table.c.run_id == run_id)
                found[table.name] = connection.execute(counted).scalar_one()
    return {name: count for name, count in found.items() if count}


def test_nothing_of_a_run_stays_behind(door: StoreDoor, history: History, reader: RunHistoryReader) -> None:
    sweep = history.root("sweep").end()
    gone, kept = described(sweep.child("gone")), described(sweep.child("kept"))
    before = rows_of(door, kept.run_id)
    assert {"runs", "sessions", "params", "tags", "properties", "series", "resumptions", "entries"} <= set(before)
    assert rows_of(door, gone.run_id) == before
    delete(gone)
    assert history.writer.remove_deleted() == 1
    assert rows_of(door, gone.run_id) == {}
    assert rows_of(door, kept.run_id) == before
    assert reader.runs(ANY).chosen_id == ["sweep", "kept"]


def test_a_large_tree_goes_a_part_at_a_time_and_is_whole_meanwhile(
    door: StoreDoor, history: History, reader: RunHistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_RUNS_AT_ONCE", 3)
    sweep = history.root("sweep").end()
    for number in range(3):
        trial = sweep.child(f"trial-{number}").end()
        trial.child(f"fold-{number}").end()
    delete(sweep)
    seen: list[int] = []

    def progress(gone: int, of: int) -> None:
        runs = reader.runs(ANY)
        assert set(runs.parent_id) - {""} <= set(runs.run_id)
        assert (len(runs), of) == (7 - gone, 7)
        seen.append(gone)

    assert history.writer.remove_deleted(progress) == 7
    assert seen == [3, 6, 7]


def test_what_is_restored_meanwhile_stays(
    door: StoreDoor, history: History, reader: RunHistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_RUNS_AT_ONCE", 1)
    runs = [history.root(f"run-{number}").end() for number in range(3)]
    for run in runs:
        delete(run)
    left: list[str] = []

    def restore(gone: int, of: int) -> None:
        if not left:
            left.extend(reader.runs(ANY).run_id)
            for run in runs:
                if run.run_id in left:
                    with door.open_writer() as other:
                        again = History(other, journal_id=run.run_id)
                        again.apply(run.root_id, [StageRun(run.root_id, run.run_id, LifecycleStage.ACTIVE)])

    assert history.writer.remove_deleted(restore) == 1
    assert len(left) == 2
    assert reader.runs(Scope()).run_id == left
    assert reader.experiments().run_count.tolist() == [2]


def test_counts_are_right_though_an_experiment_is_removed_in_part(history: History, reader: RunHistoryReader) -> None:
    live = history.root("live").apply()
    live.apply(SetParameter(live.root_id, live.run_id, "lr", 1))
    done = history.root("done").end()
    done.apply(SetParameter(done.root_id, done.run_id, "lr", 1))
    history.writer.beat([(live.root_id, live.run_id)], time.time())
    history.apply("", [StageExperiment("mnist", LifecycleStage.DELETED)])
    assert history.writer.remove_deleted() == 1
    history.apply("", [StageExperiment("mnist", LifecycleStage.ACTIVE)])
    assert reader.experiments().run_count.tolist() == [1]
    assert reader.tree_columns(Scope()).run_count.tolist() == [1]
    live.end()
    history.apply("", [StageExperiment("mnist", LifecycleStage.DELETED)])
    assert history.writer.remove_deleted() == 1
    assert len(reader.experiments(ANY)) == 0


def test_artifacts_that_nothing_refers_to_go_when_they_have_rested(
    door: StoreDoor, history: History, reader: RunHistoryReader
) -> None:
    gone, kept = history.root("gone"), history.root("kept")
    for run, text in ((gone, "g" * LARGE), (kept, "k" * LARGE), (kept, "x" * LARGE), (gone, "x" * LARGE)):
        run.log_texts(text[0], [(0, text)])
    artifacts = open_artifacts(door.uri)
    assert isinstance(artifacts, ArtifactFolder)
    assert len(set(artifacts.digests())) == 3
    delete(gone.end())
    history.writer.remove_deleted()
    assert len(set(artifacts.digests())) == 3, "somebody may be about to commit what refers to one"
    for digest in artifacts.digests():
        path = os.path.join(artifacts.location, digest[:2], digest)
        os.utime(path, (1, 1))
    history.writer.remove_deleted()
    left = set(artifacts.digests())
    series = reader.series(Scope(), DataClass.TEXT)
    assert {content.digest for read in reader.read_entries(series.key) for [content] in read.contents} == left
    assert len(left) == 2
    for digest in left:
        assert len(reader.read_artifact(digest)) == LARGE
    with pytest.raises(NotFound):
        reader.read_artifact("0" * 64)
