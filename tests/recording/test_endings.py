"""However a process ends, its runs say how."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.recording.scripts import Scripts

BEGIN = """
run = experiment.start_logging("run")
child = run.child_run("child")
for step in range(100):
    run.log("loss", 1 / (step + 1), step=step)
"""


@pytest.mark.parametrize(
    ("end", "code", "status", "error"),
    [
        ("pass", 0, "Completed", ""),
        ("raise ValueError('too bad')", 1, "Failed", "ValueError: too bad\n"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "Canceled", "interrupted from the keyboard"),
        ("sys.exit(3)", 3, "Failed", "exit code 3"),
        ("sys.exit()", 0, "Completed", ""),
        ("sys.exit('no data')", 1, "Failed", "exit code 1: no data"),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", -signal.SIGTERM, "Canceled", "ended by SIGTERM"),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, "Failed", "the process ended without"),
        ("os._exit(0)", 0, "Failed", "the process ended without"),
        ("child.complete(); run.complete()", 0, "Completed", ""),
    ],
)
def test_a_run_outside_a_block_says_how_its_process_ended(
    scripts: Scripts, end: str, code: int, status: str, error: str
) -> None:
    process = scripts.run(BEGIN + end)
    assert process.returncode == code
    for name in ("run", "child"):
        found, text = scripts.ending(name)
        assert found == status
        assert text.startswith(error)
        assert bool(text) == bool(error)
    assert ("Traceback" in process.stderr) == end.startswith("raise")


@pytest.mark.parametrize(
    ("end", "status", "error", "passed"),
    [
        ("pass", "Completed", "", "NoneType"),
        ("1 / 0", "Failed", "ZeroDivisionError: division by zero\n", "ZeroDivisionError"),
        ("sys.exit(0)", "Completed", "", "SystemExit"),
        ("raise SystemExit", "Completed", "", "SystemExit"),
        ("raise SystemExit(4)", "Failed", "exit code 4", "SystemExit"),
        ("raise KeyboardInterrupt", "Canceled", "interrupted from the keyboard", "KeyboardInterrupt"),
        ("run.cancel()", "Canceled", "", "NoneType"),
        ("run.fail('by hand'); 1 / 0", "Failed", "by hand", "ZeroDivisionError"),
    ],
)
def test_a_block_ends_its_run_and_passes_the_exception_on(
    scripts: Scripts, end: str, status: str, error: str, passed: str
) -> None:
    process = scripts.run(
        f"""
        passed = None
        try:
            with experiment.start_logging("run") as run:
                {end}
        except BaseException as error:
            passed = error
        print(type(passed).__name__)
        """,
    )
    assert process.returncode == 0, process.stderr
    found, text = scripts.ending()
    assert found == status
    assert text.startswith(error)
    assert process.stdout == f"{passed}\n"


def test_an_exit_that_is_caught_is_no_failure(scripts: Scripts) -> None:
    process = scripts.run(
        BEGIN
        + """
try:
    sys.exit(2)
except SystemExit:
    pass
""",
    )
    assert process.returncode == 0
    assert scripts.ending() == ("Completed", "")


def test_an_exit_in_another_thread_is_not_the_end_of_the_process(scripts: Scripts) -> None:
    scripts.run(BEGIN + "import threading; t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join()")
    assert scripts.ending() == ("Completed", "")


def test_a_long_traceback_keeps_its_beginning_and_its_end(scripts: Scripts) -> None:
    scripts.run(
        BEGIN
        + """
def deep(level):
    if level == 0:
        raise ValueError("at the bottom " + "x" * 2000)
    return deep_too(level - 1)
def deep_too(level):
    return deep(level)
