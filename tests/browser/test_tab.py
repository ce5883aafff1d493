"""A person opens the Run History tab in a real browser, on a real TensorBoard: what is there, and what it does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from demo import digits, ridge
from demo.browser import open_tab
from demo.serving import free_port, tensorboard
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab
from tests.conformance.builder import History
from tests.provider.viewer import wait_for

TRIALS = ["trial-03", "trial-02", "trial-01", "trial-00"]
FOLDS = ["fold-2", "fold-1", "fold-0"]

RECORD_ONE = """
import sys
from tb_runhistory import Experiment, Workspace

with Experiment(Workspace(sys.argv[1]), "live").start_logging(display_name=sys.argv[2]) as run:
    for step in range(50):
        run.log("loss", 1 / (step + 1), step=step)
"""


@pytest.fixture
def tab(page: Page, address: str) -> Tab:
    """The tab on the large sweep of the demo."""
    return Tab.open(page, address, experiment=digits.EXPERIMENT, selected="")


@pytest.fixture
def alphas(page: Page, address: str) -> Tab:
    """The tab on the small sweep, with its runs unfolded."""
    opened = Tab.open(page, address, experiment=ridge.EXPERIMENT, selected="")
    opened.expand("sweep")
    opened.row(f"alpha={ridge.ALPHAS[-1]:.2f}").wait_for()
    return opened


@pytest.fixture
def own_uri(tmp_path: Path) -> StoreUri:
    """A store of this test alone, with one run."""
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    record_one(uri, "first")
    return uri


@pytest.fixture
def own_address(own_uri: StoreUri) -> Iterator[str]:
    with tensorboard([f"--runhistory_uri={own_uri.whole}"], free_port()) as server:
        yield server.address


def record_one(uri: StoreUri, name: str) -> None:
    subprocess.run([sys.executable, "-c", RECORD_ONE, uri.whole, name], check=True, timeout=60)


def by_last_mse(uri: StoreUri) -> list[str]:
    """The names of the small sweep's runs by their last mse, upwards, as the store has it."""
    with open_reader(uri) as reader:
        runs = reader.runs(Scope(ridge.EXPERIMENT))
        series = reader.series(Scope(ridge.EXPERIMENT), DataClass.SCALAR, ["mse"])
    names = dict(zip(runs.run_id, runs.display_name, strict=True))
    ordered = [names[series.key[index].run_id] for index in np.argsort(series.last_value)]
    return [name for name in ordered if name != "sweep"]


def test_the_tree_begins_with_the_sweeps_of_all_experiments(page: Page, address: str) -> None:
    tab = Tab.open(page, address, selected="")
    assert tab.names() == ["sweep", "sweep"]
    tab.frame.get_by_role("button", name="Experiment").click()
    tab.frame.get_by_role("option", name=digits.EXPERIMENT).click()
    expect(tab.box("sweep")).to_have_count(1)
    tab.frame.get_by_role("button", name="Experiment").click()
    tab.frame.get_by_role("option", name="All experiments").click()
    expect(tab.box("sweep")).to_have_count(2)


def test_at_first_sight_runs_are_drawn_already(page: Page, address: str) -> None:
    tab = Tab.open(page, address)
    selected = tab.tree.locator("[data-row][aria-selected='true']")
    selected.first.wait_for()
    color = selected.first.locator(".tree-color").evaluate("element => getComputedStyle(element).backgroundColor")
    wait_for("a line on the canvas", lambda: tab.pixels(color) > 10)


def test_the_tree_shows_the_runs_of_a_sweep_under_it(tab: Tab) -> None:
    assert tab.names() == ["sweep"]
    tab.expand("sweep")
    expect(tab.row("trial-00")).to_have_attribute("aria-level", "2")
    assert tab.names() == ["sweep", *TRIALS]
    tab.expand("trial-00")
    expect(tab.row("fold-0")).to_have_attribute("aria-level", "3")
    assert tab.names() == ["sweep", *TRIALS, *FOLDS]


