"""A power cut takes nothing that the store has acknowledged: its commits are on the disk when they return.

The cut is the file system's own "shutdown" of a disk image: what was not written to the device by then is gone.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.store.test_concurrency import WRITE_FOR_EVER

pytestmark = pytest.mark.slow

# linux/fs.h has no name for it that Python knows: FS_IOC_SHUTDOWN, with "do not flush the log".
SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = struct.pack("I", 2)
JOURNAL = "0190aaaa-0000-7000-8000-00000000000a"


class Device:
    """A disk image with a file system that can lose its power."""

    def __init__(self, image: Path, folder: Path, kind: str) -> None:
        self.image = image
        self.folder = folder
        with image.open("wb") as file:
            file.truncate(320 << 20)
        subprocess.run([f"mkfs.{kind}", "-q", str(image)], check=True, capture_output=True)

    def mount(self) -> None:
        """Switches it on; skips the test where that may not be done."""
        command = ["mount", "-o", "loop", str(self.image), str(self.folder)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode:
            pytest.skip(f"a disk image cannot be mounted here: {mounted.stderr.strip()}")

    def cut(self) -> None:
        """Cuts the power."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(folder)

    def unmount(self) -> None:
        """Switches it off, by whatever it takes."""
        subprocess.run(["umount", str(self.folder)], check=False, capture_output=True)
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)


@pytest.fixture(params=["ext4", "xfs"])
def device(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Device]:
    """A device, switched on."""
    kind: str = request.param
    if os.geteuid() != 0 or shutil.which(f"mkfs.{kind}") is None:
        pytest.skip(f"needs root and mkfs.{kind}")
    folder = tmp_path / "device"
    folder.mkdir()
    device = Device(tmp_path / "image", folder, kind)
    device.mount()
    yield device
    device.unmount()


def write_until_the_cut(device: Device, path: Path, acknowledgements: int) -> int:
    """Writes until so many batches are acknowledged, then cuts the power; returns the last that was."""
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(path), JOURNAL]
    acknowledged = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for _ in range(acknowledgements):
            acknowledged = int(process.stdout.readline())
        device.cut()
        # What it says after the cut it may have had from the page cache: it does not count.
        process.send_signal(signal.SIGKILL)
        process.stdout.read()
    return acknowledged


@pytest.mark.parametrize("seed", range(5))
def test_what_the_store_acknowledged_is_there_after_a_power_cut(device: Device, seed: int) -> None:
    path = device.folder / "runs.db"
    acknowledged = write_until_the_cut(device, path, random.Random(seed).randint(2, 120))
    device.unmount()
    device.mount()
    uri = parse_uri(f"sqlite:///{path}")
    with open_writer(uri) as writer:
        applied = writer.applied(JOURNAL)[JOURNAL]
    assert applied >= acknowledged
    with open_reader(uri) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        total = sum(sampled.total for sampled in reader.read_points(series.key))
        assert total == (applied - 1) * 50
        assert series.count.sum() == total
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_cut_is_one(device: Device) -> None:
    kept, lost = device.folder / "kept", device.folder / "lost"
    with kept.open("w") as file:
        file.write("kept")
        file.flush()
        os.fsync(file.fileno())
    lost.write_text("lost")
    device.cut()
    device.unmount()
    device.mount()
    assert kept.read_text() == "kept"
    assert not lost.exists() or lost.read_text() == "", "what was not synchronized is gone"
