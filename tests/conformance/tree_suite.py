"""What every store must answer to the tree's questions."""

from __future__ import annotations

import math

import pytest

from tb_runhistory.query.terms import Attribute, Column, Field, Metric, Parameter
from tb_runhistory.query.tree import BY_CREATION, TreePage, TreeQuery
from tb_runhistory.records.changes import ParameterValue, SetParameter
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryReader
from tests.conformance.builder import START, BuiltRun, History, id_of
from tests.conformance.door import Suite

LR = Parameter("lr", inherited=True)
LOSS = Metric("loss")


def ask(
    reader: RunHistoryReader,
    parent_id: str = "",
    sort: Column = BY_CREATION,
    descending: bool = False,
    offset: int = 0,
    limit: int = 100,
    columns: tuple[Column, ...] = (),
    scope: Scope | None = None,
    now: float = START + 100,
) -> TreePage:
    """One page, ascending by creation unless said otherwise."""
    return reader.tree_page(
        TreeQuery(now, scope or Scope(), id_of(parent_id), sort, descending, offset, limit, columns)
    )


def with_parameter(run: BuiltRun, name: str, value: ParameterValue) -> BuiltRun:
    """Sets a parameter of a run."""
    return run.apply(SetParameter(run.root_id, run.run_id, name, value))