def test_a_row_says_the_status_and_the_parameters_of_its_run(tab: Tab) -> None:
    tab.expand("sweep")
    expect(tab.row("trial-03")).to_contain_text("Failed")
    expect(tab.row("trial-00")).to_contain_text("Completed")
    expect(tab.row("trial-03")).to_contain_text("gelu")
    expect(tab.header("learning_rate")).to_be_visible()


def test_columns_can_be_chosen(tab: Tab) -> None:
    tab.frame.get_by_role("button", name="Columns").click()
    choice = tab.frame.get_by_role("dialog", name="Columns")
    choice.get_by_label("Find a column").fill("hidden")
    choice.get_by_role("checkbox").first.uncheck()
    tab.page.keyboard.press("Escape")
    expect(choice).to_have_count(0)
    expect(tab.header("hidden_size")).to_have_count(0)


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_sorting_by_a_metric_is_the_order_of_the_store(order: str, alphas: Tab, demo_uri: StoreUri) -> None:
    expected = by_last_mse(demo_uri)
    assert len(set(expected)) == len(ridge.ALPHAS)
    header = alphas.header("mse")
    for _ in range(2):
        alphas.sort("mse")
        expect(alphas.tree).to_have_attribute("aria-busy", "false")
        if header.get_attribute("aria-sort") == order:
            break
    expect(header).to_have_attribute("aria-sort", order)
    wanted = expected if order == "ascending" else expected[::-1]
    wait_for("the new order", lambda: alphas.names()[1:6] == wanted[:5])
    shown = [name for name in alphas.names() if name.startswith("alpha=")]
    assert shown == wanted[: len(shown)]


def test_selected_runs_are_drawn_in_the_colour_of_their_row(tab: Tab) -> None:
    tab.expand("sweep")
    tab.expand("trial-00")
    for name in ("fold-0", "fold-1"):
        tab.box(name).click()
        expect(tab.row(name)).to_have_attribute("aria-selected", "true")
    first, second = tab.color("fold-0"), tab.color("fold-1")
    assert first != second
    wait_for("both lines on the canvas", lambda: tab.pixels(first) > 50 and tab.pixels(second) > 50)
    tab.box("fold-0").click()
    wait_for("the line's going", lambda: tab.pixels(first) == 0)
    assert tab.pixels(second) > 50


def test_everything_can_be_done_with_the_keyboard(tab: Tab) -> None:
    keyboard, focused = tab.page.keyboard, "document.activeElement.dataset.row ?? ''"
    for _ in range(40):
        if tab.frame.evaluate(focused) == "0":
            break
        keyboard.press("Tab")
    assert tab.frame.evaluate(focused) == "0", "the first row is reached with the Tab key"
    keyboard.press("ArrowRight")
    expect(tab.row("sweep")).to_have_attribute("aria-expanded", "true")
    tab.row("trial-03").wait_for()
    keyboard.press("ArrowDown")
    expect(tab.row("trial-03")).to_be_focused()
    keyboard.press("Space")
    expect(tab.row("trial-03")).to_have_attribute("aria-selected", "true")
    keyboard.press("End")
    expect(tab.row("trial-00")).to_be_focused()
    keyboard.press("ArrowLeft")
    expect(tab.row("sweep")).to_be_focused()
    keyboard.press("ArrowLeft")
    expect(tab.row("sweep")).to_have_attribute("aria-expanded", "false")
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    expect(tab.header("Run").first).not_to_have_attribute("aria-sort", "none")


