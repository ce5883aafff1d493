"""Runs that are put away are left out until somebody asks for them; each says where it stands, as an orphan does."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tb_runhistory.records.changes import LifecycleStage, StageExperiment, StageRun
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import BuiltRun, History, id_of
from tests.plugin.conftest import Asking


@pytest.fixture
def asking(open_tab: Callable[..., Asking], tmp_path: Path) -> Asking:
    """A sweep with a trial in each stage, an archived experiment, and a run whose parent nobody has heard of."""
    uri = f"sqlite:///{tmp_path}/runs.db"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        sweep = history.root("sweep")
        for number, stage in enumerate(LifecycleStage):
            trial = sweep.child(stage.value).log("loss", [0, 1], [9.0, number])
            history.apply(sweep.root_id, [StageRun(sweep.root_id, trial.run_id, stage)])
        history.root("old", "tries").log("accuracy", [0])
        history.apply("", [StageExperiment("tries", LifecycleStage.ARCHIVED)])
        lost, orphan = id_of("lost"), id_of("orphan")
        history.add(BuiltRun(history, orphan, lost, f"{lost}/{orphan}"), "orphan", lost)
    return open_tab(uri)


def below(asking: Asking, stages: str) -> list[tuple[str, str]]:
    runs = asking.json(f"/v1/runs?parent=sweep&order=asc{stages}")["runs"]
    return [(run["name"], run["stage"]) for run in runs]


def test_put_away_runs_are_shown_to_those_who_ask(asking: Asking) -> None:
    active, archived, deleted = [(stage.value, stage.value) for stage in LifecycleStage]
    assert below(asking, "") == below(asking, "&stages=active") == [active]
    assert below(asking, "&stages=archived") == [active, archived]
    assert below(asking, "&stages=all") == [active, archived, deleted]
    # The filter's way, which works out the whole tree, says the same.
    assert below(asking, "&stages=archived&filter=depth+>+0") == [active, archived]


def test_counts_and_roll_ups_are_over_what_is_shown(asking: Asking) -> None:
    column = "column=max(children.metrics.loss)&statuses=1&experiment=mnist"
    # Two more are the orphan and what stands for its parent.
    for stages, runs, largest in (("active", 2, 0.0), ("archived", 3, 1.0), ("all", 4, 2.0)):
        overview = asking.json(f"/v1/overview?stages={stages}&experiment=mnist")
        sweep = next(run for run in asking.json(f"/v1/runs?{column}&stages={stages}")["runs"] if run["name"] == "sweep")
        assert (overview["runs"] - 2, sweep["children"], sweep["cells"][0]["rolled_up"]) == (runs, runs - 1, largest)
        assert sum(count["runs"] for count in sweep["descendants"]) == runs - 1
        content = asking(f"/v1/export?{column.replace('&statuses=1', '')}&stages={stages}").data.decode("utf-8-sig")
        lines = {line[4]: line for line in csv.reader(io.StringIO(content))}
        assert len(lines) == runs + 2 + 1
        assert float(lines["sweep"][-1]) == largest
        assert asking.json(f"/v1/runs/matching?filter=depth+%3D+1&stages={stages}")["total"] == runs


def test_an_experiment_is_shown_with_its_runs(asking: Asking) -> None:
    def experiments(stages: str) -> set[str]:
        return {each["name"] for each in asking.json(f"/v1/overview?stages={stages}")["experiments"]}

    assert "tries" not in experiments("active")
    assert "tries" in experiments("archived")
    [old] = asking.json("/v1/runs?experiment=tries&stages=archived")["runs"]
    assert (old["name"], old["stage"]) == ("old", "archived")
    assert asking.json("/v1/runs?experiment=tries")["total"] == 0
    columns = asking.json("/v1/columns?experiment=tries&stages=archived")["columns"]
    assert [column["column"] for column in columns] == ["metrics.accuracy"]


def test_who_names_a_run_is_answered_whatever_its_stage(asking: Asking) -> None:
    [named] = asking.json("/v1/runs/by-id?run=deleted")["runs"]
    assert named["path"] == ["sweep"]
    assert b'"count":2' in asking("/v1/points?tag=loss&run=archived").data
    assert asking.json("/v1/columns?run=archived")["columns"][0]["column"] == "metrics.loss"


def test_an_orphan_stands_below_a_run_that_says_that_nothing_is_known_of_it(asking: Asking) -> None:
    lost = next(run for run in asking.json("/v1/runs")["runs"] if run["run_id"] == id_of("lost"))
    assert (lost["number"], lost["children"]) == (0, 1)
    [orphan] = asking.json("/v1/runs?parent=lost")["runs"]
    assert orphan["number"] > 0


def test_other_stages_are_refused(asking: Asking) -> None:
    assert asking.problem("/v1/runs?stages=gone") == (
        400,
        "Runs are shown in the stages active, archived, all, not 'gone'.",
    )
