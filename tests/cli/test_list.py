"""``tb-runhistory list`` shows the tree of runs, to people and to programs."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest

from tb_runhistory.cli import layout
from tb_runhistory.records.changes import CreateRun
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.cli.conftest import PROGRAM, answer, call, run_program
from tests.conformance.builder import START, History, id_of


def test_the_tree_stands_below_its_experiment(history: str) -> None:
    lines = call("list", history).stdout.splitlines()
    assert lines[0].endswith("5 experiments, 45 runs")
    assert "empty (0 runs)" in lines
    start = lines.index("mnist (32 runs)")
    assert lines[start + 1].split() == ["NAME", "ID", "STATUS", "STARTED", "DURATION", "METRICS"]
    assert lines[start + 2].startswith("sweep ")
    assert lines[start + 3].startswith("├─ rate=0.0 ")
    assert "Completed" in lines[start + 3]
    assert lines[start + 3].endswith("accuracy 0.25  loss 0")
    assert lines[start + 7].startswith("├─ rate=0.4 ")
    assert lines[start + 8].startswith("│  └─ fold ")
    assert "└─ … 10 more: --limit 0 shows all" in lines


def test_the_columns_are_aligned_whatever_the_script(history: str) -> None:
    lines = call("list", history, "-e", "mnist", "--limit", "0").stdout.splitlines()[3:]
    header, *rows = lines
    place = layout.cells(header[: header.index("STATUS")])
    for row in rows:
        state = next(word for word in ("Completed", "Failed") if word in row)
        assert layout.cells(row[: row.index(state)]) == place


def test_the_limit_holds_for_roots_and_for_children_and_zero_is_all(history: str) -> None:
    shown = answer("list", history, "-n", "2")["runs"]
    assert [run["display_name"] for run in shown if run["experiment"] == "mnist"] == ["sweep", "rate=0.0", "rate=0.1"]
    assert len(answer("list", history, "--limit", "0")["runs"]) == 45


def test_a_depth_leaves_out_the_levels_below(history: str) -> None:
    assert [run["depth"] for run in answer("list", history, "-d", "1")["runs"]] == [0] * 8
    assert {run["depth"] for run in answer("list", history, "-d", "2", "-n", "0")["runs"]} == {0, 1}


def test_a_status_keeps_the_ancestors_of_what_matches(history: str) -> None:
    shown = answer("list", history, "--status", "failed")["runs"]
    assert [run["run_id"] for run in shown] == [id_of(name) for name in ("0190-sweep", "0190-trial-04", "0190-fold")]
    assert "There are no such runs." in call("list", history, "--status", "Queued").stdout


def test_json_has_every_run_with_its_place_and_last_values(history: str) -> None:
    listed = answer("list", history, "-e", "mnist", "-n", "0")
    assert listed["store"].endswith("runs.db")
    assert [(each["name"], each["runs"], each["roots"]) for each in listed["experiments"]] == [("mnist", 32, 1)]
    runs = {run["run_id"]: run for run in listed["runs"]}
    trial = runs[id_of("0190-trial-04")]
    assert trial["name"] == "mnist/sweep/rate=0.4"
    assert (trial["parent_id"], trial["children"], trial["metrics"]) == (
        id_of("0190-sweep"),
        1,
        {"accuracy": 0.25, "loss": 4.0},
    )
    assert trial["duration"] == trial["ended_at"] - trial["started_at"]
    assert runs[id_of("0190-fold")]["metrics"] == {"odd": "-Infinity"}
    assert runs[id_of("0190-sweep")]["parent_id"] is None
    order = [run["run_id"] for run in listed["runs"]]
    assert all(order.index(run["parent_id"]) < order.index(run["run_id"]) for run in listed["runs"] if run["parent_id"])


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("--archived", ["away", "away child"]),
        ("--deleted", ["gone"]),
    ],
)
def test_what_is_put_away_is_listed_where_it_is_asked_for(history: str, option: str, names: list[str]) -> None:
    assert not {"away", "away child", "gone"} & {
        run["display_name"] for run in answer("list", history, "-n", "0")["runs"]
    }
    listed = answer("list", history, option)["runs"]
    assert [run["display_name"] for run in listed] == names
    assert {run["stage"] for run in listed} == {option[2:]}
    assert f"Completed, {option[2:]}" in call("list", history, option).stdout


def test_all_is_what_is_active_and_what_is_not(history: str) -> None:
    runs = answer("list", history, "--all", "-n", "0")["runs"]
    assert len(runs) == 48
    assert {run["stage"] for run in runs} == {"active", "archived", "deleted"}


def test_a_tree_may_be_deeper_than_pythons_stack(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'deep.db'}"
    depth = 1500
    ids = [new_id() for _ in range(depth + 1)]
    changes = [
        CreateRun(ids[0], run_id, ids[at - 1] if at else None, "/".join(ids[: at + 1]), "deep", "run", START)
        for at, run_id in enumerate(ids)
    ]
    with open_writer(parse_uri(uri)) as writer:
        History(writer).apply(ids[0], changes)
    listed = call("list", uri, "-n", "0")
    assert listed.exit_code == 0, listed.output
    assert len(listed.stdout.splitlines()) > depth
    assert len(answer("list", uri, "-n", "0")["runs"]) == depth + 1
    assert call("show", uri, ids[-1]).exit_code == 0
    assert call("check", uri).exit_code == 0


def test_a_run_whose_heartbeat_is_old_is_not_responding(history: str) -> None:
    (other,) = answer("list", history, "-e", "ridge")["runs"]
    assert time.time() - other["started_at"] > HEARTBEAT_TIMEOUT_SECONDS
    assert (other["status"], other["ended_at"], other["duration"]) == ("NotResponding", None, 0.0)


def test_a_uri_may_name_a_part_of_the_store(history: str) -> None:
    assert {run["experiment"] for run in answer("list", f"{history}?experiment=ridge")["runs"]} == {"ridge"}
    assert [run["run_id"] for run in answer("list", f"{history}?run=0190-fold")["runs"]] == [id_of("0190-fold")]
    assert call("list", f"{history}?experiment=ridge", "-e", "mnist").exit_code == 2


@pytest.mark.parametrize("where", ["front", "option", "environment", "config"])
def test_the_store_is_found_where_it_is_named(
    history: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if where == "environment":
        monkeypatch.setenv("RUNHISTORY_URI", history)
    elif where == "config":
        (tmp_path / ".runhistory").mkdir()
        (tmp_path / ".runhistory" / "config.json").write_text(f'{{"uri": "{history}"}}')
    named = {"front": [history], "option": ["--store", history]}.get(where, [])
    assert len(answer("list", *named, "-d", "1")["runs"]) == 8


def test_a_terminal_gets_lines_that_fit_and_colors(history: str) -> None:
    for columns in (60, 100):
        shown = on_terminal(columns, "list", history)
        assert max(layout.cells(line) for line in plain(shown).splitlines()) <= columns
        assert "\x1b[33mNotResponding\x1b[0m" in shown
        assert "sweep" in shown


def test_nothing_in_a_store_acts_on_a_terminal(history: str) -> None:
    for arguments in (["list", "-n", "0"], ["show", "0190-fold"]):
        shown = on_terminal(100, *arguments, "--store", history, NO_COLOR="1")
        assert "\x1b" not in shown
        assert "fold" in shown


def on_terminal(columns: int, *arguments: str, **environment: str) -> str:
    """What the command writes to a terminal of so many columns."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdout=child,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": str(columns), **environment},
    )
    os.close(child)
    shown = b""
    with open(parent, "rb", buffering=0) as terminal:
        try:
            while some := terminal.read(4096):
                shown += some
        except OSError:
            pass  # On Linux, the end of what a terminal gets.
    assert process.wait(timeout=60) == 0
    return shown.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    """Without the colors of states."""
    for color in ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"):
        text = text.replace(color, "")
    return text


