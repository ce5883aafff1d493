"""What the tab's HTTP API answers, and in which words it refuses."""

from __future__ import annotations

import gzip
import json
import math
import os
import sqlite3
import struct
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from tb_runhistory.plugin import bundle
from tb_runhistory.plugin import tab as tab_module
from tb_runhistory.records.changes import AddProperties, SetTags
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import START, History, id_of
from tests.plugin.conftest import Asking
from tests.provider.built import with_parameters

ANOTHER_JOURNAL = id_of("another journal")
Columns = dict[str, tuple[list[float], list[float], list[float]]]


def ids(*names: str) -> list[str]:
    """The ids of runs that are built under these names."""
    return [id_of(name) for name in names]


def columns_of(content: bytes) -> tuple[dict[str, Any], Columns]:
    """The header of a points answer, and by run id its steps, wall times and values."""
    (length,) = struct.unpack_from("<I", content)
    assert (4 + length) % 8 == 0
    header = json.loads(content[4 : 4 + length])
    numbers = np.frombuffer(content, "<f8", offset=4 + length).tolist()
    read: Columns = {}
    for series in header["series"]:
        count = series["count"]
        steps, times, values, numbers = (
            *(numbers[i * count : (i + 1) * count] for i in range(3)),
            numbers[3 * count :],
        )
        read[series["run_id"]] = (steps, times, values)
    assert numbers == []
    return header, read


# What is there


def test_the_overview_tells_what_there_is(asking: Asking, store: str) -> None:
    overview = asking.json("/v1/overview")
    assert overview == {
        "location": f"sqlite:///{parse_uri(store).path}",
        "experiments": [
            {"name": "mnist", "description": "digits", "view": "", "runs": 5},
            {"name": "cifar & co", "description": "", "view": "", "runs": 1},
        ],
        "runs": 6,
        "matches": None,
        "columns": [
            {"column": "metrics.loss", "runs": 4},
            {"column": "metrics.accuracy", "runs": 1},
            {"column": "inherited.params.lr", "runs": 3},
            {"column": "inherited.params.data", "runs": 1},
        ],
        "metric_count": 2,
        "parameter_count": 2,
        "has_progress": False,
    }
    narrow = asking.json("/v1/overview?experiment=cifar+%26+co")
    # All experiments are there to choose from, whichever is chosen.
    assert (narrow["experiments"], narrow["runs"]) == (overview["experiments"], 1)
    assert narrow["columns"] == [{"column": "metrics.loss", "runs": 1}]
    assert asking.json("/v1/overview?experiment=nothing")["runs"] == 0


def named(count: int, *kinds: str) -> list[str]:
    return [f"{kind}.{number:04}" for kind in kinds for number in range(count)]


def test_of_very_many_columns_the_overview_has_metrics_and_parameters(asking: Asking, store: str) -> None:
    with open_writer(parse_uri(store)) as writer:
        wide = History(writer, ANOTHER_JOURNAL).root("wide", "wide")
        with_parameters(wide, **{f"{number:04}": number for number in range(220)})
        for number in range(3):
            wide.log(f"{number:04}", [0])
    overview = asking.json("/v1/overview?experiment=wide")
    assert (overview["metric_count"], overview["parameter_count"]) == (3, 220)
    shown = [column["column"] for column in overview["columns"]]
    assert shown == [*named(3, "metrics"), *named(220, "inherited.params")[:197]]


