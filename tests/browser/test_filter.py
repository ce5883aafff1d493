"""The filter of the tab, as a person uses it: written, completed, refused, shown in the tree, selected and linked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.serving import free_port, tensorboard
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab, address_of
from tests.conformance.builder import History
from tests.provider.built import with_parameters
from tests.provider.viewer import wait_for

SWEEPS, TRIALS, FOLDS = 8, 4, 3
RUNS = SWEEPS * (1 + TRIALS * (1 + FOLDS))
# One fold in each third sweep is this good.
GOOD = "metrics.loss < 0.001"
MATCHES = 3


def loss_of(sweep: int, trial: int, fold: int) -> float:
    """What a fold logs last."""
    is_good = sweep % 3 == 1 and trial == 2 and fold == 1
    return 0.0001 * sweep if is_good else 0.1 + 0.01 * (sweep + trial + fold)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """Sweeps of trials of folds, and an experiment beside them."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('filtered')}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        for number in range(SWEEPS):
            sweep = history.root(f"sweep-{number}")
            for trial_number in range(TRIALS):
                trial = sweep.child(f"trial-{number}{trial_number}")
                with_parameters(trial, lr=10.0**-trial_number, model="tree" if trial_number % 2 else "net")
                for fold_number in range(FOLDS):
                    fold = trial.child(f"fold-{number}{trial_number}{fold_number}")
                    last = loss_of(number, trial_number, fold_number)
                    fold.log("loss", range(3), [1.0, 0.5, last])
                    fold.end(
                        RunStatus.FAILED if (number, trial_number, fold_number) == (5, 0, 0) else RunStatus.COMPLETED
                    )
                trial.end()
            sweep.end()
        history.root("alone", "other").log("loss", range(3), [0.9, 0.8, 0.0005]).end()
    return uri


@pytest.fixture(scope="module")
def filtered(uri: StoreUri) -> Iterator[str]:
    """Where a TensorBoard shows it."""
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


@pytest.fixture
def tab(page: Page, filtered: str) -> Tab:
    """The tab once it has chosen the runs that it begins with."""
    tab = Tab.open(page, filtered, experiment="mnist")
    expect(tab.tree.get_by_role("row", selected=True)).to_have_count(FOLDS)
    tab.frame.locator("canvas").first.wait_for()
    return tab


def box(tab: Tab) -> Locator:
    """The box of the filter."""
    return tab.frame.get_by_role("combobox", name="Filter")


def count(tab: Tab) -> Locator:
    """How many runs meet the filter."""
    return tab.frame.get_by_role("search").get_by_role("status")


def linked(tab: Tab) -> str:
    """The filter in the address."""
    found = re.search(r"p\.runhistory\.filter=([^&]*)", tab.page.evaluate("location.hash"))
    return unquote(found.group(1)) if found else ""


def best(tab: Tab) -> list[str]:
    """The names of the rows of matches."""
    names: list[str] = tab.tree.locator("[data-beside=false][data-row] .tree-name .clipped").evaluate_all(
        "names => names.map(name => name.textContent)"
    )
    return names


GOOD_FOLDS = ["fold-721", "fold-421", "fold-121"]


def test_a_filter_shows_matches_deep_in_the_tree_below_what_is_shown_for_their_sake(tab: Tab) -> None:
    box(tab).click()
    tab.page.keyboard.type(GOOD)
    expect(count(tab)).to_have_text(f"{MATCHES} of {RUNS} runs")
    wait_for("the matches", lambda: best(tab) == GOOD_FOLDS)
    beside = tab.row("trial-42").locator(".clipped").first
    style = beside.evaluate("name => [getComputedStyle(name).fontStyle, getComputedStyle(name).color]")
    match = tab.row("fold-421").locator(".clipped").first
    assert style[0] == "italic"
    assert style[1] != match.evaluate("name => getComputedStyle(name).color")
    # The chart follows, as long as nobody has selected anything.
    expect(tab.tree.get_by_role("row", selected=True)).to_have_count(MATCHES)
    assert linked(tab) == GOOD


def test_subtrees_and_a_flat_list_are_a_choice(tab: Tab) -> None:
    box(tab).fill("params.lr = 0.01")
    expect(count(tab)).to_have_text(f"{SWEEPS} of {RUNS} runs")
    assert tab.tree.get_by_role("button", name="Expand trial-72").count() == 0
    tab.frame.get_by_role("button", name="Show matches").click()
    tab.frame.get_by_role("option", name="Whole subtrees").click()
    tab.expand("trial-72")
    expect(tab.row("fold-721")).to_have_attribute("data-beside", "true")
    tab.frame.get_by_role("button", name="Show matches").click()
    tab.frame.get_by_role("option", name="Flat list").click()
    expect(tab.row("trial-02")).to_contain_text("sweep-0")
    assert tab.names() == [f"trial-{sweep}2" for sweep in reversed(range(SWEEPS))]


