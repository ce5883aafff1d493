"""What a page can offer while a filter is written."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.query.completion import Completion, Names, complete
from tb_runhistory.query.grammar import COLUMN, FILTER, ORDER
from tb_runhistory.query.parsing import parse_filter
from tb_runhistory.query.terms import Attribute, Condition, Field, Label, LabelKind, Metric, OfAncestor, Parameter
from tb_runhistory.query.writing import condition_text
from tests.query.questions import conditions
from tests.query.test_parsing import WORDS


def at(text: str) -> Completion:
    """What may stand where the text has a bar."""
    before, _, behind = text.partition("|")
    return complete(before + behind, len(before))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("st|", ["status", "stage", "started", "steps", "std("]),
        ("metrics.loss < 1 an|", ["AND"]),
        ("metrics.loss < 1 |", ["AND", "OR"]),
        ("any(|", ["children", "descendants", "leaves", "repeats"]),
        ("any(children|", ["children"]),
        ("min(leaves.me|", ["metrics."]),
        ("status = |", ["'NotStarted'", "'Queued'", "'Preparing'", "'Running'", "'NotResponding'", "'Completed'"]),
        ("status = 'Can|", ["'Canceled'"]),
        ("metrics.loss.m|", ["loss.min", "loss.max", "loss.mean"]),
        ("metrics.`val/loss`.arg|", ["`val/loss`.argmin", "`val/loss`.argmax"]),
        ("params.wide = t|", ["true"]),
        ("params.lr i|", ["IN", "ILIKE", "IS"]),
        ("metrics.loss i|", ["IN", "IS"]),
        ("inherited.|", ["params."]),
        ("metrics.loss < 'a' and |", []),
        ("nothing.|", []),
    ],
)
def test_words_of_the_language(text: str, words: list[str]) -> None:
    assert list(at(text).words[: len(words) or 1]) == words


@pytest.mark.parametrize(
    ("text", "names", "typed"),
    [
        ("params.|", Names.PARAMETERS, ""),
        ("params.l|", Names.PARAMETERS, "l"),
        ("any(children.params.model.na|", Names.PARAMETERS, "model.na"),
        ("not parent.tags.te|", Names.TAGS, "te"),
        ("metrics.`val/|", Names.METRICS, "val/"),
        ("metrics.`val/|loss` < 3", Names.METRICS, "val/"),
        ("metrics.val/lo|ss < 3", Names.METRICS, "val/lo"),
        ('properties."x y|', Names.PROPERTIES, "x y"),
    ],
)
def test_names_of_the_store(text: str, names: Names, typed: str) -> None:
    found = at(text)
    assert (found.names, found.typed, found.values) == (names, typed, None)


@pytest.mark.parametrize(
    ("text", "column", "typed"),
    [
        ("params.model = |", Parameter("model"), ""),
        ("params.model = 'ad|", Parameter("model"), "ad"),
        ("params.model in ('a', 'b|') and status = 'Failed'", Parameter("model"), "b"),
        ("any(children.tags.team = 're|", Label(LabelKind.TAG, "team"), "re"),
        ("count(children[experiment = |", Field(Attribute.EXPERIMENT), ""),
        ("metrics.loss < |", None, ""),
    ],
)
def test_values_of_a_column(text: str, column: Parameter | Label | Field | None, typed: str) -> None:
    found = at(text)
    assert (found.values, found.typed, found.names) == (column, typed, None)


def test_what_is_chosen_replaces_what_is_there() -> None:
    text = "params.model = 'ad' and metrics.lo < 1"
    found = complete(text, text.index("d'") + 1)
    assert text[: found.start] + "'adam'" + text[found.stop :] == "params.model = 'adam' and metrics.lo < 1"
    found = complete(text, text.index("lo") + 1)
    assert text[: found.start] + "loss" + text[found.stop :] == "params.model = 'ad' and metrics.loss < 1"
    assert complete("metrics.loss d", 14, ORDER).words == ("DESC",)
    assert complete("metrics.loss", 12, ORDER).names is Names.METRICS


@given(conditions(), st.data())
def test_what_is_offered_can_be_read(condition: Condition, data: st.DataObject) -> None:
    text = condition_text(condition)
    position = data.draw(st.integers(0, len(text)))
    found = complete(text, position)
    assert 0 <= found.start <= position <= found.stop <= len(text)
    assert found.values is None or not isinstance(found.values, Metric | OfAncestor) or found.names is None


@given(conditions(1))
def test_a_name_is_offered_wherever_one_stands(condition: Condition) -> None:
    text = condition_text(condition)
    assert parse_filter(text) is not None
    for word, names in (("params.", Names.PARAMETERS), ("tags.", Names.TAGS), ("properties.", Names.PROPERTIES)):
        place = text.find(word)
        if place >= 0 and "'" not in text[:place] and '"' not in text[:place]:
            assert complete(text, place + len(word)).names is names


@given(st.lists(WORDS, max_size=14), st.sampled_from(["", " "]), st.integers(0, 60))
def test_whatever_is_written_can_be_completed(words: list[str], between: str, position: int) -> None:
    text = between.join(words)
    for start in (FILTER, COLUMN, ORDER):
        found = complete(text, min(position, len(text)), start)
        assert 0 <= found.start <= found.stop <= len(text)


@pytest.mark.parametrize("text", ["(" * 10_000, "not " * 10_000, "params.x in (" + "1," * 20_000, "'" + "a" * 100_000])
def test_large_texts_are_completed_soon(text: str) -> None:
    began = time.process_time()
    assert complete(text, len(text)).stop <= len(text)
    assert time.process_time() - began < 3
