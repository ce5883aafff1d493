"""Names are whatever a program made of them: the tab shows them as text, and stays in shape."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from demo.serving import free_port, tensorboard
from tb_runhistory.records.changes import SetParameter
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.browser.conftest import unusual
from tests.browser.tab import Tab
from tests.conformance.builder import History

NAMES = {
    "html": "<img src=x onerror='top.hit=1;alert(1)'><script>top.hit=1</script><b>bold</b>",
    "quotes": "\"'`${alert(1)}{{7*7}}&amp;",
    "bidirectional": "run \u202egnp.exe\u202c \u2066\u05d0\u05d1\u05d2",
    "emoji": "🏃\u200d♀️ 👩\u200d👩\u200d👧\u200d👦 Å\u0301\u0302\u0303 ﷽",
    "long": ("word " * 45).strip(),
    "unbroken": "x" * 250,
    "path": "../../etc/passwd?a=1&b=2#c%00%2e",
    "blank": "\u00a0",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a TensorBoard shows runs, parameters and metrics with these names."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('hostile')}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        for run_id, name in NAMES.items():
            run = history.root(run_id, NAMES["html"], display_name=name)
            run.log(NAMES["html"], range(20)).log(NAMES["unbroken"], range(20))
            for parameter in NAMES.values():
                run.apply(SetParameter(run.root_id, run.run_id, parameter, parameter))
    with tensorboard([f"--runhistory_uri={uri.whole}"], free_port()) as server:
        yield server.address


@pytest.fixture
def tab(page: Page, hostile: str) -> Tab:
    return Tab.open(page, hostile, selected="")


def test_names_are_text_and_nothing_else(tab: Tab, complaints: list[str]) -> None:
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    tab.page.on("dialog", dismiss)
    wait_until_all_are_shown(tab)
    assert set(tab.names()) == set(NAMES.values())
    for name in ("html", "unbroken"):
        tab.row(NAMES[name]).locator("input").click()
    tab.frame.locator("canvas").first.wait_for()
    tab.frame.get_by_role("button", name="Columns").click()
    tab.frame.get_by_role("dialog", name="Columns").wait_for()
    assert tab.frame.locator("img, b, script:not([src]):has-text('hit')").count() == 0
    assert tab.page.evaluate("window.hit") is None
    assert dialogs == []
    assert unusual(complaints) == []


def test_the_page_keeps_its_shape(tab: Tab) -> None:
    wait_until_all_are_shown(tab)
    assert tab.frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    heights = tab.tree.locator("[data-row]").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert len(set(heights)) == 1
    spilling = tab.tree.locator(".tree-name").evaluate_all(
        "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1).length"
    )
    assert spilling == 0


def test_a_right_to_left_name_turns_nothing_around_it(tab: Tab) -> None:
    wait_until_all_are_shown(tab)
    row = tab.row(NAMES["bidirectional"])
    box, name = row.locator("input").bounding_box(), row.locator(".clipped").first.bounding_box()
    assert box is not None
    assert name is not None
    assert box["x"] < name["x"]


def test_axe_finds_nothing(tab: Tab) -> None:
    wait_until_all_are_shown(tab)
    assert tab.violations() == []


def wait_until_all_are_shown(tab: Tab) -> None:
    expect(tab.tree.locator("[data-row] input")).to_have_count(len(NAMES))
