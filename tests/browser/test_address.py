"""What the tab shows stands in TensorBoard's address: links, the back button and other dashboards all work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from demo import digits, ridge
from demo.browser import ARGUMENTS, find_browser, open_tab
from tests.browser.tab import Tab, address_of
from tests.provider.viewer import wait_for

UNKNOWN_NAME = "gpu01.corp"


@pytest.fixture
def tab(page: Page, address: str) -> Tab:
    """The tab on the large sweep of the demo, as it opens."""
    tab = Tab.open(page, address, experiment=digits.EXPERIMENT)
    tab.frame.locator("canvas").first.wait_for()
    return tab


def metric(tab: Tab) -> str:
    """The metric of the chart."""
    return tab.frame.get_by_role("button", name="Metric").inner_text().replace("\n", "")


def test_another_metric_is_a_step_back_and_forth(tab: Tab) -> None:
    first = metric(tab)
    tab.frame.get_by_role("button", name="Metric").click()
    tab.frame.get_by_role("option", name="loss/train").click()
    wait_for("the metric in the address", lambda: "metric=loss" in tab.address)
    tab.page.go_back()
    wait_for("the first metric", lambda: metric(tab) == first)
    tab.page.go_forward()
    wait_for("the second metric", lambda: metric(tab) == "loss/train")


def test_a_link_that_is_followed_in_place_changes_what_is_shown(tab: Tab, address: str) -> None:
    link = address_of(address, experiment=ridge.EXPERIMENT, sort="name", order="asc", selected="")
    tab.page.evaluate("link => { location.href = link }", link)
    expect(tab.header("Run").first).to_have_attribute("aria-sort", "ascending")
    expect(tab.frame.get_by_role("button", name="Experiment")).to_contain_text(ridge.EXPERIMENT)
    expect(tab.tree.get_by_role("row", selected=True)).to_have_count(0)


def test_runs_keep_their_colours_and_names_when_the_page_is_opened_again(tab: Tab) -> None:
    chosen = (
        tab.tree.get_by_role("row", selected=True)
        .locator("input")
        .evaluate_all("boxes => boxes.map(box => box.ariaLabel.replace('Select ', ''))")
    )
    assert len(chosen) > 1
    tab.box(chosen[0]).click()
    tab.box("sweep").click()
    colors = {name: tab.color(name) for name in ("sweep", *chosen[1:])}
    legend = tab.frame.locator("main").get_by_text(f"/{chosen[1]}").first.inner_text()
    wait_for("the selection in the address", lambda: "selected" in tab.address)
    link = tab.address
    tab.page.goto("about:blank")
    again = Tab(tab.page, open_tab(tab.page, link))
    expect(again.tree.get_by_role("row", selected=True)).to_have_count(len(colors))
    assert {name: again.color(name) for name in colors} == colors
    # The names of runs whose rows are out of sight are known, too.
    again.frame.get_by_role("button", name="Collapse all").click()
    expect(again.frame.locator("main").get_by_text(legend).first).to_be_visible()


def test_while_another_dashboard_is_shown_nothing_is_asked(tab: Tab) -> None:
    asked: list[str] = []
    tab.box("sweep").click()
    wait_for("the selection in the address", lambda: "selected" in tab.address)
    tab.page.get_by_text("Time Series", exact=True).first.click()
    tab.page.locator("scalar-card line-chart").first.wait_for()
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.wait_for_timeout(5000)
    assert [url for url in asked if "/plugin/runhistory/v1/" in url] == []
    tab.page.get_by_text("Run History", exact=True).first.click()
    expect(tab.row("sweep")).to_have_attribute("aria-selected", "true")
    wait_for("a question", lambda: any("/runhistory/v1/version" in url for url in asked))


@pytest.fixture
def elsewhere(running: Browser) -> Iterator[Page]:
    """A page in a browser for which this machine has a name that TensorBoard does not know."""
    rule = f"--host-resolver-rules=MAP {UNKNOWN_NAME} 127.0.0.1"
    browser = running.browser_type.launch(executable_path=find_browser(), args=[*ARGUMENTS, rule])
    yield browser.new_page(viewport={"width": 1440, "height": 900})
    browser.close()


def test_under_a_name_that_is_not_known_the_tab_says_what_to_set(elsewhere: Page, address: str) -> None:
    elsewhere.goto(address_of(address.replace("localhost", UNKNOWN_NAME)))
    told = elsewhere.frame_locator("iframe[src*='name=runhistory']").get_by_role("alert")
    expect(told).to_contain_text(f"does not know itself as '{UNKNOWN_NAME}")
    expect(told).to_contain_text(f"RUNHISTORY_ALLOWED_HOSTS={UNKNOWN_NAME}")
