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


def file_system_of(folder: Path) -> str:
    """The name of the file system that ``folder`` is on, such as "ext4"; "" where the system does not tell."""
    try:
        lines = _MOUNTS.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    where = os.path.join(os.path.realpath(folder), "")
    longest, kind = "", ""
    for line in lines:
        mount, _, source = line.partition(" - ")
        point = os.path.join(_unescaped(mount.split(" ")[4]), "")
        # Of two mounts on one point the later one is seen.
        if where.startswith(point) and len(point) >= len(longest):
            longest, kind = point, source.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
