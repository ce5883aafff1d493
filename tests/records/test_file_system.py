"""The kind of a file system is read from where it is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_runhistory import file_system
from tb_runhistory.file_system import NETWORK, file_system_of

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:26 / /home rw,relatime - nfs4 server:/home rw
31 30 0:27 / /home/me/local\\040disk rw - xfs /dev/sdb rw
32 22 0:28 / /data rw - ext4 /dev/sdc rw
33 22 0:29 / /data rw - btrfs /dev/sdd rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/homeless", "ext4"),
        ("/home", "nfs4"),
        ("/home/me", "nfs4"),
        ("/home/me/local disk/runs", "xfs"),
        ("/data/runs", "btrfs"),
    ],
)
def test_the_nearest_and_latest_mount_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, kind: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(file_system, "_MOUNTS", mounts)
    assert file_system_of(Path(folder)) == kind


def test_where_nothing_is_told_nothing_is_assumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_system, "_MOUNTS", tmp_path / "missing")
    assert file_system_of(tmp_path) == ""


def test_this_machine_tells(tmp_path: Path) -> None:
    assert file_system_of(tmp_path) not in {"", *NETWORK}