def test_an_error_marks_its_place_says_what_is_expected_and_leaves_the_rest_alone(tab: Tab) -> None:
    before = tab.names()
    box(tab).click()
    tab.page.keyboard.type("metrics.loss < 'low'")
    tab.frame.get_by_text("a number without quotes").wait_for()
    expect(tab.frame.get_by_role("alert")).to_have_count(0)
    tab.page.keyboard.press("Enter")
    alert = tab.frame.get_by_role("alert")
    expect(alert).to_contain_text("is compared with a number without quotes, not with 'low'")
    expect(tab.frame.locator(".filter-mirror mark")).to_have_text("'low'")
    # The underline lies below the letters that are wrong.
    offset = box(tab).evaluate(
        """input => {
            const pen = document.createElement("canvas").getContext("2d");
            pen.font = getComputedStyle(input).font;
            const mark = input.parentElement.querySelector("mark").getBoundingClientRect();
            const start = input.getBoundingClientRect().left + 8 + pen.measureText("metrics.loss < ").width;
            return Math.abs(mark.left - start);
        }"""
    )
    assert offset < 2
    assert (tab.names(), linked(tab)) == (before, "")
    tab.sort("loss")
    expect(tab.header("loss")).to_have_attribute("aria-sort", "descending")
    box(tab).press("Escape")
    expect(alert).to_have_count(0)


def test_a_filter_is_written_by_the_keyboard_alone(tab: Tab) -> None:
    keyboard = tab.page.keyboard
    tab.row("sweep-7").locator(".clipped").first.click()
    keyboard.press("/")
    expect(box(tab)).to_be_focused()
    for text, option in (("par", "params."), ("mo", "model"), (" = 'n", "'net'")):
        keyboard.type(text)
        tab.frame.get_by_role("option", name=option, exact=True).wait_for()
        keyboard.press("ArrowDown")
        active = box(tab).get_attribute("aria-activedescendant")
        expect(tab.frame.locator(f"[id='{active}']")).to_have_text(option)
        keyboard.press("Enter")
    expect(box(tab)).to_have_value("params.model = 'net'")
    keyboard.press("Enter")
    expect(count(tab)).to_have_text(f"{SWEEPS * TRIALS // 2} of {RUNS} runs")
    keyboard.type(" and d")
    tab.frame.get_by_role("option", name="depth").wait_for()
    keyboard.press("Escape")
    expect(tab.frame.get_by_role("option")).to_have_count(0)
    keyboard.press("Tab")
    expect(box(tab)).not_to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("Escape")
    expect(box(tab)).to_have_value("")
    expect(tab.tree).to_have_attribute("aria-rowcount", re.compile(rf"^({SWEEPS + 1}|\d\d+)$"))


def test_all_matches_are_selected_wherever_they_are(tab: Tab) -> None:
    box(tab).fill("name LIKE 'fold-%2'")
    matches = SWEEPS * TRIALS
    tab.frame.get_by_role("checkbox", name=f"Select all {matches} matching runs").click()
    expect(tab.frame.get_by_text(f"{RUNS} runs, {matches} selected")).to_be_visible()
    tab.frame.get_by_role("button", name="Show matches").click()
    tab.frame.get_by_role("option", name="Flat list").click()
    tab.sort("loss")
    tab.sort("loss")
    expect(tab.header("loss")).to_have_attribute("aria-sort", "ascending")
    tab.frame.get_by_role("button", name="Select runs").click()
    tab.frame.get_by_role("button", name="Only the first 5").click()
    expect(tab.frame.get_by_text(f"{RUNS} runs, 5 selected")).to_be_visible()
    expect(tab.box("fold-002")).to_be_checked()


def test_another_filter_is_shown_from_its_first_row(tab: Tab) -> None:
    for number in range(SWEEPS - 1):
        tab.expand(f"sweep-{number}")
    tab.tree.evaluate("tree => { tree.scrollTop = tree.scrollHeight }")
    expect(tab.row("trial-00")).to_be_in_viewport()
    box(tab).fill("depth < 2")
    expect(count(tab)).to_have_text(f"{SWEEPS * (1 + TRIALS)} of {RUNS} runs")
    expect(tab.row("sweep-7")).to_be_in_viewport()


