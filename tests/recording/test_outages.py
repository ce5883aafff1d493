"""Whatever is missing, training goes on; what was acknowledged arrives, and what was not is counted."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.errors import NotFound
from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.recording import recorder, waiting
from tb_runhistory.shipping.lock import LOCK_FILE
from tests.recording.scripts import Scripts, eventually


def shippers(workspace: Workspace) -> list[int]:
    """The process ids of the live shippers of the workspace that this process has started."""
    lock = str(workspace.link.recorder.spool / LOCK_FILE)
    living = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    return [child.pid for child in living if lock in (file.path for file in child.open_files())]


def test_a_full_disk_drops_points_counts_them_and_recording_resumes(own_scripts: Scripts) -> None:
    process = own_scripts.run(
        """
        import resource
        run = experiment.start_logging("run")
        for number in range(1000):
            run.log("m", number)
        assert run.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        for number in range(40_000):
            run.log("m", number)
        run.log("note", "a" * 2_000_000)
        run.tag("told", "while full")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        deadline = time.monotonic() + 30
        before = number
        while run.get_details()["droppedPoints"] == 0 and time.monotonic() < deadline:
            number += 1
            run.log("m", number)
        run.log("last", 1)
        details = run.get_details()
        print(len(run.get_metrics()["m"]) + details["droppedPoints"], 1000 + number + 1 + 1)
        print(details["tags"], "last" in run.get_metrics())
        run.complete()
        """
    )
    assert process.returncode == 0, process.stderr
    counts, rest = process.stdout.splitlines()
    shown_and_dropped, logged = counts.split()
    assert shown_and_dropped == logged
    assert rest == "{'told': 'while full'} True"
    assert process.stderr.count("no room") == 1
    assert own_scripts.ending() == ("Completed", "")
    assert own_scripts.runs()["run"].dropped > 1


def test_a_journal_folder_that_cannot_be_written_harms_nothing_and_is_tried_again(
    own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "journals"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setenv("RUNHISTORY_JOURNAL_DIR", str(blocked))
    process = own_scripts.run(
        """
        from tb_runhistory.recording import recorder
        recorder.ATTEND_SECONDS = 0.1
        run = experiment.start_logging("run", tags={"early": 1})
        folder = os.environ["RUNHISTORY_JOURNAL_DIR"]
        run.log("m", 0)
        run.log_row("row", a=1, b="x")
        os.unlink(folder)
        number = 0
        while not os.path.isdir(folder):
            number += 1
            run.log("m", number)
        run.complete()
        print(run.get_metrics() == {"m": number}, run.get_details()["droppedPoints"] - number, run.get_tags())
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "True 2 {'early': '1'}\n"
    assert process.stderr.count("\n") == 1
    assert "nothing is recorded for now: no journal can be written in" in process.stderr


