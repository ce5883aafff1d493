"""``tb-runhistory show`` tells all that is recorded of one run."""

from __future__ import annotations

import pytest

from tests.cli.conftest import answer, call
from tests.conformance.builder import id_of

TRIAL = id_of("0190-trial-04")


@pytest.mark.parametrize(
    "wanted",
    [TRIAL, TRIAL[:8], TRIAL[-4:], "0190-trial-04", "mnist/sweep/rate=0.4", "sweep/rate=0.4", "rate=0.4"],
)
def test_a_run_is_found_by_its_id_a_part_of_it_a_chosen_one_or_its_name(history: str, wanted: str) -> None:
    assert answer("show", history, wanted)["run"]["run_id"] == TRIAL
    assert answer("show", "-s", history, wanted)["run"]["name"] == "mnist/sweep/rate=0.4"


def test_a_name_in_full_goes_before_parts_of_others(history: str) -> None:
    assert answer("show", history, "ridge/rate=0.1")["run"]["run_id"] == id_of("0190-other")


@pytest.mark.parametrize(
    ("wanted", "exit_code", "says"),
    [
        ("rate=0.1", 2, "may be any of 2 runs, name one by its id: "),
        ("0190-twin", 2, "'0190-twin' may be any of 6 runs, name one by its id: twins/sixth/0190-twin"),
        ("0190-twin", 2, "and 1 more"),
        ("nothing", 1, "has no run 'nothing': tb-runhistory list shows"),
        (TRIAL[:3], 1, f"has no run '{TRIAL[:3]}'"),
    ],
)
def test_what_is_not_one_run_is_refused_with_what_to_do(history: str, wanted: str, exit_code: int, says: str) -> None:
    result = call("show", history, wanted)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert says in result.stderr


def test_json_has_everything_with_its_type(history: str) -> None:
    shown = answer("show", history, "sweep")
    assert shown["parameters"] == [
        {"name": "bad", "kind": "number", "value": "NaN"},
        {"name": "big", "kind": "integer", "value": 2**63},
        {"name": "layers", "kind": "integer", "value": 3},
        {"name": "on", "kind": "boolean", "value": True},
        {"name": "optimizer", "kind": "text", "value": "sgd"},
        {"name": "rate", "kind": "number", "value": 0.1},
        {"name": "text", "kind": "text", "value": "NaN"},
    ]
    assert shown["tags"] == {"bare": None, "kind": "grid"}
    assert shown["properties"] == {"git": "a1"}
    assert (shown["dropped_points"], shown["refused_records"], shown["description"]) == (7, 0, "A **grid**.\nOf rates.")
    assert [child["run_id"] for child in shown["children"]] == [
        id_of(f"0190-trial-{number:02}") for number in range(30)
    ]


def test_json_has_the_facts_of_metrics_and_texts(history: str) -> None:
    (accuracy, loss) = answer("show", history, TRIAL)["metrics"]
    assert (accuracy["tag"], accuracy["count"], accuracy["mean"]) == ("accuracy", 1, 0.25)
    assert (loss["last"], loss["last_step"], loss["minimum"], loss["minimum_step"]) == (4.0, 3, 0.5, 2)
    assert (loss["maximum"], loss["maximum_step"], loss["mean"]) == (4.0, 3, 5.5 / 3)
    (odd,) = answer("show", history, "0190-fold")["metrics"]
    assert (odd["non_finite"], odd["last"], odd["minimum"], odd["mean"]) == (3, "-Infinity", "NaN", "NaN")
    (note,) = answer("show", history, "0190-other")["texts"]
    assert note == {"tag": "note", "count": 1, "last_step": 3, "last": "hello\nthere"}
    (weights,) = answer("show", history, "0190-other")["others"]
    assert weights == {"tag": "weights", "data_class": "tensor", "plugin": "histograms", "count": 2, "last_step": 1}


def test_people_see_all_of_it_too(history: str) -> None:
    shown = call("show", history, "sweep").stdout
    for text in (
        "mnist/sweep\n",
        id_of("0190-sweep"),
        "0190-sweep",
        "7 points found no room",
        "Of rates.",
        "sgd",
        "git",
        "kind",
        "Children (30)",
    ):
        assert text in shown, text
    assert "… 10 more: --json has all" in shown
    failed = call("show", history, "0190-fold").stdout
    assert "Error\n  Boom\n    at �[31m" in failed
    assert "odd: 3 values not finite" in failed
    other = call("show", history, "0190-other").stdout
    assert "hello there" in other
    assert "tensor of histograms" in other


@pytest.mark.parametrize(
    "arguments", [[], ["sqlite:///runs.db"], ["one", "two"], ["sqlite:///a", "run", "-s", "sqlite:///b"]]
)
def test_a_wrong_number_of_arguments_is_said(arguments: list[str]) -> None:
    result = call("show", *arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