def test_where_nothing_matches_the_way_back_is_at_hand(tab: Tab) -> None:
    before = tab.names()
    box(tab).fill("metrics.loss < -1")
    tab.frame.get_by_role("heading", name="No run matches").wait_for()
    expect(count(tab)).to_have_text(f"0 of {RUNS} runs")
    tab.tree.locator("xpath=..").get_by_role("button", name="Clear the filter").click()
    wait_for("all runs", lambda: tab.names() == before)


def test_a_link_has_the_filter_and_the_way_back_leads_through_filters(tab: Tab, filtered: str) -> None:
    box(tab).fill(GOOD)
    wait_for("the filter in the address", lambda: linked(tab) == GOOD)
    box(tab).fill("status = 'Failed'")
    wait_for("the other one", lambda: linked(tab) == "status = 'Failed'")
    tab.page.go_back()
    expect(box(tab)).to_have_value(GOOD)
    wait_for("its matches", lambda: best(tab) == GOOD_FOLDS)
    tab.page.go_back()
    expect(box(tab)).to_have_value("")
    tab.page.go_forward()
    expect(box(tab)).to_have_value(GOOD)
    link = address_of(filtered, experiment="mnist", filter="status = 'Failed'", show="flat")
    tab.page.evaluate("link => { location.href = link }", link)
    wait_for("the failed run", lambda: best(tab) == ["fold-500"])
    wrong = address_of(filtered, experiment="mnist", filter="status = 1")
    tab.page.evaluate("link => { location.href = link }", wrong)
    expect(tab.frame.get_by_role("alert")).to_contain_text("status")
    expect(tab.row("fold-500")).to_be_visible()


def test_another_experiment_keeps_the_filter(tab: Tab) -> None:
    box(tab).fill(GOOD)
    expect(count(tab)).to_have_text(f"{MATCHES} of {RUNS} runs")
    tab.frame.get_by_role("button", name="Experiment").click()
    tab.frame.get_by_role("option", name="other").click()
    expect(count(tab)).to_have_text("1 of 1 run")
    expect(tab.row("alone")).to_be_visible()


@pytest.mark.parametrize("bad", ["x" * 1_000_000, "(" * 10_000], ids=["megabyte", "brackets"])
def test_what_is_too_long_is_said_and_asks_for_nothing(tab: Tab, bad: str) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    took = box(tab).evaluate(
        """(input, text) => {
            const start = performance.now();
            input.focus();
            document.execCommand("insertText", false, text);
            return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() - start))));
        }""",
        bad,
    )
    expect(tab.frame.get_by_role("alert")).to_contain_text("too long")
    tab.page.wait_for_timeout(1000)
    assert [url for url in asked if "/v1/" in url and "/v1/version" not in url] == []
    assert took < 3000
    expect(box(tab)).to_have_value("")
    assert tab.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "text",
    [
        "name = '<img src=x onerror=top.hit=1>\u202e👩\u200d👧\u2066'",
        "\u202e\u2066<script>top.hit=1</script> 👩\u200d👧 < 'x",
        "((((((((((" * 40,
    ],
    ids=["markup", "marks", "brackets"],
)
def test_hostile_text_is_text_and_leaves_the_layout_alone(tab: Tab, complaints: list[str], text: str) -> None:
    height = box(tab).bounding_box()
    box(tab).fill(text)
    box(tab).press("Enter")
    tab.frame.locator(".filter-problem p, .no-match").first.wait_for()
    assert box(tab).bounding_box() == height
    assert tab.page.evaluate("window.hit") is None
    assert tab.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [each for each in unusual(complaints) if "400" not in each] == []
    box(tab).fill("depth = 0")
    expect(count(tab)).to_have_text(f"{SWEEPS} of {RUNS} runs")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (900, 700)], ids=["wide", "small"])
def test_nobody_is_left_out(page: Page, filtered: str, theme: str, size: tuple[int, int], tmp_path: Path) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    address = f"{filtered}?darkMode={str(theme == 'dark').lower()}"
    tab = Tab.open(page, address, experiment="mnist", filter=GOOD)
    wait_for("the matches", lambda: "fold-721" in best(tab))
    assert tab.violations() == []
    box(tab).click()
    page.keyboard.press("End")
    page.keyboard.type(" and par")
    tab.frame.get_by_role("option", name="params.").wait_for()
    page.keyboard.press("ArrowDown")
    assert tab.violations() == []
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    tab.frame.get_by_role("alert").wait_for()
    assert tab.violations() == []
    tab.frame.get_by_role("button", name="What a filter can say").click()
    tab.frame.get_by_role("dialog", name="What a filter can say").wait_for()
    assert tab.violations() == []
    page.keyboard.press("Escape")
    tab.frame.get_by_role("button", name="Select runs").click()
    assert tab.violations() == []
