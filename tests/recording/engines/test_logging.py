"""What may be logged, at which step it stands, and what comes back."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_runhistory import Run
from tb_runhistory.errors import ParameterConflict, RunStateError
from tb_runhistory.recording.reading import reading, scope_of
from tb_runhistory.recording.values import MAX_LABEL_LENGTH, MAX_TEXT_LENGTH, metric_value, parameter_value
from tb_runhistory.records.changes import DataClass


class Tensor:
    """Has what a tensor of another library has: a shape that is a method's business, and ``item``."""

    def __init__(self, *values: float) -> None:
        self.values = values

    def item(self) -> float:
        """The only element, or the error that torch raises."""
        if len(self.values) != 1:
            raise RuntimeError(f"a Tensor with {len(self.values)} elements cannot be converted to Scalar")
        return self.values[0]


class Colour(str, Enum):  # noqa: UP042 - str() of it is not its value, unlike a StrEnum's
    """An enumeration of strings."""

    RED = "red"


def steps_of(run: Run, tag: str) -> list[int]:
    """The steps of a scalar series."""
    run.flush()
    with reading(run.experiment.workspace.link.recorder.uri) as reader:
        columns = reader.series(scope_of(run_id=run.id), DataClass.SCALAR, [tag])
        (sampled,) = reader.read_points(columns.key)
    return list(sampled.points.steps.tolist())


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (True, 1.0),
        (2**60, 2.0**60),
        (np.float32(0.25), 0.25),
        (np.float64(0.1), 0.1),
        (np.int16(-3), -3.0),
        (np.bool_(True), 1.0),
        (np.longdouble(0.5), 0.5),
        (np.array(2.5), 2.5),
        (np.array([2.5]), 2.5),
        (Tensor(1.5), 1.5),
        (math.inf, math.inf),
        ("text", "text"),
        (np.str_("text"), "text"),
        (Colour.RED, "red"),
        ("a lone \ud800 surrogate", "a lone \ufffd surrogate"),
        ("a\0b", "a\ufffdb"),
    ],
)
def test_numbers_booleans_numpy_scalars_tensors_of_one_element_and_strings_can_be_logged(
    value: object, recorded: float | str
) -> None:
    result = metric_value("m", value)
    assert result == recorded
    assert type(result) is type(recorded)


@pytest.mark.parametrize(
    "value",
    [None, [1.0], (1,), {"a": 1}, b"x", 1j, object(), np.array([1.0, 2.0]), Tensor(1.0, 2.0), np.datetime64("2020")],
)
def test_any_other_value_is_a_type_error_that_names_the_metric_and_the_type(run: Run, value: object) -> None:
    with pytest.raises(TypeError, match=f"'val/loss'.*{type(value).__name__}"):
        run.log("val/loss", value)


def test_an_integer_beyond_the_range_of_a_float_is_an_error_that_names_the_metric(run: Run) -> None:
    run.log("m", 1)
    for metric in ("m", "other"):
        with pytest.raises(ValueError, match=f"'{metric}'.*range of a 64-bit float"):
            run.log(metric, 10**400)
    run.log("m", 10**300)
    assert run.get_metrics("m") == {"m": [1.0, 1e300]}


@pytest.mark.parametrize("name", ["", "  ", "a" * 256, "a\nb", "a\x00"])
@pytest.mark.parametrize(
    "call",
    [
        lambda run, name: run.log(name, 1.0),
        lambda run, name: run.log_list(name, [1.0]),
        lambda run, name: run.log_table(name, {"a": [1.0]}),
        lambda run, name: run.log_table("table", {name: [1.0]}),
        lambda run, name: run.log_row(name, a=1.0),
        lambda run, name: run.log_parameter(name, 1.0),
        lambda run, name: run.tag(name),
        lambda run, name: run.set_tags({name: None}),
        lambda run, name: run.remove_tags([name]),
        lambda run, name: run.add_properties({name: "x"}),
        lambda run, name: run.child_run(name),
        lambda run, name: run.child_run(run_id=name),
        lambda run, name: run.child_run(tags={name: 1}),
        lambda run, name: setattr(run, "display_name", name),
        lambda run, name: type(run.experiment)(run.experiment.workspace, name),
    ],
)
def test_a_name_that_is_none_is_a_value_error_at_the_call(
    run: Run, call: Callable[[Run, str], object], name: str
) -> None:
    with pytest.raises(ValueError, match=r"name|run id"):
        call(run, name)


