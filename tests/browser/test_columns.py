"""Choosing, ordering, pinning and resizing columns, as a person does it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from demo.browser import open_tab
from demo.digits import EXPERIMENT
from tests.browser.tab import Tab, address_of


@pytest.fixture
def tab(page: Page, address: str) -> Tab:
    """The table of the larger sweep, once the page has chosen its columns."""
    tab = Tab.open(page, address, experiment=EXPERIMENT)
    tab.frame.locator("canvas").first.wait_for()
    return tab


def titles(tab: Tab) -> list[str]:
    """The headings of the columns on screen, without that of the names."""
    shown: list[str] = tab.tree.get_by_role("columnheader").all_inner_texts()
    return [" ".join(text.split()) for text in shown[1:]]


def left(tab: Tab, title: str) -> float:
    """Where a column begins."""
    box = tab.header(title).bounding_box()
    assert box is not None
    return box["x"]


def test_a_metric_shows_another_value_and_says_so(tab: Tab) -> None:
    tab.header("accuracy/validation").click(button="right")
    menu = tab.frame.get_by_role("dialog", name="Column accuracy/validation")
    menu.get_by_role("combobox", name="Value").select_option(label="Minimum")
    menu.get_by_role("combobox", name="Over").select_option(label="All below")
    menu.get_by_role("combobox", name="Statistic").select_option(label="Mean")
    expect(tab.header("accuracy/validation").locator(".sort-detail")).to_have_text("min, mean")
    tab.page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(tab.header("accuracy/validation").locator("button.sort")).to_be_focused()
    expect(tab.row("sweep").get_by_title("Mean of")).to_be_visible()
    tab.page.reload()
    again = Tab(tab.page, open_tab(tab.page, tab.address))
    expect(again.header("accuracy/validation").locator(".sort-detail")).to_have_text("min, mean")
    again.header("accuracy/validation").click(button="right")
    again.frame.get_by_role("combobox", name="Value").wait_for()
    again.frame.locator(".tree[aria-busy=false]").wait_for()
    assert again.violations() == []


def test_a_pinned_column_stays_where_the_others_go(tab: Tab) -> None:
    tab.header("activation").click(button="right")
    tab.frame.get_by_role("button", name="Pin, to stay in sight").click()
    expect(tab.tree.get_by_role("columnheader").nth(1)).to_contain_text("activation")
    before = left(tab, "activation")
    tab.tree.evaluate("tree => tree.scrollTo({left: 400})")
    assert left(tab, "Status") < before
    assert left(tab, "activation") == before
    tab.tree.locator("[data-pinned=true]").first.wait_for()
    tab.page.reload()
    again = Tab(tab.page, open_tab(tab.page, tab.address))
    expect(again.tree.get_by_role("columnheader").nth(1)).to_contain_text("activation")


def test_a_column_is_dragged_to_another_place_and_made_wider(tab: Tab) -> None:
    expect(tab.header("activation")).to_be_visible()
    order = titles(tab)
    moved = order.index("activation")
    header, before = tab.header("activation").bounding_box(), tab.header(order[moved - 1]).bounding_box()
    assert header is not None
    assert before is not None
    mouse = tab.page.mouse
    mouse.move(header["x"] + 60, header["y"] + 10)
    mouse.down()
    mouse.move(before["x"] + 10, header["y"] + 10, steps=5)
    mouse.up()
    expect(tab.tree.get_by_role("columnheader").nth(moved)).to_contain_text("activation")
    expect(tab.header("activation")).to_have_attribute("aria-sort", "none")
    box = tab.header("activation").bounding_box()
    assert box is not None
    edge = box["x"] + box["width"] - 2
    mouse.move(edge, box["y"] + 10)
    mouse.down()
    mouse.move(edge + 60, box["y"] + 10, steps=4)
    mouse.up()
    wider = tab.header("activation").bounding_box()
    assert wider is not None
    assert wider["width"] == pytest.approx(box["width"] + 60, abs=2)
    tab.page.reload()
    again = Tab(tab.page, open_tab(tab.page, tab.address)).header("activation").bounding_box()
    assert again is not None
    assert again["width"] == wider["width"]


def test_the_keyboard_moves_resizes_and_hides_a_column(tab: Tab) -> None:
    tab.tree.locator("button.sort").first.focus()
    press = tab.page.keyboard.press
    press("ArrowRight")
    expect(tab.header("Status").locator("button.sort")).to_be_focused()
    press("ArrowRight")
    first = titles(tab)[1]
    expect(tab.header(first).locator("button.sort")).to_be_focused()
    width = (tab.header(first).bounding_box() or {"width": 0})["width"]
    press("Shift+ArrowRight")
    expect(tab.header(first)).to_have_css("width", f"{width + 16:g}px")
    press("Control+ArrowLeft")
    expect(tab.tree.get_by_role("columnheader").nth(1)).to_contain_text(first)
    expect(tab.header(first).locator("button.sort")).to_be_focused()
    press("Alt+ArrowDown")
    menu = tab.frame.get_by_role("dialog", name=f"Column {first}")
    expect(menu.get_by_role("button", name="Sort,").first).to_be_focused()
    press("Escape")
    expect(tab.header(first).locator("button.sort")).to_be_focused()
    press("Alt+ArrowDown")
    menu.get_by_role("button", name="Hide").press("Enter")
    expect(tab.header(first)).to_have_count(0)


def test_columns_are_found_shown_and_put_into_order_in_the_list_of_them(tab: Tab) -> None:
    tab.frame.get_by_role("button", name="Columns").click()
    choice = tab.frame.get_by_role("dialog", name="Columns")
    choice.get_by_role("searchbox").fill("host")
    choice.get_by_role("checkbox", name="Host").check()
    choice.get_by_role("searchbox").fill("count(leaves)")
    choice.get_by_role("checkbox", name="count(leaves)").check()
    choice.get_by_role("searchbox").fill("")
    choice.get_by_role("button", name="Move Host").press("ArrowUp")
    choice.get_by_role("button", name="Pin count(leaves)").click()
    tab.frame.locator(".tree[aria-busy=false]").wait_for()
    assert tab.violations() == []
    tab.page.keyboard.press("Escape")
    expect(tab.tree.get_by_role("columnheader").nth(1)).to_contain_text("count(leaves)")
    expect(tab.row("sweep").locator("[data-cell='1']")).to_have_text("10")


def test_a_column_of_an_address_that_is_none_is_left_out(page: Page, address: str) -> None:
    open_tab(page, address_of(address, experiment=EXPERIMENT, columns="metric:loss,status,stauts,params.activation"))
    tab = Tab(page, page.frames[-1])
    assert titles(tab) == ["Status", "activation"]
