"""A person looks at a chart in a real browser, on a real TensorBoard: hovers, zooms, adds a run, reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from demo.browser import open_tab
from demo.serving import free_port, tensorboard
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab
from tests.conformance.builder import History, id_of
from tests.provider.viewer import wait_for

STEPS = 20_000
ANOTHER_JOURNAL = id_of("another journal")
SPIKE = 13_579


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """A store with three long curves, one of them with a spike, and ten runs of one value each."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('charts')}/runs.db")
    steps = np.arange(STEPS)
    with open_writer(uri) as writer:
        history = History(writer)
        for number in range(3):
            values = 1 + number + np.exp(-steps / 3000)
            values[SPIKE] += 100.0 * (number == 1)
            history.root(f"curve-{number}", "curves").log("loss", range(STEPS), list(values))
        for number in range(10):
            history.root(f"seed-{number}", "seeds").log("accuracy", [0], [0.9 + number / 1000])
    return uri


@pytest.fixture(scope="module")
def address(uri: StoreUri) -> Iterator[str]:
    """Where a TensorBoard shows the store."""
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


@dataclass(frozen=True)
class Chart:
    """The chart of an open tab, with the questions for points that the page has asked."""

    tab: Tab
    asked: list[str]

    @staticmethod
    def open(page: Page, address: str, *runs: str, **view: str) -> Chart:
        """Opens the tab with ``runs`` checked."""
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/v1/points?" in request.url else None)
        tab = Tab.open(page, address, selected="", **view)
        for run in runs:
            tab.box(run).click()
        return Chart(tab, asked)

    @property
    def plot(self) -> Locator:
        """What the pointer moves over."""
        return self.tab.frame.locator(".plot-host")

    @property
    def notes(self) -> Locator:
        """What is said below the plot."""
        return self.tab.frame.locator(".chart-notes")

    @property
    def readout(self) -> Locator:
        """What is said of the point under the pointer."""
        return self.tab.frame.locator(".chart-readout")

    @property
    def reset(self) -> Locator:
        """What takes a zoom back."""
        return self.tab.frame.get_by_role("button", name="Reset zoom")

    def runs_asked(self) -> list[list[str]]:
        """The runs that each question for points names."""
        return [parse_qs(urlsplit(url).query)["run"] for url in self.asked]

    def place(self, across: float, down: float) -> tuple[float, float]:
        """A place on the page, given as shares of the canvas."""
        box = self.plot.bounding_box()
        assert box is not None
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags the pointer from one place to another, given as shares of the canvas."""
        mouse = self.tab.page.mouse
        mouse.move(*self.place(*start))
        mouse.down()
        mouse.move(*self.place(*end), steps=4)
        mouse.up()


@pytest.fixture
def chart(page: Page, address: str) -> Chart:
    """The three curves."""
    opened = Chart.open(page, address, "curve-0", "curve-1", "curve-2", experiment="curves", metric="loss")
    expect(opened.notes).to_contain_text("of 60,000 points, extremes kept")
    return opened


def test_the_point_under_the_pointer_is_read(chart: Chart) -> None:
    chart.tab.page.mouse.move(*chart.place(0.5, 0.5))
    expect(chart.readout).to_contain_text("curve-")
    expect(chart.readout).to_contain_text("step")
    chart.tab.page.mouse.move(*chart.place(0.5, -0.2))
    expect(chart.readout).to_have_count(0)


def test_a_spike_is_there_and_a_zoom_brings_every_point_around_it(chart: Chart) -> None:
    summary = chart.plot.get_attribute("aria-label") or ""
    assert "to 102." in summary or "to 101." in summary
    for _ in range(3):
        chart.drag((0.55, 0.5), (0.8, 0.5))
        expect(chart.reset).to_be_enabled()
    expect(chart.notes).to_contain_text("in this range")
    assert "first_step=" in chart.asked[-1]


def test_nothing_moves_when_a_zoom_comes_and_goes(chart: Chart) -> None:
    before = chart.plot.bounding_box()
    chart.drag((0.3, 0.5), (0.6, 0.5))
    expect(chart.reset).to_be_enabled()
    assert chart.plot.bounding_box() == before
    chart.reset.click()
    expect(chart.reset).to_be_disabled()
    assert chart.plot.bounding_box() == before


def test_plus_and_minus_lead_back_and_never_to_an_empty_plot(chart: Chart) -> None:
    plot = chart.tab.frame.get_by_role("application", name="loss")
    plot.focus()
    plot.press("+")
    expect(chart.reset).to_be_enabled()
    plot.press("-")
    expect(chart.reset).to_be_disabled()
    for _ in range(60):
        plot.press("+")
    colors = [chart.tab.color(f"curve-{number}") for number in range(3)]
    wait_for("a line in sight", lambda: any(chart.tab.pixels(color) > 20 for color in colors))
    plot.press("0")
    expect(chart.reset).to_be_disabled()


def test_a_link_shows_the_chart_as_it_was_looked_at(chart: Chart) -> None:
    page = chart.tab.page
    chart.tab.frame.get_by_text("Log", exact=True).click()
    chart.tab.frame.get_by_text("Relative", exact=True).click()
    chart.drag((0.3, 0.5), (0.6, 0.5))
    wait_for("the zoom in the address", lambda: "p.runhistory.zoom=" in page.evaluate("location.href"))
    link, notes = page.evaluate("location.href"), chart.notes.inner_text()
    page.goto("about:blank")
    again = Chart(Tab(page, open_tab(page, link)), [])
    expect(again.tab.frame.get_by_role("radio", name="Log")).to_be_checked()
    expect(again.tab.frame.get_by_role("radio", name="Relative")).to_be_checked()
    expect(again.reset).to_be_enabled()
    expect(again.notes).to_have_text(notes)


def test_a_run_that_is_checked_costs_its_own_points(page: Page, address: str) -> None:
    chart = Chart.open(page, address, "curve-0", "curve-1", experiment="curves", metric="loss")
    expect(chart.notes).to_contain_text("of 40,000 points")
    before = {run for runs in chart.runs_asked() for run in runs}
    assert len(before) == 2
    chart.asked.clear()
    chart.tab.box("curve-2").click()
    expect(chart.notes).to_contain_text("of 60,000 points")
    [[added]] = chart.runs_asked()
    assert added not in before
    chart.tab.box("curve-1").click()
    expect(chart.notes).to_contain_text("of 40,000 points")
    assert len(chart.asked) == 1


def test_of_a_store_that_has_changed_only_what_has_changed_travels(chart: Chart, uri: StoreUri) -> None:
    # Rows stay where they are while somebody points at one.
    chart.tab.page.mouse.move(*chart.place(0.5, 0.5))
    sizes: list[int] = []
    chart.tab.page.on(
        "response", lambda answer: sizes.append(len(answer.body())) if "/v1/points?" in answer.url else None
    )
    with open_writer(uri) as writer:
        History(writer, ANOTHER_JOURNAL).root("newcomer", "curves").log("loss", [0, 1], [2.0, 1.0])
        expect(chart.tab.box("newcomer")).to_be_visible()
        wait_for("an answer to the chart", lambda: sizes)
    assert max(sizes) < 2_000
    chart.tab.box("newcomer").click()
    expect(chart.notes).to_contain_text("of 60,002 points")
    assert max(sizes) < 2_000


def test_runs_of_one_value_each_are_ranked(page: Page, address: str) -> None:
    runs = [f"seed-{number}" for number in range(10)]
    chart = Chart.open(page, address, *runs, experiment="seeds", metric="accuracy")
    ranked = chart.tab.frame.get_by_role("region", name="accuracy, one value a run").get_by_role("listitem")
    expect(ranked).to_have_count(10)
    expect(ranked.first).to_contain_text("seed-90.909")
    assert chart.tab.violations() == []


def test_where_a_metric_is_missing_another_is_a_click_away(page: Page, address: str) -> None:
    chart = Chart.open(page, address, "seed-0", experiment="seeds", metric="missing")
    chart.tab.frame.get_by_text("The selected run has not logged missing.").wait_for()
    chart.tab.frame.locator(".chart-message").get_by_role("button", name="accuracy").click()
    expect(chart.notes).to_contain_text("1 of 1 point")


def test_a_chart_is_saved_as_a_picture(chart: Chart) -> None:
    with chart.tab.page.expect_download() as download:
        chart.tab.frame.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == "loss.png"
    content = download.value.path().read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


def test_forced_colours_leave_a_chart_to_read(chart: Chart, complaints: list[str]) -> None:
    chart.tab.page.emulate_media(forced_colors="active")
    canvas_text = "getComputedStyle(document.querySelector('.plot-host')).getPropertyValue('--plot-text')"
    assert chart.tab.frame.evaluate(canvas_text).strip() == "CanvasText"
    colors = [chart.tab.frame.locator(".chart-legend line").nth(number).get_attribute("stroke") for number in range(3)]
    assert len(set(colors)) == 3
    expect(chart.plot.locator("canvas").first).to_be_visible()
    assert unusual(complaints) == []