def test_a_name_that_is_no_string_is_a_type_error(run: Run) -> None:
    for name in (3, None, ["a"]):
        with pytest.raises(TypeError, match="a metric name is a string, not"):
            run.log(name, 1.0)  # type: ignore[arg-type]


def test_with_no_step_a_metric_counts_its_own_calls(run: Run) -> None:
    for _ in range(3):
        run.log("a", 1.0)
    run.log("b", 1.0)
    assert steps_of(run, "a") == [0, 1, 2]
    assert steps_of(run, "b") == [0]


def test_counting_goes_on_after_the_last_step_that_was_given(run: Run) -> None:
    run.log("a", 1.0)
    run.log("a", 1.0, step=10)
    run.log("a", 1.0)
    run.log("a", 1.0)
    run.log("a", 1.0, step=np.int64(5))  # type: ignore[arg-type]
    run.log("a", 1.0)
    assert steps_of(run, "a") == [0, 5, 6, 10, 11, 12]


@pytest.mark.parametrize("step", [1.0, "1", [1]])
def test_a_step_that_is_no_integer_is_a_type_error_and_nothing_is_logged(run: Run, step: object) -> None:
    run.log("a", 1.0)
    with pytest.raises(TypeError, match="a step of the metric 'a' is an integer"):
        run.log("a", 2.0, step=step)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="64 bits"):
        run.log("a", 2.0, step=2**63)
    run.log("a", 3.0)
    assert steps_of(run, "a") == [0, 1]


def test_at_the_largest_step_counting_stands_still(run: Run) -> None:
    run.log("a", 1.0, step=2**63 - 2)
    for value in (2.0, 3.0, 4.0):
        run.log("a", value)
    run.log("note", "a", step=2**63 - 1)
    run.log("note", "b")
    assert run.get_metrics() == {"a": [1.0, 4.0], "note": "b"}
    assert run.get_metrics(all_values=True) == {"a": [1.0, 2.0, 3.0, 4.0], "note": ["a", "b"]}
    assert steps_of(run, "a") == [2**63 - 2, 2**63 - 1]
    run.complete()
    run.start()
    run.log("a", 5.0)
    run.log_row("row", a=1)
    assert run.get_metrics("a") == {"a": [1.0, 5.0]}


def test_all_values_at_one_step_can_be_read(run: Run) -> None:
    for value in range(3):
        run.log("loss", value, step=0)
        run.log("note", str(value), step=7)
    run.log("loss", 9, step=1)
    assert run.get_metrics() == {"loss": [2.0, 9.0], "note": "2"}
    everything = {"loss": [0.0, 1.0, 2.0, 9.0], "note": ["0", "1", "2"]}
    assert run.get_metrics(all_values=True) == everything
    assert run.get_metrics("loss", recursive=True, all_values=True) == {run.id: {"loss": everything["loss"]}}
    run.complete()
    # What a resumed run supersedes is not among them.
    run.start()
    run.log("loss", 5, step=1)
    assert run.get_metrics("loss", all_values=True) == {"loss": [0.0, 1.0, 2.0, 5.0]}


TOO_LONG = "x" * (MAX_TEXT_LENGTH + 1)
LONG = "x" * (MAX_LABEL_LENGTH + 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda run: run.log("note", TOO_LONG),
        lambda run: run.log("note", "a", TOO_LONG),
        lambda run: run.log_list("note", ["a", TOO_LONG]),
        lambda run: run.log_row("row", a=TOO_LONG),
        lambda run: run.log_parameter("p", LONG),
        lambda run: run.tag("t", LONG),
        lambda run: run.set_tags({f"{number}": LONG[1:] for number in range(21)}),
        lambda run: run.add_properties({"a": LONG}),
        lambda run: run.child_run(description=LONG),
        lambda run: setattr(run, "description", LONG),
    ],
)
def test_a_text_that_no_journal_takes_is_refused_when_it_is_given(run: Run, call: Callable[[Run], object]) -> None:
    with pytest.raises(ValueError, match=r"has [\d,]+ characters, and (20,000|1,000),000 are the most"):
        call(run)
    assert (run.get_metrics(), run.get_parameters(), run.tags, run.properties) == ({}, {}, {}, {})
    assert (run.description, list(run.get_children())) == ("", [])


