"""Artifacts in a folder: what is put is there, whole and checked, and nothing else is ever read or removed."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.artifacts.folder import ArtifactFolder
from tb_runhistory.errors import DamagedData, NotFound, StoreUnavailable


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactFolder:
    """Artifacts in a folder that is not there yet."""
    return ArtifactFolder(tmp_path / "runs.db-artifacts")


def files_of(artifacts: ArtifactFolder) -> list[Path]:
    """All files below the folder."""
    return sorted(path for path in Path(artifacts.location).rglob("*") if path.is_file())


def test_a_content_comes_back_by_its_digest(artifacts: ArtifactFolder) -> None:
    content = os.urandom(3 << 20)
    digest = artifacts.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert artifacts.get(digest) == content
    assert artifacts.put(io.BytesIO(content)) == digest, "a stream is read to its end"
    assert [path.name for path in files_of(artifacts)] == [digest], "the same content is kept once"
    assert list(artifacts.digests()) == [digest]


@given(content=st.binary(max_size=200))
def test_any_content_is_kept(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    artifacts = ArtifactFolder(tmp_path_factory.mktemp("artifacts"))
    assert artifacts.get(artifacts.put(content)) == content


def test_nothing_is_there_before_the_first(artifacts: ArtifactFolder) -> None:
    assert list(artifacts.digests()) == []
    with pytest.raises(NotFound):
        artifacts.get("0" * 64)
    artifacts.remove("0" * 64)
    assert not Path(artifacts.location).exists()


@pytest.mark.parametrize(
    "digest",
    ["", "..", "../../etc/passwd", "/etc/passwd", "0" * 63, "A" * 64, "0" * 62 + "/.", "0" * 64 + "\n", "0\0" * 32],
)
def test_what_is_no_digest_names_no_file(artifacts: ArtifactFolder, digest: str) -> None:
    with pytest.raises(NotFound):
        artifacts.get(digest)
    with pytest.raises(NotFound):
        artifacts.remove(digest)


def test_a_link_is_not_followed(artifacts: ArtifactFolder, tmp_path: Path) -> None:
    digest = artifacts.put(b"mine")
    (path,) = files_of(artifacts)
    secret = tmp_path / "secret"
    secret.write_bytes(b"mine")
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(StoreUnavailable):
        artifacts.get(digest)


def test_damage_is_found_and_mended_by_putting_it_again(artifacts: ArtifactFolder) -> None:
    digest = artifacts.put(b"whole")
    (path,) = files_of(artifacts)
    path.write_bytes(b"hole")
    with pytest.raises(DamagedData, match=digest):
        artifacts.get(digest)
    artifacts.put(b"whole")
    assert artifacts.get(digest) == b"whole"


def test_it_is_on_disk_before_it_is_promised(artifacts: ArtifactFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def noting_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def noting_replace(source: str, target: str) -> None:
        done.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(os, "replace", noting_replace)
    artifacts.put(b"x")
    assert done[:2] == ["file", "rename"]
    assert done.count("folder") >= 2


class Broken(io.RawIOBase):
    """A stream that ends in an error."""

    def read(self, size: int = -1) -> bytes:
        raise ValueError("the source is gone")


def test_what_was_not_read_whole_leaves_nothing(artifacts: ArtifactFolder) -> None:
    with pytest.raises(ValueError, match="the source is gone"):
        artifacts.put(Broken())  # type: ignore[arg-type]
    assert files_of(artifacts) == []


def test_what_killed_writers_left_is_removed_when_it_is_old(artifacts: ArtifactFolder) -> None:
    kept = artifacts.put(b"kept")
    old, new = Path(artifacts.location) / "unfinished-old", Path(artifacts.location) / "unfinished-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    artifacts.remove_unfinished()
    assert not old.exists()
    assert new.exists()
    assert artifacts.get(kept) == b"kept"


def test_what_was_put_again_is_not_old(artifacts: ArtifactFolder) -> None:
    digest = artifacts.put(b"x")
    (path,) = files_of(artifacts)
    os.utime(path, (1, 1))
    assert list(artifacts.digests(put_before=2.0)) == [digest]
    artifacts.put(b"x")
    assert list(artifacts.digests(put_before=2.0)) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        ArtifactFolder(tmp_path / "file" / "below").put(b"x")
