"""Whatever a store holds: everything asked of it is answered or refused with a sentence, soon and in bounded memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.asking import NEW_RUN, NO_ARTIFACT, Asker, Outcome
from tests.hostile.catalogue import FORGERIES
from tests.hostile.forging import SOUND_RUN, SOUND_TAG, SOUND_VALUES, VICTIM, Forgery

MOST_MIB = 300
MOST_SECONDS = 5.0
MOST_SENTENCE = 2000


def check_bounds(outcome: Outcome) -> None:
    """What holds of every question and command. Says all that does not."""
    wrong = [f"{name}: {text}" for name, text in outcome.crashes.items()]
    wrong += [f"{name}: {time:.1f} s" for name, time in outcome.seconds.items() if time > MOST_SECONDS]
    wrong += [f"{name}: {text[:200]}" for name, text in outcome.refusals.items() if len(text) > MOST_SENTENCE]
    wrong += [f"{outcome.memory:.0f} MiB of memory"] if outcome.memory > MOST_MIB else []
    assert not wrong, "\n".join(wrong)


def check_the_rest(outcome: Outcome) -> None:
    """That one damaged row costs nothing else: no question is refused, and the sound run is answered."""
    assert {name for name in outcome.refusals if not name.startswith(NO_ARTIFACT)} == set(), outcome.refusals
    assert outcome.sound == SOUND_VALUES


def test_the_store_that_they_are_made_of_is_answered(built: Path, asker: Asker) -> None:
    outcome = asker.ask(f"sqlite:///{built}", SOUND_RUN, SOUND_TAG)
    check_bounds(outcome)
    check_the_rest(outcome)
    for command in ("list", "check"):
        ran = asker.command(command, f"sqlite:///{built}")
        check_bounds(ran)
        assert ran.code == 0, ran.output


@pytest.mark.parametrize(
    "forgery",
    [
        pytest.param(forgery, id=name, marks=[pytest.mark.slow] if forgery.is_large else [])
        for name, forgery in FORGERIES.items()
    ],
)
def test_a_reader_answers_or_says_why_not(forgery: Forgery, built: Path, asker: Asker, tmp_path: Path) -> None:
    uri = forgery.make(built, tmp_path / "runs.db")
    outcome = asker.ask(uri, SOUND_RUN, SOUND_TAG)
    check_bounds(outcome)
    if forgery.spares:
        check_the_rest(outcome)


@pytest.mark.slow
@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_writer_goes_on(forgery: Forgery, built: Path, asker: Asker, tmp_path: Path) -> None:
    uri = forgery.make(built, tmp_path / "runs.db")
    outcome = asker.record(uri, VICTIM)
    check_bounds(outcome)
    if forgery.spares:
        assert NEW_RUN not in outcome.refusals, outcome.refusals


@pytest.mark.slow
@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_commands_print_or_say_why_not(forgery: Forgery, built: Path, asker: Asker, tmp_path: Path) -> None:
    uri = forgery.make(built, tmp_path / "runs.db")
    for arguments in (
        ("list", uri),
        ("list", uri, "--json", "--all", "--limit", "0"),
        ("show", uri, VICTIM),
        ("show", uri, SOUND_RUN),
        ("check", uri),
    ):
        outcome = asker.command(*arguments)
        check_bounds(outcome)
        assert outcome.code in (0, 1, 2)
        assert "Traceback" not in outcome.output
        if arguments[-1] == SOUND_RUN and forgery.spares:
            assert outcome.code == 0, outcome.output
    if forgery.is_found is not None:
        assert outcome.code == int(forgery.is_found), outcome.output
