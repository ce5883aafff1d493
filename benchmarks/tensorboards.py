"""TensorBoard as a process: started, asked over HTTP as its page asks, weighed, and ended with all its children."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import psutil

from benchmarks.command import MeasurementError
from benchmarks.machine import own_memory, peak_memory

HOST = "127.0.0.1"
POLL_SECONDS = 0.02
_TENSORBOARD = Path(sys.executable).with_name("tensorboard")
_SERVERS = ("tensorboard_data_server", "tb_runhistory.provider.data_server")
_REQUEST_SECONDS = 600.0


class TensorBoard:
    """A TensorBoard with the given arguments, from its spawning on; ended with the ``with`` block."""

    def __init__(self, *arguments: str) -> None:
        self._port = _free_port()
        self._command = [str(_TENSORBOARD), f"--host={HOST}", f"--port={self._port}", *arguments]
        self.spawned = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def wait_for_runs(self, runs: list[str], tag: str, last_step: int, timeout: float) -> float:
        """Seconds from the spawning until all ``runs`` are listed and the last of them can be read to its last step.

        With no runs: until the empty list is answered.
        """
        while time.perf_counter() - self.spawned < timeout:
            listed = self._answer("/data/runs")
            are_listed = listed is not None and set(runs) <= set(listed)
            if are_listed and (not runs or self.last_step(tag, runs[-1]) == last_step):
                return time.perf_counter() - self.spawned
            time.sleep(POLL_SECONDS)
        raise MeasurementError(f"not everything is shown after {timeout:.0f} s: {' '.join(self._command)}")

    def last_step(self, tag: str, run: str) -> int | None:
        """The last step of a series as the Time Series dashboard gets it; None where there is none yet."""
        series = self.time_series(tag, run).get(run)
        return int(series[-1]["step"]) if series else None

    def time_series(self, tag: str, run: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """What the Time Series dashboard gets for a tag, by run: of one run, or of all."""
        answer = self._answer("/data/plugin/timeseries/timeSeries", _chart_request(tag, run))
        series: dict[str, list[dict[str, Any]]] = answer[0].get("runToSeries") or {} if answer else {}
        return series

    def scalars(self, tag: str, run: str) -> list[list[float]]:
        """What the Scalars dashboard gets for a series: (wall time, step, value) each."""
        points: list[list[float]] = self._answer(f"/data/plugin/scalars/scalars?tag={quote(tag)}&run={quote(run)}")
        return points

    def time_chart(self, tag: str) -> float:
        """Seconds until the answer for one chart, a tag over all runs, has been received."""
        start = time.perf_counter()
        self._receive("/data/plugin/timeseries/timeSeries", _chart_request(tag, None))
        return time.perf_counter() - start

    def tab(self, path: str, query: list[tuple[str, str]]) -> Any:
        """What the Run History tab gets at ``path``, a message in JSON."""
        return self._answer(_tab_address(path, query))

    def time_tab(self, path: str, query: list[tuple[str, str]]) -> float:
        """Seconds until an answer of the Run History tab has been received.

        Raises:
          MeasurementError: it is a refusal.
        """
        start = time.perf_counter()
        status, content, _ = self._receive(_tab_address(path, query), None)
        took = time.perf_counter() - start
        if status != 200:
            raise MeasurementError(f"{path} answers {status}: {content[:200]!r}")
        return took

    def tab_status(self, path: str, query: list[tuple[str, str]]) -> int:
        """The status of an answer of the Run History tab, once it has been received whole."""
        status, _, _ = self._receive(_tab_address(path, query), None)
        return status

    def answer(self, path: str) -> Any:
        """The JSON at ``path``; None where there is nothing."""
        return self._answer(path)

    def own_peak_memory(self) -> float:
        """TensorBoard's own most resident memory so far, without its data server, in MiB."""
        return peak_memory(self._process.pid)

    def data_server_memory(self) -> float:
        """The data server's most resident memory so far, in MiB; TensorBoard's own where it loads by itself."""
        server = self.data_server()
        return peak_memory(server if server is not None else self._process.pid)

    def whole_memory(self) -> float:
        """The memory of TensorBoard and its data server now, what they share counted once, in MiB."""
        server = self.data_server()
        return own_memory([self._process.pid, *([server] if server is not None else [])])

    def data_server(self) -> int | None:
        """The id of the data server's process; None where there is none."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        found = [child.pid for child in children if any(name in " ".join(child.cmdline()) for name in _SERVERS)]
        return found[0] if found else None

    def _answer(self, path: str, form: dict[str, str] | None = None) -> Any:
        """The JSON at ``path``; None while TensorBoard does not listen or has nothing there yet."""
        try:
            status, content, is_compressed = self._receive(path, form)
        except (OSError, http.client.HTTPException):
            if self._process.poll() is not None:
                raise MeasurementError(f"TensorBoard has ended: {' '.join(self._command)}") from None
            return None
        return json.loads(gzip.decompress(content) if is_compressed else content) if status == 200 else None

    def _receive(self, path: str, form: dict[str, str] | None) -> tuple[int, bytes, bool]:
        """Status, body, and whether the body is compressed, as browsers ask for it."""
        headers = {"Accept-Encoding": "gzip"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_REQUEST_SECONDS)
        try:
            connection.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return response.status, content, response.headers.get("Content-Encoding") == "gzip"


def _tab_address(path: str, query: list[tuple[str, str]]) -> str:
    return f"/data/plugin/runhistory/v1/{path}?{urlencode(query)}"


def _chart_request(tag: str, run: str | None) -> dict[str, str]:
    request = {"plugin": "scalars", "tag": tag, **({"run": run} if run else {})}
    return {"requests": json.dumps([request])}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