def test_a_pipe_gets_plain_lines_of_any_length(history: str) -> None:
    shown = run_program("list", history, env=os.environ | {"COLUMNS": "20"}).stdout
    assert "\x1b" not in shown
    assert "accuracy 0.25  loss 0" in shown


def test_a_filter_keeps_the_ancestors_of_what_matches(history: str) -> None:
    asked = "metrics.loss >= 28 or metrics.odd.count = 3"
    shown = answer("list", history, "--filter", asked)["runs"]
    assert [run["display_name"] for run in shown][:2] == ["sweep", "rate=0.4"]
    assert [run["display_name"] for run in shown][3:] == ["rate=2.8", "rate=2.9"]
    narrow = answer("list", f"{history}?filter=metrics.loss%3E28", "--filter", asked)["runs"]
    assert [run["display_name"] for run in narrow] == ["sweep", "rate=2.9"]
    nothing = answer("list", history, "--filter", "depth = 9")
    assert (nothing["experiments"], nothing["runs"]) == ([], [])


def test_siblings_are_sorted_and_columns_shown(history: str) -> None:
    order, column = "metrics.loss DESC", "max(children.metrics.loss)"
    narrow = ("list", history, "--limit=2", "--experiment=mnist")
    arguments = (*narrow, f"--sort={order}", f"--column={column}", "--column=params.on")
    runs = answer(*arguments)["runs"]
    assert [run["display_name"] for run in runs] == ["sweep", "rate=2.9", "rate=2.8"]
    assert [run["columns"] for run in runs] == [
        {column: 29.0, "params.on": True},
        {column: None, "params.on": None},
        {column: None, "params.on": None},
    ]
    assert [run["metrics"] for run in runs] == [{}, {}, {}]
    lines = call(*arguments, "--column", "duration", "--column", "started").stdout.splitlines()[3:]
    assert lines[0].split()[5:] == [column, "params.on", "duration", "started"]
    assert lines[1].split()[6:9] == ["29", "true", "59s"]
    assert all(layout.when(run["started_at"]) in line for run, line in zip(runs, lines[1:], strict=False))


