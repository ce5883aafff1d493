"""Runs and their children, tags and properties, details, and how they show in a notebook."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime

import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.errors import NotFound, RunStateError
from tb_runhistory.recording.reading import reading
from tb_runhistory.store.sql.reader import SqlReader


def names(runs: object) -> list[str]:
    """The display names of runs."""
    assert hasattr(runs, "__iter__")
    return [run.display_name for run in runs]


def test_a_run_knows_its_place(run: Run) -> None:
    child = run.child_run("child", description="*about*", tags={"fold": 1})
    assert (child.name, child.display_name, child.description) == ("child", "child", "*about*")
    assert child.parent is run
    assert run.parent is None
    assert child.experiment is run.experiment
    assert child.get_tags() == {"fold": "1"}
    read = Run.get(run.experiment.workspace, child.id)
    assert read.parent is not None
    assert read.parent.id == run.id
    child.complete()
    again = Run.get(run.experiment.workspace, child.id)
    assert (again.name, again.description, again.status) == ("child", "*about*", "Completed")


def test_a_run_without_a_name_gets_one_of_its_id(run: Run) -> None:
    child = run.child_run()
    assert child.display_name == f"run-{child.id[-8:]}"


def test_numbers_count_within_the_experiment(shared_workspace: Workspace, run: Run) -> None:
    other = Experiment(shared_workspace, "test of numbers").start_logging()
    assert [run.number, run.child_run().number, run.child_run().number, other.number] == [1, 2, 3, 1]


def test_a_description_of_an_experiment_stays_when_later_runs_give_none(shared_workspace: Workspace) -> None:
    Experiment(shared_workspace, "described", "**what** it is").start_logging().complete()
    Experiment(shared_workspace, "described").start_logging().complete()
    with reading(shared_workspace.link.recorder.uri) as reader:
        columns = reader.experiments()
    assert dict(zip(columns.name, columns.description, strict=True))["described"] == "**what** it is"


def test_children_are_listed_newest_first_and_filtered(run: Run) -> None:
    first = run.child_run("first", tags={"kind": "fold", "seed": 1})
    second = run.child_run("second", tags={"kind": "fold"})
    below = second.child_run("below", tags={"kind": None})
    below.complete()
    first.fail("bad")
    assert names(run.get_children()) == ["second", "first"]
    assert names(run.get_children(recursive=True)) == ["below", "second", "first"]
    assert names(second.get_children(recursive=True)) == ["below"]
    assert names(run.get_children(recursive=True, tags="kind")) == ["below", "second", "first"]
    assert names(run.get_children(recursive=True, tags={"kind": "fold"})) == ["second", "first"]
    assert names(run.get_children(recursive=True, tags={"kind": None})) == ["below"]
    assert names(run.get_children(tags=["kind", "seed"])) == ["first"]
    assert names(run.get_children(status="Failed")) == ["first"]
    assert names(run.get_children(recursive=True, status="Running")) == ["second"]
    assert names(run.get_children(tags="absent")) == []


def test_an_experiment_lists_its_roots_or_all_its_runs(shared_workspace: Workspace) -> None:
    experiment = Experiment(shared_workspace, "test of lists", description="what it is about")
    assert names(experiment.get_runs()) == []
    with experiment.start_logging("one", tags={"a": 1}) as one:
        one.child_run("child").complete()
    with experiment.start_logging("two"):
        pass
    assert names(experiment.get_runs()) == ["two", "one"]
    assert names(experiment.get_runs(include_children=True)) == ["two", "child", "one"]
    assert names(experiment.get_runs(tags={"a": "1"}, status="Completed")) == ["one"]
    found = shared_workspace.experiments["test of lists"]
    assert (found.name, found.workspace) == ("test of lists", shared_workspace)


def test_several_children_are_created_at_once(run: Run) -> None:
    counted = run.create_children(3)
    assert [child.get_tags() for child in counted] == [{"batch_child_number": str(number)} for number in range(3)]
    tagged = run.create_children(tag_key="alpha", tag_values=[0.1, "b"])
    assert [child.get_tags() for child in tagged] == [{"alpha": "0.1"}, {"alpha": "b"}]
    assert {child.status for child in counted + tagged} == {"Running"}
    for arguments in ({}, {"count": 1, "tag_key": "a"}, {"tag_key": "a"}, {"tag_values": [1]}):
        with pytest.raises(ValueError, match="either count, or tag_key together with tag_values"):
            run.create_children(**arguments)


def test_tags_may_be_set_again_and_removed_also_after_the_end(run: Run) -> None:
    run.tag("label")
    run.tag("state", "new")
    run.set_tags({"state": "old", "number": 1})
    assert run.tags == {"label": None, "state": "old", "number": "1"}
    run.complete()
    run.remove_tags(["label", "absent"])
    run.tag("state", "older")
    assert run.get_tags() == {"state": "older", "number": "1"}


def test_properties_can_only_be_added(run: Run) -> None:
    run.add_properties({"commit": "abc"})
    run.add_properties({"commit": "abc", "count": 3})
    with pytest.raises(RunStateError, match="'commit' of the run 'run' is 'abc' and cannot become 'def'"):
        run.add_properties({"new": 1, "commit": "def"})
    assert run.properties == {"commit": "abc", "count": "3"}
    other = next(run.experiment.get_runs())
    with pytest.raises(RunStateError, match="'commit'"):
        other.add_properties({"commit": "ghi"})


def test_name_and_description_may_be_changed(run: Run) -> None:
    run.display_name = "better"
    run.description = "more"
    assert (run.name, run.description) == ("better", "more")
    details = run.get_details()
    assert (details["displayName"], details["description"]) == ("better", "more")


def test_details_say_everything_but_the_metrics(run: Run) -> None:
    run.log_parameter("rate", 0.1)
    run.tag("a", 1)
    run.add_properties({"b": 2})
    try:
        raise ValueError("too bad")
    except ValueError as error:
        run.fail(error)
    details = run.get_details()
    start, end = (datetime.fromisoformat(details.pop(key)) for key in ("startTimeUtc", "endTimeUtc"))
    assert start <= end
    text = details.pop("error")
    assert text.startswith("ValueError: too bad\n")
    assert "test_details_say_everything" in text
    assert details == {
        "runId": run.id,
        "chosenId": "",
        "rootRunId": run.id,
        "parentRunId": None,
        "experiment": run.experiment.name,
        "number": 1,
        "displayName": "run",
        "description": "",
        "status": "Failed",
        "stage": "active",
        "droppedPoints": 0,
        "refusedRecords": 0,
        "parameters": {"rate": 0.1},
        "tags": {"a": "1"},
        "properties": {"b": "2"},
    }


def test_a_run_that_is_not_there_is_not_found(shared_workspace: Workspace, run: Run) -> None:
    run.flush()
    with pytest.raises(NotFound, match="has no run 'absent'"):
        Run.get(shared_workspace, "absent")


def test_a_run_can_be_resumed_in_the_same_process(run: Run) -> None:
    for value in (1, 2, 3):
        run.log("m", value)
    run.log_row("r", a=1)
    run.log_parameter("p", 1)
    run.complete()
    run.start()
    assert run.status == "Running"
    run.log("m", 4)
    run.log_row("r", a=2)
    with pytest.raises(RunStateError, match="'p'"):
        run.log_parameter("p", 2)
    run.fail("now")
    run.start()
    run.log("m", 30, step=2)
    run.complete()
    assert run.get_metrics() == {"m": [1.0, 2.0, 30.0], "r": {"a": [1.0, 2.0]}}
    assert run.get_details()["status"] == "Completed"


def test_a_run_ends_once(run: Run) -> None:
    run.complete()
    run.complete()
    with pytest.raises(RunStateError, match="has ended as Completed, not as Failed"):
        run.fail("late")
    with pytest.raises(RunStateError, match="has ended as Completed, not as Canceled"):
        Run.get(run.experiment.workspace, run.id).cancel()
    assert run.wait_for_completion()["status"] == "Completed"


def test_waiting_for_a_failed_run_raises_what_failed_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.fail("out of luck")
    with pytest.raises(RunStateError, match="out of luck"):
        run.wait_for_completion(show_output=True)
    assert capsys.readouterr().out == "run: Failed\n"
    assert run.wait_for_completion(raise_on_error=False)["error"] == "out of luck"


def test_several_objects_of_one_run_are_one_run(run: Run) -> None:
    same = Run.get(run.experiment.workspace, run.id)
    copied = copy.deepcopy(run)
    pickled = pickle.loads(pickle.dumps(run))
    for each in (run, same, copied, pickled):
        each.log("m", 1)
    assert run.get_metrics() == {"m": [1.0] * 4}
    same.complete()
    with pytest.raises(RunStateError, match="has ended"):
        pickled.log("m", 1)


def test_runs_and_experiments_show_in_notebooks_and_what_they_hold_is_escaped(run: Run) -> None:
    run.display_name = "<script>alert(1)</script>"
    run.log_parameter("<b>", "<i>")
    run.log("loss", 0.123456789)
    run.log("note", "&" * 200)
    run.log_row("table", a=1, b=2)
    shown = run._repr_html_()
    assert "<script" not in shown
    assert "<i>" not in shown
    assert "&lt;script&gt;" in shown
    assert "0.123457" in shown
    assert "table of 2 columns" in shown
    assert run.id in shown
    assert "<a " not in shown
    shown = run.experiment._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "(1 run)" in shown
    assert "<script" not in shown


def test_an_experiment_shows_ten_runs_and_how_many_more_there_are(shared_workspace: Workspace) -> None:
    experiment = Experiment(shared_workspace, "test of many")
    with experiment.start_logging("parent") as parent:
        for number in range(11):
            experiment.start_logging(f"r{number}").complete()
        parent.child_run("child").complete()
    shown = experiment._repr_html_()
    assert "(13 runs)" in shown
    assert "2 more" in shown
    assert shown.count("<tr>") == 12
    assert repr(experiment) == f"Experiment(name='test of many', workspace={shared_workspace.uri!r})"
    assert repr(parent) == f"Run(id={parent.id!r}, name='parent', experiment='test of many')"


def test_a_workspace_without_a_store_shows_what_is_known(store: str) -> None:
    workspace = Workspace(store)
    experiment = Experiment(workspace, "nothing yet")
    assert "(0 runs)" in experiment._repr_html_()
    assert workspace.experiments == {}
    assert list(experiment.get_runs()) == []
    assert not workspace.exists


def test_a_question_about_one_run_reads_nothing_of_its_descendants(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        with run.child_run() as child:
            child.log("loss", 0.5)
            child.log_parameter("lr", 0.1)
            child.tag("kind", "fold")
    run.log("loss", 0.25)
    run.flush()
    seen: set[str] = set()

    def noting(method: str) -> None:
        answer = getattr(SqlReader, method)

        def note(reader: SqlReader, *arguments: object) -> object:
            columns = answer(reader, *arguments)
            seen.update(key.run_id for key in columns.key) if method == "series" else seen.update(columns.run_id)
            return columns

        monkeypatch.setattr(SqlReader, method, note)

    for method in ("runs", "parameters", "tags", "properties", "series"):
        noting(method)
    assert run.get_metrics() == {"loss": 0.25}
    assert (run.get_parameters(), run.get_tags(), run.get_properties()) == ({}, {}, {})
    assert run.get_details()["status"] == "Running"
    assert seen == {run.id}
    assert len(run.get_metrics(recursive=True)) == 4
    assert len(seen) == 4
