"""A small history, and its tab without a TensorBoard around it."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tensorboard.plugins import base_plugin
from werkzeug.test import Client, TestResponse

from tb_runhistory.plugin.tab import RunHistoryTab
from tb_runhistory.records.changes import CreateExperiment
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, History, id_of
from tests.provider.built import with_parameters

_RUNS = re.compile(r"([?&](?:run|parent)=)([\w-]{1,40})(?=&|$)")


def with_ids(path: str) -> str:
    """An address with the ids of runs in place of the names they are built under."""
    return _RUNS.sub(lambda asked: f"{asked[1]}{id_of(asked[2])}", path)


@dataclass(frozen=True)
class Asking:
    """Asks the routes of a tab as TensorBoard's own routing would."""

    tab: RunHistoryTab

    def __call__(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> TestResponse:
        """The answer at ``path``, such as "/v1/runs?parent=sweep", with the names that runs are built under."""
        path = with_ids(path)
        routes = self.tab.get_plugin_apps()
        plain = path.partition("?")[0]
        prefix = "/static/*" if plain.startswith("/static/") else "/*"
        return Client(routes.get(plain, routes[prefix])).open(path, method=method, headers=dict(headers or {}))

    def json(self, path: str) -> Any:
        """The message at ``path``, which must be there."""
        response = self(path)
        assert response.status_code == 200, response.text
        return json.loads(response.data)

    def problem(self, path: str) -> tuple[int, str]:
        """The status and the sentence of a refusal."""
        response = self(path)
        message = json.loads(response.data)
        assert list(message) == ["error", "position", "expected"]
        return response.status_code, message["error"]


@pytest.fixture
def open_tab() -> Iterator[Callable[..., Asking]]:
    """Opens the tab of a store URI, in a TensorBoard that was told to bind ``host``."""
    opened: list[RunHistoryTab] = []

    def open_one(uri: str, host: str = "") -> Asking:
        flags = argparse.Namespace(host=host)
        opened.append(RunHistoryTab(base_plugin.TBContext(flags=flags), parse_uri(uri)))
        return Asking(opened[-1])

    yield open_one
    for tab in opened:
        tab.close()


@pytest.fixture
def store(tmp_path: Path, built_store: Path) -> str:
    """The URI of a store: a sweep with three trials, one of them with a fold, and a run of another experiment."""
    shutil.copy(built_store, tmp_path / "runs.db")
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture(scope="session")
def built_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``store`` is a copy of."""
    path: Path = tmp_path_factory.mktemp("built") / "runs.db"
    uri = f"sqlite:///{path}"
    with open_writer(parse_uri(uri)) as writer:
        history = History(writer)
        history.apply("", [CreateExperiment("mnist", START, "digits")])
        sweep = with_parameters(history.root("sweep", display_name="a sweep"), data="digits")
        for number, (rate, loss) in enumerate([(0.1, 3.0), (10, math.nan), (math.inf, 1.0)]):
            trial = sweep.child(f"trial-{number}", display_name="")
            with_parameters(trial, lr=rate).log("loss", range(3), [9.0, 8.0, loss])
            trial.end(RunStatus.FAILED if number == 1 else RunStatus.COMPLETED, "no memory" if number == 1 else "")
        trial.child("fold").log("accuracy", [0], [math.inf])
        history.root("other", experiment="cifar & co").log("loss", range(2))
    assert not os.path.exists(f"{path}-wal"), "all of the store is in the one file"
    return path


@pytest.fixture
def asking(open_tab: Callable[..., Asking], store: str) -> Asking:
    """The tab of the store."""
    return open_tab(store)
