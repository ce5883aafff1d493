"""Filters, roll-ups and completions as the tab's routes answer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.conformance.builder import id_of
from tests.plugin.conftest import Asking


def shown(asking: Asking, question: str, **more: str) -> dict[str, bool]:
    """The names of the runs of a page, and which of them match."""
    parameters = "&".join(f"{name}={quote(value)}" for name, value in {"filter": question, **more}.items())
    return {run["name"]: run["is_match"] for run in asking.json(f"/v1/runs?sort=number&order=asc&{parameters}")["runs"]}


def test_a_filter_shows_matches_below_those_that_lead_to_them(asking: Asking) -> None:
    question = "metrics.accuracy > 0"
    assert shown(asking, question) == {"a sweep": False}
    [trial] = asking.json(f"/v1/runs?parent=sweep&filter={quote(question)}")["runs"]
    assert (trial["is_match"], trial["children"]) == (False, 1)
    [fold] = asking.json(f"/v1/runs?parent=trial-2&filter={quote(question)}")["runs"]
    assert fold["is_match"]


def test_a_filter_can_show_whole_subtrees_or_one_list(asking: Asking) -> None:
    question = "params.data = 'digits'"
    assert shown(asking, question) == {"a sweep": True}
    assert asking.json(f"/v1/runs?filter={quote(question)}")["runs"][0]["children"] == 0
    assert asking.json(f"/v1/runs?filter={quote(question)}&show=subtrees")["runs"][0]["children"] == 3
    listed = shown(asking, "metrics.loss.count = 3 OR depth = 2", show="flat")
    assert listed == dict.fromkeys(["run 2", "run 3", "run 4", "fold"], True)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("min(children.metrics.loss)", {"rolled_up": 1.0, "over": 2, "best": id_of("trial-2")}),
        ("coalesce(metrics.loss, min(leaves.metrics.loss))", {"rolled_up": 3.0, "over": 1, "best": id_of("trial-0")}),
        ("count(descendants[status = 'Failed'])", 1),
        (
            "max(descendants.metrics.accuracy)",
            {"rolled_up": {"non_finite": "Infinity"}, "over": 1, "best": id_of("fold")},
        ),
        ("mean(children.metrics.absent)", None),
        ("params.data", "digits"),
    ],
)
def test_a_cell_says_over_how_many_it_is_and_which_is_the_best(asking: Asking, column: str, cell: Any) -> None:
    page = asking.json(f"/v1/runs?filter={quote('depth = 0 AND name = ')}%27a sweep%27&column={quote(column)}")
    assert page["columns"] == [column]
    assert [run["cells"] for run in page["runs"]] == [[cell]]


def test_the_statuses_of_all_below_are_counted_where_that_is_asked(asking: Asking) -> None:
    plain = asking.json("/v1/runs?sort=number&order=asc")["runs"][0]
    counted = asking.json("/v1/runs?sort=number&order=asc&statuses=1")["runs"][0]
    assert plain["descendants"] == []
    found = {count["status"]: count["runs"] for count in counted["descendants"]}
    assert (found["Completed"], found["Failed"], sum(found.values())) == (2, 1, 4)


@pytest.mark.parametrize(
    ("path", "place", "sentence"),
    [
        ("/v1/runs?filter=metrics.loss+%3C", 14, "expected a number"),
        ("/v1/runs?filter=" + "(" * 10_000, 32, "brackets"),
        ("/v1/runs?filter=name+~+%27(%27", 7, "pattern"),
        ("/v1/runs?column=min(leaves)", 10, "expected"),
        ("/v1/runs?sort=nonsense", 0, "nonsense"),
        ("/v1/runs/matching?filter=depth+%3D+%27a%27", 8, "number"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(asking: Asking, path: str, place: int, sentence: str) -> None:
    response = asking(path)
    problem = response.get_json()
    assert response.status_code == 400
    assert problem["position"] == place, problem
    assert sentence in problem["error"], problem


def test_the_box_offers_names_of_the_store_and_their_values(asking: Asking) -> None:
    def offered(text: str) -> list[str]:
        texts: list[str] = asking.json(f"/v1/completions?text={quote(text)}")["texts"]
        return texts

    assert offered("metrics.") == ["loss", "accuracy"]
    assert offered("params.d") == ["data"]
    assert offered("params.data = ") == ["true", "false", "'digits'"]
    assert "'Failed'" in offered("status = ")
    assert "metrics." in offered("")
    assert offered("metrics.loss < 1 ") == ["AND", "OR"]
    assert offered("tags.") == []


def test_a_filter_of_the_store_s_uri_holds_beside_the_one_that_is_asked(
    open_tab: Callable[..., Asking], store: str
) -> None:
    asking = open_tab(f"{store}?filter={quote('depth < 2')}")
    assert shown(asking, "depth > 0", show="flat") == dict.fromkeys(["run 2", "run 3", "run 4"], True)
    assert asking.json("/v1/runs/matching?filter=depth+%3E+0")["total"] == 3
    assert asking.json("/v1/runs/matching")["total"] == 5
    overview = asking.json("/v1/overview")
    assert (overview["matches"], overview["runs"]) == (5, 6)


def test_groups_are_opened_by_their_condition(asking: Asking) -> None:
    page = asking.json("/v1/groups?by=status&column=best:metrics.loss&column=count:params.lr&sort=runs&order=desc")
    assert page["columns"] == ["best:metrics.loss", "count:params.lr"]
    groups = {group["value"]: group for group in page["groups"]}
    assert {value: group["runs"] for value, group in groups.items()} == {
        "NotResponding": 3,
        "Completed": 2,
        "Failed": 1,
    }
    done = groups["Completed"]
    assert done["cells"] == [
        {"rolled_up": 1.0, "over": 2, "best": id_of("trial-2")},
        {"rolled_up": 2, "over": 2, "best": ""},
    ]
    assert done["statuses"] == [{"status": "Completed", "runs": 2}]
    assert (page["matches"], page["runs_in_scope"]) == (6, 6)
    assert shown(asking, done["condition"], show="tops") == {"run 2": True, "run 4": True}
    inner = asking.json(f"/v1/groups?by=params.lr&filter={quote(done['condition'])}")
    assert (inner["matches"], inner["runs_in_scope"]) == (2, 6)
    within = inner["groups"]
    assert [group["value"] for group in within] == [0.1, {"non_finite": "Infinity"}]
    assert shown(asking, f"({done['condition']}) AND {within[1]['condition']}", show="tops") == {"run 4": True}


def test_a_metric_is_filled_from_the_runs_below_where_that_is_asked_for(asking: Asking) -> None:
    asked = "column=metrics.loss&column=metrics.accuracy.first&column=params.lr&sort=metrics.accuracy"
    bare = {run["name"]: run["cells"] for run in asking.json(f"/v1/runs?parent=sweep&{asked}")["runs"]}
    assert bare["run 4"] == [1.0, None, {"non_finite": "Infinity"}]
    page = asking.json(f"/v1/runs?parent=sweep&{asked}&fill=max(descendants)")
    [first, *others] = page["runs"]
    assert (first["name"], first["cells"][0]) == ("run 4", 1.0)
    assert first["cells"][1] == {"rolled_up": {"non_finite": "Infinity"}, "over": 1, "best": id_of("fold")}
    assert [run["cells"][1] for run in others] == [None, None]
    assert page["columns"][1] == "coalesce(metrics.accuracy.first, max(descendants.metrics.accuracy.first))"


def test_groups_are_of_filled_metrics_too(asking: Asking) -> None:
    asked = "/v1/groups?by=status&column=best:metrics.accuracy&sort=best:metrics.accuracy&order=desc"
    filled = asking.json(f"{asked}&filter=depth+%3D+1&fill=best(leaves)")["groups"]
    assert filled[0]["cells"] == [{"rolled_up": {"non_finite": "Infinity"}, "over": 1, "best": id_of("trial-2")}]
    assert asking.json(f"{asked}&filter=depth+%3D+1")["groups"][0]["cells"] == [None]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/runs/matching?order=best", "Of metrics there is a best"),
        ("/v1/runs/matching?order=best&sort=params.lr", "not of 'params.lr'"),
        ("/v1/groups", "give by=COLUMN"),
        ("/v1/groups?by=nonsense", "no attribute 'nonsense'"),
        ("/v1/groups?by=depth&column=metrics.loss", "a statistic over one of runs, such as mean:metrics.loss"),
        ("/v1/groups?by=depth&column=sum:metrics.loss", "min, max, mean, std, median, count, best"),
        ("/v1/groups?by=depth&sort=created", "a statistic over one of runs"),
        ("/v1/groups?by=depth&order=up", "asc or desc"),
    ],
)
def test_groups_that_cannot_be_made_are_refused_with_a_sentence(asking: Asking, path: str, sentence: str) -> None:
    status, text = asking.problem(path)
    assert status == 400
    assert sentence in text


def test_the_best_of_all_matches_can_be_asked_for(asking: Asking) -> None:
    lowest = asking.json("/v1/runs/matching?filter=depth+%3E+0&sort=metrics.loss&order=best&limit=1")
    below = asking.json(f"/v1/runs/matching?below={id_of('trial-2')}&sort=depth&order=asc")
    assert (below["total"], below["run_ids"]) == (2, [id_of("trial-2"), id_of("fold")])
    best = asking.json("/v1/runs/matching?filter=depth+%3E+0&sort=metrics.loss&order=asc&limit=1")
    assert lowest == best
    assert best == {"total": 4, "run_ids": [id_of("trial-2")]}
