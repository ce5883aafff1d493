"""Stock TensorBoard shows an exported folder with either loader; with the fast one it follows a later export."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tb_runhistory.records.changes import SetParameter
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History, id_of
from tests.export.conftest import export
from tests.provider.test_dashboards import session_groups
from tests.provider.viewer import Viewer, wait_for

# HParams has 32 bits for a step.
STEPS = [0, 1, 130, 20_000, 1 << 30]
VALUES = [0.1, -1e-300, 1 / 3, 2.5, 1e30]


@pytest.mark.parametrize("fast", [True, False])
def test_the_dashboards_show_it(history: History, uri: StoreUri, logdir: Path, fast: bool) -> None:
    run = history.root("run", description="what *for*").apply(SetParameter(id_of("run"), id_of("run"), "rate", 0.5))
    run.log("loss", STEPS, VALUES).log("accuracy", range(300)).log_texts("note", [(3, "hello")])
    run.child("fold").log("loss", [5], [7.0])
    export(uri, logdir)
    with Viewer(f"--logdir={logdir}", f"--load_fast={str(fast).lower()}", "--reload_interval=1") as board:

        def shown(tag: str) -> dict[str, list[tuple[int, float]]]:
            if tag not in str(board.get("data/plugin/timeseries/tags")):
                return {}
            series = board.time_series(tag)
            return {name: [(point["step"], point["value"]) for point in points] for name, points in series.items()}

        wait_for("all runs", lambda: set(shown("loss")) == {"mnist/run", "mnist/run/fold"})
        points = shown("loss")
        assert [step for step, _ in points["mnist/run"]] == STEPS
        assert [value for _, value in points["mnist/run"]] == pytest.approx(VALUES, rel=1e-7, abs=1e-38)
        assert points["mnist/run/fold"] == [(5, 7.0)]
        assert shown("accuracy")["mnist/run"] == [(step, float(step)) for step in range(300)]
        [text] = board.get("data/plugin/text/text?run=mnist/run&tag=note")
        assert "hello" in text["text"]
        assert "description" in board.get("data/plugin/text/tags")["mnist/run"]
        assert {group["hparams"]["rate"] for group in session_groups(board).values()} == {0.5}

        if not fast:
            return
        run.log("loss", [(1 << 30) + 1], [9.0])
        export(uri, logdir)
        wait_for("the new point", lambda: shown("loss").get("mnist/run", [(0, 0.0)])[-1] == ((1 << 30) + 1, 9.0))
        assert [step for step, _ in shown("loss")["mnist/run"]] == [*STEPS, (1 << 30) + 1], "no point is doubled"
        assert len(shown("accuracy")["mnist/run"]) == 300


def test_an_earlier_file_that_is_still_there_doubles_no_point(
    history: History, uri: StoreUri, logdir: Path, tmp_path: Path
) -> None:
    run = history.root("run").log("loss", range(10))
    export(uri, logdir)
    shutil.copytree(logdir, tmp_path / "earlier")
    run.log("loss", [10])
    export(uri, logdir)
    shutil.copytree(tmp_path / "earlier", logdir, dirs_exist_ok=True)
    folder = logdir / "mnist" / "run"
    assert len(list(folder.iterdir())) == 2, "as after a crash between the new file and the removal of the old"
    accumulated = EventAccumulator(str(folder)).Reload()
    assert [event.step for event in accumulated.Tensors("loss")] == list(range(11))
    assert export(uri, logdir).written == 1
    assert len(list(folder.iterdir())) == 1
