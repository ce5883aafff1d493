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

import pytest

from demo.environment import CHECKOUT
from demo.serving import free_port, tensorboard

RECORD = """
import sys
from tb_runhistory import Experiment, Workspace

run = Experiment(Workspace(sys.argv[1]), "mnist").start_logging(display_name="first")
run.log("loss", 0.5, step=1)
run.complete()
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks or would track, because a build leaves files where it runs."""
    folder = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
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
    program = f"import sys, setuptools.build_meta as backend; backend.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=source, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


def get(address: str) -> object:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def tracked(source: Path) -> Iterator[str]:
    """The files of the package, as git knows them."""
    for path in sorted((source / "tb_runhistory").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(source))


def test_the_wheel_holds_every_file_of_the_package(source: Path, wheel: Path) -> None:
    assert set(tracked(source)) <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tb_runhistory"}


def test_the_source_archive_holds_every_file_of_the_package(source: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", source, tmp_path)) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {*tracked(source), "LICENSE", "README.md", "setup.py", "pyproject.toml"} <= names


def test_the_installed_wheel_records_and_shows_under_the_stock_command(installed: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    subprocess.run([str(installed / "python"), "-c", RECORD, uri], cwd=tmp_path, check=True)
    with tensorboard([f"--runhistory_uri={uri}"], free_port(), [str(installed / "tensorboard")]) as server:
        assert get(f"{server.address}data/runs") == ["mnist/first"]


def test_the_installed_package_is_the_wheel(installed: Path, tmp_path: Path) -> None:
    place = "import tb_runhistory; print(tb_runhistory.__file__)"
    command = [str(installed / "python"), "-c", place]
    answer = subprocess.run(
        command, cwd=tmp_path, env=without_python_path(), capture_output=True, text=True, check=True
    )
    assert Path(answer.stdout).is_relative_to(installed.parent)


def without_python_path() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
