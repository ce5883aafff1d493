"""The package as it is handed out: a wheel with everything in it that works under the stock ``tensorboard``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.environment import CHECKOUT
from demo.serving import free_port, tensorboard
from frontend.build import BUNDLE, FRONTEND, STAMP
from frontend.build import sources as build_sources

PLUGIN = "data/plugin/runhistory/"
STATIC = f"{BUNDLE.relative_to(CHECKOUT)}/"

RECORD = """
import sys
from tb_runhistory import Experiment, Workspace

run = Experiment(Workspace(sys.argv[1]), "mnist").start_logging(display_name="first")
run.log("loss", 0.5, step=1)
run.complete()
"""


def copy_of_checkout(folder: Path) -> Path:
    """A copy of what git tracks or would track, because a build leaves files where it runs."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout without the tab, with what npm has installed here."""
    folder = copy_of_checkout(tmp_path_factory.mktemp("source"))
    if (FRONTEND / "node_modules" / ".installed-from.txt").exists():
        (folder / "frontend" / "node_modules").symlink_to(FRONTEND / "node_modules")
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a new environment that has the wheel, and what it depends on from this environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    dependencies = packages / "dependencies"
    dependencies.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        # All but this checkout, which stands there in editable form.
        if not entry.name.startswith(("__editable__", "tb_runhistory", "tb-runhistory", "_virtualenv", "distutils-")):
            (dependencies / entry.name).symlink_to(entry)
    (packages / "dependencies.pth").write_text("dependencies\n", "utf-8")
    script = folder / "bin" / "tensorboard"
    script.write_text(
        f"#!{folder}/bin/python\nimport sys\nfrom tensorboard.main import run_main\nsys.exit(run_main())\n"
    )
    script.chmod(0o755)
    return folder / "bin"


def build(kind: str, source: Path, folder: Path) -> Path:
    """Builds a "wheel" or an "sdist" as pip does, but with the setuptools of this environment: nothing is fetched."""
    program = f"import sys; from frontend import backend; backend.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=source, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


def pip_wheel(source: Path, folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``pip wheel`` on ``source``."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", *options]
    return subprocess.run(
        [*command, "--wheel-dir", str(folder), str(source)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def tracked(source: Path) -> Iterator[str]:
    """The files of the package: those that git knows, and the tab."""
    for path in sorted((source / "tb_runhistory").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(source))


def test_the_wheel_holds_every_file_of_the_package(source: Path, wheel: Path) -> None:
    assert {*tracked(source)} - {f"{STATIC}{STAMP.name}"} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_the_tab_with_the_licenses_of_what_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix(STATIC) for name in archive.namelist() if name.startswith(STATIC)}
        licenses = archive.read(f"{STATIC}third-party-licenses.md").decode()
    assert {Path(name).suffix for name in names} == {".js", ".md"}
    assert "index.js" in names
    for package in ("react", "react-dom", "@tanstack/react-query", "d3-scale"):
        assert f"## {package} - " in licenses


def test_the_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tb_runhistory"}


def test_the_source_archive_holds_every_file_of_the_package(source: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", source, tmp_path)) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    sources = {str(path.relative_to(CHECKOUT)) for path in build_sources()}
    assert {*tracked(source), *sources, "LICENSE", "README.md", "setup.py", "pyproject.toml"} <= names


def test_a_source_archive_is_built_into_a_wheel_without_node_and_npm(source: Path, wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(build("sdist", source, tmp_path / "archive"), tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    result = pip_wheel(unpacked, tmp_path / "wheel", "--no-build-isolation", "--no-index", PATH="")
    assert (result.returncode, result.stderr) == (0, "")
    assert not (unpacked / "frontend" / "node_modules").exists()
    (rebuilt,) = (tmp_path / "wheel").iterdir()
    with zipfile.ZipFile(rebuilt) as mine, zipfile.ZipFile(wheel) as direct:
        assert sorted(mine.namelist()) == sorted(direct.namelist())
        assert mine.read(f"{STATIC}index.js") == direct.read(f"{STATIC}index.js")


def test_where_the_tab_cannot_be_built_pip_ends_with_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    source = copy_of_checkout(tmp_path / "source")
    unreachable = {
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_fetch_retries": "0",
        "npm_config_cache": str(tmp_path / "cache"),
    }
    result = pip_wheel(source, tmp_path / "wheel", "--no-build-isolation", **unreachable)
    assert result.returncode == 1
    assert "error: The packages that the tab is built from could not be installed" in result.stderr
    assert "ECONNREFUSED" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_machine_without_node_gets_one_for_the_build(tmp_path: Path) -> None:
    source = copy_of_checkout(tmp_path / "source")
    programs = tmp_path / "programs"
    programs.mkdir()
    # npm runs its scripts in a shell.
    (programs / "sh").symlink_to(shutil.which("sh") or "")
    result = pip_wheel(source, tmp_path / "wheel", PATH=str(programs))
    assert (result.returncode, result.stderr) == (0, "")
    (wheel,) = (tmp_path / "wheel").iterdir()
    assert f"{STATIC}index.js" in zipfile.ZipFile(wheel).namelist()


def test_a_build_leaves_nothing_in_the_checkout_but_what_git_ignores(source: Path, wheel: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=source, check=True)
    listed = ["git", "ls-files", "-o", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=source, capture_output=True, text=True, check=True).stdout.split("\0")
    assert [name for name in names if name and not (CHECKOUT / name).exists()] == []


def test_the_installed_wheel_records_and_shows_under_the_stock_command(installed: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    subprocess.run([str(installed / "python"), "-c", RECORD, uri], cwd=tmp_path, check=True)
    with tensorboard([f"--runhistory_uri={uri}"], free_port(), [str(installed / "tensorboard")]) as server:
        assert get(f"{server.address}data/runs") == ["mnist/first"]
        tab = get(f"{server.address}data/plugins_listing")["runhistory"]
        assert (tab["enabled"], tab["tab_name"]) == (True, "Run History")
        module = tab["loading_mechanism"]["module_path"]
        assert module.endswith(f"{PLUGIN}static/index.js")
        with urllib.request.urlopen(server.address + module.lstrip("/"), timeout=30) as answer:
            assert answer.headers.get_content_type() == "text/javascript"
            assert b"export" in answer.read()
        page = get(f"{server.address}{PLUGIN}v1/runs")
        assert [(run["name"], run["experiment"]) for run in page["runs"]] == [("first", "mnist")]


def test_the_installed_package_is_the_wheel(installed: Path, tmp_path: Path) -> None:
    place = "import tb_runhistory; print(tb_runhistory.__file__)"
    command = [str(installed / "python"), "-c", place]
    answer = subprocess.run(
        command, cwd=tmp_path, env=without_python_path(), capture_output=True, text=True, check=True
    )
    assert Path(answer.stdout).is_relative_to(installed.parent)


def without_python_path() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
