"""A person opens TensorBoard on a recorded store, in a real browser: the stock dashboards show the runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from demo.browser import DASHBOARDS, open_dashboard, wait_until_shown
from tests.browser.conftest import unusual

TRIAL = "digits-mlp/sweep/trial-00"


def show(page: Page, address: str, name: str) -> None:
    open_dashboard(page, address, name)
    wait_until_shown(page, name)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_nothing_is_wrong_on_the_console(name: str, page: Page, address: str, complaints: list[str]) -> None:
    show(page, address, name)
    assert unusual(complaints) == []


def test_time_series_lists_the_runs_and_draws_their_curves(page: Page, address: str) -> None:
    show(page, address, "time-series")
    table = page.locator("runs-data-table")
    expect(table.get_by_text(f"{TRIAL}/fold-0", exact=True)).to_be_visible()
    page.locator("metrics-tag-filter input").fill("^loss/train$")
    card = page.locator("metrics-filtered-view scalar-card")
    expect(card).to_have_count(1)
    # The table below a chart holds the values that its curves end with.
    expect(card.locator("scalar-card-data-table").get_by_text(f"{TRIAL}/fold-0", exact=True)).to_be_visible()
    expect(card.locator("scalar-card-data-table")).to_contain_text("19")


def test_the_run_table_takes_a_parameter_as_a_column(page: Page, address: str) -> None:
    show(page, address, "time-series")
    table = page.locator("runs-data-table")
    table.locator(".add-button").click()
    page.locator("tb-data-table-column-selector-component").get_by_text("learning_rate").click()
    expect(table.locator("tb-data-table-header-cell").get_by_text("learning_rate")).to_be_visible()
    expect(table.get_by_text("100,000", exact=True).first).to_be_visible()


def test_hparams_shows_a_row_for_each_trial_with_parameters_of_every_type(page: Page, address: str) -> None:
    show(page, address, "hparams")
    table = page.locator("tf-hparams-table-view")
    for column in ("learning_rate", "hidden_size", "activation", "early_stopping"):
        expect(table.get_by_text(column, exact=True).first).to_be_visible()
    for value in ("relu", "gelu", "false", "true", "16.000"):
        expect(table.get_by_text(value, exact=True).first).to_be_visible()


def test_text_shows_texts_as_markdown(page: Page, address: str) -> None:
    show(page, address, "text")
    expect(page.locator("tf-text-loader strong").get_by_text("trial-03", exact=True).first).to_be_visible()
