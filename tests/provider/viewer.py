"""A real ``tensorboard`` process on a free port, and what tests ask of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil

TENSORBOARD = [os.path.join(os.path.dirname(sys.executable), "tensorboard")]
START_SECONDS = 60.0


def wait_for(what: str, holds: Callable[[], object], seconds: float = 20.0) -> float:
    """Waits until ``holds()`` is true and returns how long that took; fails beyond ``seconds``."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)
    return time.monotonic() - start


def gone(process: psutil.Process) -> bool:
    """Whether the process has ended, whether or not anybody has asked for its exit code."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Viewer:
    """TensorBoard with the given arguments, ready for requests. Ends with the ``with`` block."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [*TENSORBOARD, "--port=0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.url = ""

    def __enter__(self) -> Self:
        wait_for("the start of TensorBoard", self._find_url, START_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.finish()

    def finish(self) -> int:
        """Waits for the end of the process; its exit code."""
        code = self.process.wait(20)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    @property
    def stderr(self) -> str:
        """What TensorBoard and the data server have said."""
        return "".join(self._lines)

    def data_server(self) -> psutil.Process | None:
        """The data server's process, if one runs now."""
        try:
            children = psutil.Process(self.process.pid).children()
            found = [child for child in children if "tb_runhistory.provider.data_server" in " ".join(child.cmdline())]
        except psutil.NoSuchProcess:
            return None
        return found[0] if found else None

    def get(self, path: str, form: Sequence[tuple[str, str]] | None = None, body: object = None) -> Any:
        """The JSON at ``path``; a POST where there is a form or a JSON body."""
        if body is not None:
            request = Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        else:
            request = Request(self.url + path, urlencode(form).encode() if form is not None else None)
        try:
            with urlopen(request, timeout=30) as response:
                return json.load(response)
        except HTTPError as error:
            error.add_note(self.stderr)
            raise

    def status(self, path: str) -> tuple[int, str]:
        """The HTTP status of a GET and its text."""
        try:
            with urlopen(self.url + path, timeout=30) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def time_series(self, tag: str) -> dict[str, list[dict[str, Any]]]:
        """What the Time Series dashboard gets for a tag, by run."""
        requests = json.dumps([{"plugin": "scalars", "tag": tag}])
        [answer] = self.get("data/plugin/timeseries/timeSeries", [("requests", requests)])
        series: dict[str, list[dict[str, Any]]] = answer["runToSeries"]
        return series

    def _find_url(self) -> bool:
        found = re.search(r"TensorBoard \S+ at http://localhost:(\d+)/", self.stderr)
        if found:
            self.url = f"http://localhost:{found[1]}/"
        elif self.process.poll() is not None:
            raise AssertionError(f"TensorBoard ended with {self.process.poll()}: {self.stderr}")
        return bool(found)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)


def refused(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str]:
    """The exit code of a TensorBoard that does not start, and its standard error without TensorBoard's own lines."""
    ended = subprocess.run(
        [*TENSORBOARD, "--port=0", *arguments],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        check=False,
    )
    assert not ended.stdout
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("TensorFlow installation not found")]
    return ended.returncode, "\n".join(lines)
