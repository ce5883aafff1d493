"""What ``doctor`` looks at in the installation: versions, TensorBoard, and the plugin in it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import sysconfig
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path

from tb_runhistory.cli.json_output import Finding

_DISTRIBUTION = "tb-runhistory"
_MODULES = ("numpy", "sqlalchemy", "pcodec", "grpc", "google.protobuf", "alembic", "psutil", "platformdirs")
_PLUGIN_GROUP = "tensorboard_plugins"
_PLUGIN = "runhistory"
_OLDEST_PYTHON = (3, 11)
_OLDEST_SQLITE = (3, 38)
"""Since then json_each, which queries use, is always there."""
_SOUND_SQLITE = (3, 51, 3)
_BUNDLE = Path("plugin") / "static" / "index.js"


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    is_ok = sys.version_info >= _OLDEST_PYTHON
    yield Finding("Python", is_ok, f"{version} at {sys.executable}", "" if is_ok else "use Python 3.11 or newer")
    try:
        yield Finding("tb-runhistory", True, f"{metadata.version(_DISTRIBUTION)} at {_package_folder()}")
    except metadata.PackageNotFoundError:
        fix = "install it with pip install tb-runhistory: from a folder on the path alone TensorBoard does not find it"
        yield Finding("tb-runhistory", False, f"not installed, but importable from {_package_folder()}", fix)


def _package_folder() -> Path:
    return Path(__file__).resolve().parents[1]


def _requirements() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    for text in metadata.requires(_DISTRIBUTION) or ():
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        wanted = f"{requirement.name}{requirement.specifier}"
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding(requirement.name, False, "not installed", f"pip install '{wanted}'")
            continue
        is_ok = requirement.specifier.contains(version, prereleases=True)
        yield Finding(requirement.name, is_ok, version, "" if is_ok else f"pip install -U '{wanted}'")


def _imports() -> Iterator[Finding]:
    broken = []
    for name in _MODULES:
        try:
            import_module(name)
        except Exception as error:  # Whatever a broken package raises.
            broken.append(f"{name} ({type(error).__name__})")
    fix = "reinstall it with pip install --force-reinstall tb-runhistory" if broken else ""
    sentence = f"cannot be imported: {', '.join(broken)}" if broken else "all can be imported"
    yield Finding("dependencies", not broken, sentence, fix)


def _sqlite() -> Iterator[Finding]:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        fix = "use a Python that comes with SQLite 3.38 or newer, such as one from conda-forge or python.org"
        yield Finding("SQLite", False, f"{version} is too old", fix)
    elif sqlite3.sqlite_version_info < _SOUND_SQLITE:
        remark = (
            "before 3.51.3 a checkpoint beside a commit could lose that commit; tb_runhistory keeps the two apart, "
            "so do not write to its file with other programs"
        )
        yield Finding("SQLite", True, f"{version}: {remark}")
    else:
        yield Finding("SQLite", True, version)


def _tensorboard() -> Iterator[Finding]:
    topic = "tensorboard command"
    found = shutil.which("tensorboard")
    ours = Path(sysconfig.get_path("scripts")) / "tensorboard"
    if found is None:
        yield Finding(topic, False, "none is on the PATH", f"activate this environment, or call {ours}")
    elif os.path.realpath(os.path.dirname(found)) in _script_folders():
        yield Finding(topic, True, f"the one on the PATH is this environment's: {found}")
    else:
        fix = f"activate this environment, call {ours}, or install tb-runhistory where that one is"
        sentence = f"the one on the PATH is of another environment, which need not have tb-runhistory: {found}"
        yield Finding(topic, False, sentence, fix)


def _script_folders() -> set[str]:
    schemes = (sysconfig.get_default_scheme(), f"{os.name}_user")
    return {os.path.realpath(sysconfig.get_path("scripts", scheme)) for scheme in schemes}


def _plugin() -> Iterator[Finding]:
    entries = [entry for entry in metadata.entry_points(group=_PLUGIN_GROUP) if entry.name == _PLUGIN]
    if not entries:
        fix = "reinstall it with pip install --force-reinstall tb-runhistory"
        yield Finding("plugin", False, "tensorboard of this environment does not see it", fix)
        return
    try:
        entries[0].load()
    except Exception as error:  # Whatever a broken installation raises.
        fix = "reinstall both with pip install --force-reinstall tensorboard tb-runhistory"
        yield Finding("plugin", False, f"it cannot be loaded: {type(error).__name__}", fix)
        return
    yield Finding("plugin", True, "tensorboard of this environment sees it and can load it")


def _bundle() -> Iterator[Finding]:
    bundle = _package_folder() / _BUNDLE
    is_there = bundle.is_file() and bundle.stat().st_size > 0
    if is_there:
        yield Finding("Run History tab", True, f"its page is there: {bundle}")
    else:
        fix = "reinstall with pip install --force-reinstall tb-runhistory, which builds it"
        yield Finding("Run History tab", False, f"its page is missing: {bundle}", fix)


CHECKS = [
    ("Python", _python),
    ("requirements", _requirements),
    ("dependencies", _imports),
    ("SQLite", _sqlite),
    ("tensorboard command", _tensorboard),
    ("plugin", _plugin),
    ("Run History tab", _bundle),
]
"""What is looked at, by topic."""
