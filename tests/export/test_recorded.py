"""``export_to_tensorboard``: runs of this process become event files, with all that was logged before the call."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import tb_runhistory.export
from tb_runhistory import Experiment, Workspace, export_to_tensorboard
from tb_runhistory.errors import BadRequest, StoreUnavailable
from tests.export.event_files import files_of, read_logdir
from tests.recording.scripts import Scripts


def test_it_is_found_where_the_example_imports_it_from() -> None:
    assert tb_runhistory.export.export_to_tensorboard is export_to_tensorboard
    assert tb_runhistory.export_to_tensorboard is export_to_tensorboard


def test_a_running_sweep_is_exported_with_its_children(workspace: Workspace, logdir: Path) -> None:
    root = Experiment(workspace, "ridge").start_logging("root")
    for alpha in (0.1, 0.2):
        with root.child_run(f"alpha={alpha}") as child:
            child.log("alpha", alpha)
            child.log("mse", alpha * 3)
    root.log("best", 1 / 3)
    export_to_tensorboard(root, logdir)
    runs = read_logdir(logdir)
    assert set(runs) == {"ridge/root", "ridge/root/alpha=0.1", "ridge/root/alpha=0.2"}
    assert runs["ridge/root"].scalars["best"][0][2] == pytest.approx(1 / 3, rel=1e-7)
    assert runs["ridge/root/alpha=0.2"].scalars["mse"][0][2] == pytest.approx(0.6, rel=1e-7)
    root.log("best", 0.25)
    root.complete()
    export_to_tensorboard([root], str(logdir))
    assert [value for _, _, value in read_logdir(logdir)["ridge/root"].scalars["best"]] == [
        pytest.approx(1 / 3, rel=1e-7),
        0.25,
    ]
    before = files_of(logdir)
    export_to_tensorboard(Experiment(workspace, "ridge"), logdir)
    assert files_of(logdir) == before


def test_without_recursion_children_are_left_out(workspace: Workspace, logdir: Path) -> None:
    with Experiment(workspace, "ridge").start_logging("root") as root, root.child_run("child") as child:
        child.log("mse", 1)
        export_to_tensorboard(root, logdir, recursive=False)
        assert set(read_logdir(logdir)) == {"ridge/root"}
        export_to_tensorboard([root, child, root], logdir, recursive=False)
        assert set(read_logdir(logdir)) == {"ridge/root", "ridge/root/child"}


def test_a_logger_gets_lines_and_no_bar_is_drawn(
    workspace: Workspace, logdir: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Experiment(workspace, "ridge").start_logging("root")
    run.log("mse", 1)
    with caplog.at_level(logging.INFO):
        export_to_tensorboard(run, logdir, logger=logging.getLogger("training"))
    assert caplog.messages == [
        f"exporting 1 runs, 1 points, to {logdir}",
        "exported ridge/root (1 of 1)",
        f"exported to {logdir}",
    ]
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_exported_is_said(workspace: Workspace, logdir: Path, tmp_path: Path) -> None:
    run = Experiment(workspace, "ridge").start_logging("root")
    with pytest.raises(TypeError, match="run_data is a Run, a list of runs or an Experiment, not str"):
        export_to_tensorboard("runs", logdir)  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="the list of runs is empty"):
        export_to_tensorboard([], logdir)
    other = Workspace(f"sqlite:///{tmp_path / 'other.db'}")
    try:
        with Experiment(other, "e").start_logging("r") as foreign, pytest.raises(BadRequest, match="several stores"):
            export_to_tensorboard([run, foreign], logdir)
    finally:
        other.link.recorder.close()
    assert not logdir.exists()


def test_what_was_recorded_offline_has_to_be_shipped_first(
    own_scripts: Scripts, logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    code = f"""
        from tb_runhistory import export_to_tensorboard
        from tb_runhistory.errors import StoreUnavailable
        run = experiment.start_logging('run')
        run.log('m', 1)
        try:
            export_to_tensorboard(run, {str(logdir)!r})
        except {StoreUnavailable.__name__} as error:
            print(error)
    """
    said = own_scripts.run(code).stdout
    assert said.startswith(f"what this process recorded offline is not in the store {own_scripts.store} yet: ship it")
    assert not logdir.exists()


def test_where_recording_is_disabled_nothing_is_exported(
    own_scripts: Scripts, logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "disabled")
    ended = own_scripts.run(
        f"""
        from tb_runhistory import export_to_tensorboard
        export_to_tensorboard(experiment.start_logging('run'), {str(logdir)!r})
        """
    )
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("tb_runhistory: recording is disabled")
    assert not logdir.exists()
