"""The tab in a real TensorBoard: there with the flag, absent without, and harmless where it is broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History
from tests.plugin.conftest import Asking, with_ids
from tests.plugin.test_flag import breaking
from tests.provider.viewer import Viewer


def test_the_tab_is_listed_and_its_page_is_served(store: str) -> None:
    with Viewer(f"--runhistory_uri={store}") as viewer:
        listed = viewer.get("data/plugins_listing")["runhistory"]
        assert (listed["enabled"], listed["tab_name"]) == (True, "Run History")
        assert listed["loading_mechanism"] == {
            "type": "IFRAME",
            "module_path": "/data/plugin/runhistory/static/index.js",
        }
        status, page = viewer.status("data/plugin_entry.html?name=runhistory")
        assert (status, "./static/index.js" in page) == (200, True)
        assert viewer.get("data/plugin/runhistory/v1/runs")["total"] == 2
        status, text = viewer.status("data/plugin/runhistory/v1/runs?limit=many")
        assert (status, "limit is a whole number" in json.loads(text)["error"]) == (400, True)
        assert "tb_runhistory" not in viewer.stderr


def test_it_answers_below_a_path_prefix(store: str) -> None:
    with Viewer(f"--runhistory_uri={store}", "--path_prefix=/lab/board") as viewer:
        assert viewer.get(with_ids("lab/board/data/plugin/runhistory/v1/runs?parent=sweep"))["total"] == 3


def test_without_the_flag_there_is_no_tab(tmp_path: Path) -> None:
    with Viewer(f"--logdir={tmp_path}", "--load_fast=false") as viewer:
        assert "runhistory" not in viewer.get("data/plugins_listing")
        assert viewer.status("data/plugin/runhistory/v1/version")[0] == 404


def test_a_broken_tab_leaves_the_dashboards_alone(store: str, tmp_path: Path) -> None:
    with Viewer(f"--runhistory_uri={store}", env=breaking(tmp_path, "tb_runhistory.plugin.tab")) as viewer:
        assert "cannot show the Run History tab (ImportError)" in viewer.stderr
        assert "runhistory" not in viewer.get("data/plugins_listing")
        assert "mnist/a sweep/run 2" in viewer.get("data/runs")


def test_pages_are_whole_while_runs_are_recorded(open_tab: Callable[..., Asking], tmp_path: Path) -> None:
    """Each page is of one moment: never more rows than its total, and the newest run is there once it is applied."""
    uri = f"sqlite:///{tmp_path}/runs.db"
    written = threading.Semaphore(0)
    with open_writer(parse_uri(uri)) as writer:
        sweep = History(writer).root("sweep")

        def record() -> None:
            for number in range(40):
                sweep.child(f"trial-{number:02}").log("loss", range(3)).end()
                written.release()

        tab = open_tab(uri)
        recording = threading.Thread(target=record)
        recording.start()
        seen = 0
        for count in range(1, 41):
            assert written.acquire(timeout=20)
            page = tab.json("/v1/runs?parent=sweep&sort=metrics.loss&column=metrics.loss&limit=500")
            assert len(page["runs"]) == page["total"] >= max(seen, count)
            seen = page["total"]
        recording.join()
        assert seen == 40