def test_colours_follow_the_switch_of_tensorboard(tab: Tab) -> None:
    background = (
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    theme = "document.documentElement.dataset.theme"
    assert tab.frame.evaluate(theme) == "light"
    for name, is_dark in (("Dark", True), ("Light", False)):
        tab.page.get_by_role("button", name="Menu for changing light or dark theme").click()
        tab.page.get_by_role("menuitem", name=name).or_(tab.page.get_by_role("menuitemradio", name=name)).click()
        expect(tab.frame.locator(f"html[data-theme='{name.lower()}']")).to_have_count(1)
        assert (tab.frame.evaluate(background) < 200) == is_dark


def test_a_view_is_kept_in_the_address(alphas: Tab) -> None:
    last = f"alpha={ridge.ALPHAS[-1]:.2f}"
    alphas.box(last).click()
    expect(alphas.row(last)).to_have_attribute("aria-selected", "true")
    alphas.sort("mse")
    expect(alphas.header("mse")).not_to_have_attribute("aria-sort", "none")
    sorting = alphas.header("mse").get_attribute("aria-sort")
    wait_for("the view in the address", lambda: "expanded" in alphas.address and "sort=" in alphas.address)
    wait_for("the selection in the address", lambda: bool(re.search(r"selected=[\w-]{22}", alphas.address)))
    link = alphas.address
    alphas.page.goto("about:blank")
    again = Tab(alphas.page, open_tab(alphas.page, link))
    expect(again.header("mse")).to_have_attribute("aria-sort", sorting or "")
    expect(again.row(last)).to_have_attribute("aria-selected", "true")


def test_a_run_that_is_recorded_while_the_tab_is_open_appears(page: Page, own_uri: StoreUri, own_address: str) -> None:
    tab = Tab.open(page, own_address)
    expect(tab.box("second")).to_have_count(0)
    record_one(own_uri, "second")
    expect(tab.row("second")).to_contain_text("Completed", timeout=6000)
    tab.box("first").wait_for()


def test_a_store_that_goes_away_is_said_and_its_return_is_noticed(
    page: Page, own_uri: StoreUri, own_address: str, tmp_path: Path
) -> None:
    tab = Tab.open(page, own_address)
    away = tmp_path / "away"
    away.mkdir()
    files = [path for path in tmp_path.iterdir() if path.name.startswith("runs.db")]
    for path in files:
        path.rename(away / path.name)
    banner = tab.frame.get_by_role("alert").first
    banner.wait_for(timeout=10_000)
    expect(banner).to_contain_text("runs.db")
    expect(banner).not_to_contain_text("Traceback")
    # What was read stays to be looked at.
    expect(tab.box("first")).to_be_visible()
    for path in files:
        os.rename(away / path.name, path)
    banner.wait_for(state="detached", timeout=10_000)
    record_one(own_uri, "second")
    expect(tab.row("second")).to_contain_text("Completed", timeout=6000)


def test_a_tree_with_more_runs_than_a_page_is_scrolled_to_its_end(
    page: Page, own_uri: StoreUri, own_address: str
) -> None:
    with open_writer(own_uri) as writer:
        history = History(writer)
        for number in range(250):
            history.root(f"{number:03}", "many", display_name=f"run-{number:03}")
    tab = Tab.open(page, own_address, experiment="many")
    expect(tab.tree).to_have_attribute("aria-rowcount", "251")
    assert tab.names()[0] == "run-249"
    assert tab.tree.locator("[data-row]").count() < 100
    tab.tree.locator("[data-row='0']").focus()
    page.keyboard.press("End")
    expect(tab.box("run-000")).to_be_visible()
    shown = [name for name in tab.names() if name and name != "run-249"]
    wait_for("the rows of the last page", lambda: "" not in tab.names())
    assert shown == sorted(shown, reverse=True)


def test_nothing_is_wrong_on_the_console(tab: Tab, address: str, complaints: list[str]) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.expand("sweep")
    tab.expand("trial-00")
    tab.box("fold-0").click()
    tab.frame.locator("canvas").first.wait_for()
    tab.sort("Status")
    tab.page.wait_for_load_state("networkidle")
    assert unusual(complaints) == []
    assert asked
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theme: str, page: Page, address: str) -> None:
    tab = Tab.open(
        page, f"{address}?darkMode={str(theme == 'dark').lower()}", experiment=digits.EXPERIMENT, selected=""
    )
    assert tab.frame.evaluate("document.documentElement.dataset.theme") == theme
    tab.expand("sweep")
    tab.expand("trial-00")
    tab.box("fold-0").click()
    tab.frame.locator("canvas").first.wait_for()
    assert tab.violations() == []
    tab.frame.get_by_role("button", name="Columns").click()
    tab.frame.get_by_role("dialog", name="Columns").wait_for()
    # What closes a popover stands beside its dialog, outside of the page's landmarks.
    assert [text for text in tab.violations() if not text.startswith("region: ")] == []
