"""The whole table as a file: every run that meets a filter, whatever a page holds, and nothing that bites."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tb_runhistory.errors import StoreUnavailable, TooBusy
from tb_runhistory.plugin import exporting
from tb_runhistory.plugin.messages import ExportedRuns
from tb_runhistory.plugin.requests import export_request
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of
from tests.plugin.conftest import Asking
from tests.plugin.test_contract import mismatches
from tests.provider.built import with_parameters

COLUMNS = ("inherited.params.lr", "coalesce(metrics.loss, min(leaves.metrics.loss))", "created")
OF_RUN = ["run_id", "parent_id", "experiment", "path", "name", "status", "stage", "created", "started", "ended"]


def path(**parameters: str) -> str:
    named = [(name, value) for name, value in parameters.items() if name != "columns"]
    return "/v1/export?" + urlencode([*named, *(("column", column) for column in COLUMNS)])


def table(asking: Asking, **parameters: str) -> list[list[str]]:
    response = asking(path(**parameters))
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="runs.csv"'
    return list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))


def test_a_table_has_all_runs_with_their_places_in_the_order_that_is_asked_for(asking: Asking) -> None:
    heading, *lines = table(asking, experiment="mnist", sort="metrics.loss", order="asc")
    assert heading == [*OF_RUN, "inherited.params.lr", "metrics.loss", "created"]
    assert [(line[3], line[4], line[5]) for line in lines] == [
        ("a sweep", "run 4", "Completed"),
        ("a sweep", "run 2", "Completed"),
        ("", "a sweep", "NotResponding"),
        ("a sweep", "run 3", "Failed"),
        ("a sweep/run 4", "fold", "NotResponding"),
    ]
    assert [line[10:12] for line in lines] == [
        ["Infinity", "1"],
        ["0.1", "3"],
        # The best of what is below, where a run has none of its own.
        ["", "3"],
        ["10", "NaN"],
        ["Infinity", ""],
    ]
    assert all(line[7] == line[12] and line[7].endswith("Z") for line in lines)


def test_a_filter_leaves_of_the_table_what_it_leaves_of_the_page(asking: Asking) -> None:
    lines = table(asking, filter="status = 'Failed'")[1:]
    assert [line[0] for line in lines] == [id_of("trial-1")]
    assert table(asking, filter="depth = 7")[1:] == []


def test_as_json_it_is_a_message(asking: Asking) -> None:
    answer = asking.json(path(format="json", experiment="mnist"))
    assert mismatches(answer, ExportedRuns) == []
    assert answer["columns"] == ["inherited.params.lr", "metrics.loss", "created"]
    by_name = {run["name"]: run for run in answer["runs"]}
    assert by_name["fold"]["path"] == ["a sweep", "run 4"]
    assert by_name["a sweep"]["cells"][1] == {"rolled_up": 3.0, "over": 1, "best": id_of("trial-0")}
    assert by_name["run 3"]["cells"][:2] == [10, {"non_finite": "NaN"}]
    assert asking.json(path(format="json", filter="depth = 7"))["runs"] == []


def test_of_runs_outside_the_view_it_says_nothing(open_tab: Callable[..., Asking], store: str) -> None:
    asking = open_tab(f"{store}?run={id_of('trial-2')}")
    assert [line[3:5] for line in table(asking, order="asc")[1:]] == [["", "run 4"], ["run 4", "fold"]]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("format=xml", "csv, json, not 'xml'"),
        ("filter=" + quote("depth <<"), "expected"),
        ("limit=3", "no parameter 'limit'"),
        ("column=nonsense", "no attribute 'nonsense'"),
    ],
)
def test_what_cannot_be_exported_is_refused_before_anything_is_sent(asking: Asking, query: str, sentence: str) -> None:
    status, told = asking.problem(f"/v1/export?{query}")
    assert (status, sentence in told) == (400, True), told


@pytest.fixture
def many(tmp_path: Path) -> str:
    """More runs than are read at once, of which some have names that a spreadsheet would run."""
    uri = f"sqlite:///{tmp_path}/many.db"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        for number in range(exporting.RUNS_AT_ONCE + 20):
            history.root(f"run-{number}", display_name=f"plain {number}")
        for number, name in enumerate(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", 'a,"b"\nc', "ü\u202e"]):
            with_parameters(history.root(f"odd-{number}", display_name=name), lr=name, negative=-1.5)
    return uri


def test_a_table_is_made_part_by_part(many: str) -> None:
    turns = []

    @contextmanager
    def turn() -> Iterator[None]:
        turns.append(True)
        yield

    with open_reader(parse_uri(many)) as reader:
        parts = exporting.export(reader, export_request({}, Scope(), 0.0), turn)
        assert len(turns) == 1
        first = [next(parts), next(parts)]
        assert len(turns) == 2
        lines = list(csv.reader(io.StringIO(b"".join([*first, *parts]).decode("utf-8-sig"))))
    assert len({line[0] for line in lines[1:]}) == exporting.RUNS_AT_ONCE + 28


def test_no_text_is_a_formula(open_tab: Callable[..., Asking], many: str) -> None:
    asking = open_tab(many)
    content = asking("/v1/export?filter=params.negative+<+0&column=params.lr&column=params.negative").data
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]
    assert len(lines) == 8
    assert {line[4] for line in lines} >= {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'＝1", 'a,"b"\nc', "ü\u202e"}
    for line in lines:
        # A number may be less than nothing.
        assert line.pop() == "-1.5"
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "＝")) for cell in line)


def test_who_finds_others_before_it_waits_and_what_breaks_half_way_is_said(
    many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    crowd = iter([None, TooBusy("too much is asked", 3), None, StoreUnavailable("the store is locked")])

    @contextmanager
    def turn() -> Iterator[None]:
        trouble = next(crowd)
        if trouble is not None:
            raise trouble
        yield

    with open_reader(parse_uri(many)) as reader:
        asked = export_request({"format": ["json"]}, Scope(), 0.0)
        answer = json.loads(b"".join(exporting.export(reader, asked, turn)))
    assert waited == [3]
    assert len(answer["runs"]) == exporting.RUNS_AT_ONCE
    assert answer["problem"] == "This table ends too early: the store is locked"


def test_headings_tell_columns_apart() -> None:
    texts = ["metrics.loss", "coalesce(metrics.loss, best(leaves.metrics.loss))"]
    columns = export_request({"column": texts}, Scope(), math.inf).columns
    assert exporting.headings(columns) == texts
    assert exporting.headings(columns[1:]) == ["metrics.loss"]


def test_metrics_are_filled_as_in_a_page(asking: Asking) -> None:
    filled = table(asking, experiment="mnist", fill="min(leaves)")
    assert filled[0][-3:] == [COLUMNS[0], "metrics.loss", "created"]
    content = asking("/v1/export?column=metrics.loss&fill=min(leaves)&experiment=mnist&order=asc").data
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [line[-1] for line in lines] == ["metrics.loss", "3", "3", "NaN", "1", ""]
