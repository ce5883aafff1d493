"""The lock file is what ``docs/format/files.md`` says."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History


def test_the_notes_of_writers_stand_where_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        History(writer).root("run")
    content = path.with_name("runs.db-lock").read_bytes()
    assert len(content) == 80
    ticket, served, generation, device, inode, size, modified, checkpointed, _ = struct.unpack("<QQ16sQQqqqq", content)
    assert ticket == served + 1
    assert generation != bytes(16)
    main = os.stat(path)
    assert (device, inode, size, modified) == (main.st_dev, main.st_ino, main.st_size, main.st_mtime_ns)
    assert checkpointed >= -1
