"""The tab on stores that are wide, long or still growing, and on a page of which a part is missing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.serving import free_port, tensorboard
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.browser.tab import Tab
from tests.conformance.builder import History
from tests.provider.built import with_parameters
from tests.provider.viewer import wait_for

CHILDREN = 250
PARAMETERS = 220


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """A sweep of more runs than a page, and a run of more parameters than an overview speaks of."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('large')}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        sweep = history.root("sweep", "long")
        for number in range(CHILDREN):
            child = sweep.child(f"child-{number:03}")
            with_parameters(child, seed=1_234_567 + number).log("loss", range(3)).end()
        wide = history.root("wide", "wide")
        with_parameters(wide, **{f"layer_{number:03}": number for number in range(PARAMETERS)})
        wide.log("loss", range(5)).end()
    return uri


@pytest.fixture(scope="module")
def large(uri: StoreUri) -> Iterator[str]:
    """Where a TensorBoard shows it."""
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


def test_more_columns_than_an_overview_has_leave_the_metric_in_sight(page: Page, large: str) -> None:
    tab = Tab.open(page, large, experiment="wide")
    expect(tab.header("loss")).to_be_visible()
    tab.frame.locator("canvas").first.wait_for()
    tab.frame.get_by_role("button", name="Columns").click()
    choice = tab.frame.get_by_role("dialog", name="Columns")
    choice.get_by_label("Find a column").fill(f"layer_{PARAMETERS - 1}")
    choice.get_by_role("checkbox", name=f"layer_{PARAMETERS - 1}").check()
    page.keyboard.press("Escape")
    wait_for("the column in the address", lambda: f"layer_{PARAMETERS - 1}" in tab.address)
    tab.tree.evaluate("tree => { tree.scrollLeft = tree.scrollWidth }")
    expect(tab.header(f"layer_{PARAMETERS - 1}")).to_be_visible()


def test_a_family_of_more_runs_than_a_page_is_in_the_chart_at_once(page: Page, large: str) -> None:
    tab = Tab.open(page, large, experiment="long")
    expect(tab.tree.get_by_role("row", selected=True)).to_have_count(5)
    # A seed is a name and no amount.
    expect(tab.row(f"child-{CHILDREN - 1:03}")).to_contain_text(f"{1_234_567 + CHILDREN - 1}")


def test_the_box_of_the_header_selects_what_it_says(page: Page, large: str) -> None:
    tab = Tab.open(page, large, experiment="long")
    expect(tab.tree).to_have_attribute("aria-rowcount", f"{CHILDREN + 2}")
    tab.frame.get_by_role("checkbox", name=f"Select all {CHILDREN + 1} runs").click()
    expect(tab.frame.get_by_text(f"{CHILDREN + 1} runs, {CHILDREN + 1} selected")).to_be_visible()
    tab.tree.evaluate("tree => { tree.scrollTop = tree.scrollHeight }")
    expect(tab.row("child-000")).to_have_attribute("aria-selected", "true")
    color = tab.color("child-000")
    wait_for("the selection in the address", lambda: "selected" in tab.address)
    page.reload()
    frame = page.locator("iframe[src*='name=runhistory']").element_handle().content_frame()
    assert frame is not None
    again = Tab(page, frame)
    expect(frame.get_by_text(f"{CHILDREN + 1} runs, {CHILDREN + 1} selected")).to_be_visible()
    expect(again.tree).to_have_attribute("aria-rowcount", f"{CHILDREN + 2}")
    again.tree.evaluate("tree => { tree.scrollTop = tree.scrollHeight }")
    expect(again.row("child-000")).to_have_attribute("aria-selected", "true")
    assert again.color("child-000") == color


def test_no_row_moves_under_the_pointer_by_itself(page: Page, tmp_path: Path) -> None:
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        for number in range(5):
            history.root(f"run-{number}").log("loss", range(3))
        with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
            tab = Tab.open(page, server.address, selected="")
            before = tab.names()
            tab.row("run-3").hover()
            history.root("late-1").log("loss", [0])
            history.root("late-2").log("loss", [0])
            news = tab.frame.get_by_role("button", name="2 new runs")
            news.wait_for()
            assert tab.names() == before
            tab.row("run-3").locator("input").click()
            expect(tab.row("run-3")).to_have_attribute("aria-selected", "true")
            news.click()
            # At once, and then the rows are held again.
            wait_for("the new runs", lambda: tab.names() == ["late-2", "late-1", *before])
            history.root("late-3").log("loss", [0])
            tab.frame.get_by_role("button", name="1 new run").wait_for()
            page.mouse.move(5, 5)
            wait_for("the newest run", lambda: tab.names()[0] == "late-3")


def test_a_server_that_is_frozen_is_told_from_one_that_is_gone(page: Page, uri: StoreUri) -> None:
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        tab = Tab.open(page, server.address, selected="")
        expect(tab.frame.get_by_text("Live", exact=True)).to_be_visible()
        server.process.send_signal(signal.SIGSTOP)
        try:
            expect(tab.frame.get_by_text("No answer", exact=True)).to_be_visible(timeout=12_000)
            expect(tab.frame.get_by_role("alert")).to_contain_text("has not answered for 5 seconds")
            # What was read stays to be looked at.
            expect(tab.row("sweep")).to_be_visible()
        finally:
            server.process.send_signal(signal.SIGCONT)
        expect(tab.frame.get_by_text("Live", exact=True)).to_be_visible(timeout=12_000)
    expect(tab.frame.get_by_text("No connection", exact=True)).to_be_visible(timeout=12_000)
    expect(tab.frame.get_by_role("alert")).to_contain_text("Is it still running?")


def test_a_part_of_the_page_that_cannot_be_loaded_is_told_in_its_place(page: Page, large: str) -> None:
    page.route("**/plugin/runhistory/static/LinePlot-*.js", lambda route: route.abort())
    tab = Tab.open(page, large, experiment="wide")
    told = tab.frame.get_by_role("alert")
    expect(told).to_contain_text("The chart of loss cannot be shown")
    expect(told).to_contain_text("Reload the page")
    tab.sort("loss")
    expect(tab.header("loss")).to_have_attribute("aria-sort", "descending")


def test_the_toolbar_is_one_stop_and_its_arrows_lead_through_it(page: Page, large: str) -> None:
    tab = Tab.open(page, large)
    tab.frame.get_by_role("button", name="Experiment").focus()
    for name in ("Stages", "Columns"):
        page.keyboard.press("ArrowRight")
        expect(tab.frame.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("End")
    expect(tab.frame.get_by_role("button", name="Export")).to_be_focused()
    page.keyboard.press("Tab")
    assert tab.frame.evaluate("document.activeElement.closest('[role=toolbar]')") is None


def test_without_colours_of_its_own_the_page_still_tells_selected_runs(page: Page, large: str) -> None:
    page.emulate_media(forced_colors="active")
    tab = Tab.open(page, large, experiment="long")
    selected = tab.tree.get_by_role("row", selected=True)
    expect(selected).to_have_count(5)
    colors = selected.locator(".tree-color").evaluate_all(
        "dots => dots.map(dot => getComputedStyle(dot).backgroundColor)"
    )
    assert len(set(colors)) == 5
