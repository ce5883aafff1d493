"""What the tab answers at its edges: odd values, selections, failures of its own; and that it only reads."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tb_runhistory.plugin import run_pages, tab
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of
from tests.plugin.conftest import Asking
from tests.provider.built import with_parameters

ASKED = [
    "/v1/version",
    "/v1/overview",
    "/v1/runs?column=inherited.params.lr&sort=metrics.loss",
    "/v1/points?tag=loss&run=other",
    "/v1/columns",
    "/v1/runs/by-id?run=other",
    "/v1/runs?filter=any(children.metrics.loss+>+0)&column=min(leaves.metrics.loss)&statuses=1",
    "/v1/runs/matching?filter=depth+>+0",
    "/v1/groups?by=status&column=best:metrics.loss",
    "/v1/export?column=metrics.loss&sort=name",
    "/v1/completions?text=params.data+%3D",
]
PAGE = Path(__file__).parents[2] / "docs" / "http-api.md"


def charted(content: bytes) -> Any:
    """What the header of a points answer says of its one series."""
    (length,) = struct.unpack_from("<I", content)
    (series,) = json.loads(content[4 : 4 + length])["series"]
    return series


def test_the_page_of_documentation_names_every_route(asking: Asking) -> None:
    rows = re.findall(r"^\| `([\w/-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    routes = {path.removeprefix("/").replace("*", "NAME") for path in asking.tab.get_plugin_apps()} - {"NAME"}
    assert set(rows) == routes


def test_an_error_of_the_tab_itself_is_told_without_its_text(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("hunter2")

    for name in ("overview", "run_page", "columns", "names", "matching", "group_page"):
        monkeypatch.setattr(run_pages, name, fail)
    monkeypatch.setattr(tab, "completions", fail)
    monkeypatch.setattr(tab, "export", fail)
    for path in ASKED:
        if path.startswith(("/v1/version", "/v1/points")):
            continue
        status, sentence = asking.problem(path)
        assert (status, "KeyError" in sentence) == (500, True)
        assert "hunter2" not in sentence + caplog.text


def test_reading_leaves_the_store_as_it_is(asking: Asking, store: str) -> None:
    file = Path(parse_uri(store).path)
    before = file.read_bytes(), file.stat().st_mtime_ns
    for path in ASKED:
        assert asking(path).status_code == 200
    asking.tab.close()
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert os.listdir(file.parent) == [file.name]


def test_a_program_that_locks_a_store_at_rest_does_not_lock_the_tab_out(asking: Asking, store: str) -> None:
    with closing(sqlite3.connect(parse_uri(store).path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for path in ASKED:
            assert asking(path).status_code == 200
        other.execute("ROLLBACK")


def test_damaged_points_are_counted_and_the_others_are_charted(asking: Asking, store: str) -> None:
    with open_writer(parse_uri(store)) as writer:
        History(writer, id_of("another journal")).root("long").log("loss", range(20_000))
    path = "/v1/points?tag=loss&run=long&limit=2000"
    assert charted(asking(path).data)["damaged"] == 0
    with closing(sqlite3.connect(parse_uri(store).path)) as raw, raw:
        rowid, payload = raw.execute(
            "SELECT rowid, payload FROM blocks WHERE level = 0 ORDER BY length(payload) DESC LIMIT 1"
        ).fetchone()
        middle = len(payload) // 2
        hurt = payload[:middle] + bytes([payload[middle] ^ 4]) + payload[middle + 1 :]
        raw.execute("UPDATE blocks SET payload = ? WHERE rowid = ?", (hurt, rowid))
    windows = [
        charted(asking(f"{path}&first_step={first}&last_step={first + 1999}").data) for first in range(0, 20_000, 2000)
    ]
    assert {series["damaged"] > 0 for series in windows} == {True, False}
    for series in windows:
        # A damaged block is counted whole, also where it reaches beyond the window.
        assert (series["count"] == 2000) == (series["damaged"] == 0)
    lost = max(series["damaged"] for series in windows)
    assert sum(series["count"] for series in windows) == 20_000 - lost


def test_nothing_beyond_a_selection_is_charted(open_tab: Callable[..., Asking], store: str) -> None:
    selected = open_tab(f"{store}?experiment=mnist")
    assert selected("/v1/points?tag=loss&run=trial-0").data.count(id_of("trial-0").encode()) == 1
    assert id_of("other").encode() not in selected("/v1/points?tag=loss&run=other&run=trial-0").data
    assert selected.problem("/v1/runs?experiment=cifar %26 co")[0] == 400


def test_large_whole_numbers_keep_their_digits(asking: Asking, store: str) -> None:
    with open_writer(parse_uri(store)) as writer:
        for name, number in {"exact": 2**53, "large": 2**53 + 1, "negative": -(2**62)}.items():
            with_parameters(History(writer, id_of(f"journal of {name}")).root(name), seed=number)
    runs = asking.json("/v1/runs?column=inherited.params.seed")["runs"]
    cells = {run["name"]: run["cells"][0] for run in runs}
    assert (cells["exact"], cells["large"], cells["negative"]) == (2**53, str(2**53 + 1), str(-(2**62)))
