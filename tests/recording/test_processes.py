"""Forks, pools, threads, several processes at one store: every point arrives, and runs end when their owners say."""

from __future__ import annotations

import threading

import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.errors import RunStateError
from tests.recording.scripts import Scripts, eventually


def test_threads_share_a_run_and_lose_nothing(shared_workspace: Workspace, scripts: Scripts) -> None:
    run = Experiment(shared_workspace, scripts.experiment).start_logging("run")

    def work(number: int) -> None:
        for step in range(2000):
            run.log("shared", step)
            run.log(f"own/{number}", step, step=step)
        with run.child_run(f"child-{number}") as child:
            child.log("m", number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.complete()
    points = scripts.points()
    assert len(points["run", "shared"]) == 16_000
    assert all(len(points["run", f"own/{number}"]) == 2000 for number in range(8))
    assert len(list(run.get_children(status="Completed"))) == 8


@pytest.mark.parametrize("leave", ["os._exit(0)", "sys.exit(0)", "raise ValueError('in the child')", "run.log('c', 9)"])
def test_a_forked_child_logs_to_the_run_and_does_not_end_it(scripts: Scripts, leave: str) -> None:
    process = scripts.run(
        f"""
        with experiment.start_logging("run") as run:
            for value in range(3):
                run.log("m", value)
            pid = os.fork()
            if pid == 0:
                run.log("c", 1)
                run.log("m", 10)
                {leave}
            else:
                os.waitpid(pid, 0)
                print(run.status, flush=True)
                run.log("p", 1)
        if pid == 0:
            os._exit(0)
        """,
    )
    assert process.stdout.split()[-1] == "Running"
    assert eventually(lambda: scripts.runs()["run"], lambda run: run.status.is_terminal).status == "Completed"
    points = eventually(scripts.points, lambda points: ("run", "c") in points and ("run", "p") in points)
    assert points["run", "m"] == [0, 1, 2, 10]
    assert points["run", "c"] == ([1, 9] if leave.startswith("run") else [1])


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_every_kind_log_to_a_run_and_to_children_of_their_own(
    scripts: Scripts, method: str, tmp_path: object
) -> None:
    code = f"""
    import multiprocessing
    sys.path.insert(0, {str(tmp_path)!r})
    from work_for_pools import work
    if __name__ == "__main__":
        with experiment.start_logging("run") as run:
            run.log("parent", 1)
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                pool.starmap(work, [(run, number) for number in range(4)])
                pool.close()
                pool.join()
            run.log("parent", 2)
    """
    with open(f"{tmp_path}/work_for_pools.py", "w") as module:
        module.write(
            "def work(run, number):\n"
            "    for step in range(50):\n"
            "        run.log(f'worker/{number}', step)\n"
            "    with run.child_run(f'child-{number}') as child:\n"
            "        child.log('m', number)\n"
        )
    process = scripts.run(code)
    assert process.returncode == 0, process.stderr
    runs = eventually(
        scripts.runs, lambda runs: len(runs) == 5 and all(run.status.is_terminal for run in runs.values())
    )
    assert {run.status.value for run in runs.values()} == {"Completed"}
    points = eventually(scripts.points, lambda points: len(points) == 9)
    assert points["run", "parent"] == [1, 2]
    assert all(points["run", f"worker/{number}"] == list(range(50)) for number in range(4))


def test_another_process_resumes_a_run_and_goes_on_where_it_stood(scripts: Scripts) -> None:
    scripts.run(
        """
        run = experiment.start_logging("run", run_id="resumed")
        run.log_parameter("p", 1)
        for value in range(5):
            run.log("counted", value)
            run.log("given", value, step=value)
        run.log_row("row", a=1)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    eventually(scripts.runs, lambda runs: "run" in runs and runs["run"].status == "Failed")
    process = scripts.run(
        """
        run = Run.get(workspace, "resumed")
        try:
            run.log("counted", 0)
        except Exception as error:
            print(type(error).__name__, error)
        run.start()
        run.log("counted", 5)
        run.log("given", 30, step=3)
        run.log_row("row", a=2)
        try:
            run.log_parameter("p", 2)
        except Exception as error:
            print(type(error).__name__, error)
        run.complete()
        """,
    )
    first, second = process.stdout.splitlines()
    assert first.startswith("RunStateError the run 'run' has ended as Failed")
    assert second.startswith("ParameterConflict the parameter 'p'")
    assert scripts.runs()["run"].status == "Completed"
    points = scripts.points()
    assert points["run", "counted"] == [0, 1, 2, 3, 4, 5]
    assert points["run", "given"] == [0, 1, 2, 30]
    assert points["run", "row/a"] == [1, 2]


def test_another_process_logs_to_a_running_run_and_its_end_is_not_the_runs(
    shared_workspace: Workspace, scripts: Scripts
) -> None:
    run = Experiment(shared_workspace, scripts.experiment).start_logging("run", run_id="joined")
    run.log("m", 1)
    run.log_parameter("p", 1)
    run.flush()
    process = scripts.run(
        """
        with Run.get(workspace, "joined") as run:
            print(run.status)
            run.log("other", 7, step=3)
            run.log("m", 2)
            run.log_parameter("p", 1)
            with run.child_run("child") as child:
                child.log("m", 3)
        sys.exit(3)
        """,
    )
    assert process.stdout == "Running\n"
    assert process.returncode == 3
    assert run.status == "Running"
    run.log("m", 3, step=2)
    assert run.get_metrics() == {"m": [1.0, 2.0, 3.0], "other": 7.0}
    assert [child.status for child in run.get_children()] == ["Completed"]
    run.complete()
    assert scripts.runs()["run"].status == "Completed"


def test_a_run_can_be_ended_from_another_process(shared_workspace: Workspace, scripts: Scripts) -> None:
    with scripts.start(
        """
        run = experiment.start_logging("run", run_id="ended")
        run.flush()
        print("ready", flush=True)
        sys.stdin.readline()
        print(run.get_details()["status"])
        os._exit(0)
        """,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        here = Run.get(shared_workspace, "ended")
        assert here.status == "Running"
        here.cancel()
        with pytest.raises(RunStateError, match="has ended as Canceled"):
            here.log("m", 1)
        process.communicate("\n", timeout=30)
    assert eventually(lambda: scripts.runs()["run"].status, lambda status: status == "Canceled") == "Canceled"


def test_waiting_sees_the_end_of_a_run_in_another_process(shared_workspace: Workspace, scripts: Scripts) -> None:
    with scripts.start(
        """
        run = experiment.start_logging("run", run_id="waited")
        run.flush()
        print("ready", flush=True)
        sys.stdin.readline()
        """,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        seen: list[str] = []
        waiting = threading.Thread(
            target=lambda: seen.append(Run.get(shared_workspace, "waited").wait_for_completion()["status"])
        )
        waiting.start()
        process.communicate("\n", timeout=30)
        waiting.join(30)
    assert seen == ["Completed"]


def test_sixteen_processes_record_into_one_file_beside_a_reader_and_lose_nothing(own_scripts: Scripts) -> None:
    code = """
    number = sys.argv[1]
    for each in range(5):
        with experiment.start_logging(f"{number}-{each}", run_id=f"{number}-{each}") as run:
            run.log_parameter("number", int(number))
            for step in range(200):
                run.log("m", step)
    """
    processes = [own_scripts.start(code, str(number)) for number in range(16)]
    looked = 0
    try:
        while any(process.poll() is None for process in processes):
            looked += len(own_scripts.runs()) > 0
        outputs = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
    assert [process.returncode for process in processes] == [0] * 16
    assert [output for output in outputs if output != ("", "")] == []
    runs = eventually(
        own_scripts.runs, lambda runs: len(runs) == 80 and all(run.status.is_terminal for run in runs.values())
    )
    assert {run.status.value for run in runs.values()} == {"Completed"}
    assert sorted(run.number for run in runs.values()) == list(range(1, 81))
    points = own_scripts.points()
    assert len(points) == 80
    assert all(values == list(range(200)) for values in points.values())
    assert looked > 0


def test_forks_in_the_middle_of_logging_neither_hang_nor_lose_points(scripts: Scripts) -> None:
    process = scripts.run(
        """
        import threading
        run = experiment.start_logging("run")
        done = threading.Event()
        def busy(number):
            step = 0
            while not done.is_set():
                run.log(f"thread/{number}", step, step=step)
                run.log_row(f"row/{number}", a=step)
                step += 1
            # In one piece: what threads print is else mixed.
            print(f"{number} {step}\\n", end="", flush=True)
        threads = [threading.Thread(target=busy, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for number in range(20):
            pid = os.fork()
            if pid == 0:
                for step in range(100):
                    run.log(f"child/{number}", step)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        done.set()
        for thread in threads:
            thread.join()
        run.complete()
        """
    )
    assert process.returncode == 0, process.stderr
    steps = dict(line.split() for line in process.stdout.splitlines())
    points = eventually(scripts.points, lambda points: len(points) == 24)
    for number in range(20):
        assert points["run", f"child/{number}"] == list(range(100))
    for thread, count in steps.items():
        assert points["run", f"thread/{thread}"] == list(range(int(count)))
        assert points["run", f"row/{thread}/a"] == list(range(int(count)))
