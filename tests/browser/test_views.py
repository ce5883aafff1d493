"""Views and files: what a person saves, shares and takes away, and how an experiment shows itself at first."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.serving import free_port, tensorboard
from tb_runhistory.records.changes import CreateExperiment
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab
from tests.conformance.builder import START, History
from tests.provider.built import with_parameters
from tests.provider.viewer import wait_for

TRIALS = 130


@pytest.fixture(scope="module")
def viewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sweep of more trials than a page, in an experiment with a view of its own, and another without."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('viewed')}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        view = "sort=metrics.loss&order=asc&columns=metrics.loss"
        history.apply("", [CreateExperiment("mnist", START, view=view)])
        sweep = history.root("sweep")
        for number in range(TRIALS):
            trial = with_parameters(sweep.child(f"trial-{number:03}"), lr=number / 10)
            trial.log("loss", range(3), [1.0, 0.5, (number * 37 % TRIALS) / 100]).end()
        for number in range(3):
            history.root(f"other-{number}", experiment="cifar").log("accuracy", range(2)).end()
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


def test_the_whole_table_is_a_file(page: Page, viewed: str, complaints: list[str]) -> None:
    tab = Tab.open(page, viewed, experiment="mnist", filter="params.lr > 0.05", show="flat", columns="params.lr")
    tab.frame.get_by_role("button", name="Export").click()
    expect(tab.frame.get_by_role("dialog", name="Export")).to_contain_text("All runs that match the filter")
    assert tab.violations() == []
    with page.expect_download() as download:
        tab.frame.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "runs.csv"
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as content:
        heading, *lines = csv.reader(content)
    assert (heading[-1], len(lines)) == ("params.lr", TRIALS - 1)
    assert {line[3] for line in lines} == {"sweep"}
    assert [line[4] for line in lines[:2]] == [f"trial-{TRIALS - 1}", f"trial-{TRIALS - 2}"]
    tab.frame.get_by_role("button", name="Export").press("Enter")
    with page.expect_download() as download:
        tab.frame.get_by_role("link", name="JSON").press("Enter")
    assert len(json.loads(Path(download.value.path()).read_text("utf-8"))["runs"]) == TRIALS - 1
    assert unusual(complaints) == []


def test_an_experiment_is_shown_in_its_own_view_until_somebody_chooses(page: Page, viewed: str) -> None:
    tab = Tab.open(page, viewed, experiment="mnist")
    loss = tab.header("loss")
    expect(loss).to_have_attribute("aria-sort", "ascending")
    expect(tab.header("lr")).to_have_count(0)
    assert "sort" not in tab.address
    tab.sort("loss")
    wait_for("a view in the address", lambda: "p.runhistory.columns=metrics.loss" in tab.address)
    page.reload()
    frame = page.frame_locator("iframe[src*='name=runhistory']")
    loss = frame.get_by_role("columnheader").filter(has_text="loss")
    expect(loss).to_have_attribute("aria-sort", "none")


def test_a_view_is_saved_and_shown_again(page: Page, viewed: str, complaints: list[str]) -> None:
    tab = Tab.open(page, viewed, experiment="cifar", sort="name", order="asc")
    expect(tab.header("Run")).to_have_attribute("aria-sort", "ascending")
    tab.frame.get_by_role("button", name="Views").press("Enter")
    expect(tab.frame.get_by_role("textbox", name="Name of the view")).to_be_focused()
    page.keyboard.type("by name")
    page.keyboard.press("Enter")
    expect(tab.frame.get_by_role("status").filter(has_text="saved")).to_be_visible()
    assert tab.violations() == []
    page.keyboard.press("Escape")
    tab.sort("Run")
    expect(tab.header("Run")).to_have_attribute("aria-sort", "descending")
    tab.frame.get_by_role("button", name="Views").click()
    tab.frame.get_by_role("button", name="by name", exact=True).click()
    expect(tab.header("Run")).to_have_attribute("aria-sort", "ascending")
    assert unusual(complaints) == []


def test_a_part_of_the_page_that_cannot_be_had_leaves_a_sentence(page: Page, viewed: str) -> None:
    page.route("**/static/page-*.js", lambda route: route.abort())
    page.goto(f"{viewed}#runhistory")
    told = page.frame_locator("iframe[src*='name=runhistory']").get_by_role("alert")
    expect(told).to_contain_text("could not be loaded")


def test_small_curves_stand_beside_values(page: Page, viewed: str, complaints: list[str]) -> None:
    tab = Tab.open(page, viewed, experiment="mnist", sort="name", order="asc", columns="metrics.loss", curves="1")
    curve = tab.row("trial-003").locator(".curve")
    expect(curve.locator("path")).to_have_attribute("d", re.compile("^M.*L"))
    box = curve.bounding_box()
    assert box is not None
    assert [box["width"], box["height"]] == pytest.approx([56, 18], abs=1)
    tab.frame.get_by_role("button", name="Curves").click()
    expect(curve).to_have_count(0)
    assert unusual(complaints) == []