def test_columns_are_found_by_any_part_of_their_names(asking: Asking, store: str) -> None:
    with open_writer(parse_uri(store)) as writer:
        wide = History(writer, ANOTHER_JOURNAL).root("wide", "wide")
        with_parameters(wide, **{f"Layer/{number:04}": number for number in range(300)})
        wide.log("layer/loss", [0])
    found = asking.json("/v1/columns?text=LAYER&limit=2")
    assert (found["total"], found["offset"]) == (301, 0)
    assert found["columns"] == [
        {"column": "metrics.layer/loss", "runs": 1},
        {"column": "inherited.params.Layer/0000", "runs": 1},
    ]
    last = asking.json("/v1/columns?kind=params&text=layer&offset=299")
    assert (last["total"], last["columns"]) == (300, [{"column": "inherited.params.Layer/0299", "runs": 1}])
    assert asking.json("/v1/columns?text=layer&experiment=mnist")["total"] == 0
    assert asking.json("/v1/columns?text=param")["total"] == 0
    assert asking.json("/v1/columns")["total"] == 305
    of_runs = asking.json("/v1/columns?kind=metrics&run=fold&run=trial-0&run=nobody")
    assert of_runs["columns"] == [{"column": "metrics.accuracy", "runs": 1}, {"column": "metrics.loss", "runs": 1}]


def test_columns_can_be_those_of_some_runs(asking: Asking) -> None:
    assert asking.json(f"/v1/columns?kind=metrics&run={id_of('fold')}")["columns"] == [
        {"column": "metrics.accuracy", "runs": 1}
    ]
    assert asking.json(f"/v1/columns?run={id_of('nobody')}")["columns"] == []


def test_tags_and_properties_are_columns_too(asking: Asking, store: str) -> None:
    with open_writer(parse_uri(store)) as writer:
        labelled = History(writer, ANOTHER_JOURNAL).root("labelled", "labels")
        place = labelled.root_id, labelled.run_id
        labelled.apply(
            SetTags(*place, {"team": "red", "my `tag`": None}), AddProperties(*place, {"git.commit": "4f2a"})
        )
    tags = asking.json("/v1/columns?kind=tags")
    assert sorted(column["column"] for column in tags["columns"]) == ["tags.`my ``tag```", "tags.team"]
    found = asking.json("/v1/columns?kind=properties&text=COMMIT&experiment=labels")
    assert found == {"total": 1, "offset": 0, "columns": [{"column": "properties.git.commit", "runs": 0}]}
    [run] = asking.json("/v1/runs?experiment=labels&column=tags.team&column=properties.git.commit")["runs"]
    assert run["cells"] == ["red", "4f2a"]


def test_runs_are_named_by_their_ids(asking: Asking, open_tab: Callable[..., Asking], store: str) -> None:
    found = asking.json("/v1/runs/by-id?run=fold&run=nobody&run=other&run=fold&run=sweep")["runs"]
    assert [run["run_id"] for run in found] == ids("fold", "other", "sweep")
    assert found[0] == {
        "run_id": id_of("fold"),
        "name": "fold",
        "experiment": "mnist",
        "ancestors": ids("sweep", "trial-2"),
        "path": ["a sweep", "run 4"],
        "cells": [],
    }
    told = asking.json("/v1/runs/by-id?run=fold&run=other&column=inherited.params.lr&column=metrics.accuracy")
    assert told["columns"] == ["inherited.params.lr", "metrics.accuracy"]
    assert [run["cells"] for run in told["runs"]] == [
        [{"non_finite": "Infinity"}, {"non_finite": "Infinity"}],
        [None, None],
    ]
    assert (found[1]["ancestors"], found[1]["path"]) == ([], [])
    # What is above a selection is no more named than shown.
    selected = open_tab(f"{store}?run=trial-2").json("/v1/runs/by-id?run=fold&run=other")["runs"]
    assert [(run["run_id"], run["path"]) for run in selected] == [(id_of("fold"), ["run 4"])]


