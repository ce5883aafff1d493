"""Takes the pictures of the documents from the store of the demo.

    .venv-test/bin/python demo/screenshot.py [--dark] [--folder docs/images] run-history time-series

Needs what the tests need: Playwright's Python package and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.browser import DASHBOARDS, browser, open_dashboard, open_tab, wait_until_shown
from demo.environment import CHECKOUT
from demo.serving import free_port, tensorboard

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH, HEIGHT = 1440, 900
LAYOUT = {"sideBarWidthInPercent": 42, "timeSeriesSettingsPaneOpened": False}
RUNS = "fold-0"
COLUMNS = ("activation", "hidden_size", "learning_rate")
TAB = "run-history"


def main() -> None:
    """Takes one picture of each dashboard that is asked for."""
    options = parse_arguments()
    uri = f"sqlite:///{quote(str(options.store.resolve()))}?experiment={quote(options.experiment)}"
    options.folder.mkdir(parents=True, exist_ok=True)
    with tensorboard([f"--runhistory_uri={uri}"], free_port()) as server, browser() as running:
        address = f"{server.address}?darkMode={str(options.dark).lower()}&runFilter={RUNS}"
        for name in options.dashboards:
            page = running.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.add_init_script(f"localStorage.setItem('_tb_global_settings', '{json.dumps(LAYOUT)}')")
            prepare(page, address, name)
            page.screenshot(path=options.folder / f"{name}{'-dark' if options.dark else ''}.png")
            page.close()


def prepare(page: Page, address: str, name: str) -> None:
    """Opens a dashboard and brings it into the state that the picture shows."""
    if name == TAB:
        show_tab(page, address)
        return
    open_dashboard(page, address, name)
    if name == "time-series":
        add_columns(page)
    if name in ("scalars", "text"):
        # Above forty runs these two start with none selected.
        page.get_by_text("Toggle All Runs").click()
    wait_until_shown(page, name)


def show_tab(page: Page, address: str) -> None:
    """Opens the Run History tab. It is shown as it opens."""
    tab = open_tab(page, f"{address}#runhistory")
    tab.locator("canvas").first.wait_for()
    page.wait_for_load_state("networkidle")


def add_columns(page: Page) -> None:
    """Adds parameters to the run table."""
    page.locator("runs-data-table .add-button").click()
    selector = page.locator("tb-data-table-column-selector-component")
    for name in COLUMNS:
        selector.get_by_text(name).click()
        page.locator("runs-data-table tb-data-table-header-cell").get_by_text(name).wait_for()
    page.mouse.click(WIDTH - 1, HEIGHT - 1)
    selector.wait_for(state="hidden")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Takes the pictures of the documents from the store of the demo.")
    parser.add_argument("dashboards", nargs="+", choices=[TAB, *DASHBOARDS])
    parser.add_argument("--store", type=Path, default=CHECKOUT / ".demo" / "runs.db")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "docs" / "images")
    parser.add_argument("--experiment", default="digits-mlp", help="what is shown of the store (digits-mlp)")
    parser.add_argument("--dark", action="store_true", help="in dark colours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
