"""What the figures were measured on, and what a process costs, as the kernel counts it."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")


def description(packages: tuple[str, ...]) -> str:
    """Date, processor, system, Python, and the versions of those ``packages`` that are installed."""
    versions = [f"{name} {version}" for name in packages if (version := installed_version(name))]
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB; "
        f"{_system()}; Python {platform.python_version()}, {', '.join(versions)}"
    )


def installed_version(package: str) -> str:
    """The version of an installed distribution; empty where there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def processor_seconds(pid: int) -> float:
    """How long the process has kept a core busy since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def written_bytes(pid: int) -> int:
    """What the process has had written to disks since its start."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["write_bytes"])


def peak_memory(pid: int) -> float:
    """The most memory that was resident at once, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def own_memory(pids: list[int]) -> float:
    """The resident memory of processes now, what they share counted once (PSS), in MiB."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def folder_bytes(folder: Path) -> int:
    """The length of all files in a folder and below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = sys.platform
    return f"{name}, Linux {platform.release().split('-')[0]}"
