"""What both commands share: their options, and from the chosen rows to one printed table."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import description
from benchmarks.table import Row, markdown


class MeasurementError(Exception):
    """Something cannot be measured; the text says what happened instead."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How to measure: in which folder, small and once (``quick``), with those peers too that take minutes or not."""

    folder: Path
    quick: bool
    slow_peers: bool

    def repeats(self, wanted: int) -> int:
        """How often to measure what is worth ``wanted`` repetitions."""
        return 1 if self.quick else wanted

    def scaled(self, whole: int, small: int) -> int:
        """The whole size of a workload, or the small one of a quick run."""
        return small if self.quick else whole


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named part of a command: ``measure`` gives one row or several, in order."""

    about: str
    measure: Callable[[Setting], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command that prints one table: its words, its benchmarks by name, and what it compares."""

    about: str
    benchmarks: Mapping[str, Benchmark]
    subjects: tuple[str, ...]
    packages: tuple[str, ...]
    absent: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Measures what the arguments choose and prints the table.

        The exit code is 1 where a bar does not hold (but not in a quick run), and 2 where something cannot be measured.
        """
        options = self._parser().parse_args(arguments)
        folder = options.folder or Path(tempfile.mkdtemp(prefix="runhistory-benchmark-"))
        folder.mkdir(parents=True, exist_ok=True)
        setting = Setting(folder.resolve(), options.quick, options.slow_peers)
        if self.absent:
            say(f"not installed, and so left out: {', '.join(self.absent)}")
        rows: list[Row] = []
        unmeasured: list[str] = []
        try:
            for name in options.rows or self.benchmarks:
                say(f"{name}: {self.benchmarks[name].about} …")
                try:
                    rows += self.benchmarks[name].measure(setting)
                except MeasurementError as error:
                    unmeasured.append(name)
                    say(f"{name} cannot be measured: {error}")
        finally:
            if options.folder is None:
                shutil.rmtree(folder, ignore_errors=True)
        machine = description(self.packages)
        if options.json is not None:
            measured = {"machine": machine, "quick": options.quick, "rows": [row.to_json() for row in rows]}
            options.json.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
        print(self._report(machine, rows, options.quick))
        if unmeasured:
            return 2
        failed = any(row.verdict(bar) is False for row in rows for bar in row.bars)
        return 1 if failed and not options.quick else 0

    def _report(self, machine: str, rows: Sequence[Row], quick: bool) -> str:
        words = ["Median (lowest–highest) of the repetitions; **N ×** is how many times ours a peer's figure is."]
        if quick:
            words.insert(0, "A quick run: workloads too small for the figures to mean anything.")
        table = markdown(rows, self.subjects)
        return "\n".join(
            [f"Measured {machine}.", " ".join(words), "", table, *(f"* {note}" for note in self.footnotes)]
        )

    def _parser(self) -> argparse.ArgumentParser:
        width = max(map(len, self.benchmarks)) + 2
        listed = "\n".join(f"  {name:<{width}}{each.about}" for name, each in self.benchmarks.items())
        parser = argparse.ArgumentParser(
            description=self.about,
            epilog=f"rows:\n{listed}\n\nPeers are optional: pip install -r benchmarks/requirements.txt",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument(
            "--rows", nargs="+", metavar="NAME", choices=list(self.benchmarks), help="only these rows (default: all)"
        )
        parser.add_argument("--quick", action="store_true", help="tiny workloads, once: to see that everything runs")
        parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample to FILE")
        parser.add_argument(
            "--folder",
            type=Path,
            help="where stores and event files go, and stay for the next time (default: a temporary folder)",
        )
        parser.add_argument("--slow-peers", action="store_true", help="also measure what takes ten minutes and more")
        return parser


def say(text: str) -> None:
    """Tells the person who waits what is going on, beside the table."""
    print(text, file=sys.stderr, flush=True)