def test_a_page_of_the_tree_has_rows_with_their_cells(asking: Asking) -> None:
    page = asking.json(
        "/v1/runs?parent=sweep&order=asc&column=inherited.params.lr&column=metrics.loss&column=inherited.params.data&limit=2"
    )
    assert (page["total"], page["offset"], page["columns"]) == (
        3,
        0,
        ["inherited.params.lr", "metrics.loss", "inherited.params.data"],
    )
    first, second = page["runs"]
    assert first == {
        "run_id": id_of("trial-0"),
        "name": "run 2",
        "experiment": "mnist",
        "number": 2,
        "status": "Completed",
        "stage": "active",
        "error": "",
        "created_at": START + 2,
        "started_at": START + 2,
        "ended_at": START + 60,
        "children": 0,
        "dropped": 0,
        "is_match": True,
        "descendants": [],
        "cells": [0.1, 3.0, {"inherited": "digits", "source": id_of("sweep")}],
    }
    assert (second["status"], second["error"]) == ("Failed", "no memory")
    assert second["cells"][:2] == [10, {"non_finite": "NaN"}]
    [third] = asking.json("/v1/runs?parent=sweep&order=asc&offset=2&column=inherited.params.lr&column=metrics.none")[
        "runs"
    ]
    assert (third["cells"], third["children"]) == ([{"non_finite": "Infinity"}, None], 1)


def test_roots_come_newest_first_unless_asked_otherwise(asking: Asking) -> None:
    page = asking.json("/v1/runs")
    assert [run["run_id"] for run in page["runs"]] == ids("other", "sweep")
    # Nobody has sent a heartbeat since: the run is shown as what it is.
    assert {run["status"] for run in page["runs"]} == {"NotResponding"}
    assert page["now"] > page["runs"][0]["created_at"]
    assert [run["run_id"] for run in asking.json("/v1/runs?sort=name&order=asc")["runs"]] == ids("sweep", "other")
    by_loss = asking.json("/v1/runs?parent=sweep&sort=metrics.loss&order=asc")
    assert [run["run_id"] for run in by_loss["runs"]] == ids("trial-2", "trial-0", "trial-1")


def test_a_selection_is_all_that_is_shown(open_tab: Callable[..., Asking], store: str) -> None:
    tab = open_tab(f"{store}?run=trial-2&run=other")
    assert [run["run_id"] for run in tab.json("/v1/runs?order=asc&column=inherited.params.data")["runs"]] == ids(
        "trial-2", "other"
    )
    assert tab.json("/v1/runs?order=asc&column=inherited.params.data")["runs"][0]["cells"] == [
        {"inherited": "digits", "source": id_of("sweep")}
    ]
    assert [run["run_id"] for run in tab.json("/v1/runs?parent=trial-2")["runs"]] == ids("fold")
    assert tab.problem("/v1/runs?parent=sweep")[0] == 404
    assert tab.json("/v1/overview")["runs"] == 3
    header, _ = columns_of(tab("/v1/points?tag=loss&run=trial-0&run=trial-2").data)
    assert [series["run_id"] for series in header["series"]] == ids("trial-2")
    of_experiment = open_tab(f"{store}?experiment=mnist")
    assert of_experiment.json("/v1/overview")["runs"] == 5
    status, sentence = of_experiment.problem("/v1/overview?experiment=cifar")
    assert (status, "the experiment 'mnist' only" in sentence) == (400, True)


def test_a_filter_leaves_matches_and_what_is_above_them(open_tab: Callable[..., Asking], store: str) -> None:
    tab = open_tab(f"{store}?filter=inherited.params.data%20%3D%20'digits'%20and%20name%20LIKE%20'fold%25'")
    assert [run["run_id"] for run in tab.json("/v1/runs")["runs"]] == ids("sweep")
    assert [run["run_id"] for run in tab.json("/v1/runs?parent=sweep")["runs"]] == ids("trial-2")
    assert [run["run_id"] for run in tab.json("/v1/runs?parent=trial-2")["runs"]] == ids("fold")
    assert tab.json("/v1/runs?filter=depth%3D0")["runs"] == []
    assert tab.json("/v1/runs/matching")["run_ids"] == ids("fold")