def test_the_longest_texts_come_back_whole(run: Run) -> None:
    text = "\u00e9" * MAX_TEXT_LENGTH
    run.log("note", text)
    label = "\U0001f600" * MAX_LABEL_LENGTH
    run.tag("t", label)
    run.log_parameter("p", label)
    assert run.flush()
    assert run.get_metrics() == {"note": text}
    assert (run.tags, run.get_parameters()) == ({"t": label}, {"p": label})


def test_what_no_store_can_hold_becomes_a_replacement_character_everywhere(run: Run) -> None:
    run.log("note", "a\0b\ud800c")
    run.log_parameter("p", "\0")
    run.tag("t", "x\0")
    run.add_properties({"q": "\udfff"})
    run.description = "\0"
    assert run.get_metrics() == {"note": "a\ufffdb\ufffdc"}
    details = run.get_details()
    assert (details["parameters"], details["tags"]) == ({"p": "\ufffd"}, {"t": "x\ufffd"})
    assert (details["properties"], details["description"]) == ({"q": "\ufffd"}, "\ufffd")


def test_a_metric_holds_numbers_or_texts_and_an_error_names_both(run: Run) -> None:
    run.log("number", 1.0)
    run.log("text", "a")
    with pytest.raises(TypeError, match="'number' holds numbers and cannot take a text"):
        run.log("number", "a")
    with pytest.raises(TypeError, match="'text' holds texts and cannot take a number"):
        run.log("text", 1.0)
    with pytest.raises(TypeError, match="numbers and texts"):
        run.log_list("both", [1.0, "a"])
    assert run.get_metrics() == {"number": 1.0, "text": "a"}


def test_metrics_come_back_in_the_shape_in_which_they_were_logged(run: Run) -> None:
    run.log("one", 1)
    for value in (1, 2):
        run.log("several", value)
    run.log("note", "a")
    run.log("note", "b")
    run.log_list("short list", [1])
    run.log_list("list", np.array([1.0, 2.0]))
    run.log_list("empty", [])
    run.log_row("row", x=1, y="a")
    run.log_row("rows", x=1, y=2)
    run.log_row("rows", x=3)
    run.log_table("table", {"x": [1, 2], "y": np.array([3, 4])})
    run.log_table("table", {"x": 5, "y": 6})
    assert run.get_metrics() == {
        "one": 1.0,
        "several": [1.0, 2.0],
        "note": ["a", "b"],
        "short list": [1.0],
        "list": [1.0, 2.0],
        "row": {"x": 1.0, "y": "a"},
        "rows": {"x": [1.0, 3.0], "y": [2.0, None]},
        "table": {"x": [1.0, 2.0, 5.0], "y": [3.0, 4.0, 6.0]},
    }
    assert run.get_metrics("several") == {"several": [1.0, 2.0]}
    assert run.get_metrics("nothing") == {}


def test_the_columns_of_a_row_are_series_of_their_own_at_one_step(run: Run) -> None:
    run.log_row("table", loss=0.5, accuracy=0.9)
    run.log_row("table", loss=0.25)
    run.log_row("table", accuracy=0.95)
    assert steps_of(run, "table/loss") == [0, 1]
    assert steps_of(run, "table/accuracy") == [0, 2]


def test_columns_of_different_length_are_a_value_error_and_nothing_is_logged(run: Run) -> None:
    with pytest.raises(ValueError, match=r"'table' differ in length: {'x': 2, 'y': 1}"):
        run.log_table("table", {"x": [1, 2], "y": [1]})
    with pytest.raises(TypeError, match=r"'table/x'.*NoneType"):
        run.log_table("table", {"x": [1, None]})
    with pytest.raises(TypeError, match="'text' cannot be logged as a list from str"):
        run.log_list("text", "abc")
    with pytest.raises(TypeError, match=r"'list'.*NoneType"):
        run.log_list("list", [1, None])
    assert run.get_metrics() == {}


