"""A bit that flips anywhere in a store's file never makes a view lie: what is shown is right, or ``check`` names it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tb_runhistory.errors import RunHistoryError
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.verify.faults import Fault, Part
from tb_runhistory.store.verify.store import verify_store
from tb_runhistory.uri import parse_uri
from tests.store.answers import Answers, Cell, Question, answers_to, is_value, questions_about
from tests.store.live_store import build_live_store

PAGE = 4096
HEADER = 100
"""What is no store at all is told from the file's header, before anything is read."""


NEEDED_BY_ALL = {"sqlite_schema", "experiments", "experiments_by_name", "runs_by_id"}
"""Where a damaged page may refuse questions about several runs: in a small store each is one page, about all."""

COUNTING = {"experiments", "columns of the tree"}
"""Questions that count all runs, and so are hit by whatever hits one."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One bit of a file: in which table or index it is, and where."""

    of: str
    place: int
    bit: int


@dataclass(slots=True)
class Outcome:
    """What a flipped bit did to what is said of a store."""

    flip: Flip
    wrong_values: list[Cell] = field(default_factory=list)
    """Points or entries that were never logged there."""
    changed: list[Cell] = field(default_factory=list)
    """Other cells that say something else, or are missing."""
    refused: list[str] = field(default_factory=list)
    """Questions that were answered with a sentence. ``refused_together`` are those about more than one run."""
    refused_together: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_seen(self) -> bool:
        """Whether anything that is said differs from before."""
        return bool(self.wrong_values or self.changed or self.refused)


def flips(path: Path, number: int, seed: int) -> Iterator[Flip]:
    """Bits at random, but none of empty space: as many in each table and index, whatever their sizes."""
    content = path.read_bytes()
    random = np.random.default_rng(seed)
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT name, pageno FROM dbstat ORDER BY name, pageno").fetchall()
    pages: dict[str, list[int]] = {}
    for name, page in rows:
        pages.setdefault(name, []).append(page)
    for turn in range(number):
        name = sorted(pages)[turn % len(pages)]
        page = int(random.choice(pages[name]))
        start = (page - 1) * PAGE
        used = np.flatnonzero(np.frombuffer(content[start : start + PAGE], np.uint8))
        place = start + int(random.choice(used[used >= (HEADER if page == 1 else 0)]))
        yield Flip(name, place, int(random.integers(8)))


def apply_flip(flip: Flip, path: Path) -> None:
    """Flips the bit in the file."""
    with path.open("r+b") as file:
        file.seek(flip.place)
        byte = file.read(1)[0]
        file.seek(flip.place)
        file.write(bytes([byte ^ (1 << flip.bit)]))


def outcome_of(flip: Flip, path: Path, questions: list[Question], before: Answers) -> Outcome:
    """Asks everything of the hurt file, and checks it."""
    uri = parse_uri(f"sqlite:///{path}")
    outcome = Outcome(flip, faults=verify_faults(path))
    try:
        with open_reader(uri) as reader:
            after = answers_to(questions, reader)
    except RunHistoryError as error:
        outcome.refused = outcome.refused_together = [f"opening: {error}"]
        return outcome
    together = {question.name for question in questions if len(question.runs) > 1} - COUNTING
    truth = {cell: value for cells in before.cells.values() for cell, value in cells.items() if is_value(cell)}
    for question, sound in before.cells.items():
        said = after.cells.get(question)
        if said is None:
            outcome.refused.append(question)
            outcome.refused_together += [question] if question in together else []
            continue
        outcome.wrong_values += [cell for cell, value in said.items() if is_value(cell) and truth.get(cell) != value]
        outcome.changed += [cell for cell in {**sound, **said} if sound.get(cell) != said.get(cell)]
    return outcome


def verify_faults(path: Path) -> list[Fault]:
    """What ``check`` finds; a file that is no store any more is a finding, too."""
    try:
        return verify_store(parse_uri(f"sqlite:///{path}")).faults
    except RunHistoryError as error:
        return [Fault(Part.FILE, str(error))]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store like one that is in use, at rest."""
    path = tmp_path_factory.mktemp("sound") / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        build_live_store(writer)
    assert verify_faults(path) == []
    return path


@pytest.mark.parametrize(
    ("number", "seed"), [(60, 60), *(pytest.param(100, seed, marks=pytest.mark.slow) for seed in range(1000, 1010))]
)
def test_a_flipped_bit_is_never_shown_as_data_and_what_it_changes_is_found(
    sound: Path, tmp_path: Path, number: int, seed: int
) -> None:
    with open_reader(parse_uri(f"sqlite:///{sound}")) as reader:
        questions = questions_about(reader)
        before = answers_to(questions, reader)
    assert before.refused == {}
    hurt = tmp_path / "runs.db"
    outcomes = []
    for flip in flips(sound, number, seed):
        shutil.copy(sound, hurt)
        apply_flip(flip, hurt)
        outcomes.append(outcome_of(flip, hurt, questions, before))
    assert [outcome for outcome in outcomes if outcome.wrong_values] == []
    assert [outcome for outcome in outcomes if outcome.is_seen and not outcome.faults] == []
    harmless_to_others = [outcome for outcome in outcomes if outcome.flip.of not in NEEDED_BY_ALL]
    assert [outcome for outcome in harmless_to_others if outcome.refused_together] == []
    assert sum(bool(outcome.faults) for outcome in outcomes) > number / 2
