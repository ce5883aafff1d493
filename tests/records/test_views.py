"""What a link to the tab says of how runs are shown, and nothing else, is the view of an experiment."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from tb_runhistory.records.views import MOST_CHARACTERS, checked_view


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("sort=metrics.loss&order=asc", "sort=metrics.loss&order=asc"),
        ("filter=params.lr > 1", "filter=params.lr+%3E+1"),
        (
            "http://host:6006/#runhistory&_smoothing=0.6&p.runhistory.columns=metrics.loss,params.lr"
            "&p.runhistory.experiment=mnist&p.runhistory.selected=AZ&p.runhistory.expanded=&p.runhistory.zoom=1,2,,",
            "columns=metrics.loss%2Cparams.lr",
        ),
        ("#runhistory&p.runhistory.filter=name%20%3D%20%27a%26b%27", "filter=name+%3D+%27a%26b%27"),
        ("  ", ""),
    ],
)
def test_a_view_is_read_from_a_link_or_from_what_stands_in_one(text: str, view: str) -> None:
    assert checked_view(text) == view
    assert checked_view(view) == view


@pytest.mark.parametrize("text", ["http://host:6006/#timeseries", "selected=AZ", "mnist", "#"])
def test_what_says_nothing_of_how_runs_are_shown_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="copy a link from the tab"):
        checked_view(text)


def test_it_has_bounds_and_is_a_text() -> None:
    most = "filter=" + "a" * (MOST_CHARACTERS - len("filter="))
    assert dict(parse_qsl(checked_view(most)))["filter"] == most.removeprefix("filter=")
    with pytest.raises(ValueError, match="at most 2,000 characters"):
        checked_view(most + "a")
    with pytest.raises(TypeError, match="a view is a string"):
        checked_view(3)
