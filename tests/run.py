"""Runs every check and every test of the project; it needs Python 3.11 and, once, the registries of pip and npm.

    python3 tests/run.py [--slow] [arguments of pytest]

It makes an environment of its own in .venv-test and uses it again until the requirements change. ``--slow`` adds the
long counts. The exit code is 0 when all checks and tests passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.browser import NAMES, find_browser
from demo.environment import CHECKOUT, SetupError, check_python, install_debian_package, may_install, prepare, say
from frontend.build import node_requirements

CHECKS = {
    "ruff": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports", "--no-logo"],
    **{f"{name} of the tab": ["python", "frontend/build.py", "run", name] for name in ("typecheck", "lint", "test")},
}

LONGEST_SLOW_TEST = 900
"""Seconds after which a test of the long counts is taken for one that hangs."""


def main(arguments: list[str]) -> int:
    """Prepares what is missing, runs the checks, then the tests. Returns the exit code."""
    try:
        check_python()
        require_browser()
        programs = prepare(CHECKOUT / ".venv-test", "test", node_requirements()).parent
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    failed = [name for name, command in CHECKS.items() if run(name, command, programs, environment)]
    if failed:
        say(f"\nFailed: {', '.join(failed)}. The tests run all the same; the exit code will not be 0.")
    return max(run("pytest", pytest_command(arguments), programs, environment), int(bool(failed)))


def require_browser() -> None:
    """Installs Chromium if there is none and this process may; raises SetupError if there is none in the end."""
    if find_browser() is None and may_install():
        install_debian_package("chromium")
    if find_browser() is None:
        raise SetupError(f"The browser tests need Chromium or Chrome: install one (looked for {', '.join(NAMES)}).")


def pytest_command(arguments: list[str]) -> list[str]:
    """Pytest with one worker a core, the long counts only if asked for, and the rest of ``arguments``."""
    everything = ["-m", "", "-o", f"faulthandler_timeout={LONGEST_SLOW_TEST}"] if "--slow" in arguments else []
    rest = [argument for argument in arguments if argument != "--slow"]
    return ["pytest", "-n", str(min(os.cpu_count() or 1, 4)), *everything, *rest]


def run(name: str, command: list[str], programs: Path, environment: dict[str, str]) -> int:
    """Runs one program of the environment in the checkout, says how long it took, and returns its exit code."""
    say(f"\n── {name} " + "─" * (76 - len(name)))
    began = time.monotonic()
    code = subprocess.run(
        [str(programs / command[0]), *command[1:]], cwd=CHECKOUT, env=environment, check=False
    ).returncode
    if name != "pytest":
        say(f"{'ok' if code == 0 else f'exit code {code}'}, {time.monotonic() - began:.1f} s")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
