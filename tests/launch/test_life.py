"""Starting and stopping, and that nothing is left behind whatever ends the program that started a TensorBoard."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tb_runhistory import Tensorboard
from tb_runhistory.errors import RunHistoryError
from tests.launch.asking import processes_of, runs_at, wait_gone
from tests.launch.conftest import Board
from tests.provider.viewer import gone, wait_for
from tests.recording.scripts import Scripts

SHOWING = """
from tb_runhistory import Tensorboard
run = experiment.start_logging("run")
run.log("loss", 0.5)
tensorboard = Tensorboard([run], port=0)
print(tensorboard.start(), flush=True)
"""


def own_processes() -> set[psutil.Process]:
    """What this process's Tensorboards consist of now."""
    return set(processes_of(os.getpid()))


def is_refused(url: str) -> bool:
    """Whether nothing listens at ``url``."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == errno.ECONNREFUSED


def test_a_second_start_gives_the_same_address_and_stop_leaves_nothing(board: Board) -> None:
    before = own_processes()
    tensorboard = Tensorboard(board.run, port=0)
    tensorboard.stop()
    url = tensorboard.start()
    assert tensorboard.start() == url
    started = own_processes() - before
    assert len(started) == 2, "TensorBoard and its data server"
    tensorboard.stop()
    tensorboard.stop()
    wait_gone(list(started))
    assert is_refused(url)
    assert board.tensorboard.start() == board.url, "another goes on"


def test_a_tensorboard_that_was_killed_is_started_again(board: Board) -> None:
    before = own_processes()
    with Tensorboard(board.run, port=0) as tensorboard:
        url = tensorboard.start()
        [server] = [each for each in own_processes() - before if each.ppid() == os.getpid()]
        server.kill()
        # The system tells of the end a moment after the kill; until then the old address is given.
        wait_for("another start", lambda: tensorboard.start() != url)
        assert "launch/root" in runs_at(tensorboard.start())


def test_the_uri_is_in_no_argument_list(board: Board) -> None:
    del board
    arguments = [" ".join(each.cmdline()) for each in own_processes() if each.status() != psutil.STATUS_ZOMBIE]
    assert len(arguments) >= 2
    assert not [each for each in arguments if "sqlite" in each or "runs.db" in each]


def test_a_port_in_use_is_named_with_what_to_do(board: Board) -> None:
    before = own_processes()
    port = urlsplit(board.url).port or 0
    with pytest.raises(RunHistoryError, match=f"port {port} is in use: .*port=0 picks a free one"):
        Tensorboard(board.run, port=port).start()
    assert own_processes() == before
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RunHistoryError, match="is in use"):
            Tensorboard(board.run, port=taken.getsockname()[1]).start()


def test_a_port_of_the_users_own_is_kept_and_free_again_after_stop(board: Board) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(2):
        with Tensorboard(board.run, port=port) as tensorboard:
            assert tensorboard.start() == f"http://localhost:{port}/"
            assert runs_at(tensorboard.start())


def test_the_browser_is_opened_at_the_address(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setattr("webbrowser._tryorder", None)
    board.tensorboard.start(start_browser=True)
    wait_for("the browser", lambda: opened.exists() and opened.read_text() == f"{board.url}\n")


@pytest.mark.parametrize(
    ("ending", "code", "says"),
    [
        ("", 0, ""),
        ("raise ValueError('boom')", 1, "ValueError: boom"),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_nothing_is_left_when_the_program_ends(scripts: Scripts, ending: str, code: int, says: str) -> None:
    with scripts.start(f"{SHOWING}\nsys.stdin.readline()\n{ending}") as script:
        url, started = _started(script)
        assert runs_at(url) == {"e/run"}
        _, err = script.communicate("go on\n", timeout=30)
    wait_gone(started)
    assert script.returncode == code
    lines = err.splitlines()
    assert lines[0] == f"tb_runhistory: TensorBoard is at {url}"
    assert (lines[-1] == says and "tensorboard" not in err.split(lines[0])[1]) if says else lines[1:] == []


def test_a_fork_that_lives_on_keeps_no_tensorboard_alive_and_ends_none(scripts: Scripts) -> None:
    code = """
    child = os.fork()
    if child == 0:
        print(tensorboard.stop(), flush=True)
        os.close(1)
        os.close(2)
        time.sleep(60)
        os._exit(0)
    sys.stdin.readline()
    print(child, tensorboard.start(), flush=True)
    sys.stdin.readline()
    """
    with scripts.start(SHOWING + "\n".join(line[4:] for line in code.splitlines())) as script:
        url, started = _started(script)
        assert script.stdout is not None
        assert script.stdin is not None
        assert script.stdout.readline() == "None\n"
        assert runs_at(url) == {"e/run"}
        script.stdin.write("go on\n")
        script.stdin.flush()
        child, again = script.stdout.readline().split()
        assert again == url
        script.kill()
        wait_gone(started)
        fork = psutil.Process(int(child))
        assert fork.is_running(), "the fork holds what it inherited"
        fork.kill()


def test_a_script_that_is_killed_while_tensorboard_starts_leaves_nothing(scripts: Scripts) -> None:
    with scripts.start(SHOWING) as script:
        wait_for("the process", lambda: processes_of(script.pid))
        started = processes_of(script.pid)
        script.kill()
        wait_gone(started)


def test_a_ctrl_c_that_the_program_survives_does_not_end_it(scripts: Scripts) -> None:
    code = """
    try:
        os.kill(0, signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    sys.stdin.readline()
    """
    start = "os.setsid()\n" + SHOWING + "\n".join(line[4:] for line in code.splitlines())
    with scripts.start(start) as script:
        url, started = _started(script)
        assert script.stdout is not None
        assert script.stdout.readline() == "interrupted\n"
        assert runs_at(url) == {"e/run"}
        assert not any(map(gone, started))
        script.communicate("go on\n", timeout=30)
        wait_gone(started)


def test_what_a_prompt_shows_is_returned_and_not_said_twice(scripts: Scripts) -> None:
    ended = scripts.run("sys.ps1 = '>>> '\n" + SHOWING)
    assert ended.returncode == 0
    assert ended.stdout.startswith("http://localhost:")
    assert ended.stderr == ""


def _started(script: subprocess.Popen[str]) -> tuple[str, list[psutil.Process]]:
    """The address that the script says, and the processes behind it."""
    assert script.stdout is not None
    url = script.stdout.readline().strip()
    started = processes_of(script.pid)
    assert len(started) == 2, "TensorBoard and its data server"
    return url, started