def test_points_are_columns_of_doubles(asking: Asking) -> None:
    response = asking("/v1/points?tag=loss&run=other&run=trial-1&run=fold&run=nobody&run=other")
    assert response.headers["Content-Type"] == "application/octet-stream"
    header, read = columns_of(response.data)
    assert header["tag"] == "loss"
    described = [{name: one[name] for name in ("run_id", "count", "total", "damaged")} for one in header["series"]]
    assert described == [
        {"run_id": id_of("other"), "count": 2, "total": 2, "damaged": 0},
        {"run_id": id_of("trial-1"), "count": 3, "total": 3, "damaged": 0},
    ]
    assert all(one["state"] and not one["is_unchanged"] for one in header["series"])
    assert read[id_of("other")] == ([0, 1], [START, START + 1], [0, 1])
    assert read[id_of("trial-1")][2][:2] == [9.0, 8.0]
    assert math.isnan(read[id_of("trial-1")][2][2])
    assert columns_of(asking("/v1/points?tag=accuracy&run=fold").data)[1][id_of("fold")][2] == [math.inf]
    assert columns_of(asking("/v1/points?tag=nothing&run=fold").data) == ({"tag": "nothing", "series": []}, {})


@pytest.mark.parametrize("window", ["", "&first_step=0&last_step=100"])
def test_of_a_store_that_changed_only_what_changed_travels(asking: Asking, store: str, window: str) -> None:
    address = f"/v1/points?tag=loss&run=other&run=trial-1&run=nobody{window}"
    header, _ = columns_of(asking(address).data)
    states = [series["state"] for series in header["series"]]
    known = f"{address}&known={states[0]}&known={states[1]}&known="
    header, read = columns_of(asking(known).data)
    assert [(series["count"], series["is_unchanged"]) for series in header["series"]] == [(0, True), (0, True)]
    assert [series["state"] for series in header["series"]] == states
    with open_writer(parse_uri(store)) as writer:
        History(writer, ANOTHER_JOURNAL).root("long").log("loss", range(5))
        grown = f"{known}&run=long&known=1-4-0"
        header, read = columns_of(asking(grown).data)
    assert [series["is_unchanged"] for series in header["series"]] == [True, True, False]
    assert read[id_of("long")][0] == [0, 1, 2, 3, 4]


def test_what_is_known_is_of_each_run_or_of_none(asking: Asking) -> None:
    status, sentence = asking.problem("/v1/points?tag=loss&run=other&run=trial-1&known=1-2-0")
    assert (status, "once for each run" in sentence) == (400, True)


def test_points_are_of_a_window_and_within_a_limit(asking: Asking, store: str) -> None:
    with open_writer(parse_uri(store)) as writer:
        History(writer, ANOTHER_JOURNAL).root("long").log("loss", range(50_000))
    header, read = columns_of(asking("/v1/points?tag=loss&run=long&limit=100&first_step=1000&last_step=2000").data)
    [series] = header["series"]
    steps = read[id_of("long")][0]
    assert (steps[0], steps[-1], series["total"], len(steps) <= 100) == (1000, 2000, 1001, True)
    assert columns_of(asking("/v1/points?tag=loss&run=long&first_step=49999").data)[1][id_of("long")][0] == [49999]
    assert len(columns_of(asking("/v1/points?tag=loss&run=long").data)[1][id_of("long")][0]) <= 1000


def test_what_is_recorded_is_answered_and_changes_the_version(asking: Asking, store: str) -> None:
    version = asking.json("/v1/version")
    assert asking.json("/v1/version") == version
    with open_writer(parse_uri(store)) as writer:
        history = History(writer, ANOTHER_JOURNAL)
        history.root("live")
        assert asking.json("/v1/version") != version
        assert asking.json("/v1/runs")["total"] == 3
        history.root("livelier")
        assert asking.json("/v1/runs")["total"] == 4
    assert asking.json("/v1/runs")["total"] == 4


