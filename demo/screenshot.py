"""Takes the pictures of the documents from the store of the demo.

    .venv-test/bin/python demo/screenshot.py [--store .demo/runs.db] [--folder docs/images] [--dark] [DASHBOARD …]

Needs what the tests need: Playwright's Python package and a Chromium.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.browser import DASHBOARDS, browser, open_dashboard
from demo.environment import CHECKOUT
from demo.serving import free_port, tensorboard

WIDTH, HEIGHT = 1440, 900


def main() -> None:
    """Takes one picture of each dashboard that is asked for."""
    options = parse_arguments()
    uri = f"sqlite:///{quote(str(options.store.resolve()))}"
    options.folder.mkdir(parents=True, exist_ok=True)
    with tensorboard([f"--runhistory_uri={uri}"], free_port()) as server, browser() as running:
        for name in options.dashboards:
            page = running.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            open_dashboard(page, f"{server.address}?darkMode={str(options.dark).lower()}", name)
            if name == "time-series":
                page.get_by_role("button", name="Settings").click()
            page.screenshot(path=options.folder / f"{name}{'-dark' if options.dark else ''}.png")
            page.close()


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Takes the pictures of the documents from the store of the demo.")
    parser.add_argument("dashboards", nargs="*", default=["time-series"], choices=DASHBOARDS)
    parser.add_argument("--store", type=Path, default=CHECKOUT / ".demo" / "runs.db")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "docs" / "images")
    parser.add_argument("--dark", action="store_true", help="in dark colours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
