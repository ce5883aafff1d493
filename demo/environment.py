"""A virtual environment in the checkout, made once and used again until what it is made from changes.

Needs nothing but Python's standard library, because it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from frontend.build import is_built

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
_STAMP = "made-from"


class SetupError(Exception):
    """Something that is needed cannot be had. The text says what to install, in one sentence."""


def say(text: str) -> None:
    """Tells the person at the terminal what is going on, at once."""
    print(text, flush=True)


def prepare(folder: Path, extra: str, more: Sequence[str] = ()) -> Path:
    """Returns the interpreter of the environment in ``folder``, which has this checkout and its ``extra`` installed.

    ``more`` are requirements of this machine. The package is installed in editable form, so that a change of its code
    needs no new installation; the tab is built anew when its sources have changed.

    Raises:
      SetupError: Python is too old, has no pip to give, or the installation failed.
    """
    check_python()
    interpreter = folder / "bin" / "python"
    stamp = folder / _STAMP
    wanted = _fingerprint(extra, more)
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if interpreter.exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        if not is_built():
            say("Building the Run History tab anew …")
            _run([*pip, "--no-deps", "--editable", str(CHECKOUT)], "pip could not build the tab; its words stand above")
        return interpreter
    say(f"Making a Python environment in {_short(folder)} …")
    _require_ensurepip()
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)], "Python could not make a virtual environment")
    tab = "" if is_built() else ", and building the Run History tab"
    say(f"Installing the package and what it needs{tab} (a minute or two, once) …")
    requirements = [f"{CHECKOUT}[{extra}]", *more]
    _run([*pip, "--editable", *requirements], "pip could not install the package; its own words stand above")
    stamp.write_text(wanted, "utf-8")
    return interpreter


def check_python() -> None:
    """Raises SetupError when this Python is too old."""
    if sys.version_info < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(
            f"Python {needed} or newer is needed, and this is {sys.version.split()[0]}: start again with a newer one, "
            f"for example python{needed}."
        )


def may_install() -> bool:
    """Whether this process can install Debian packages without asking anybody."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_debian_package(name: str) -> None:
    """Installs a Debian package; call it only if ``may_install``."""
    say(f"Installing Debian's {name} …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", name]):
        _run(["apt-get", "--quiet", "--quiet", *arguments], f"apt-get could not install {name}", quiet)


def _require_ensurepip() -> None:
    if importlib.util.find_spec("ensurepip") is not None:
        return
    if not may_install():
        raise SetupError("This Python cannot make virtual environments: install Debian's python3-venv and start again.")
    install_debian_package("python3-venv")


def _fingerprint(extra: str, more: Sequence[str] = ()) -> str:
    """Changes with anything that the environment is made from: the requirements, the interpreter, the place."""
    digest = hashlib.sha256()
    for part in (sys.version, sys.executable, str(CHECKOUT), extra, *more):
        digest.update(part.encode() + b"\0")
    for name in ("setup.py", "pyproject.toml"):
        digest.update((CHECKOUT / name).read_bytes())
    return digest.hexdigest()


def _run(command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
    code = subprocess.run(command, env=environment, check=False).returncode
    if code:
        raise SetupError(f"{failure} (exit code {code}).")


def _short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)
