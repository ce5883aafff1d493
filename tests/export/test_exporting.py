"""An exported folder holds what the store shows, and exporting again adds what is new."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tensorboard.util import tensor_util

from tb_runhistory.errors import NotFound, RunHistoryError
from tb_runhistory.export import exporting
from tb_runhistory.records.changes import (
    CreateExperiment,
    DataClass,
    DescribeRun,
    LifecycleStage,
    SetParameter,
    StageExperiment,
    StageRun,
)
from tb_runhistory.records.columns import ANY_STAGE
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import START, History
from tests.export.conftest import export
from tests.export.event_files import files_of, read_logdir
from tests.store.test_full_disk import Disk, disk

__all__ = ["disk"]


def build(history: History) -> None:
    """A sweep with two trials, one with a fold, and a run of another experiment."""
    history.apply("", [CreateExperiment("mnist", START, "about *digits*")])
    sweep = history.root("sweep", description="A **grid**")
    sweep.log("alpha", [0], [0.1])
    for name in ("low", "high"):
        trial = sweep.child(name)
        trial.apply(SetParameter(trial.root_id, trial.run_id, "rate", 0.5))
        trial.log("loss", [-5, 0, 7, 1 << 40], [0.1, math.nan, -math.inf, 1e300]).log_texts(
            "note", [(3, "hé"), (9, "")]
        )
        trial.child(f"{name}-fold").log("loss", [1])
    history.root("other", "ridge").log("loss", [1, 2])


def test_each_run_stands_below_its_parent_with_all_it_has(history: History, uri: StoreUri, logdir: Path) -> None:
    build(history)
    result = export(uri, logdir)
    runs = read_logdir(logdir)
    assert set(runs) == {
        "mnist", "mnist/sweep", "mnist/sweep/low", "mnist/sweep/low/low-fold", "mnist/sweep/high",
        "mnist/sweep/high/high-fold", "ridge/other",
    }  # fmt: skip
    assert (result.written, result.unchanged, result.points, result.lost) == (7, 0, 13, 0)
    low = runs["mnist/sweep/low"]
    steps, times, values = zip(*low.scalars["loss"], strict=True)
    assert steps == (-5, 0, 7, 1 << 40)
    assert times == tuple(START + step for step in steps)
    assert values[0] == np.float32(0.1)
    assert math.isnan(values[1])
    assert values[2:] == (-math.inf, np.finfo(np.float32).max), "finite stays finite"
    assert low.texts["note"] == [(3, START + 3, "hé"), (9, START + 9, "")]
    assert runs["mnist"].texts["description"][0][2] == "about *digits*"
    assert runs["mnist/sweep"].texts["description"][0][2] == "A **grid**"
    # A fold inherits its parent's parameters, as in the dashboards.
    for name in ("mnist/sweep/low", "mnist/sweep/low/low-fold"):
        assert {"_hparams_/session_start_info", "_hparams_/session_end_info"} <= set(runs[name].metadata)
    assert "_hparams_/session_start_info" not in runs["ridge/other"].metadata


def test_a_view_can_be_narrowed(history: History, uri: StoreUri, tmp_path: Path) -> None:
    build(history)
    export(uri, tmp_path / "a", "low", "other")
    assert set(read_logdir(tmp_path / "a")) == {
        "mnist", "mnist/sweep/low", "mnist/sweep/low/low-fold", "ridge/other",
    }  # fmt: skip
    export(uri, tmp_path / "b", "sweep", "low", recursive=False)
    assert set(read_logdir(tmp_path / "b")) == {"mnist", "mnist/sweep", "mnist/sweep/low"}
    export(uri, tmp_path / "c", experiment="mnist", recursive=False)
    assert set(read_logdir(tmp_path / "c")) == {"mnist", "mnist/sweep"}


def test_what_a_resumed_run_superseded_is_left_out(history: History, uri: StoreUri, logdir: Path) -> None:
    run = history.root("run").log("loss", [0, 1, 2, 3]).end()
    export(uri, logdir)
    run.resume().log("loss", [2], [9.0])
    export(uri, logdir)
    assert read_logdir(logdir)["mnist/run"].scalars["loss"] == [
        (0, START, 0.0), (1, START + 1, 1.0), (2, START + 2, 9.0),
    ]  # fmt: skip


def test_a_second_export_with_nothing_new_writes_nothing(history: History, uri: StoreUri, logdir: Path) -> None:
    build(history)
    export(uri, logdir)
    before = files_of(logdir)
    result = export(uri, logdir)
    assert (result.written, result.unchanged, result.points, result.bytes) == (0, 7, 0, 0)
    assert files_of(logdir) == before


def test_a_later_export_writes_only_what_changed_and_doubles_nothing(
    history: History, uri: StoreUri, logdir: Path
) -> None:
    run, other = history.root("run").log("loss", [0, 1]), history.root("other").log("loss", [0])
    export(uri, logdir)
    before = files_of(logdir / "mnist" / "other")
    run.log("loss", [2])
    assert export(uri, logdir).written == 1
    assert [step for step, _, _ in read_logdir(logdir)["mnist/run"].scalars["loss"]] == [0, 1, 2]
    assert len(files_of(logdir / "mnist" / "run")) == 1
    assert files_of(logdir / "mnist" / "other") == before
    for change in (
        SetParameter(other.root_id, other.run_id, "a", 1),
        DescribeRun(other.root_id, other.run_id, description="new"),
    ):
        other.apply(change)
        assert export(uri, logdir).written == 1
    other.log_texts("note", [(0, "x")])
    assert export(uri, logdir).written == 1
    other.end()
    assert export(uri, logdir).written == 1, "HParams shows the outcome"
    assert export(uri, logdir).written == 0


def test_files_of_others_are_left_alone(history: History, uri: StoreUri, logdir: Path) -> None:
    run = history.root("run").log("loss", [0])
    folder = logdir / "mnist" / "run"
    folder.mkdir(parents=True)
    theirs = [folder / "events.out.tfevents.1.host", folder / "notes.txt", folder / "x.tb_runhistory"]
    for path in theirs:
        path.write_bytes(b"")
    before = files_of(logdir)
    export(uri, logdir)
    run.log("loss", [1])
    export(uri, logdir)
    after = files_of(logdir)
    assert {path: after[path] for path in before} == before
    assert len(after) == len(before) + 1


def test_long_series_come_in_parts_that_together_are_all(
    history: History, uri: StoreUri, logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.root("run").log("loss", [*range(-3000, 0), *range(10**12, 10**12 + 40_000, 2)])
    monkeypatch.setattr(exporting, "MOST_POINTS_AT_ONCE", 1000)
    result = export(uri, logdir)
    steps = [step for step, _, _ in read_logdir(logdir)["mnist/run"].scalars["loss"]]
    assert steps == [*range(-3000, 0), *range(10**12, 10**12 + 40_000, 2)]
    assert (result.points, result.lost) == (23_000, 0)


@pytest.mark.parametrize("most", [1000, 10**6])
def test_damaged_points_are_counted_and_said(
    history: History, uri: StoreUri, logdir: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, most: int,
) -> None:  # fmt: skip
    history.root("run").log("loss", range(20_000)).end()
    with closing(sqlite3.connect(uri.path)) as connection, connection:
        [(first, last, count)] = connection.execute(
            "SELECT first_step, last_step, count FROM blocks WHERE level = 0 ORDER BY first_step LIMIT 1 OFFSET 1"
        ).fetchall()
        connection.execute(
            "UPDATE blocks SET payload = zeroblob(length(payload)) WHERE level = 0 AND first_step = ?", (first,)
        )
    monkeypatch.setattr(exporting, "MOST_POINTS_AT_ONCE", most)
    result = export(uri, logdir)
    assert (result.lost, result.points) == (count, 20_000 - count)
    assert f"{count:,} points of 'loss' of the run 'mnist/run' are damaged" in capsys.readouterr().err
    steps = [step for step, _, _ in read_logdir(logdir)["mnist/run"].scalars["loss"]]
    assert steps == [*range(first), *range(last + 1, 20_000)]


def test_tensors_and_blobs_are_read_back_as_they_were_logged(history: History, uri: StoreUri, logdir: Path) -> None:
    run = history.root("run")
    tensors = [tensor_util.make_tensor_proto(np.arange(4.0) * step) for step in range(3)]
    run.log_entries(
        "weights", DataClass.TENSOR, [(at, (t.SerializeToString(),)) for at, t in enumerate(tensors)], "mine"
    )
    picture = (b"2", b"3", bytes(range(256)) * 1000)
    run.log_entries("picture", DataClass.BLOB_SEQUENCE, [(7, picture)], "images", b"\x08\x01")
    run.log_entries("weights", DataClass.TENSOR, [(3, (b"no tensor",))], "mine")
    result = export(uri, logdir)
    read = read_logdir(logdir)["mnist/run"]
    assert [(step, tensor_util.make_ndarray(value).tolist()) for step, value in read.tensors["weights"]] == [
        (step, [0.0, 1.0 * step, 2.0 * step, 3.0 * step]) for step in range(3)
    ]
    [(step, blobs)] = read.tensors["picture"]
    assert (step, tuple(blobs.string_val)) == (7, picture)
    metadata = read.metadata["picture"]
    assert (metadata.plugin_data.plugin_name, metadata.plugin_data.content) == ("images", b"\x08\x01")
    assert result.lost == 1, "what is no tensor"
    assert export(uri, logdir).written == 0


def test_many_entries_come_in_parts_that_together_are_all(
    history: History, uri: StoreUri, logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [(step, f"text {step}") for step in [*range(-50, 0), *range(10**9, 10**9 + 500, 7)]]
    history.root("run").log_texts("note", texts)
    monkeypatch.setattr(exporting, "MOST_ENTRIES_AT_ONCE", 20)
    export(uri, logdir)
    assert [(step, text) for step, _, text in read_logdir(logdir)["mnist/run"].texts["note"]] == texts


def test_what_is_put_away_is_left_out_unless_it_is_named(history: History, uri: StoreUri, tmp_path: Path) -> None:
    build(history)
    away = history.root("away", "ridge").log("loss", [1])
    away.apply(StageRun(away.root_id, away.run_id, LifecycleStage.ARCHIVED))
    history.apply("", [StageExperiment("mnist", LifecycleStage.DELETED)])
    export(uri, tmp_path / "a")
    assert set(read_logdir(tmp_path / "a")) == {"ridge/other"}
    export(uri, tmp_path / "b", "away", "low-fold", stages=ANY_STAGE)
    assert set(read_logdir(tmp_path / "b")) == {"mnist", "ridge/away", "mnist/sweep/low/low-fold"}
    export(uri, tmp_path / "c", experiment="mnist")
    assert "mnist/sweep/high" in read_logdir(tmp_path / "c")


def test_names_that_no_folder_can_have(history: History, uri: StoreUri, logdir: Path) -> None:
    names = ["..", "a/b", "é" * 250, "é" * 249 + "x", "\x00"]
    for number, name in enumerate(names):
        history.root(f"run-{number}", display_name=name).log("loss", [number])
    export(uri, logdir)
    runs = read_logdir(logdir)
    assert all(name.startswith("mnist/") and name.count("/") == 1 for name in runs)
    assert sorted(run.scalars["loss"][0][0] for run in runs.values()) == [0, 1, 2, 3, 4]
    assert not list(logdir.parent.glob("*tfevents*"))


def test_what_does_not_exist_is_said_and_nothing_is_made(history: History, uri: StoreUri, logdir: Path) -> None:
    build(history)
    with pytest.raises(NotFound, match="no run 'nobody'"):
        export(uri, logdir, "nobody")
    with pytest.raises(NotFound, match="no experiment 'nothing'"):
        export(uri, logdir, experiment="nothing")
    assert not logdir.exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(history: History, uri: StoreUri, logdir: Path) -> None:
    history.root("run").log("loss", [0])
    logdir.parent.mkdir()
    logdir.write_text("a file")
    with pytest.raises(RunHistoryError, match=f"cannot write to {logdir}: File exists; when that is mended"):
        export(uri, logdir)
    logdir.unlink()
    logdir.mkdir()
    (logdir / "mnist").write_text("another")
    with pytest.raises(RunHistoryError, match=f"cannot write to {logdir / 'mnist'}"):
        export(uri, logdir)


def test_a_full_disk_is_one_sentence_and_a_second_call_completes(
    history: History, uri: StoreUri, disk: Disk, tmp_path: Path
) -> None:
    history.root("small").log("loss", range(1000))
    history.root("large").log("loss", range(60_000))
    (tmp_path / "disk" / "filler").write_bytes(bytes(6 << 20))
    logdir = tmp_path / "disk" / "logs"
    with pytest.raises(RunHistoryError, match="No space left on device; when that is mended, export to"):
        export(uri, logdir)
    assert len(read_logdir(logdir)["mnist/small"].scalars["loss"]) == 1000
    assert len(files_of(logdir)) == 1, "nothing half-written is left"
    disk.free()
    assert export(uri, logdir).written == 1
    assert len(read_logdir(logdir)["mnist/large"].scalars["loss"]) == 60_000
