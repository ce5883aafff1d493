"""The Chromium of this machine, how it is started, and when a dashboard of TensorBoard is ready to be looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Dashboard:
    """A tab of TensorBoard: its place in the address, and what stands on the page once it shows data."""

    route: str
    shown: str


DASHBOARDS = {
    "time-series": Dashboard("timeseries", "scalar-card line-chart"),
    "scalars": Dashboard("scalars", "tf-scalar-card vz-line-chart2"),
    "hparams": Dashboard("hparams", "tf-hparams-table-view vaadin-grid-cell-content"),
    "text": Dashboard("text", "tf-text-loader tf-markdown-view"),
}


def find_browser() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A running browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_browser(), args=list(ARGUMENTS))
        try:
            yield running
        finally:
            running.close()


def open_dashboard(page: Page, address: str, name: str) -> None:
    """Opens a dashboard of DASHBOARDS in ``page``."""
    page.goto(f"{address}#{DASHBOARDS[name].route}")


def wait_until_shown(page: Page, name: str) -> None:
    """Waits until the dashboard shows data and asks for nothing more."""
    page.locator(DASHBOARDS[name].shown).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("mat-spinner:visible, paper-spinner-lite[active]:visible").first.wait_for(state="hidden")


def open_tab(page: Page, address: str) -> Frame:
    """Opens the Run History tab at an address that names it, waits for its first row, and returns its frame."""
    page.goto(address)
    frame = page.locator("iframe[src*='name=runhistory']").element_handle().content_frame()
    assert frame is not None
    frame.locator("[data-row='0'] input").wait_for()
    return frame