def test_a_long_answer_is_compressed_for_whoever_takes_that(asking: Asking) -> None:
    path = "/v1/runs?parent=sweep" + "&column=inherited.params.none" * 200
    plain, packed = asking(path), asking(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    unpacked = json.loads(gzip.decompress(packed.data))
    assert unpacked["runs"] == json.loads(plain.data)["runs"]


def test_text_of_any_kind_passes_through(asking: Asking, store: str) -> None:
    name = '</script> " \u2028 \u202e 🦆 \\'
    with open_writer(parse_uri(store)) as writer:
        History(writer, ANOTHER_JOURNAL).root("odd", experiment=name, display_name=name).log(name, [0])
    [run] = asking.json(f"/v1/runs?experiment={quote(name)}")["runs"]
    assert (run["name"], run["experiment"]) == (name, name)
    assert columns_of(asking(f"/v1/points?run=odd&tag={quote(name)}").data)[0]["tag"] == name


# What is refused


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/version?x=1", "no parameter 'x': it takes none"),
        ("/v1/overview?experiments=a", "no parameter 'experiments': it takes experiment"),
        ("/v1/overview?experiment=a&experiment=b", "is given 2 times"),
        ("/v1/columns?kind=tag", "one of metrics, params, tags, properties, not 'tag'"),
        ("/v1/columns?limit=501", "from 1 to 500"),
        ("/v1/runs/by-id", "From 1 to 100 runs"),
        ("/v1/runs/by-id?" + "&".join(f"run={n}" for n in range(101)), "not 101"),
        ("/v1/runs?page=1", "no parameter 'page'"),
        ("/v1/runs?sort=size", "runs have no attribute 'size'"),
        ("/v1/runs?sort=inherited.params.", "expected a name"),
        ("/v1/runs?sort=metric:loss", "no attribute 'metric:loss'"),
        ("/v1/runs?fill=best", "such as best(leaves), not 'best'"),
        ("/v1/runs?fill=sum(leaves)", "the statistics are min, max"),
        ("/v1/runs?show=all", "one of ancestors, subtrees, flat, tops is shown, not 'all'"),
        ("/v1/runs?statuses=2", "statuses is a whole number from 0 to 1"),
        ("/v1/runs/matching?limit=10001", "from 1 to 10000"),
        ("/v1/completions?position=-1", "position is a whole number"),
        ("/v1/runs?column=", "expected params, metrics"),
        ("/v1/runs?order=up", "asc or desc, not 'up'"),
        ("/v1/runs?offset=-1", "offset is a whole number from 0"),
        ("/v1/runs?offset=1e3", "not '1e3'"),
        ("/v1/runs?offset=" + "9" * 30, "offset is a whole number"),
        ("/v1/runs?limit=0", "limit is a whole number from 1 to 500, not '0'"),
        ("/v1/runs?limit=501", "from 1 to 500"),
        ("/v1/runs?limit=", "not ''"),
        ("/v1/runs?limit=٣", "not '٣'"),
        ("/v1/runs?parent=" + "a" * 1001, "longer than 1000 characters"),
        ("/v1/runs?" + "&".join(["column=inherited.params.a"] * 201), "At most 200 columns"),
        ("/v1/points", "give tag=NAME and run=ID"),
        ("/v1/points?tag=loss", "give tag=NAME and run=ID"),
        ("/v1/points?tag=loss&run=a&limit=2001", "from 1 to 2000"),
        ("/v1/points?tag=loss&run=a&first_step=5&last_step=4", "5, is beyond the last, 4"),
        ("/v1/points?tag=loss&run=a&first_step=9223372036854775808", "first_step is a whole number"),
        ("/v1/points?tag=loss&" + "&".join(f"run={n}" for n in range(401)), "at most 400 runs"),
    ],
)
def test_what_is_malformed_is_refused_with_a_sentence(asking: Asking, path: str, sentence: str) -> None:
    status, text = asking.problem(path)
    assert status == 400
    assert sentence in text
    assert "\n" not in text


