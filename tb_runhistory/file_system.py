"""What kind of file system a path is on: mapped files and SQLite's WAL are safe on some only."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")

NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "9p",
        "ceph",
        "lustre",
        "gpfs",
        "beegfs",
        "glusterfs",
        "wekafs",
        "fuse.sshfs",
        "fuse.glusterfs",
    ]
)
"""File systems that other machines share, where neither locks nor shared memory hold between machines."""


def file_system_of(folder: Path | str) -> str:
    """The name of the file system that ``folder`` is on, such as "ext4"; "" where the system does not tell."""
    where = os.path.join(os.path.realpath(folder), "")
    longest, kind = "", ""
    for point, mounted in _mounts():
        # Of two mounts on one point the later one is seen.
        if where.startswith(os.path.join(point, "")) and len(point) >= len(longest):
            longest, kind = point, mounted
    return kind


def is_mount_point(path: str) -> bool:
    """Whether something is mounted at exactly ``path``, which may be a file."""
    return any(point == path for point, _ in _mounts())


def _mounts() -> list[tuple[str, str]]:
    """Each mount's place and file system, in the order of mounting."""
    try:
        lines = _MOUNTS.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        mount, _, source = line.partition(" - ")
        found.append((_unescaped(mount.split(" ")[4]), source.split(" ")[0]))
    return found


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
