"""TensorBoard itself over hostile stores: it lives, in bounded memory, and shows what is sound."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import urlopen

import pytest

from tests.hostile.catalogue import FORGERIES
from tests.hostile.forging import CHILDREN, SOUND_RUN, SOUND_TAG, SOUND_VALUES, VICTIM, Forgery
from tests.plugin.test_routes import columns_of
from tests.provider.viewer import Viewer, refused

MOST_MIB = 300
MOST_SECONDS = 10.0
"""Of the wall clock, on a machine that others use as well."""

FEW = ("texts of a hundred kilobytes everywhere",)
CHOSEN = (
    *FEW,
    "experiments are a view of long texts",
    "blocks that say they have one point",
    "many runs with many legal blocks",
    "tails of a million points",
    "summaries that count beyond measure",
    "twelve thousand parents with long names",
    "parents in a circle",
    "two runs of one id",
    "sixty runs with a parameter of a megabyte",
    "statuses stages and kinds that stand for nothing",
    "texts that are no utf 8",
    "declarations that are no json",
    "a hundred thousand experiments",
    "times beyond all calendars",
    "another program that says it is a store",
    "the counters are no numbers",
)

_TAB = "data/plugin/runhistory/v1"
_COLUMNS = "column=inherited.params.data&column=inherited.params.layers&column=metrics.loss"
_STOCK = (
    "data/plugins_listing",
    "data/environment",
    "data/runs",
    "data/plugin/scalars/tags",
    "data/plugin/text/tags",
    "data/plugin/timeseries/tags",
    "data/plugin/images/tags",
    "data/plugin/histograms/tags",
)


def _paths() -> Iterator[str]:
    yield from (f"{_TAB}/version", f"{_TAB}/overview", f"{_TAB}/runs", f"{_TAB}/runs?{_COLUMNS}&limit=500")
    for sort in ("name", "status", "started", "duration", "inherited.params.data", "metrics.loss"):
        yield f"{_TAB}/runs?sort={sort}&{_COLUMNS}"
    yield f"{_TAB}/runs?parent={VICTIM}&{_COLUMNS}"
    for table in ("csv", "json"):
        yield f"{_TAB}/export?format={table}&{_COLUMNS}"
    for experiment in ("mnist", "sound"):
        yield f"{_TAB}/runs?experiment={experiment}"
        yield f"{_TAB}/overview?experiment={experiment}"
    runs = "".join(f"&run={run_id}" for run_id in (VICTIM, *CHILDREN, SOUND_RUN))
    for tag in ("loss", SOUND_TAG):
        yield f"{_TAB}/points?tag={quote(tag)}{runs}"
        yield f"{_TAB}/points?tag={quote(tag)}{runs}&first_step=5&last_step=15"
    yield from _STOCK


@dataclass(frozen=True)
class Answer:
    """What TensorBoard answers to a request."""

    status: int
    content: bytes
    seconds: float

    @property
    def is_sentence(self) -> bool:
        """Whether it is a refusal in words of ours."""
        try:
            message = json.loads(self.content)
        except ValueError:
            return False
        return self.status == 503 and list(message) == ["error", "position", "expected"] and len(self.content) < 3000


def _ask(viewer: Viewer, path: str, form: dict[str, str] | None = None) -> Answer:
    began = time.monotonic()
    try:
        with urlopen(viewer.url + path, None if form is None else urlencode(form).encode(), timeout=60) as response:
            return Answer(response.status, response.read(), time.monotonic() - began)
    except HTTPError as error:
        return Answer(error.code, error.read(), time.monotonic() - began)


def _answers(viewer: Viewer) -> dict[str, Answer]:
    answers = {path: _ask(viewer, path) for path in _paths()}
    for tag in ("loss", SOUND_TAG):
        requests = json.dumps([{"plugin": "scalars", "tag": tag}])
        answers[f"chart of {tag}"] = _ask(viewer, "data/plugin/timeseries/timeSeries", {"requests": requests})
    return answers


def _memory(viewer: Viewer) -> float:
    """The most that TensorBoard and its data server have had resident, in MiB."""
    server = viewer.data_server()
    processes = [viewer.process.pid, *([server.pid] if server else [])]
    peaks = [Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0] for pid in processes]
    return sum(map(int, peaks)) / 1024


@pytest.fixture(scope="module")
def usual_memory(built: Path) -> float:
    """What a TensorBoard over the store that forgeries are made of needs."""
    with Viewer(f"--runhistory_uri=sqlite:///{built}") as viewer:
        answers = _answers(viewer)
        assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
        _check_sound(answers)
        return _memory(viewer)


@pytest.mark.parametrize(
    "forgery",
    [pytest.param(FORGERIES[name], id=name, marks=[] if name in FEW else [pytest.mark.slow]) for name in CHOSEN],
)
def test_tensorboard_lives_and_shows_the_rest(
    forgery: Forgery, built: Path, usual_memory: float, tmp_path: Path
) -> None:
    uri = forgery.make(built, tmp_path / "runs.db")
    with Viewer(f"--runhistory_uri={uri}") as viewer:
        answers = _answers(viewer)
        more_memory = _memory(viewer) - usual_memory
        assert viewer.process.poll() is None
    assert more_memory <= MOST_MIB
    assert {path: answer.seconds for path, answer in answers.items() if answer.seconds > MOST_SECONDS} == {}
    unanswered = {path: answer for path, answer in answers.items() if answer.status != 200}
    if forgery.spares:
        assert unanswered == {}
        assert "Traceback" not in viewer.stderr
        _check_sound(answers)
    else:
        # What the stock dashboards make of a data provider without data is TensorBoard's own matter.
        assert {
            path for path, answer in unanswered.items() if path.startswith(_TAB) and not answer.is_sentence
        } == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["the first 50 percent", "another program with tables of the same names"])
def test_tensorboard_does_not_start_over_what_is_no_store(name: str, built: Path, tmp_path: Path) -> None:
    uri = FORGERIES[name].make(built, tmp_path / "runs.db")
    code, said = refused(f"--runhistory_uri={uri}")
    assert code == 1
    assert said.startswith("Error: ")
    assert str(tmp_path) in said
    assert len(said) < 1000


def _check_sound(answers: dict[str, Answer]) -> None:
    """What is shown of the run that nobody touched, on every way to it."""
    runs = json.loads(answers[f"{_TAB}/runs?experiment=sound"].content)["runs"]
    assert SOUND_RUN in [run["run_id"] for run in runs]
    runs_asked = "".join(f"&run={run_id}" for run_id in (VICTIM, *CHILDREN, SOUND_RUN))
    _, points = columns_of(answers[f"{_TAB}/points?tag={SOUND_TAG}{runs_asked}"].content)
    assert points[SOUND_RUN][2] == SOUND_VALUES
    [chart] = json.loads(answers[f"chart of {SOUND_TAG}"].content)
    assert [point["value"] for point in chart["runToSeries"]["sound/sound"]] == SOUND_VALUES
    tags = json.loads(answers["data/plugin/timeseries/tags"].content)["scalars"]["tagDescriptions"]
    assert SOUND_TAG in tags or "sound/sound" in json.loads(answers["data/runs"].content)
