"""Runs and experiments are archived, deleted and had back, and experiments renamed."""

from __future__ import annotations

import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.errors import BadRequest, RunStateError, StoreUnavailable
from tests.recording.scripts import Scripts


def names(runs: object) -> list[str]:
    """The display names of runs."""
    assert hasattr(runs, "__iter__")
    return [run.display_name for run in runs]


@pytest.fixture
def tree(run: Run) -> Run:
    """A sweep with two trials, of which the first has a fold; all have ended."""
    with run.child_run("trial 1") as first, first.child_run("fold") as fold:
        fold.log("loss", 1)
    with run.child_run("trial 2") as second:
        second.log("loss", 2)
    run.complete()
    return run


def test_an_archived_run_is_left_out_with_its_subtree_until_it_is_restored(tree: Run) -> None:
    first = next(child for child in tree.get_children() if child.name == "trial 1")
    first.archive()
    assert names(tree.get_children()) == ["trial 2"]
    assert names(tree.get_children(recursive=True)) == ["trial 2"]
    assert sorted(names(tree.get_children(recursive=True, stage="archived"))) == ["fold", "trial 1"]
    assert sorted(names(tree.get_children(stage="any"))) == ["trial 1", "trial 2"]
    assert len(tree.get_metrics(recursive=True)) == 2
    # What is named is seen, and what was archived with it.
    assert first.get_details()["stage"] == "archived"
    assert names(first.get_children()) == ["fold"]
    assert first.get_metrics(recursive=True)[next(first.get_children()).id] == {"loss": 1.0}
    first.restore()
    assert names(tree.get_children()) == ["trial 2", "trial 1"]
    assert names(first.get_children()) == ["fold"]


def test_a_deleted_run_is_out_of_sight_and_can_be_had_back(tree: Run) -> None:
    experiment = tree.experiment
    tree.delete()
    assert names(experiment.get_runs(include_children=True)) == []
    assert names(experiment.get_runs(stage="deleted")) == ["run"]
    assert len(list(experiment.get_runs(include_children=True, stage="deleted"))) == 4
    assert Run.get(experiment.workspace, tree.id).get_details()["stage"] == "deleted"
    tree.restore()
    assert len(list(experiment.get_runs(include_children=True))) == 4


def test_a_run_is_not_deleted_while_it_or_one_below_it_runs_here(run: Run) -> None:
    child = run.child_run("child")
    for deleted in (child, run):
        with pytest.raises(RunStateError, match="'child' is running in this process: end it"):
            deleted.delete()
    child.complete()
    with pytest.raises(RunStateError, match="'run' is running in this process"):
        run.delete()
    child.delete()
    assert names(run.get_children()) == []


def test_a_child_of_an_archived_run_is_archived(run: Run) -> None:
    run.archive()
    run.child_run("late").complete()
    assert names(run.experiment.get_runs(include_children=True)) == []
    assert names(run.get_children()) == ["late"]


def test_an_experiment_is_archived_deleted_and_reactivated(shared_workspace: Workspace) -> None:
    experiment = Experiment(shared_workspace, "test of stages")
    experiment.start_logging("kept").complete()
    with experiment.start_logging("archived") as run:
        run.archive()
    for change, stage in ((experiment.archive, "archived"), (experiment.delete, "deleted")):
        change()
        assert "test of stages" not in shared_workspace.experiments
        assert "test of stages" in shared_workspace.get_experiments(stage)
        assert "test of stages" in shared_workspace.get_experiments("any")
        # Who names it sees it.
        assert names(experiment.get_runs()) == ["kept"]
    experiment.reactivate()
    assert "test of stages" in shared_workspace.experiments
    assert names(experiment.get_runs()) == ["kept"]
    assert names(experiment.get_runs(stage="archived")) == ["archived"]


def test_a_stage_that_there_is_not_is_refused(run: Run) -> None:
    for question in (run.experiment.get_runs, run.get_children, run.experiment.workspace.get_experiments):
        with pytest.raises(BadRequest, match="no lifecycle stage 'gone': it is active, archived, deleted or any"):
            question(stage="gone")


def test_an_experiment_is_renamed_with_what_is_still_on_its_way(shared_workspace: Workspace) -> None:
    experiment = Experiment(shared_workspace, "test of the old name", description="what it is")
    run = experiment.start_logging("run")
    experiment.rename("test of the new name")
    assert experiment.name == "test of the new name"
    run.child_run("child").complete()
    run.complete()
    found = shared_workspace.experiments
    assert "test of the old name" not in found
    assert names(found["test of the new name"].get_runs(include_children=True)) == ["child", "run"]
    assert Run.get(shared_workspace, run.id).experiment.name == "test of the new name"


def test_a_renamed_experiment_keeps_its_name_whoever_speaks_of_its_runs(scripts: Scripts) -> None:
    process = scripts.run(
        """
        run = experiment.start_logging("run")
        former = experiment.name
        experiment.rename(f"{former}, renamed")
        # A forked child has a journal of its own, which says anew whose run it is.
        if os.fork() == 0:
            run.log("m", 1)
            run.child_run("child").complete()
            os._exit(0)
        os.wait()
        run.complete()
        Run.get(workspace, run.id).start()
        print(former in workspace.experiments, len(list(experiment.get_runs(include_children=True))))
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "False 2\n"


def test_an_experiment_that_nobody_has_recorded_to_is_renamed_here_only(shared_workspace: Workspace, run: Run) -> None:
    experiment = Experiment(shared_workspace, "test of nothing")
    experiment.rename("test of still nothing")
    assert experiment.name == "test of still nothing"
    with pytest.raises(BadRequest, match="there is another one"):
        experiment.rename(run.experiment.name)
    assert not {"test of nothing", "test of still nothing"} & shared_workspace.experiments.keys()


def test_an_experiment_is_not_deleted_while_one_of_its_runs_runs_here(run: Run) -> None:
    with pytest.raises(RunStateError, match="'run' is running in this process"):
        run.experiment.delete()
    run.experiment.archive()
    run.complete()
    run.experiment.delete()


def test_a_name_that_is_taken_stays_with_its_experiment(shared_workspace: Workspace) -> None:
    for name in ("test of one", "test of another"):
        Experiment(shared_workspace, name).start_logging(name).complete()
    one = Experiment(shared_workspace, "test of one")
    with pytest.raises(BadRequest, match="'test of one' keeps its name"):
        one.rename("test of another")
    assert one.name == "test of one"
    assert names(one.get_runs()) == ["test of one"]
    with pytest.raises(ValueError, match="experiment name"):
        one.rename("")


def test_an_experiment_is_not_renamed_before_the_store_has_its_runs(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    workspace = Workspace(store)
    experiment = Experiment(workspace, "old")
    experiment.start_logging().complete()
    with pytest.raises(StoreUnavailable, match="'old' cannot be renamed before the store"):
        experiment.rename("new")
    assert experiment.name == "old"
    workspace.link.close()
