"""The server's answers are the messages that the frontend's types are made from: every field, every type."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
import sys
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from demo.environment import CHECKOUT
from frontend import generate_messages
from tb_runhistory.plugin import messages
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of
from tests.plugin.conftest import with_ids
from tests.provider.built import with_parameters
from tests.provider.viewer import Viewer

MESSAGES = [kind for kind in vars(messages).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
COLUMNS = (
    "inherited.params.lr",
    "inherited.params.depth",
    "inherited.params.fast",
    "inherited.params.name",
    "metrics.loss",
    "metrics.broken",
    "metrics.absent",
)


def mismatches(value: Any, wanted: Any, place: str = "answer") -> list[str]:
    """Where ``value``, as it came from JSON, is not what ``wanted`` says."""
    origin, options = get_origin(wanted), get_args(wanted)
    if dataclasses.is_dataclass(wanted):
        return mismatches_of_fields(value, wanted, place)
    if origin is Literal:
        return [] if value in options else [f"{place} is {value!r}, which is none of {options}"]
    if origin in (Union, types.UnionType):
        found = [mismatches(value, option, place) for option in options]
        return [] if [] in found else [f"{place} is {value!r}, which no part of {wanted} allows"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{place} is {value!r}, not a list"]
        return [text for index, item in enumerate(value) for text in mismatches(item, options[0], f"{place}[{index}]")]
    # A number of TypeScript's is written with a fraction or without; true is none.
    allowed = (int, float) if wanted is float else wanted
    fits = isinstance(value, allowed) and (wanted is bool or not isinstance(value, bool))
    return [] if fits else [f"{place} is {value!r}, not {wanted}"]


def mismatches_of_fields(value: Any, wanted: Any, place: str) -> list[str]:
    hints = get_type_hints(wanted)
    names = [field.name for field in dataclasses.fields(wanted)]
    if not isinstance(value, dict) or list(value) != names:
        return [f"{place} is {value!r}, and {wanted.__name__} has the fields {names}"]
    return [text for name in names for text in mismatches(value[name], hints[name], f"{place}.{name}")]


def test_a_message_that_is_not_as_it_should_be_is_noticed() -> None:
    good = {"run_id": "a", "count": 1, "total": 2, "damaged": 0, "state": "1-2-0", "is_unchanged": False}
    assert mismatches(good, messages.Series) == []
    bad: list[Any] = [{**good, "count": "1"}, {**good, "count": True}, {**good, "more": 1}, {"run_id": "a"}, [], None]
    assert all(mismatches(each, messages.Series) for each in bad)
    for cell in (True, 1, 1.5, "x", None, {"non_finite": "NaN"}):
        assert mismatches(cell, messages.Cell) == []
    no_cells: list[Any] = [[], {}, {"non_finite": "nan"}, {"non_finite": 1}]
    assert all(mismatches(each, messages.Cell) for each in no_cells)
    assert mismatches([1.0], list[str])


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A TensorBoard on a store with every kind of value that a message can hold."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('contract')}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        sweep = history.root("sweep").log("loss", range(10)).log("broken", [0, 1], [1.0, math.nan])
        with_parameters(sweep, lr=0.1, depth=3, fast=True, name="wide")
        sweep.child("done").log("loss", range(3000)).log("broken", [0], [math.inf]).end()
        sweep.child("failed").log("broken", [0], [-math.inf]).end(RunStatus.FAILED, "ValueError: it broke")
        sweep.child("waiting", display_name="")
        # A parameter of another type than elsewhere.
        with_parameters(history.root("other", "another experiment"), lr="automatic")
    with Viewer(f"--runhistory_uri={uri.whole}") as started:
        yield started


def ask(viewer: Viewer, route: str, *parameters: tuple[str, str]) -> Any:
    return viewer.get(f"data/plugin/runhistory/v1/{with_ids(f'{route}?{urlencode(parameters)}')}")


def columns(*names: str) -> list[tuple[str, str]]:
    return [("column", name) for name in names]


def test_version(viewer: Viewer) -> None:
    assert mismatches(ask(viewer, "version"), messages.Version) == []


@pytest.mark.parametrize("experiment", ["", "mnist", "another experiment"])
def test_overview(viewer: Viewer, experiment: str) -> None:
    answer = ask(viewer, "overview", *([("experiment", experiment)] if experiment else []))
    assert mismatches(answer, messages.Overview) == []
    assert {each["name"] for each in answer["experiments"]} == {"mnist", "another experiment"}


def test_columns(viewer: Viewer) -> None:
    answer = ask(viewer, "columns", ("text", "l"))
    assert mismatches(answer, messages.ColumnPage) == []
    assert [column["column"] for column in answer["columns"]] == ["metrics.loss", "inherited.params.lr"]


def test_names_of_runs(viewer: Viewer) -> None:
    answer = ask(viewer, "runs/by-id", ("run", "done"), ("run", "other"))
    assert mismatches(answer, messages.RunNames) == []
    assert [run["path"] for run in answer["runs"]] == [["sweep"], []]


@pytest.mark.parametrize("parent", ["", "sweep", "done"])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "sort", ["created", "name", "status", "started", "duration", "inherited.params.lr", "metrics.broken"]
)
def test_pages_of_the_tree(viewer: Viewer, parent: str, sort: str, order: str) -> None:
    answer = ask(viewer, "runs", ("parent", parent), ("sort", sort), ("order", order), *columns(*COLUMNS))
    assert mismatches(answer, messages.RunPage) == []
    assert answer["columns"] == list(COLUMNS)
    assert {len(run["cells"]) for run in answer["runs"]} <= {len(COLUMNS)}
    assert answer["total"] == len(answer["runs"]) == {"": 2, "sweep": 3, "done": 0}[parent]


def test_cells_of_every_type(viewer: Viewer) -> None:
    roots = ask(viewer, "runs", ("sort", "name"), ("order", "desc"), *columns(*COLUMNS))["runs"]
    assert roots[0]["cells"] == [0.1, 3, True, "wide", 9.0, {"non_finite": "NaN"}, None]
    assert roots[1]["cells"][0] == "automatic"
    children = ask(viewer, "runs", ("parent", "sweep"), *columns("inherited.params.lr", "metrics.broken"))["runs"]
    cells = {run["name"]: run["cells"] for run in children}
    inherited = {"inherited": 0.1, "source": roots[0]["run_id"]}
    assert cells["done"] == [inherited, {"non_finite": "Infinity"}]
    assert cells["failed"] == [inherited, {"non_finite": "-Infinity"}]
    assert cells["run 4"] == [inherited, None]


def test_filtered_pages(viewer: Viewer) -> None:
    asked = ("filter", "status = 'Failed'"), ("statuses", "1"), ("column", "max(children.metrics.loss)")
    answer = ask(viewer, "runs", *asked)
    assert mismatches(answer, messages.RunPage) == []
    assert (answer["matches"], answer["runs_in_scope"]) == (1, 5)
    [sweep] = answer["runs"]
    assert sweep["cells"] == [{"rolled_up": 2999.0, "over": 1, "best": id_of("done")}]
    assert {count["status"]: count["runs"] for count in sweep["descendants"]}["Failed"] == 1


def test_matching_runs(viewer: Viewer) -> None:
    answer = ask(viewer, "runs/matching", ("filter", "depth = 1"), ("sort", "name"), ("order", "asc"), ("limit", "2"))
    assert mismatches(answer, messages.RunIds) == []
    assert answer == {"total": 3, "run_ids": [id_of("done"), id_of("failed")]}


def test_groups(viewer: Viewer) -> None:
    answer = ask(viewer, "groups", ("by", "params.lr"), ("column", "mean:metrics.loss"), ("column", "max:params.name"))
    assert mismatches(answer, messages.GroupPage) == []
    assert [(group["value"], group["runs"]) for group in answer["groups"]] == [(0.1, 1), ("automatic", 1), (None, 3)]
    assert answer["groups"][0]["cells"] == [{"rolled_up": 9.0, "over": 1, "best": ""}, "wide"]


def test_completions(viewer: Viewer) -> None:
    answer = ask(viewer, "completions", ("text", "metrics.lo < 1"), ("position", "10"))
    assert mismatches(answer, messages.Completions) == []
    assert (answer["start"], answer["stop"], answer["texts"]) == (8, 10, ["loss"])


def test_a_filter_that_is_wrong_says_where(viewer: Viewer) -> None:
    status, text = viewer.status(f"data/plugin/runhistory/v1/runs?{urlencode({'filter': 'metrics.loss << 1'})}")
    problem = json.loads(text)
    assert status == 400
    assert mismatches(problem, messages.Problem) == []
    assert problem["position"] == len("metrics.loss <")
    assert "a number" in " ".join(problem["expected"])
    assert "^" not in problem["error"]


def test_points(viewer: Viewer) -> None:
    parameters = urlencode([("tag", "loss"), ("run", "sweep"), ("run", "failed"), ("run", "done"), ("limit", "100")])
    with urlopen(f"{viewer.url}data/plugin/runhistory/v1/{with_ids(f'points?{parameters}')}", timeout=30) as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        body = response.read()
    (length,) = struct.unpack_from("<I", body)
    assert (4 + length) % 8 == 0
    header = json.loads(body[4 : 4 + length])
    assert mismatches(header, messages.PointsHeader) == []
    assert header["tag"] == "loss"
    counts = {series["run_id"]: (series["count"], series["total"]) for series in header["series"]}
    assert list(counts) == [id_of("sweep"), id_of("done")]
    assert counts[id_of("sweep")] == (10, 10)
    assert counts[id_of("done")][0] <= 100
    assert counts[id_of("done")][1] == 3000
    numbers = memoryview(body[4 + length :]).cast("d") if sys.byteorder == "little" else None
    if numbers is not None:
        assert len(numbers) == 3 * sum(count for count, _ in counts.values())
        assert numbers[:10].tolist() == [float(step) for step in range(10)]
        assert numbers[20:30].tolist() == [float(step) for step in range(10)]


@pytest.mark.parametrize(
    ("route", "status"),
    [
        ("runs?sort=nonsense", 400),
        ("runs?limit=-1", 400),
        ("runs?parent=nobody", 404),
        ("points?run=sweep", 400),
        ("nothing", 404),
    ],
)
def test_problems(viewer: Viewer, route: str, status: int) -> None:
    code, text = viewer.status(f"data/plugin/runhistory/v1/{route}")
    assert code == status
    assert mismatches(json.loads(text), messages.Problem) == []


def test_the_frontend_has_a_type_for_every_message() -> None:
    source = (CHECKOUT / "tb_runhistory" / "plugin" / "messages.py").read_text("utf-8")
    made = generate_messages.typescript_of(source)
    assert len(MESSAGES) >= 10
    for message in MESSAGES:
        interface = made.split(f"export interface {message.__name__} {{\n")[1].split("\n}")[0]
        names = [line.strip().split(":")[0] for line in interface.splitlines()]
        assert names == [field.name for field in dataclasses.fields(message)]


def test_types_become_those_of_typescript() -> None:
    source = (
        '@dataclass\nclass A:\n    """Why."""\n    a: int\n    b: list[float | None]\n    c: Literal["x", "y"]\n'
        '    d: list[A]\nB = bool | str\n"""What."""\n'
    )
    made = generate_messages.typescript_of(source)
    assert (
        '/** Why. */\nexport interface A {\n  a: number;\n  b: (number | null)[];\n  c: "x" | "y";\n  d: A[];\n}'
        in made
    )
    assert "/** What. */\nexport type B = boolean | string;" in made


def test_a_type_that_is_not_known_is_refused_by_its_name() -> None:
    with pytest.raises(generate_messages.UnknownType, match=r"line 3: no TypeScript is known for dict\[str, int\]"):
        generate_messages.typescript_of("@dataclass\nclass A:\n    a: dict[str, int]\n")