@pytest.mark.parametrize("path", ["/v1/runs?parent=nobody", "/v2/runs", "/v1/", "/static/none.js"])
def test_what_is_not_there_is_a_404_with_a_sentence(asking: Asking, path: str) -> None:
    status, text = asking.problem(path)
    assert (status, len(text) > 20) == (404, True)


def test_a_run_without_children_has_an_empty_page(asking: Asking) -> None:
    assert asking.json("/v1/runs?parent=fold")["total"] == 0


@pytest.mark.parametrize("path", ["/v1/version", "/v1/overview", "/v1/runs", "/v1/points?tag=loss&run=other"])
def test_a_store_that_fails_is_told_and_works_again_when_it_is_back(asking: Asking, store: str, path: str) -> None:
    file = Path(parse_uri(store).path)
    whole = file.read_bytes()
    assert asking(path).status_code == 200
    file.rename(file.with_suffix(".away"))
    status, text = asking.problem(path)
    assert (status, str(file) in text) == (404, True)
    for content, said in [
        (b"nothing of ours", "is not a run-history store"),
        (whole[:60] + b"\xff" * 4 + whole[64:], ""),
    ]:
        file.write_bytes(content)
        status, text = asking.problem(path)
        assert status == 503
        assert said in text
    file.unlink()
    os.rename(file.with_suffix(".away"), file)
    assert asking(path).status_code == 200


def test_damage_within_a_store_is_told(asking: Asking, store: str) -> None:
    path = parse_uri(store).path
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
    # Damage within a page, which the header does not show.
    content = bytearray(Path(path).read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    Path(path).write_bytes(bytes(content))
    status, text = asking.problem("/v1/runs")
    assert (status, "is damaged" in text) == (503, True)


# The page


def test_the_page_is_told_how_it_is_built_where_it_is_not(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "FOLDER", tmp_path / "static")
    status, text = asking.problem("/static/index.js")
    assert (status, "not built" in text, "pip install" in text) == (404, True, True)
    assert asking("/v1/version").status_code == 200


def test_the_page_s_files_are_cached_as_their_names_allow(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    (tmp_path / "index.js").write_text("export function render() {}")
    (tmp_path / "chart-Ab3_d-9Z.js").write_text("let chart;")
    (tmp_path.parent / "secret.js").write_text("outside")
    entry, hashed = asking("/static/index.js"), asking("/static/chart-Ab3_d-9Z.js")
    assert entry.headers["Content-Type"].startswith("text/javascript")
    assert (entry.headers["Cache-Control"], "immutable" in hashed.headers["Cache-Control"]) == ("no-cache", True)
    again = asking("/static/index.js", headers={"If-None-Match": entry.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    (tmp_path / "index.js").write_text("export function render() { return 1; }")
    assert asking("/static/index.js", headers={"If-None-Match": entry.headers["ETag"]}).status_code == 200
    for name in ("../secret.js", "..%2Fsecret.js", "%2Fetc%2Fpasswd", "..\\secret.js", "", ".", "a%00b"):
        assert asking(f"/static/{name}").status_code == 404, name


def test_tensorboard_is_told_of_the_tab(asking: Asking) -> None:
    described = asking.tab.frontend_metadata()
    assert (asking.tab.plugin_name, described.tab_name, described.es_module_path) == (
        "runhistory",
        "Run History",
        "/static/index.js",
    )
    assert asking.tab.is_active()


def test_the_first_question_finds_the_store_open(asking: Asking, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[StoreUri] = []
    is_open = threading.Event()

    def open_and_say(uri: StoreUri) -> RunHistoryReader:
        reader = open_reader(uri)
        # The tab of a test before this one may be warming up, too.
        if uri == parse_uri(store):
            opened.append(uri)
            is_open.set()
        return reader

    monkeypatch.setattr(tab_module, "open_reader", open_and_say)
    asking.tab.warm(0.05)
    assert is_open.wait(10)
    assert asking.tab.is_active()
    asking.json("/v1/overview")
    assert len(opened) == 1
