"""A script that was written for Azure ML's packages runs with nothing but its imports changed."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launch.asking import last_values, processes_of, runs_at, wait_gone
from tests.recording.scripts import eventually

WRITTEN_FOR_AZUREML = """
import os
import azureml.core
from azureml.core import Workspace, Experiment, Run
from azureml.tensorboard import Tensorboard
from azureml.tensorboard.export import export_to_tensorboard
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from tqdm import tqdm

ws = Workspace.from_config()
experiment_name = 'export-to-tensorboard'
exp = Experiment(ws, experiment_name)
root_run = exp.start_logging()

X, y = load_diabetes(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
for alpha in tqdm([.1, .2, .3, .4, .5, .6, .7]):
    with root_run.child_run("alpha" + str(alpha)) as run:
        reg = Ridge(alpha=alpha)
        reg.fit(x_train, y_train)
        mse = mean_squared_error(reg.predict(x_test), y_test)
        run.log("mse", mse)
    root_run.log("alpha", alpha)
    root_run.log("mse", mse)
"""

EXPORTED = """
logdir = 'exportedTBlogs'
log_path = os.path.join(os.getcwd(), logdir)
try:
    os.stat(log_path)
except os.error:
    os.mkdir(log_path)
export_to_tensorboard(root_run, logdir)
root_run.complete()

tb = Tensorboard([], local_root=logdir, port=6006)
"""

LIVE = """
tb = Tensorboard([root_run], port=6006)
"""

SHOWN = """
print(tb.start(), mse, flush=True)
input()
tb.stop()
print("stopped", flush=True)
input()
"""

NAMED_AS_HERE = {
    "import azureml.core": "import tb_runhistory",
    "from azureml.core import": "from tb_runhistory import",
    "from azureml.tensorboard import": "from tb_runhistory import",
    "from azureml.tensorboard.export import": "from tb_runhistory import",
}


def with_imports_changed(script: str) -> str:
    """The script for this package, and nothing else in it changed."""
    for theirs, ours in NAMED_AS_HERE.items():
        assert re.search(f"^{theirs}( |$)", script, re.MULTILINE)
        script = re.sub(f"^{theirs}(?= |$)", ours, script, flags=re.MULTILINE)
    assert "azureml" not in script
    return script


@pytest.mark.parametrize("viewing", [EXPORTED, LIVE], ids=["exported", "live"])
def test_the_whole_scenario_runs_with_its_imports_changed(
    viewing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNHISTORY_URI", f"sqlite:///{tmp_path}/runs.db")
    script = with_imports_changed(WRITTEN_FOR_AZUREML + viewing + SHOWN)
    # The port of the document may be taken on the machine that runs the tests.
    port = _free_port()
    with subprocess.Popen(
        [sys.executable, "-c", script.replace("6006", str(port))],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        *_, url, mse = process.stdout.readline().split() or ["", ""]
        assert url == f"http://localhost:{port}/", process.communicate(timeout=30)[1]
        boards = processes_of(process.pid)
        _check_shown(url, float(mse))
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "stopped\n"
        wait_gone(boards)
        _, err = process.communicate("\n", timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def _check_shown(url: str, mse: float) -> None:
    """Waits until all is shown, which event files are only after a while, and looks at the last values."""
    names = eventually(lambda: runs_at(url), lambda names: len(names) >= 8)
    root = min(names, key=len)
    assert re.fullmatch("export-to-tensorboard/[^/]+", root)
    children = {f"{root}/alpha0.{tenth}" for tenth in range(1, 8)}
    assert names == {root, *children}
    shown = eventually(lambda: last_values(url, "mse"), lambda shown: shown.keys() == names)
    assert shown[root] == shown[f"{root}/alpha0.7"] == pytest.approx(mse)
    assert last_values(url, "alpha") == {root: pytest.approx(0.7)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
