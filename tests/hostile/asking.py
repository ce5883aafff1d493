"""Asks everything of a store in a child process, and measures it: ``python -m tests.hostile.asking``.

The process has all that is needed loaded and has asked everything of a sound store once. It takes one task a line on
standard input and forks a child for it, so that each store has a memory of its own to be measured and costs no start.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from operator import methodcaller
from types import TracebackType
from typing import Any, Self, TypeAlias

from tb_runhistory.cli.group import main as run_command
from tb_runhistory.errors import NotFound, RunHistoryError
from tb_runhistory.plugin import run_pages
from tb_runhistory.plugin.exporting import export
from tb_runhistory.plugin.requests import ExportFormat, ExportRequest, export_request
from tb_runhistory.plugin.run_pages import to_json
from tb_runhistory.query.groups import GroupColumn, GroupQuery
from tb_runhistory.query.parsing import parse_column, parse_filter, parse_order
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import Attribute, Column, Field, LabelKind, Metric, Parameter, Statistic
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import DataClass, SetParameter, SetTags, StartRun
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, BuiltRun, History

SECONDS = 60.0
"""How long a child may be at it before it is ended."""

NO_DIGESTS = ("../../etc/passwd", "/etc/passwd", "", "a" * 64)
NO_ARTIFACT = "artifact"
"""Begins the names of the questions for these, all of which are to be refused."""

NEW_RUN = "a new run"
_ADDRESS_SPACE = 4 << 30
_FEW = 40
_PARTS = 3
"""The heading of a table and a thousand of its runs."""

_MOST_OUTPUT = 100_000
_MOST_WHOLE = 1_000_000
_NOW = 1_700_000_100.0
_HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FILTERS = (
    "metrics.loss < 1 or metrics.loss.first > 0",
    "inherited.params.data LIKE '%a%' or params.data IN (1, 'x', true)",
    "tags.kind ~ '.' or properties.git IS NULL",
    "count(descendants[status = 'Failed']) >= 0 and any(leaves.name != '')",
    "started > '2020-01-01' or duration > 1 or not parent.experiment = 'mnist'",
)
COLUMNS = (
    "metrics.loss.mean",
    "inherited.params.data",
    "root.tags.kind",
    "best(leaves.metrics.loss.min)",
    "median(repeats.metrics.loss)",
    "count(descendants)",
    "coalesce(metrics.loss, max(children.metrics.loss))",
)

Ask: TypeAlias = Callable[[RunHistoryReader], object]


@dataclass
class Outcome:
    """What became of a task.

    ``crashes`` are tracebacks of questions that ended in anything but an answer or an error of ours, ``refusals`` the
    sentences of those errors, ``seconds`` the processor time of each question. ``memory`` is the most that the process
    had resident, in MiB, ``code`` its exit code, ``output`` what a command printed.
    """

    crashes: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    sound: list[float] | None = None
    memory: float = 0.0
    code: int = 0
    output: str = ""


class Asker:
    """The process that forks children, as the tests have it. Ends with the ``with`` block. ``uri`` is a sound store."""

    def __init__(self, uri: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.asking", uri],
            cwd=_HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def ask(self, uri: str, sound_run: str = "", sound_tag: str = "") -> Outcome:
        """Every question there is, and the points of the series that should be sound."""
        return self._do({"uri": uri, "sound_run": sound_run, "sound_tag": sound_tag})

    def command(self, *arguments: str) -> Outcome:
        """Runs ``tb-runhistory`` with these arguments."""
        return self._do({"arguments": arguments})

    def record(self, uri: str, root_id: str) -> Outcome:
        """Records a new run, and goes on with the tree of ``root_id``, which it has resumed."""
        return self._do({"record": uri, "root_id": root_id})

    def _do(self, task: dict[str, Any]) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))


def ask_everything(reader: RunHistoryReader, outcome: Outcome) -> None:
    """Asks every question of the contract, of all that the store says it has, and notes how each ended."""
    for name, ask in _questions(reader, outcome):
        _try(reader, outcome, name, ask)


def _try(reader: Any, outcome: Outcome, name: str, ask: Callable[[Any], object]) -> Any:
    began = time.process_time()
    try:
        return ask(reader)
    except RunHistoryError as error:
        outcome.refusals[name] = str(error)
    except BaseException:
        outcome.crashes[name] = traceback.format_exc()
    finally:
        outcome.seconds[name] = time.process_time() - began
    return None


def _questions(reader: RunHistoryReader, outcome: Outcome) -> Iterator[tuple[str, Ask]]:
    everything = Scope(stages=ANY_STAGE)
    yield "version", methodcaller("version")
    yield "changes", methodcaller("changes", None)
    for since in (-1, 0, 2**62):
        yield f"changes since {since}", methodcaller("changes", since)
    experiments = _try(reader, outcome, "experiments", methodcaller("experiments"))
    yield "experiments in scope", methodcaller("experiments", everything)
    runs = _try(reader, outcome, "runs", methodcaller("runs", everything))
    known = runs.run_id[:_FEW] if runs is not None else []
    scopes = {
        "all": everything,
        "active": Scope(),
        "few": Scope(only=tuple(known)),
        "below": Scope(run_ids=tuple(known)),
    }
    names = experiments.name[:3] if experiments is not None else []
    scopes |= {f"experiment {place}": Scope(experiment=name) for place, name in enumerate(names)}
    for text in (*known[:3], *(runs.chosen_id[:3] if runs is not None else ()), "sound", "x" * 10_000):
        yield f"find {text[:40]}", methodcaller("find_runs", text)
    for name, scope in scopes.items():
        yield from _questions_in(name, scope)
    yield from _pages(known)
    yield from _searches(known)
    yield from _messages()
    for kind in DataClass:
        listed = _try(reader, outcome, f"series of {kind}", methodcaller("series", everything, kind))
        if listed is not None and len(listed):
            yield from _values(kind, listed)


def _questions_in(name: str, scope: Scope) -> Iterator[tuple[str, Ask]]:
    yield f"runs of {name}", methodcaller("runs", scope)
    yield f"experiments of {name}", methodcaller("experiments", scope)
    yield f"tree columns of {name}", methodcaller("tree_columns", scope)
    yield f"parameters of {name}", methodcaller("parameters", scope)
    yield f"tags of {name}", methodcaller("tags", scope)
    yield f"properties of {name}", methodcaller("properties", scope)
    yield f"directions of {name}", methodcaller("directions", scope)
    for kind in LabelKind:
        yield f"names of {kind} of {name}", methodcaller("label_names", kind, scope)
    yield f"losses of {name}", methodcaller("series", scope, DataClass.SCALAR, ["loss"])


def _pages(parents: list[str]) -> Iterator[tuple[str, Ask]]:
    metric, parameter = Metric("loss"), Parameter("data", inherited=True)
    sorts: list[Column] = [*map(Field, Attribute), metric, parameter]
    for sort in sorts:
        query = TreeQuery(_NOW, sort=sort, columns=(metric, parameter))
        yield f"roots by {sort}", methodcaller("tree_page", query)
    for parent in parents:
        query = TreeQuery(_NOW, parent_id=parent, columns=(metric, parameter))
        yield f"children of {parent}", methodcaller("tree_page", query)
    late = TreeQuery(_NOW, offset=10**9, limit=1000)
    yield "roots far behind the last", methodcaller("tree_page", late)


def _searches(known: list[str]) -> Iterator[tuple[str, Ask]]:
    scope = Scope(stages=ANY_STAGE)
    for text in FILTERS:
        search = RunSearch(_NOW, scope, parse_filter(text), parse_order("metrics.loss, params.data DESC, name"))
        yield f"search for {text}", methodcaller("search", search)
        yield f"page with {text}", methodcaller("tree_page", TreeQuery(_NOW, scope, filter=search.filter))
    columns = [*map(Field, Attribute), *map(parse_column, COLUMNS)]
    yield "values of all columns", methodcaller("run_values", known, columns, scope, _NOW)
    yield "cells of all columns", methodcaller("cells", known, columns, _NOW)
    for column in columns:
        yield f"frequent values of {column}", methodcaller("column_values", column, scope, _NOW)
        grouped = GroupQuery(_NOW, column, scope, columns=(GroupColumn(Statistic.MEDIAN, column),))
        yield f"groups by {column}", methodcaller("groups", grouped)


def _messages() -> Iterator[tuple[str, Ask]]:
    """What the tab answers: every value has to be one that JSON has a word for."""
    view = Scope(stages=ANY_STAGE)
    pages = TreeQuery(_NOW, view, columns=tuple(map(parse_column, COLUMNS)), statuses=True, limit=500)
    yield "the overview as it travels", lambda reader: to_json(run_pages.overview(reader, view, view, None, _NOW))
    yield "a page as it travels", lambda reader: to_json(run_pages.run_page(reader, pages))
    for kind in ExportFormat:
        request = export_request({"format": [kind], "column": [*Attribute, *COLUMNS]}, view, _NOW)
        yield f"an export as {kind}", partial(_first_parts, request)


def _first_parts(request: ExportRequest, reader: RunHistoryReader) -> list[bytes]:
    return list(islice(export(reader, request, contextlib.nullcontext), _PARTS))


def _values(kind: DataClass, listed: Any) -> Iterator[tuple[str, Ask]]:
    keys, counts = listed.key, listed.count.tolist()
    window = (-5, 10_000)
    if kind is not DataClass.SCALAR:
        yield f"entries of {kind}", lambda reader: [reader.read_entries([key], 100) for key in keys[:_FEW]]
        yield f"all values of {kind}", methodcaller("read_entries", keys[:_FEW], 1000, all_values=True)
        yield f"entries of {kind} in a window", methodcaller("read_entries", keys[:_FEW], 100, window=window)
        return
    for limit in (1, 64, 1000):
        yield f"charts of {limit} points", methodcaller("read_points", keys[:200], limit)
        yield f"window of {limit}", methodcaller("read_points", keys[:200], limit, window)
    whole = [key for key, count in zip(keys, counts, strict=True) if count <= _MOST_WHOLE][:_FEW]
    yield "charts whole", lambda reader: [len(reader.read_points([key])[0].points) for key in whole] and None
    yield "all values", lambda reader: [len(reader.read_all_values([key])[0]) for key in whole] and None


def _sound(reader: RunHistoryReader, run_id: str, tag: str) -> list[float]:
    """The values of a series that should be untouched, found and listed with its run."""
    scope = Scope(only=(run_id,))
    if reader.runs(scope).run_id != [run_id]:
        raise NotFound(f"the run {run_id} is not listed")
    listed = reader.series(scope, DataClass.SCALAR, [tag])
    [read] = reader.read_points(listed.key, 1000)
    values: list[float] = read.points.values.tolist()
    return values


def _ask(task: dict[str, Any], outcome: Outcome) -> None:
    reader = None
    try:
        reader = open_reader(parse_uri(task["uri"]))
    except RunHistoryError as error:
        outcome.refusals["open"] = str(error)
    except BaseException:
        outcome.crashes["open"] = traceback.format_exc()
    if reader is None:
        return
    with reader:
        ask_everything(reader, outcome)
        for digest in NO_DIGESTS:
            _try(reader, outcome, f"{NO_ARTIFACT} {digest}", methodcaller("read_artifact", digest))
        if task["sound_run"]:
            outcome.sound = _try(
                reader, outcome, "sound", lambda reader: _sound(reader, task["sound_run"], task["sound_tag"])
            )


def _record(task: dict[str, Any], outcome: Outcome) -> None:
    def open_and_record(_: object) -> None:
        with open_writer(parse_uri(task["record"])) as writer:
            history = History(writer, new_id())
            _try(history, outcome, NEW_RUN, _record_new)
            _try(history, outcome, "a known run", partial(_record_more, task["root_id"]))

    _try(None, outcome, "recording", open_and_record)


def _record_new(history: History) -> None:
    history.root("another").log("loss", range(100)).log_texts("notes", [(0, "begun")]).end()


def _record_more(root_id: str, history: History) -> None:
    run = BuiltRun(history, root_id, root_id, root_id, new_id())
    run.apply(StartRun(root_id, root_id, run.session_id, START, "host"), SetTags(root_id, root_id, {"more": None}))
    run.apply(SetParameter(root_id, root_id, "more", 1.5), SetParameter(root_id, root_id, "data", "digits"))
    run.log("loss", range(11_000, 13_000)).log("loss", [5, 3]).log("more", range(9000))
    run.log_texts("notes", [(0, "again"), (7, "more")])
    run.child("one more").log("loss", range(20)).end()
    run.end()


class _Beginning(io.StringIO):
    """Keeps the beginning of what is written, so that what a command prints does not count as its memory."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, _MOST_OUTPUT - self.tell())])
        return len(text)


