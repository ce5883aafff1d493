"""Roll-ups in the tab's table, as a person uses them: seen, sorted by, and followed to the run that is the best."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.serving import free_port, tensorboard
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab
from tests.conformance.builder import History
from tests.provider.viewer import wait_for

SWEEPS, TRIALS = 3, 130
# Newest first, it stands on the second page of its sweep's trials.
BEST_TRIAL = 7
BEST = {0: 0.03, 1: 0.01, 2: 0.02}


@pytest.fixture(scope="module")
def rolled_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a TensorBoard shows sweeps of trials with one fold each; a fold of the newest sweep failed."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('rolled_up')}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        for number in range(SWEEPS):
            sweep = history.root(f"sweep-{number}")
            for trial_number in range(TRIALS):
                trial = sweep.child(f"trial-{number}-{trial_number}")
                fold = trial.child(f"fold-{number}-{trial_number}")
                last = BEST[number] if trial_number == BEST_TRIAL else 0.5
                fold.log("loss", range(2), [1.0, last]).log("acc.min", range(2), [0.0, 1 - last])
                fold.end(RunStatus.FAILED if (number, trial_number) == (2, 129) else RunStatus.COMPLETED)
                trial.end()
            sweep.end()
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


@pytest.fixture
def tab(page: Page, rolled_up: str) -> Tab:
    return Tab.open(page, rolled_up, selected="")


def best(tab: Tab, name: str, value: str) -> Locator:
    """The rolled-up cell of a run."""
    return tab.row(name).get_by_role("button", name=f"{value} Best of {TRIALS} leaves")


def test_a_sweep_has_the_best_of_its_leaves_and_is_sorted_by_it(tab: Tab, complaints: list[str]) -> None:
    cell = best(tab, "sweep-2", "0.02")
    expect(cell).to_have_attribute("title", f"Best of {TRIALS} leaves\n0.02\nClick or Enter: go to that run")
    # A name that ends like a statistic is a name all the same, and accuracies are the better the higher they are.
    expect(best(tab, "sweep-2", "0.98")).to_be_visible()
    expect(tab.row("sweep-2").locator(".status-below")).to_have_text("1")
    expect(tab.row("sweep-1").locator(".status-below")).to_have_count(0)
    tab.sort("loss")
    tab.sort("loss")
    wait_for("the best sweep first", lambda: tab.names() == ["sweep-1", "sweep-2", "sweep-0"])
    # What the earlier order still asked for is not waited for.
    assert [text for text in unusual(complaints) if "ERR_ABORTED" not in text] == []


def test_numbers_stay_in_line_and_own_ones_look_otherwise(tab: Tab) -> None:
    tab.expand("sweep-2")
    tab.expand(f"trial-2-{TRIALS - 1}")
    rolled = tab.row("sweep-2").locator(".rolled-up-value").first
    own = tab.row(f"fold-2-{TRIALS - 1}").locator(".value-numeric").first
    right = "value => value.getBoundingClientRect().right"
    assert abs(rolled.evaluate(right) - own.evaluate(right)) < 1
    style = "value => getComputedStyle(value).fontStyle"
    assert (rolled.evaluate(style), own.evaluate(style)) == ("italic", "normal")


def test_a_click_leads_to_the_best_run(tab: Tab) -> None:
    best(tab, "sweep-0", "0.03").click()
    row = tab.row(f"fold-0-{BEST_TRIAL}")
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()
    expect(row).to_have_attribute("aria-level", "3")
    expect(tab.row(f"trial-0-{BEST_TRIAL}")).to_have_attribute("aria-expanded", "true")
    tab.page.keyboard.press("ArrowUp")
    expect(tab.row(f"trial-0-{BEST_TRIAL}")).to_be_focused()


def test_the_enter_key_leads_there_too_and_under_a_filter(tab: Tab) -> None:
    tab.frame.get_by_role("combobox", name="Filter").fill("depth < 1")
    expect(tab.frame.get_by_role("search").get_by_role("status")).to_have_text(f"3 of {SWEEPS * (1 + 2 * TRIALS)} runs")
    best(tab, "sweep-1", "0.01").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.frame.get_by_text("The filter leaves that run out.")).to_be_visible()
    tab.frame.get_by_role("combobox", name="Filter").fill("name LIKE '%-1-%'")
    expect(tab.row("trial-1-129")).to_be_visible()
    tab.row("sweep-1").locator(".clipped").first.click()
    keyboard = tab.page.keyboard
    while tab.tree.locator("[data-cell]:focus .rolled-up").count() == 0:
        keyboard.press("ArrowRight")
    keyboard.press("Enter")
    expect(tab.row(f"fold-1-{BEST_TRIAL}")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_left_out(page: Page, rolled_up: str, theme: str) -> None:
    tab = Tab.open(page, f"{rolled_up}?darkMode={str(theme == 'dark').lower()}", selected="")
    best(tab, "sweep-0", "0.03").click()
    expect(tab.row(f"fold-0-{BEST_TRIAL}")).to_be_focused()
    assert tab.violations() == []