class TreeSuite(Suite):
    """The tests."""

    def test_a_page_is_of_one_parent_and_counts_children(self, history: History, reader: RunHistoryReader) -> None:
        sweep = history.root("sweep")
        sweep.child("a").child("a-1")
        sweep.child("b")
        history.root("other", experiment="cifar")
        roots, children = ask(reader), ask(reader, "sweep")
        assert (roots.runs.chosen_id, roots.children.tolist(), roots.total) == (["sweep", "other"], [2, 0], 2)
        assert (children.runs.chosen_id, children.children.tolist(), children.total) == (["a", "b"], [1, 0], 2)
        nobody = ask(reader, "nobody", columns=(LR,))
        assert (len(nobody.runs), nobody.total, nobody.values) == (0, 0, [[]])

    def test_a_page_begins_at_its_offset(self, history: History, reader: RunHistoryReader) -> None:
        for number in range(5):
            history.root(f"r{number}")
        page = ask(reader, offset=2, limit=2)
        assert (page.runs.chosen_id, page.total) == (["r2", "r3"], 5)
        assert ask(reader, descending=True, limit=2).runs.chosen_id == ["r4", "r3"]
        beyond = ask(reader, offset=9)
        assert (beyond.runs.chosen_id, beyond.total) == ([], 5)

    def test_the_top_of_a_scope_is_what_has_no_parent_in_it(self, history: History, reader: RunHistoryReader) -> None:
        sweep = with_parameter(history.root("sweep"), "lr", 0.5)
        trial = sweep.child("trial")
        trial.child("fold")
        sweep.child("outside")
        history.root("cifar-1", experiment="cifar")
        narrow = Scope(run_ids=tuple(map(id_of, ("fold", "trial", "nobody"))))
        top = ask(reader, scope=narrow, columns=(LR,))
        assert (top.runs.chosen_id, top.total, top.values) == (["trial"], 1, [[0.5]])
        assert ask(reader, "trial", scope=narrow).runs.chosen_id == ["fold"]
        assert ask(reader, "sweep", scope=narrow).total == 0
        assert ask(reader, scope=Scope(experiment="cifar")).runs.chosen_id == ["cifar-1"]

    def test_a_child_whose_parent_is_unknown_stands_below_a_row_for_it(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("root").child("child")
        lost, orphan = id_of("lost"), id_of("orphan")
        history.add(BuiltRun(history, orphan, lost, f"{lost}/{orphan}"), "orphan", lost).child("below")
        top = ask(reader)
        assert top.runs.run_id == [id_of("root"), lost]
        assert (top.children.tolist(), top.total) == ([1, 1], 2)
        assert top.runs.display_name[1], "it is shown under some name"
        assert ask(reader, lost).runs.chosen_id == ["orphan"]
        assert ask(reader, orphan).runs.chosen_id == ["below"]

    def test_cells_are_a_run_s_own_or_what_it_inherits(self, history: History, reader: RunHistoryReader) -> None:
        sweep = with_parameter(history.root("sweep"), "lr", 1)
        with_parameter(sweep.child("own"), "lr", True).log("loss", [0, 1], [3.0, math.nan])
        sweep.child("inherits").child("deep").log("loss", [0], [math.inf])
        page = ask(reader, "sweep", columns=(LR, LOSS, Metric("lr")))
        parameters, losses, nothing = page.values
        assert parameters == [True, 1]
        assert isinstance(losses[0], float)
        assert math.isnan(losses[0])
        assert (losses[1], nothing) == (None, [None, None])
        [[deep], [loss]] = ask(reader, "inherits", columns=(LR, LOSS)).values
        assert (deep, loss) == (1, math.inf)

    @pytest.mark.parametrize(
        ("descending", "expected"),
        [
            (False, ["-inf", "true", "two", "inf", "text", "nan", "none"]),
            (True, ["text", "inf", "two", "true", "-inf", "nan", "none"]),
        ],
    )
    def test_parameters_are_sorted_by_type_and_missing_ones_last(
        self, history: History, reader: RunHistoryReader, descending: bool, expected: list[str]
    ) -> None:
        values: dict[str, ParameterValue] = {
            "nan": math.nan,
            "text": "adam",
            "two": 2,
            "inf": math.inf,
            "true": True,
            "-inf": -math.inf,
        }
        for name, value in values.items():
            with_parameter(history.root(name), "lr", value)
        history.root("none")
        assert ask(reader, sort=LR, descending=descending).runs.chosen_id == expected

    @pytest.mark.parametrize(
        ("descending", "expected"),
        [(False, ["low", "high", "infinite", "nan", "none"]), (True, ["infinite", "high", "low", "nan", "none"])],
    )
    def test_metrics_are_sorted_by_their_last_value(
        self, history: History, reader: RunHistoryReader, descending: bool, expected: list[str]
    ) -> None:
        for name, last in {"high": 10.0, "nan": math.nan, "low": 9.0, "infinite": math.inf}.items():
            history.root(name).log("loss", [0, 1], [100.0, last])
        history.root("none").log_texts("loss", [(0, "a text of that name")])
        assert ask(reader, sort=LOSS, descending=descending).runs.chosen_id == expected

    def test_fields_sort_as_they_are_shown(self, history: History, reader: RunHistoryReader) -> None:
        history.root("done", display_name="Beta").end()
        silent = history.root("silent", display_name="alpha")
        history.root("failed", display_name="").end(RunStatus.FAILED)
        assert ask(reader, sort=Field(Attribute.NAME)).runs.chosen_id == ["silent", "done", "failed"]
        # Nobody beats for the running run: it is not responding once its heartbeat is old, and lasts until then.
        late = START + 1000
        assert ask(reader, sort=Field(Attribute.STATUS), now=late).runs.chosen_id == ["silent", "done", "failed"]
        assert ask(reader, sort=Field(Attribute.DURATION), now=late).runs.chosen_id[0] == "silent"
        history.writer.beat([(silent.root_id, silent.run_id)], late)
        assert ask(reader, sort=Field(Attribute.DURATION), now=late).runs.chosen_id[-1] == "silent"
        assert ask(reader, sort=Field(Attribute.STARTED)).runs.chosen_id[0] == "done"

    def test_columns_are_counted_over_the_scope(self, history: History, reader: RunHistoryReader) -> None:
        sweep = with_parameter(history.root("sweep"), "data", "digits")
        with_parameter(with_parameter(sweep.child("a"), "lr", 1), "depth", 3).log("loss", [0])
        with_parameter(sweep.child("b"), "lr", 2).log("loss", [0]).log("accuracy", [0]).log_texts("note", [(0, "x")])
        with_parameter(history.root("other", experiment="cifar"), "lr", 1)
        counted = reader.tree_columns(Scope())
        columns = [Parameter("lr"), Parameter("data"), Parameter("depth"), Metric("loss"), Metric("accuracy")]
        assert (counted.column, counted.run_count.tolist()) == (columns, [3, 1, 1, 2, 1])
        narrow = reader.tree_columns(Scope(run_ids=(id_of("a"),)))
        assert narrow.column == [Parameter("depth"), Parameter("lr"), Metric("loss")]
        assert len(reader.tree_columns(Scope(experiment="nothing"))) == 0
