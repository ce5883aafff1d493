"""Nothing leaves the machine. The kernel is asked, so that it holds for every process and library below us."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo.environment import CHECKOUT

# In a network namespace with no interface but loopback, the kernel counts each attempt to reach anything else.
INSIDE = r"""
import fcntl, json, re, socket, struct, sys, urllib.request
from pathlib import Path

with socket.socket() as any_socket:  # Raises the loopback interface: SIOCSIFFLAGS with IFF_UP | IFF_RUNNING.
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x41))

def attempts():
    lines = Path("/proc/net/snmp").read_text().splitlines()
    fields, counts = (line.split() for line in lines if line.startswith("Ip:"))
    sixth = re.search(r"Ip6OutNoRoutes\s+(\d+)", Path("/proc/net/snmp6").read_text())
    return int(counts[fields.index("OutNoRoutes")]) + int(sixth[1] if sixth else 0)

def work():
    from demo.serving import free_port, tensorboard
    from tb_runhistory import Experiment, Workspace

    uri = f"sqlite:///{sys.argv[2]}/runs.db"
    with Experiment(Workspace(uri), "mnist").start_logging(display_name="first") as run:
        run.log("loss", 0.5, step=1)
    with tensorboard([f"--runhistory_uri={uri}"], free_port()) as server:
        for route in ("data/runs", "data/plugins_listing", "data/environment", "data/plugin/scalars/tags"):
            with urllib.request.urlopen(server.address + route, timeout=30) as answer:
                assert answer.status == 200
                if route == "data/runs":
                    assert json.load(answer) == ["mnist/first"]

def call_home():
    with socket.socket() as outward:
        try:
            outward.connect(("192.0.2.1", 443))
        except OSError:
            pass

{"work": work, "call_home": call_home}[sys.argv[1]]()
print("attempts:", attempts())
"""


def isolated(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", INSIDE, *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(autouse=True)
def namespaces() -> None:
    probe = shutil.which("unshare")
    if probe is None or subprocess.run([probe, "--net", "--map-root-user", "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no network namespaces")


def test_recording_and_viewing_reach_for_nothing_but_loopback(tmp_path: Path) -> None:
    result = isolated("work", str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "attempts: 0"


def test_an_attempt_to_leave_would_be_counted(tmp_path: Path) -> None:
    assert isolated("call_home", str(tmp_path)).stdout.splitlines()[-1] == "attempts: 1"