def test_a_journal_folder_that_can_never_be_written_only_costs_the_record(
    own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_JOURNAL_DIR", "/proc/nowhere")
    process = own_scripts.run(
        """
        with experiment.start_logging("run") as run:
            run.log("m", 1)
            run.log_parameters({"a": 1})
            with run.child_run() as child:
                child.log("note", "a")
        assert run.flush() is False
        print(run.status, run.number)
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "Completed None\n"
    assert "nothing is recorded for now" in process.stderr
    assert "are lost" in process.stderr


def test_a_store_that_is_down_keeps_nobody_waiting_and_gets_everything_later(
    own_scripts: Scripts, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.write_text("a file where the store's folder should be")
    scripts = Scripts(f"sqlite:///{folder}/runs.db", "e")
    process = scripts.run(
        """
        began = time.monotonic()
        with experiment.start_logging("run") as run:
            for number in range(1000):
                run.log("m", number)
            logged = time.monotonic() - began
        ended = time.monotonic() - began
        for number in range(20):
            experiment.start_logging(f"short-{number}").complete()
        print(logged < 1, 5 <= ended < 7, run.status, run.number, time.monotonic() - began - ended < 2)
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "True True Completed None True\n"
    assert process.stderr.count("\n") == 2
    assert f"tb-runhistory sync sqlite:///{folder}/runs.db" in process.stderr
    assert "records are not in the store" in process.stderr
    folder.unlink()
    assert scripts.ending("short-19") == ("Completed", "")
    assert scripts.points()["run", "m"] == list(range(1000))


def test_offline_nothing_is_shipped_before_sync_ships_it(own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    process = own_scripts.run(
        """
        with experiment.start_logging("run") as run:
            run.log("m", 1)
            print(run.flush())
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "False\n"
    assert process.stderr.count("\n") == 1
    assert f"tb-runhistory sync {own_scripts.store}" in process.stderr
    assert own_scripts.runs() == {}
    own_scripts.run("experiment.start_logging('killed'); os.kill(os.getpid(), signal.SIGKILL)")
    own_scripts.run("from tb_runhistory.cli import main; main(['sync', workspace.uri])")
    assert own_scripts.ending()[0] == "Completed"
    assert own_scripts.ending("killed")[0] == "Failed"
    assert own_scripts.points() == {("run", "m"): [1.0]}


def test_disabled_every_call_works_and_leaves_no_trace(
    own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch, own_journals: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "disabled")
    process = own_scripts.run(
        """
        with experiment.start_logging("run", tags={"a": 1}, properties={"b": 2}) as run:
            for value in (1, True, "text"):
                run.log(str(value), value)
            run.log("1", 2, step=5)
            run.log_list("l", [1, 2]); run.log_row("r", a=1); run.log_table("t", {"a": [1]})
            run.log_parameters({"p": 1})
            run.tag("t"); run.remove_tags(["t"]); run.add_properties({"c": 3})
            run.display_name = "other"; run.description = "text"
            child = run.child_run(); child.start(); child.fail("bad")
            print([child.status for child in run.create_children(2)], child.status, run.status)
            print(run.get_metrics(), run.get_metrics(recursive=True) == {run.id: {}}, run.tags, run.properties)
            print(list(run.get_children()), run.number, run.flush(), run.get_details()["status"])
            assert run._repr_html_()
        resumed = Run.get(workspace, "some-id")
        resumed.start(); resumed.log("m", 1); resumed.complete()
        print(resumed.status, run.wait_for_completion()["status"], list(experiment.get_runs()), workspace.experiments)
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert process.stdout.splitlines() == [
        "['Running', 'Running'] Failed Running",
        "{} True {} {}",
        "[] None True Running",
        "Completed Completed [] {}",
    ]
    assert list(own_journals.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_shipper_that_is_killed_is_started_again_while_metrics_are_logged(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "ATTEND_SECONDS", 0.2)
    run = Experiment(workspace, "e").start_logging("run")
    run.log("m", 0)
    assert run.flush()
    (pid,) = shippers(workspace)
    os.kill(pid, signal.SIGKILL)
    values = iter(range(1, 1_000_000))

    def log_and_look() -> int:
        # Nothing but the hot path of log, which has to notice by itself.
        for _ in range(10):
            run.log("m", next(values))
        return workspace.link.recorder.applied()

    behind = workspace.link.recorder.position()
    eventually(log_and_look, lambda applied: applied > behind)
    run.complete()
    logged = next(values)
    assert run.get_metrics()["m"] == list(range(logged))


def test_a_shipper_is_started_again_although_the_clock_was_set_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Experiment(workspace, "e").start_logging("run")
    run.log("m", 0)
    assert run.flush()
    (pid,) = shippers(workspace)
    psutil.Process(pid).kill()
    eventually(lambda: shippers(workspace), lambda living: not living)
    # As when the clock stood a day ahead when it was last looked.
    workspace.link.recorder.attended_at += 86_400
    workspace.link.recorder.due += 86_400
    run.log("m", 1)

    def applied_by_now() -> int:
        # The dead shipper's lock may outlive it by a moment: then the next look finds it free.
        workspace.link.recorder.attend_if_due()
        return workspace.link.recorder.applied()

    eventually(applied_by_now, lambda applied: applied == workspace.link.recorder.position())
    assert run.get_metrics() == {"m": [0.0, 1.0]}


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), OSError("x"), ValueError("x")])
def test_whatever_looking_after_the_journal_raises_costs_no_point_and_doubles_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run = Experiment(workspace, "e").start_logging("run")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "ensure_shipper", fail)
        patch.setattr(recorder, "ATTEND_SECONDS", 0.0)
        for number in range(10):
            run.log("m", number)
            run.tag("number", number)
        patch.setattr(JournalWriter, "restore", fail)
        for number in range(10, 20):
            run.log("m", number)
    run.complete()
    assert run.get_metrics(all_values=True) == {"m": list(range(20))}


def test_entries_of_the_module_path_that_are_no_text_stop_nothing(own_scripts: Scripts) -> None:
    process = own_scripts.run(
        """
        sys.path.append(b"/bytes")
        sys.path.append(os)
        with experiment.start_logging("run") as run:
            run.log("m", 1)
        """
    )
    assert process.returncode == 0, process.stderr
    assert own_scripts.ending() == ("Completed", "")


def remove_journals(workspace: Workspace) -> None:
    """What a cleaner of temporary folders does."""
    for path in workspace.link.recorder.spool.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def log_for(run: Run, first: int, seconds: float) -> int:
    """Logs numbers from ``first`` for some time; where the next would go on."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run.log("m", first)
        first += 1
        time.sleep(0.001)
    return first


def test_a_journal_that_is_removed_while_it_is_written_is_put_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "ATTEND_SECONDS", 0.1)
    run = Experiment(workspace, "e").start_logging("run")
    child = run.child_run("child")
    logged = log_for(run, 0, 0.5)
    remove_journals(workspace)
    logged = log_for(run, logged, 1.0)
    child.log("m", 1)
    # An end that comes at once after it arrives as well.
    remove_journals(workspace)
    child.complete()
    run.complete()
    assert run.get_metrics(all_values=True) == {"m": list(range(logged))}
    assert child.get_metrics(all_values=True) == {"m": 1.0}
    assert (run.status, child.status) == ("Completed", "Completed")
    assert run.get_details()["droppedPoints"] == 0


def test_where_a_removed_journal_cannot_be_put_back_another_says_again_what_is_known(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recorder, "ATTEND_SECONDS", 0.1)
    run = Experiment(workspace, "e").start_logging("run")
    child = run.child_run("child")
    run.log_parameter("p", 1)
    logged = log_for(run, 0, 0.2)
    child.log("m", 0)
    assert run.flush()
    monkeypatch.setattr(
        JournalWriter, "restore", lambda journal: journal._segment.is_at(journal._path(journal._number))
    )
    remove_journals(workspace)
    last = log_for(run, logged, 0.5)
    child.log("m", 1)
    child.complete()
    run.complete()
    (said,) = capfd.readouterr().err.splitlines()
    assert "was removed while it was written, and another is begun: up to" in said
    lost = int(re.findall(r"up to ([\d,]+) records", said)[0].replace(",", ""))
    found = [int(value) for value in run.get_metrics(all_values=True)["m"]]
    assert found[:logged] == list(range(logged))
    assert last - lost <= len(found) <= last
    assert found[logged:] == list(range(last - len(found) + logged, last))
    assert child.get_metrics() == {"m": [0.0, 1.0]}
    assert (run.status, child.status, run.get_parameters()) == ("Completed", "Completed", {"p": 1})


def test_a_process_that_closes_all_its_descriptors_records_on(own_scripts: Scripts, tmp_path: Path) -> None:
    process = own_scripts.run(
        f"""
        from tb_runhistory.recording import recorder
        recorder.ATTEND_SECONDS = 0.2
        run = experiment.start_logging("run")
        for number in range(10):
            run.log("m", number)
        os.closerange(3, 256)
        others = [open({str(tmp_path)!r} + f"/{{number}}", "w+") for number in range(20)]
        for other in others:
            other.write("mine")
        for number in range(10, 20):
            run.log("m", number)
        time.sleep(1)
        for number in range(20, 30):
            run.log("m", number)
        run.complete()
        for other in others:
            other.flush()
            other.seek(0)
            assert other.read() == "mine"
        """
    )
    assert process.returncode == 0, process.stderr
    assert own_scripts.ending() == ("Completed", "")
    assert own_scripts.points() == {("run", "m"): list(range(30))}


def test_the_end_waits_while_the_store_takes_records(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "STALL_SECONDS", 0.5)
    run = Experiment(workspace, "e").start_logging("run")
    assert run.flush()
    for number in range(400_000):
        run.log("m", number)
    run.complete()
    assert workspace.link.recorder.applied() == workspace.link.recorder.position()
    said = capfd.readouterr().err.splitlines()
    assert all("waiting for the store" in line and "records are left" in line for line in said)


def test_what_is_said_of_a_store_that_is_only_slow_is_true(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "END_SECONDS", 0.0)
    run = Experiment(workspace, "e").start_logging("run")
    for number in range(10_000):
        run.log("m", number)
    run.complete()
    (said,) = capfd.readouterr().err.splitlines()
    assert "are being shipped, also when this process has ended" in said
    assert run.flush()


def test_a_closed_standard_error_is_no_reason_to_fail(own_scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", "offline")
    process = own_scripts.run(
        """
        sys.stderr.close()
        experiment.start_logging("run").complete()
        sys.stderr = None
        experiment.start_logging("run").complete()
        print("done")
        """
    )
    assert (process.returncode, process.stdout) == (0, "done\n")


def test_a_question_to_a_store_that_is_not_there_says_so(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match=r"runs\.db"):
        Run.get(workspace, "absent")
