"""Stock TensorBoard, with either of its loaders, shows an exported folder, and goes along when it is exported again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_runhistory.records.changes import SetParameter
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History
from tests.export.conftest import export
from tests.provider.viewer import Viewer, wait_for

STEPS = [0, 1, 130, 20_000, 1 << 33]
VALUES = [0.1, -1e-300, 1 / 3, 2.5, 1e30]


@pytest.mark.parametrize("fast", [True, False])
def test_the_dashboards_show_it_and_follow(history: History, uri: StoreUri, logdir: Path, fast: bool) -> None:
    run = history.root("run", description="what *for*").apply(SetParameter("run", "run", "rate", 0.5))
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
        session_groups = board.get(
            "data/plugin/hparams/session_groups",
            body={"experimentName": "", "colParams": [], "startIndex": 0, "sliceSize": 10, "allowedStatuses": [
                "STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]},
        )  # fmt: skip
        assert {group["hparams"]["rate"] for group in session_groups["sessionGroups"]} == {0.5}

        run.log("loss", [1 << 34], [9.0])
        export(uri, logdir)
        wait_for("the new point", lambda: shown("loss").get("mnist/run", [(0, 0.0)])[-1] == (1 << 34, 9.0))
        assert [step for step, _ in shown("loss")["mnist/run"]] == [*STEPS, 1 << 34], "no point is doubled"
        assert len(shown("accuracy")["mnist/run"]) == 300
