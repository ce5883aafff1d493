"""Any query string becomes a typed question or is refused with a sentence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.errors import BadRequest
from tb_runhistory.plugin import requests
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.columns import Scope

NAMES = [
    *("parent", "experiment", "filter", "show", "sort", "order", "offset", "limit", "column", "statuses"),
    *("tag", "run", "fill", "first_step", "last_step", "text", "position", "by"),
]
WORDS = [
    "asc",
    "created",
    "inherited.params.a",
    "metrics.loss",
    "inherited.params.",
    "metrics.loss.min",
    "min(leaves.metrics.loss)",
    "flat",
]
TEXTS = st.text() | st.integers().map(str) | st.sampled_from(WORDS)
QUERIES = st.dictionaries(st.sampled_from(NAMES) | st.text(), st.lists(TEXTS, min_size=1, max_size=3), max_size=4)
PAGE = Path(__file__).parents[2] / "docs" / "http-api.md"


@given(QUERIES)
def test_a_page_is_within_bounds_or_refused(query: dict[str, list[str]]) -> None:
    with contextlib.suppress(BadRequest):
        asked = requests.page_request(query, Scope(), 0.0)
        assert isinstance(asked, TreeQuery)
        assert 1 <= asked.limit <= requests.MAX_PAGE
        assert asked.offset >= 0


@given(QUERIES)
def test_matching_runs_groups_and_completions_are_within_bounds_or_refused(query: dict[str, list[str]]) -> None:
    with contextlib.suppress(BadRequest):
        assert 1 <= (requests.matching_request(query, Scope(), 0.0).search.limit or 0) <= requests.MAX_MATCHING
    with contextlib.suppress(BadRequest):
        assert requests.completion_request(query, Scope()).position >= 0
    with contextlib.suppress(BadRequest):
        assert 1 <= requests.groups_request(query, Scope(), 0.0).limit <= requests.MAX_PAGE


@given(QUERIES.map(lambda query: {"tag": ["loss"], "run": ["a", "a"], **query}))
def test_points_are_within_bounds_or_refused(query: dict[str, list[str]]) -> None:
    with contextlib.suppress(BadRequest):
        asked = requests.points_request(query)
        assert asked.tag
        assert len(set(asked.run_ids)) == len(asked.run_ids) >= 1
        assert 1 <= asked.limit <= requests.MAX_POINTS
        assert asked.window is None or -(2**63) <= asked.window[0] <= asked.window[1] < 2**63


def taken(ask: Callable[[], object]) -> set[str]:
    """The names of parameters that the refusal of an unknown one tells."""
    with pytest.raises(BadRequest) as refusal:
        ask()
    names = str(refusal.value).rpartition(": it takes ")[2].removesuffix(".")
    return set() if names == "none" else set(names.split(", "))


def test_the_page_of_documentation_names_every_parameter() -> None:
    unknown = {"?": ["x"]}
    told = {
        "v1/version": taken(lambda: requests.nothing_request(unknown)),
        "v1/overview": taken(lambda: requests.overview_request(unknown, Scope())),
        "v1/columns": taken(lambda: requests.columns_request(unknown, Scope())),
        "v1/runs/by-id": taken(lambda: requests.names_request(unknown)),
        "v1/runs": taken(lambda: requests.page_request(unknown, Scope(), 0.0)),
        "v1/runs/matching": taken(lambda: requests.matching_request(unknown, Scope(), 0.0)),
        "v1/groups": taken(lambda: requests.groups_request(unknown, Scope(), 0.0)),
        "v1/export": taken(lambda: requests.export_request(unknown, Scope(), 0.0)),
        "v1/completions": taken(lambda: requests.completion_request(unknown, Scope())),
        "v1/points": taken(lambda: requests.points_request(unknown)),
    }
    rows = re.findall(r"^\| `(v1/[\w/-]+)` \|([^|]*)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {route: set(re.findall(r"`(\w+)`", cell)) for route, cell in rows} == told
