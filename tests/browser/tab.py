"""The Run History tab as a person sees it: its rows, headers and chart, inside the frame that TensorBoard gives it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from playwright.sync_api import Frame, Locator, Page

from demo.browser import open_tab
from frontend.build import FRONTEND

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"

_NAMES = """rows => rows
    .sort((a, b) => a.dataset.row - b.dataset.row)
    .map(row => row.querySelector("input")?.ariaLabel.replace("Select ", "") ?? "")"""

# How many pixels of all canvases are of a colour such as "rgb(31, 111, 180)".
_PIXELS = """color => {
    const [red, green, blue] = color.match(/\\d+/g).map(Number);
    let count = 0;
    for (const canvas of document.querySelectorAll("canvas")) {
        if (canvas.width * canvas.height === 0) continue;
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4) {
            const distance = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue);
            if (data[i + 3] > 200 && distance < 12) count++;
        }
    }
    return count;
}"""

_AXE = """async () => (await axe.run()).violations.flatMap(
    ({id, help, nodes}) => nodes.map(({target, failureSummary}) => `${id}: ${help}: ${target}: ${failureSummary}`))"""


def address_of(address: str, **view: str) -> str:
    """Where the tab shows a view; ``view`` are the tab's own parameters, such as an experiment."""
    return f"{address}#runhistory" + "".join(f"&p.runhistory.{name}={quote(text)}" for name, text in view.items())


@dataclass(frozen=True)
class Tab:
    """The open tab on ``page``, in its ``frame``."""

    page: Page
    frame: Frame

    @staticmethod
    def open(page: Page, address: str, **view: str) -> Tab:
        """Opens the tab and waits for its first row. ``selected=""`` keeps it from choosing runs by itself."""
        return Tab(page, open_tab(page, address_of(address, **view)))

    @property
    def address(self) -> str:
        """The address of TensorBoard's page now."""
        address: str = self.page.evaluate("location.href")
        return address

    @property
    def tree(self) -> Locator:
        """The tree of runs."""
        return self.frame.get_by_role("treegrid", name="Runs")

    def row(self, name: str) -> Locator:
        """The row of the run called ``name``."""
        box = self.frame.get_by_role("checkbox", name=f"Select {name}", exact=True)
        return self.tree.locator("[data-row]").filter(has=box)

    def box(self, name: str) -> Locator:
        """The box that selects the run called ``name``."""
        return self.tree.get_by_role("checkbox", name=f"Select {name}", exact=True)

    def header(self, name: str) -> Locator:
        """The header of a column."""
        return self.tree.get_by_role("columnheader").filter(has_text=name)

    def sort(self, name: str) -> None:
        """Clicks a header."""
        self.header(name).locator("button.sort").click()

    def expand(self, name: str) -> None:
        """Shows the children of a run."""
        self.tree.get_by_role("button", name=f"Expand {name}", exact=True).click()

    def names(self) -> list[str]:
        """The names of the rows on screen, downwards; "" for a row that has not arrived."""
        names: list[str] = self.tree.locator("[data-row]").evaluate_all(_NAMES)
        return names

    def color(self, name: str) -> str:
        """The colour of a selected run, as "rgb(31, 111, 180)"."""
        color: str = (
            self.row(name).locator(".tree-color").evaluate("element => getComputedStyle(element).backgroundColor")
        )
        return color

    def pixels(self, color: str) -> int:
        """How many pixels of the chart are of a colour."""
        count: int = self.frame.evaluate(_PIXELS, color)
        return count

    def violations(self) -> list[str]:
        """What axe finds wrong with the tab as it is now."""
        # The rules of the page's security policy hold for a script element, not for a debugger.
        self.frame.evaluate(AXE.read_text("utf-8"))
        found: list[str] = self.frame.evaluate(_AXE)
        return found
