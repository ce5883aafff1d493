"""Whatever may be logged arrives as it was, and stops nothing that is logged after it."""

from __future__ import annotations

import math
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tb_runhistory import Experiment, Workspace
from tb_runhistory.records.changes import ParameterValue

LARGEST = 1.7976931348623157e308
steps = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)
numbers = st.floats() | st.sampled_from([LARGEST, -LARGEST, 5e-324, -0.0, math.nan, math.inf])
# Of every plane, NUL and lone surrogates among them, which become U+FFFD.
texts = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(["", "\0", "\ud800", "é" * 3000])
parameters = st.booleans() | st.integers(-(2**63), 2**63 - 1) | numbers | texts


def as_stored(value: ParameterValue) -> ParameterValue:
    """What a text becomes."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value


def shown(values: list[tuple[int, float | str]], everything: bool) -> object:
    """What ``get_metrics`` gives of a metric that was logged so."""
    if not everything:
        values = list(dict(values).items())
    ordered = [as_stored(value) for _, value in sorted(values, key=lambda pair: pair[0])]
    return ordered[0] if len(ordered) == 1 else ordered


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(steps, numbers), max_size=20),
    st.lists(st.tuples(steps, texts), max_size=5),
    st.dictionaries(st.sampled_from("abc"), parameters),
)
def test_values_steps_texts_and_parameters_of_any_size_come_back(
    shared_workspace: Workspace,
    points: list[tuple[int, float]],
    notes: list[tuple[int, str]],
    values: dict[str, ParameterValue],
) -> None:
    with Experiment(shared_workspace, "extremes").start_logging() as run:
        for step, number in points:
            run.log("points", number, step=step)
        for step, note in notes:
            run.log("notes", note, step=step)
        run.log_parameters(values)
        for label, value in values.items():
            run.tag(label, value)
        run.log("after", 1)
        for is_ended in (False, True):
            for everything in (False, True):
                expected: dict[str, object] = {"after": 1.0}
                expected |= {"points": shown([*points], everything)} if points else {}
                expected |= {"notes": shown([*notes], everything)} if notes else {}
                # NaN is not equal to itself, and its text is.
                assert repr(run.get_metrics(all_values=everything)) == repr(
                    {name: expected[name] for name in run.get_metrics()}
                )
                assert run.get_metrics().keys() == expected.keys()
            if not is_ended:
                run.complete()
    assert repr(run.get_parameters()) == repr({name: as_stored(values[name]) for name in sorted(values)})
    assert run.get_details()["refusedRecords"] == run.get_details()["droppedPoints"] == 0
