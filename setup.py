"""Packaging of tb-runhistory."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="tb-runhistory",
    version="0.1.0",
    description="TensorBoard's native view of a run history: runs, child runs, parameters and metrics, live",
    long_description=(HERE / "README.md").read_text("utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
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
        "tb_runhistory.store": ["migrations/*.py", "migrations/versions/*.py"],
    },
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
        "uuid-utils>=1; python_version < '3.14'",
    ],
    extras_require={
        "demo": ["scikit-learn>=1.5"],
        "test": [
            "grpc-stubs",
            "hypothesis>=6.100",
            "import-linter>=2.12",
            "mypy>=2.4,<2.5",
            "playwright>=1.50",
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