def test_an_error_in_a_question_is_drawn(history: str) -> None:
    for option, text, place in (("--filter", "loss < 1", 0), ("--column", "metrics.", 8), ("--sort", "name up", 5)):
        ended = call("list", history, option, text)
        assert (ended.exit_code, ended.stdout) == (2, "")
        said, drawn, caret = ended.stderr.splitlines()
        assert said.startswith("Error: the ")
        assert f"is wrong at character {place + 1}: " in said
        assert (drawn, caret) == (f"  {text}", f"  {' ' * place}^")
    assert json.loads(call("list", history, "--filter", "loss < 1", "--json").stderr)["error"].endswith("^")


def test_all_matching_runs_are_a_csv_table(history: str) -> None:
    options = ("--filter", "depth = 1", "--column", "metrics.loss", "--sort", "metrics.loss", "--csv")
    printed = call("list", history, *options)
    assert printed.exit_code == 0, printed.output
    heading, *lines = csv.reader(io.StringIO(printed.stdout_bytes.decode("utf-8-sig")))
    assert (heading[:3], heading[-1]) == (["run_id", "parent_id", "experiment"], "metrics.loss")
    listed = answer("list", history, *options[:2], "--limit", "0")["runs"]
    assert {line[0] for line in lines} == {run["run_id"] for run in listed if run["depth"] == 1}
    values = [float(line[-1]) for line in lines if line[-1]]
    assert len(lines) > 20
    assert values == sorted(values)
    archived = call("list", history, "--archived", "--csv").stdout_bytes.decode("utf-8-sig")
    assert {line["stage"] for line in csv.DictReader(io.StringIO(archived))} == {"archived"}
