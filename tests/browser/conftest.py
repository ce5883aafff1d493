"""A browser, a TensorBoard on a small recording of the demo, and what the page complained about."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from demo.browser import browser
from demo.environment import CHECKOUT
from demo.serving import free_port, tensorboard
from tb_runhistory.uri import StoreUri, parse_uri

# Two ordinary trials, the one that diverges and the one that fails.
RECORD = """
import sys
from demo import digits, recording

grid = digits.grid()
odd = [trial for trial in grid if trial.learning_rate > 1 or trial.activation == "gelu"]
recording.record_missing(sys.argv[1], [*grid[:2], *odd])
"""

# What a plain ``tensorboard --logdir`` with hyperparameters says too: its bundle holds Three.js twice and old widgets.
STOCK_NOISE = (
    "Multiple instances of Three.js being imported.",
    "paper-header-panel is deprecated.",
    "paper-toolbar is deprecated.",
)


def unusual(complaints: list[str]) -> list[str]:
    """The complaints without those that TensorBoard's own page always has."""
    return [text for text in complaints if not any(noise in text for noise in STOCK_NOISE)]


@pytest.fixture(scope="session")
def demo_uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """A store with a small recording of the demo."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('demo')}/runs.db"
    journals = {"RUNHISTORY_JOURNAL_DIR": str(tmp_path_factory.mktemp("demo_journals"))}
    command = [sys.executable, "-c", RECORD, uri]
    subprocess.run(command, cwd=CHECKOUT, env={**os.environ, **journals}, check=True, timeout=120)
    return parse_uri(uri)


@pytest.fixture(scope="session")
def address(demo_uri: StoreUri) -> Iterator[str]:
    """Where a TensorBoard shows the small recording."""
    with tensorboard([f"--runhistory_uri={demo_uri.whole}"], free_port()) as server:
        yield server.address


@pytest.fixture(scope="session")
def running() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    """What the page said on its console, and what it asked for in vain."""
    return []


@pytest.fixture
def page(running: Browser, complaints: list[str]) -> Iterator[Page]:
    opened = running.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    opened.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
    # A question that is overtaken by another is given up by the page itself.
    opened.on(
        "requestfailed",
        lambda request: complaints.extend(
            [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url} {request.failure}"]
        ),
    )
    opened.on("response", lambda answer: complaints.extend([] if answer.ok else [f"{answer.status}: {answer.url}"]))
    yield opened
    opened.close()