def test_a_column_and_a_metric_of_the_same_tag_cannot_be_told_apart_and_are_refused(run: Run) -> None:
    run.log("table/x", 1)
    with pytest.raises(ValueError, match="'table/x' is recorded as a part of 'table/x'"):
        run.log_row("table", x=1)
    run.log_row("other", x=1)
    with pytest.raises(ValueError, match="'other/x' is recorded as a part of 'other'"):
        run.log("other/x", 1)
    with pytest.raises(ValueError, match="at most 255 characters"):
        run.log_table("a" * 200, {"b" * 100: 1})


def test_metrics_of_a_whole_tree_come_by_run_id(run: Run) -> None:
    run.log("m", 1)
    child = run.child_run("child")
    child.log("m", 2)
    grandchild = child.child_run("grandchild")
    grandchild.log("m", 3)
    assert child.get_metrics(recursive=True) == {child.id: {"m": 2.0}, grandchild.id: {"m": 3.0}}
    assert run.get_metrics("m", recursive=True) == {run.id: {"m": 1.0}} | child.get_metrics(recursive=True)


def test_nan_and_infinities_are_values(run: Run) -> None:
    run.log_list("m", [math.nan, math.inf, -math.inf])
    first, *rest = run.get_metrics()["m"]
    assert math.isnan(first)
    assert rest == [math.inf, -math.inf]


def test_a_description_is_kept_with_the_first_value(run: Run) -> None:
    run.log("m", 1.0, "**what** it is")
    run.flush()
    with reading(run.experiment.workspace.link.recorder.uri) as reader:
        assert reader.series(scope_of(run_id=run.id), DataClass.SCALAR).description == ["**what** it is"]


def test_logging_to_a_run_that_has_ended_is_an_error_and_what_was_logged_stays(run: Run) -> None:
    run.log("m", 1.0)
    run.log("note", "a")
    run.complete()
    for call in (
        lambda: run.log("m", 2.0),
        lambda: run.log("note", "b"),
        lambda: run.log_list("m", [1]),
        lambda: run.log_row("r", a=1),
        lambda: run.log_parameter("p", 1),
        lambda: run.child_run(),
        lambda: run.create_children(2),
    ):
        with pytest.raises(RunStateError, match="'run' has ended as Completed: call start"):
            call()
    assert run.get_metrics() == {"m": 1.0, "note": "a"}


def test_a_parameter_keeps_its_type(run: Run) -> None:
    values = {"flag": True, "count": 3, "rate": 0.1, "text": "a", "big": 2**62, "nan": math.inf}
    run.log_parameters(values)
    run.log_parameter("numpy", np.float32(0.5))
    run.log_parameter("numpy flag", np.bool_(False))
    found = run.get_parameters()
    assert found == values | {"numpy": 0.5, "numpy flag": False}
    assert {name: type(value) for name, value in found.items()} == {
        **{name: type(value) for name, value in values.items()},
        "numpy": float,
        "numpy flag": bool,
    }


def test_a_parameter_may_be_set_again_to_the_same_value_only(run: Run) -> None:
    run.log_parameter("rate", 0.1)
    run.log_parameter("rate", np.float64(0.1))
    run.log_parameter("nan", math.nan)
    run.log_parameter("nan", math.nan)
    with pytest.raises(ParameterConflict, match=r"'rate'.*is 0\.1 and cannot become 0\.2"):
        run.log_parameter("rate", 0.2)
    run.log_parameter("one", 1)
    with pytest.raises(ParameterConflict, match="is 1 and cannot become True"):
        run.log_parameter("one", True)
    assert run.get_parameters()["rate"] == 0.1


@pytest.mark.parametrize("value", [None, [1], {}, b"x", 1j, np.array([1, 2])])
def test_a_parameter_of_another_type_is_a_type_error_that_names_it(run: Run, value: object) -> None:
    with pytest.raises(TypeError, match="'layers'"):
        run.log_parameter("layers", value)


def test_a_parameter_that_fits_into_no_store_is_refused() -> None:
    with pytest.raises(ValueError, match="'seed' does not fit into 64 bits"):
        parameter_value("seed", 2**64)


@settings(deadline=None)
@given(st.floats() | st.integers(-(2**1000), 2**1000) | st.booleans())
def test_every_number_is_recorded_as_the_nearest_float(value: float) -> None:
    result = metric_value("m", value)
    assert isinstance(result, float)
    assert result == float(value) or math.isnan(value)
