"""Questions to a TensorBoard over HTTP, and to the system about its processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil

from tests.provider.viewer import gone, wait_for

SECONDS = 30.0


def ask(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, method: str | None = None
) -> tuple[int, Mapping[str, str], str]:
    """Status, headers and text of the answer; a POST where there is a form."""
    data = None if form is None else urlencode(form).encode()
    try:
        with urlopen(Request(url, data, dict(headers or {}), method=method), timeout=SECONDS) as response:
            return response.status, dict(response.headers), response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def runs_at(url: str) -> set[str]:
    """The names of the runs that the TensorBoard at ``url`` lists."""
    status, _, text = ask(f"{url}data/runs")
    assert status == 200, text
    return set(json.loads(text))


def last_values(url: str, tag: str) -> dict[str, float]:
    """The last value of a tag by run, as the Time Series dashboard gets it: by POST."""
    requests = json.dumps([{"plugin": "scalars", "tag": tag}])
    status, _, text = ask(f"{url}data/plugin/timeseries/timeSeries", {"requests": requests})
    assert status == 200, text
    [answer] = json.loads(text)
    return {run: points[-1]["value"] for run, points in answer.get("runToSeries", {}).items() if points}


def processes_of(pid: int) -> list[psutil.Process]:
    """The TensorBoard that the process ``pid`` has started, and its data server."""
    # An ended shipper, which has no command line any more, may be among them.
    children = [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    boards = [child for child in children if "tb_runhistory.launch.tensorboard_server" in child.cmdline()]
    return boards + [server for board in boards for server in board.children(recursive=True)]


def wait_gone(processes: list[psutil.Process]) -> None:
    """Waits for the end of all; an error where there are none to wait for."""
    assert processes
    wait_for("the end of TensorBoard and its data server", lambda: all(map(gone, processes)))
