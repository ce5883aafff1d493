"""A run's id is a UUID; what somebody chose as its id is a name to find it by."""

from __future__ import annotations

import re

import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.errors import BadRequest, NotFound, RunStateError
from tb_runhistory.records.identity import id_bytes, new_id
from tests.recording.scripts import Scripts, eventually


def test_a_chosen_id_is_a_name_to_find_the_run_by(run: Run) -> None:
    child = run.child_run(run_id="fold 1 of test_ids")
    assert id_bytes(child.id) is not None
    assert (child.chosen_id, child.display_name, run.chosen_id) == ("fold 1 of test_ids", "fold 1 of test_ids", "")
    workspace = run.experiment.workspace
    assert Run.get(workspace, "fold 1 of test_ids").id == child.id
    child.complete()
    found = workspace.get_run("fold 1 of test_ids")
    assert (found.id, found.chosen_id, found.status) == (child.id, "fold 1 of test_ids", "Completed")
    assert Run.get(workspace, child.id.upper()).id == child.id


def test_what_cannot_be_an_id_is_refused_at_the_call(run: Run) -> None:
    for run_id in ("a/b", "a\u200bb", "", " ", "x" * 256):
        with pytest.raises(ValueError, match="a run id has 1 to 255 printable characters and no '/'"):
            run.child_run(run_id=run_id)
    with pytest.raises(TypeError, match="a run id is a string, not int: 3"):
        run.child_run(run_id=3)  # type: ignore[arg-type]


def test_the_same_chosen_id_under_two_parents_is_two_runs(run: Run) -> None:
    first, second = run.child_run("first"), run.child_run("second")
    folds = [parent.child_run(run_id="the same fold") for parent in (first, second)]
    for value, fold in enumerate(folds):
        fold.log("score", value)
        fold.log_parameter("value", value)
    workspace = run.experiment.workspace
    for _ in range(2):
        with pytest.raises(BadRequest, match=r"2 runs of the store .* have the chosen id 'the same fold'") as caught:
            Run.get(workspace, "the same fold")
        for fold, parent in zip(folds, ("first", "second"), strict=True):
            assert f"{fold.id} ('the same fold' below '{parent}' in " in str(caught.value)
        for fold in folds:
            fold.complete()
    assert [fold.get_metrics() for fold in folds] == [{"score": 0.0}, {"score": 1.0}]
    assert run.get_metrics(recursive=True) == {
        run.id: {},
        folds[0].id: {"score": 0.0},
        folds[1].id: {"score": 1.0},
    }
    assert [child.id for child in first.get_children()] == [folds[0].id]
    # Of several those that are active count.
    folds[0].archive()
    assert Run.get(workspace, "the same fold").id == folds[1].id
    folds[1].delete()
    with pytest.raises(BadRequest):
        Run.get(workspace, "the same fold")


def test_a_uuid_is_the_id_itself(run: Run) -> None:
    identifier = new_id()
    child = run.child_run("child", run_id=identifier.upper())
    assert (child.id, child.chosen_id) == (identifier, "")
    with pytest.raises(RunStateError, match=f"{identifier} is running already"):
        run.child_run(run_id=identifier)
    child.log("m", 0)
    child.log_parameter("p", 1)
    child.complete()
    with pytest.raises(RunStateError, match=f"is a child of {run.id} in the experiment"):
        run.experiment.start_logging(run_id=identifier)
    again = run.child_run(run_id=identifier, description="once more")
    assert (again.id, again.display_name, again.description) == (identifier, "child", "once more")
    again.log("m", 1)
    with pytest.raises(RunStateError, match="'p'"):
        again.log_parameter("p", 2)
    again.complete()
    assert again.get_metrics() == {"m": [0.0, 1.0]}


def test_another_process_joins_the_run_with_a_uuid(scripts: Scripts) -> None:
    identifier = new_id()
    for value in range(2):
        process = scripts.run(
            f"""
            with experiment.start_logging("run", run_id={identifier!r}) as run:
                run.log("m", {value})
            """
        )
        assert process.returncode == 0, process.stderr
    assert scripts.points() == {("run", "m"): [0.0, 1.0]}


def test_a_run_that_nobody_knows_is_not_found(shared_workspace: Workspace, run: Run) -> None:
    run.flush()
    for text in ("nobody chose this", new_id()):
        with pytest.raises(NotFound, match=f"has no run '{re.escape(text)}'"):
            Run.get(shared_workspace, text)


def test_a_live_run_is_found_by_its_chosen_id_without_a_store(
    store: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    workspace = Workspace(store)
    with Experiment(workspace, "e").start_logging(run_id="mine") as run:
        assert Run.get(workspace, "mine").id == run.id
        assert Run.get(workspace, run.id).id == run.id
    workspace.link.close()


def test_a_resumed_run_goes_on_although_the_clock_of_its_first_session_was_ahead(scripts: Scripts) -> None:
    # Nobody orders sessions by clocks or by ids, which are made of clocks.
    code = """
    import tb_runhistory.recording.session as session
    made = iter({ids!r})
    session.new_id = lambda: next(made)
    run = experiment.start_logging("run", run_id={run_id!r})
    for step in range({start}, {start} + 10):
        run.log("m", step, step=step)
    run.complete()
    """
    late, early = "ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-7000-8000-000000000000"
    run_id = new_id()
    for session_id, start in ((late, 0), (early, 5)):
        process = scripts.run(code.format(ids=[session_id], start=start, run_id=run_id))
        assert process.returncode == 0, process.stderr
    assert scripts.points()["run", "m"] == list(range(15))
    assert eventually(lambda: scripts.ending(), lambda ending: ending == ("Completed", ""))