deep(50)
""",
    )
    _, error = scripts.ending()
    assert len(error) == 3000
    assert error.startswith("ValueError: at the bottom")


def test_hooks_chain_to_what_was_there_and_leave_with_the_last_run(scripts: Scripts) -> None:
    process = scripts.run(
        """
        def hook(kind, error, trace):
            print("my hook", kind.__name__)
        sys.excepthook, former_exit = hook, sys.exit
        def installed():
            handler = signal.getsignal(signal.SIGTERM)
            return sys.excepthook is not hook, sys.exit is not former_exit, handler != signal.SIG_DFL
        print(installed())
        first, second = experiment.start_logging("run"), experiment.start_logging("second")
        print(installed())
        first.complete()
        print(installed())
        second.complete()
        print(installed())
        experiment.start_logging("third")
        print(installed())
        raise ValueError("x")
        """,
    )
    none, whole = str((False,) * 3), str((True,) * 3)
    assert process.stdout.splitlines() == [none, whole, whole, none, whole, "my hook ValueError"]
    assert scripts.ending()[0] == "Completed"
    assert scripts.ending("third")[0] == "Failed"


def test_a_hook_that_another_puts_over_ours_never_runs_in_a_circle(scripts: Scripts) -> None:
    process = scripts.run(
        """
        def put_hook_over(name):
            former, former_exit = sys.excepthook, sys.exit
            def hook(*error):
                print(name)
                former(*error)
            def leave(code):
                print(name)
                former_exit(code)
            sys.excepthook, sys.exit = hook, leave
        for name in ("first", "second"):
            run = experiment.start_logging(name)
            put_hook_over(name)
            run.complete()
        run = experiment.start_logging("run")
        try:
            sys.exit(3)
        except SystemExit as error:
            print(error.code)
        raise ValueError("x")
        """,
    )
    assert process.stdout.splitlines() == ["second", "first", "3", "second", "first"]
    assert process.stderr.count("ValueError: x") == 1
    assert scripts.ending()[0] == "Failed"


def test_a_handler_of_the_users_own_for_sigterm_stays(scripts: Scripts) -> None:
    process = scripts.run(
        """
        signal.signal(signal.SIGTERM, lambda *_: print("mine"))
        run = experiment.start_logging("run")
        os.kill(os.getpid(), signal.SIGTERM)
        """,
    )
    assert process.stdout == "mine\n"
    assert scripts.ending() == ("Completed", "")


def test_sigterm_in_the_middle_of_logging_loses_nothing(scripts: Scripts) -> None:
    with scripts.start(
        """
        run = experiment.start_logging("run")
        run.log("count", 0)
        print("ready", flush=True)
        number = 0
        while True:
            number += 1
            run.log("count", number)
        """,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert scripts.ending() == ("Canceled", "ended by SIGTERM")
    counted = scripts.points()["run", "count"]
    assert counted == list(range(len(counted)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may begin a namespace of processes")
@pytest.mark.parametrize("end", ["run.complete()", "pass", "sys.exit(3)"])
def test_with_the_first_process_of_a_container_nothing_is_left_to_ship(
    own_scripts: Scripts, own_journals: Path, end: str
) -> None:
    process = own_scripts.run(
        f"""
        assert os.getpid() == 1
        run = experiment.start_logging("run")
        for number in range(1000):
            run.log("m", number)
        {end}
        """,
        prefix=("unshare", "--pid", "--fork", "--mount-proc"),
    )
    assert process.returncode == (3 if "exit" in end else 0), process.stderr
    assert own_scripts.ending()[0] == ("Failed" if "exit" in end else "Completed")
    assert own_scripts.points() == {("run", "m"): list(range(1000))}
    (spool,) = own_journals.iterdir()
    assert [path for path in spool.iterdir() if path.is_dir()] == []


def test_an_exit_that_is_raised_without_sys_exit_is_seen_in_a_block_only(scripts: Scripts) -> None:
    # The interpreter calls no hook for it: what is documented is that it counts as a clean end.
    process = scripts.run(BEGIN + "raise SystemExit(3)")
    assert process.returncode == 3
    assert scripts.ending() == ("Completed", "")


def test_a_run_begun_in_a_thread_ends_with_the_process(scripts: Scripts) -> None:
    process = scripts.run(
        """
        import threading
        runs = []
        thread = threading.Thread(target=lambda: runs.append(experiment.start_logging("run")))
        thread.start(); thread.join()
        runs[0].log("m", 1)
        sys.exit(5)
        """,
    )
    assert process.returncode == 5
    assert scripts.ending() == ("Failed", "exit code 5")