def _command(task: dict[str, Any], outcome: Outcome) -> None:
    printed = _Beginning()
    began = time.process_time()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            run_command(task["arguments"], prog_name="tb-runhistory")
        except SystemExit as end:
            outcome.code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            outcome.crashes["command"] = traceback.format_exc()
    outcome.seconds["command"] = time.process_time() - began
    outcome.output = printed.getvalue()


def _in_child(task: dict[str, Any], pipe: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    outcome = Outcome()
    try:
        (_ask if "uri" in task else _record if "record" in task else _command)(task, outcome)
    except BaseException:
        outcome.crashes["asking"] = traceback.format_exc()
    with os.fdopen(pipe, "w") as file:
        json.dump(asdict(outcome), file)


def _warm(uri: str) -> None:
    outcome = Outcome()
    _ask({"uri": uri, "sound_run": ""}, outcome)
    for command in ("list", "check"):
        _command({"arguments": (command, uri)}, outcome)
    assert not outcome.crashes, outcome.crashes


def _serve() -> None:
    _warm(sys.argv[1])
    for line in sys.stdin:
        task = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            os.close(reading)
            _in_child(task, writing)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as file:
            said = file.read()
        _, status, used = os.wait4(child, 0)
        outcome = Outcome(**json.loads(said)) if said else Outcome()
        if status:
            outcome.crashes["process"] = f"it ended with the status {status} (14: after {SECONDS:.0f} s)"
        outcome.memory = used.ru_maxrss / 1024
        print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    _serve()
