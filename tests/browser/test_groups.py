"""Runs in groups, as a person uses them: chosen, unfolded, sorted, filtered, selected, linked, while runs arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.browser import open_tab
from demo.serving import free_port, tensorboard
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab
from tests.conformance.builder import History
from tests.provider.built import with_parameters
from tests.provider.viewer import wait_for

MODEL, RATE = "inherited.params.model", "inherited.params.lr"
SWEEPS, TRIALS, FOLDS = 3, 4, 2
MARKUP = "<img src=x onerror=top.hit=1>\u202e'\"`"


@pytest.fixture
def uri(tmp_path: Path) -> StoreUri:
    """Sweeps of trials of two models and two rates; their folds log the loss."""
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        for number in range(SWEEPS):
            sweep = history.root(f"sweep-{number}")
            for place in range(TRIALS):
                trial = sweep.child(f"trial-{number}{place}")
                with_parameters(trial, lr=0.1 if place < 2 else 0.01, model="tree" if place % 2 else "net")
                for fold_number in range(FOLDS):
                    fold = trial.child(f"fold-{number}{place}{fold_number}")
                    fold.log("loss", range(3), [1.0, 0.5, (1 + place) / 10])
                    fold.end(RunStatus.FAILED if (number, place, fold_number) == (2, 1, 0) else RunStatus.COMPLETED)
                trial.end()
            sweep.end()
        with_parameters(history.root("odd"), model=MARKUP).end()
    return uri


@pytest.fixture
def server(uri: StoreUri) -> Iterator[str]:
    """Where a TensorBoard shows it."""
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


def group(tab: Tab, name: str) -> Locator:
    """The row of a group, such as "model: net"."""
    box = tab.frame.get_by_role("checkbox", name=f"Select the runs with {name}", exact=True)
    return tab.tree.locator("[data-row]").filter(has=box)


def drawn(tab: Tab) -> list[str]:
    """The rows downwards, indented by their level: runs by their names, groups by their columns and values."""
    rows: list[str] = tab.tree.locator("[data-row]").evaluate_all(
        """rows => rows
            .sort((a, b) => a.dataset.row - b.dataset.row)
            .map(row => "  ".repeat(row.ariaLevel - 1)
                + (row.querySelector("input")?.ariaLabel.replace(/Select (the runs with )?/, "") ?? "…"))"""
    )
    return rows


def group_by(tab: Tab, *columns: str) -> None:
    """Chooses columns in the menu."""
    tab.frame.get_by_role("button", name="Group runs").click()
    for column in columns:
        tab.frame.get_by_role("dialog", name="Group runs").get_by_label(column).check()
    tab.page.keyboard.press("Escape")


def test_groups_are_chosen_unfolded_and_linked(page: Page, server: str, complaints: list[str]) -> None:
    tab = Tab.open(page, server)
    group_by(tab, "model", "lr")
    expect(group(tab, "model: net")).to_contain_text(str(SWEEPS * TRIALS // 2))
    assert drawn(tab)[1:] == ["model: net", "model: tree", "model: none"]
    expect(group(tab, "model: net")).to_contain_text("0.2")
    tab.expand("model: net")
    tab.expand("lr: 0.01")
    tab.expand("trial-22")
    rows = [
        "model: net",
        "  lr: 0.01",
        "    trial-22",
        "      fold-221",
        "      fold-220",
        "    trial-12",
        "    trial-02",
        "  lr: 0.1",
        "model: tree",
        "model: none",
    ]
    wait_for("the runs", lambda: drawn(tab)[1:] == rows)
    # The sweep that a trial stands below is said beside it.
    expect(tab.row("trial-22")).to_contain_text("sweep-2")
    expect(group(tab, "model: tree")).to_contain_text("Of 6 in the group: 6 completed")
    wait_for("the address", lambda: tab.address.count("expanded") == 1)
    link = tab.address
    page.goto("about:blank")
    again = Tab(page, open_tab(page, link))
    wait_for("the same after a reload", lambda: drawn(again)[1:] == rows)
    assert page.evaluate("window.hit") is None
    assert [each for each in unusual(complaints) if "304" not in each] == []


def test_groups_are_sorted_by_what_they_say_and_filtered(page: Page, server: str) -> None:
    tab = Tab.open(page, server, group=RATE, experiment="mnist", columns="metrics.loss")
    wait_for("the groups", lambda: drawn(tab) == ["lr: 0.01", "lr: 0.1", "lr: none"])
    tab.header("loss").get_by_role("button").first.click()
    wait_for("the highest first", lambda: drawn(tab)[:2] == ["lr: 0.01", "lr: 0.1"])
    tab.header("loss").get_by_role("button").first.click()
    wait_for("the lowest first", lambda: drawn(tab)[:2] == ["lr: 0.1", "lr: 0.01"])
    tab.frame.get_by_role("combobox", name="Filter").fill("depth = 1 and params.model = 'net'")
    expect(tab.frame.get_by_role("search").get_by_role("status")).to_contain_text(f"{SWEEPS * 2} of")
    wait_for("only trials", lambda: drawn(tab) == ["lr: 0.1", "lr: 0.01"])
    expect(group(tab, "lr: 0.1")).to_contain_text(str(SWEEPS))
    expect(tab.frame.get_by_role("button", name="Show matches")).to_have_attribute("aria-disabled", "true")


def test_the_keyboard_does_all_of_it(page: Page, server: str) -> None:
    tab = Tab.open(page, server, group=MODEL, selected="")
    keyboard = page.keyboard
    tab.tree.locator("[data-row='1'] .tree-name").click()
    keyboard.press("ArrowRight")
    expect(tab.row("trial-22")).to_be_visible()
    for key in ("ArrowDown", "ArrowRight"):
        keyboard.press(key)
    expect(tab.row("fold-221")).to_be_visible()
    keyboard.press("ArrowDown")
    expect(tab.row("fold-221")).to_be_focused()
    for _ in range(3):
        keyboard.press("ArrowLeft")
    expect(group(tab, "model: net")).to_be_focused()
    keyboard.press(" ")
    expect(group(tab, "model: net")).to_have_attribute("aria-selected", "true")
    members = SWEEPS * 2 * (1 + FOLDS)
    expect(tab.frame.get_by_text(f"{members} selected")).to_be_visible()
    keyboard.press("Enter")
    expect(group(tab, "model: net")).to_have_attribute("aria-expanded", "false")
    keyboard.press("/")
    page.keyboard.press("Tab")
    assert tab.violations() == []


def test_runs_that_arrive_are_counted_and_move_nothing_under_the_pointer(
    page: Page, server: str, uri: StoreUri
) -> None:
    tab = Tab.open(page, server, group=MODEL)
    expect(group(tab, "model: net")).to_contain_text("6")
    expect(tab.tree.locator("[data-row]")).to_have_count(4)
    group(tab, "model: net").hover()
    with open_writer(uri) as writer:
        history = History(writer, journal_id=new_id())
        with_parameters(history.root("new"), model="a first").end()
        with_parameters(history.root("more"), model="net").end()
    tab.frame.get_by_role("button", name="Show the new order").wait_for()
    expect(tab.tree.locator("[data-row]")).to_have_count(4)
    tab.frame.get_by_role("button", name="Show the new order").click()
    expect(group(tab, "model: net")).to_contain_text("7")
    expect(group(tab, "model: a first")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_left_out(page: Page, server: str, theme: str) -> None:
    address = f"{server}?darkMode={str(theme == 'dark').lower()}"
    tab = Tab.open(page, address, group=f"{MODEL},{RATE}")
    tab.expand("model: net")
    expect(group(tab, "lr: 0.1")).to_be_visible()
    assert tab.violations() == []
    tab.frame.get_by_role("button", name=re.compile("^Group 2")).click()
    tab.frame.get_by_role("dialog", name="Group runs").wait_for()
    assert tab.violations() == []


def test_the_best_below_a_run_are_selected_by_its_menu(page: Page, server: str) -> None:
    tab = Tab.open(page, server, selected="", metric="loss")
    tab.row("sweep-2").locator(".clipped").first.click()
    page.keyboard.press("Shift+F10")
    tab.frame.get_by_role("menuitem", name="Only this run").wait_for()
    assert tab.violations() == []
    tab.frame.get_by_role("menuitem", name="Only the best 5 below by loss").click()
    expect(tab.frame.get_by_text("5 selected")).to_be_visible()
    expect(tab.row("sweep-2")).to_be_focused()
    tab.row("sweep-1").click(button="right")
    tab.frame.get_by_role("menuitem", name="Add it and all below").click()
    expect(tab.frame.get_by_text(f"{5 + 1 + TRIALS * (1 + FOLDS)} selected")).to_be_visible()
    tab.frame.get_by_role("button", name="Select runs").click()
    tab.frame.get_by_role("button", name="Only the best 5").click()
    expect(tab.frame.get_by_text("5 selected")).to_be_visible()
    tab.expand("sweep-0")
    tab.expand("trial-00")
    # The lowest losses, by the metric's name.
    expect(tab.box("fold-000")).to_be_checked()


def test_colours_follow_the_groups_or_a_column_in_table_and_chart(page: Page, server: str) -> None:
    tab = Tab.open(page, server, group=MODEL, selected="", metric="loss")
    color_of = "element => getComputedStyle(element).backgroundColor"
    net = group(tab, "model: net").locator(".tree-color").evaluate(color_of)
    assert net != group(tab, "model: tree").locator(".tree-color").evaluate(color_of)
    group(tab, "model: net").get_by_role("checkbox").click()
    tab.expand("model: net")
    tab.expand("trial-22")
    expect(tab.row("fold-220").locator(".tree-color")).to_have_css("background-color", net)
    wait_for("lines of the group's colour", lambda: tab.pixels(net) > 100)
    legend = tab.frame.get_by_role("list", name="Colors of model")
    expect(legend.get_by_role("listitem")).to_have_text([re.compile("img"), "net", "tree", "none"])
    tab.frame.get_by_role("button", name="Color: Color: model").click()
    tab.frame.get_by_role("option", name="Color: each run").click()
    expect(legend).to_have_count(0)
    assert tab.color("fold-220") != tab.color("fold-221")
    tab.frame.get_by_role("button", name="Color: Color: each run").click()
    page.keyboard.type("lr")
    page.keyboard.press("Enter")
    expect(tab.frame.get_by_role("list", name="Colors of lr")).to_be_visible()
    expect(tab.row("fold-220").locator(".tree-color")).not_to_have_css("background-color", net)
    assert tab.color("fold-220") == tab.color("fold-221")
    before, link = tab.color("fold-220"), tab.address
    assert "color=" in link
    assert tab.violations() == []
    page.goto("about:blank")
    again = Tab(page, open_tab(page, link))
    wait_for("the colour after a reload", lambda: again.color("fold-220") == before)
