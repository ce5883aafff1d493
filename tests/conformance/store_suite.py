"""What every run-history store must do. An implementation subclasses ``StoreSuite`` and gives it a ``StoreDoor``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import pytest

from tb_runhistory.records.changes import (
    AddProperties,
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    DescribeRun,
    DropPoints,
    EndRun,
    ParameterValue,
    RemoveTags,
    SetParameter,
    SetTags,
    StartRun,
)
from tb_runhistory.records.columns import SampledPoints, Scope, SeriesColumns, SeriesKey
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, RunHistoryWriter, TreeBatch
from tests.conformance.builder import START, BuiltRun, History, points_of

ALL = Scope()


class StoreDoor(ABC):
    """One store under test: its two sides, and a back door that does not use them."""

    @abstractmethod
    def open_writer(self) -> RunHistoryWriter:
        """A further writer."""

    @abstractmethod
    def open_reader(self) -> RunHistoryReader:
        """A further reader."""

    @abstractmethod
    def stored_points(self, run_id: str) -> set[tuple[int, float]]:
        """(step, value) of every point that is stored for a run, hidden or shown, whatever its series."""

    @abstractmethod
    def damage_points(self, run_id: str) -> None:
        """Flips one bit in each stored block of points of a run."""

    @abstractmethod
    def stored_rows(self, run_id: str) -> int:
        """How many rows hold scalar points of a run, pyramid included."""


class StoreSuite:
    """The tests. ``door`` is the implementation's fixture."""

    @pytest.fixture
    def history(self, writer: RunHistoryWriter) -> History:
        """A builder over the writer."""
        return History(writer)

    @pytest.fixture
    def writer(self, door: StoreDoor) -> Iterator[RunHistoryWriter]:
        """The writer, closed at the end."""
        with door.open_writer() as writer:
            yield writer

    @pytest.fixture
    def reader(self, door: StoreDoor, writer: RunHistoryWriter) -> Iterator[RunHistoryReader]:
        """The reader, closed at the end."""
        with door.open_reader() as reader:
            yield reader

    # Runs and what describes them

    def test_an_empty_store_answers_empty_columns(self, reader: RunHistoryReader) -> None:
        assert len(reader.experiments()) == len(reader.runs(ALL)) == len(reader.parameters(ALL)) == 0
        assert len(reader.tags(ALL)) == len(reader.properties(ALL)) == len(reader.series(ALL, DataClass.SCALAR)) == 0

    def test_runs_are_numbered_in_their_experiment_and_ordered_by_creation(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        sweep = history.root("sweep")
        sweep.child("trial-1").child("fold-1")
        history.root("other", experiment="cifar")
        history.root("late")
        runs = reader.runs(ALL)
        assert runs.run_id == ["sweep", "trial-1", "fold-1", "other", "late"]
        assert runs.number.tolist() == [1, 2, 3, 1, 4]
        assert runs.depth.tolist() == [0, 1, 2, 0, 0]
        assert runs.parent_id == ["", "sweep", "trial-1", "", ""]
        assert runs.path[2] == "sweep/trial-1/fold-1"
        experiments = reader.experiments()
        assert dict(zip(experiments.name, experiments.run_count.tolist(), strict=True)) == {"mnist": 4, "cifar": 1}

    def test_a_scope_is_an_experiment_or_a_subtree(self, history: History, reader: RunHistoryReader) -> None:
        sweep = history.root("a")
        sweep.child("a-1").child("a-1-1")
        sweep.child("a-10")
        history.root("b", experiment="cifar")
        assert reader.runs(Scope(experiment="cifar")).run_id == ["b"]
        assert reader.runs(Scope(run_ids=("a-1",))).run_id == ["a-1", "a-1-1"]
        assert reader.runs(Scope(experiment="cifar", run_ids=("a",))).run_id == []
        assert reader.runs(Scope(run_ids=("nobody",))).run_id == []
        assert reader.runs(Scope(run_ids=("b", "a-1", "nobody", "a-1-1"))).run_id == ["a-1", "a-1-1", "b"]
        assert reader.runs(Scope(only=("b", "a-1", "nobody"))).run_id == ["a-1", "b"]
        assert reader.runs(Scope(experiment="mnist", run_ids=("a-1",), only=("a", "a-1-1", "b"))).run_id == ["a-1-1"]
        assert reader.runs(Scope(only=())).run_id == []
        assert reader.runs(Scope(experiment="cifar", run_ids=("a", "b"))).run_id == ["b"]

    def test_the_status_follows_the_newest_session(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        first = run.session_id
        assert reader.runs(ALL).status == [RunStatus.RUNNING]
        run.end(RunStatus.FAILED, "no more memory")
        runs = reader.runs(ALL)
        assert (runs.status, runs.error) == ([RunStatus.FAILED], ["no more memory"])
        assert runs.ended_at.tolist() == [START + 60]
        run.resume()
        runs = reader.runs(ALL)
        assert (runs.status, runs.error) == ([RunStatus.RUNNING], [""])
        assert math.isnan(runs.ended_at[0])
        run.apply(EndRun("run", "run", first, RunStatus.CANCELED, START + 99))
        assert reader.runs(ALL).status == [RunStatus.RUNNING], "the end of a session that is over changes nothing"

    def test_parameters_keep_their_type_and_their_first_value(self, history: History, reader: RunHistoryReader) -> None:
        values: dict[str, ParameterValue] = {
            "bool": True,
            "int": 2**53 + 1,
            "lr": 0.1,
            "nan": math.nan,
            "inf": -math.inf,
            "text": "adam",
        }
        run = history.root("run")
        run.apply(*(SetParameter("run", "run", name, value) for name, value in values.items()))
        run.apply(SetParameter("run", "run", "lr", 0.2))
        read = reader.parameters(ALL)
        stored = dict(zip(read.name, read.value, strict=True))
        assert math.isnan(float(stored.pop("nan")))
        assert math.isnan(float(values.pop("nan")))
        assert stored == values
        assert {name: type(value) for name, value in stored.items()} == {
            name: type(value) for name, value in values.items()
        }

    def test_tags_change_and_properties_do_not(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        run.apply(SetTags("run", "run", {"a": "1", "b": None, "c": "3"}), SetTags("run", "run", {"a": "2"}))
        run.apply(RemoveTags("run", "run", ("c", "unknown")))
        run.apply(AddProperties("run", "run", {"commit": "1"}), AddProperties("run", "run", {"commit": "2"}))
        tags, properties = reader.tags(ALL), reader.properties(ALL)
        assert dict(zip(tags.name, tags.value, strict=True)) == {"a": "2", "b": None}
        assert dict(zip(properties.name, properties.value, strict=True)) == {"commit": "1"}

    def test_names_and_descriptions_can_change(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").apply(DescribeRun("run", "run", "Ünïcode \u202e run", "**bold**"))
        history.apply("", [CreateExperiment("mnist", START, "digits")])
        runs = reader.runs(ALL)
        assert (runs.display_name, runs.description) == (["Ünïcode \u202e run"], ["**bold**"])
        assert reader.experiments().description == ["digits"]

    def test_dropped_points_are_counted(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").apply(DropPoints("run", "run", 3), DropPoints("run", "run", 4))
        assert reader.runs(ALL).dropped.tolist() == [7]

    def test_a_run_that_is_heard_of_before_its_creation_is_not_lost(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        root = history.root("root")
        child = root.child("child")
        with door.open_writer() as other:
            early = TreeBatch("other-journal", "r2", 1, [StartRun("r2", "r2", "s1", START, "host")], [], [])
            other.apply([early])
            assert "r2" in reader.runs(ALL).run_id
            late = CreateRun("r2", "r2", None, "r2", "mnist", "named", START)
            other.apply([TreeBatch("other-journal", "r2", 2, [late], [], [])])
        runs = reader.runs(Scope(run_ids=("r2",)))
        assert (runs.experiment, runs.display_name, runs.status) == (["mnist"], ["named"], [RunStatus.RUNNING])
        assert child.run_id in reader.runs(ALL).run_id

    def test_a_heartbeat_renews_running_runs_only(
        self, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        history.root("runs")
        history.root("ended").end()
        writer.beat([("runs", "runs"), ("ended", "ended")], START + 500)
        assert reader.runs(ALL).heartbeat_at.tolist() == [START + 500, START + 2]

    # Points and facts

    def test_points_come_back_in_columns_bit_for_bit(self, history: History, reader: RunHistoryReader) -> None:
        values = [1.0, math.nan, -math.inf, 5e-324, -0.0]
        history.root("run").log("loss", [0, 1, 2, 3, 2**62], values)
        (read,) = _read(reader, "loss")
        assert read.total == 5
        assert read.points.steps.tolist() == [0, 1, 2, 3, 2**62]
        assert np.array(values).tobytes() == read.points.values.tobytes()
        assert read.points.wall_times[1] == START + 1

    def test_facts_describe_the_shown_points(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log("loss", [0, 1, 2], [5.0, math.nan, 2.0])
        run.log("loss", [3, 4], [2.0, math.inf])
        facts = reader.series(ALL, DataClass.SCALAR)
        assert (facts.tag, facts.metric) == (["loss"], ["loss"])
        assert (facts.count[0], facts.non_finite[0], facts.hidden[0], facts.sum[0]) == (5, 2, 0, 9.0)
        assert (facts.minimum[0], facts.minimum_step[0]) == (2.0, 2)
        assert (facts.maximum[0], facts.maximum_step[0]) == (5.0, 0)
        assert (facts.first_step[0], facts.last_step[0], facts.last_value[0]) == (0, 4, math.inf)
        assert (facts.first_wall_time[0], facts.last_wall_time[0]) == (START, START + 4)

    def test_steps_in_any_order_are_kept_and_the_later_of_two_shows(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run").log("loss", [5, 1, 3, 1], [50, 10, 30, 11])
        run.log("loss", [4, 2, 3], [40, 20, 31])
        (read,) = _read(reader, "loss")
        assert read.points.steps.tolist() == [1, 2, 3, 4, 5]
        assert read.points.values.tolist() == [11, 20, 31, 40, 50]
        facts = reader.series(ALL, DataClass.SCALAR)
        assert (facts.count[0], facts.hidden[0], facts.sum[0], facts.last_value[0]) == (5, 2, 152.0, 50.0)
        assert {(1, 10.0), (3, 30.0)} <= door.stored_points("run"), "what is replaced stays stored"

    def test_a_resumed_run_supersedes_what_it_logs_again(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run").log("loss", range(100), [1.0] * 100).log("other", range(10))
        run.resume().log("loss", [50, 51], [2.0, 2.0])
        (read,) = _read(reader, "loss")
        assert read.points.steps.tolist() == list(range(52))
        assert read.points.values.tolist() == [1.0] * 50 + [2.0] * 2
        facts = reader.series(ALL, DataClass.SCALAR, ["loss"])
        assert (facts.count[0], facts.hidden[0], facts.last_step[0], facts.sum[0]) == (52, 50, 51, 54.0)
        assert len(_read(reader, "other")[0].points) == 10, "a series that is not logged again stays"
        assert len(door.stored_points("run") & {(step, 1.0) for step in range(100)}) == 100
        run.log("loss", [49, 52], [3.0, 3.0])
        assert _read(reader, "loss")[0].points.values.tolist() == [1.0] * 49 + [3.0, 2.0, 2.0, 3.0]

    def test_what_an_earlier_session_reports_late_is_cut(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log("loss", [0, 1])
        early = run.session_id
        run.resume().log("loss", [10])
        run.session_id = early
        run.log("loss", [2, 3, 10, 11])
        (read,) = _read(reader, "loss")
        assert read.points.steps.tolist() == [0, 1, 2, 3, 10]
        assert reader.series(ALL, DataClass.SCALAR).hidden.tolist() == [2]

    @pytest.mark.parametrize("batch", [1, 97, 4096, 10_000])
    def test_a_long_series_is_the_same_however_it_was_batched(
        self, history: History, reader: RunHistoryReader, batch: int
    ) -> None:
        count = 300 if batch == 1 else 30_000
        steps, values = np.arange(count) * 3, np.random.default_rng(1).normal(size=count)
        run = history.root("run")
        for start in range(0, count, batch):
            part = slice(start, start + batch)
            run.log("loss", steps[part].tolist(), values[part].tolist())
        for _ in range(2):
            (read,) = _read(reader, "loss")
            assert read.points.steps.tolist() == steps.tolist()
            assert read.points.values.tolist() == values.tolist()
            facts = reader.series(ALL, DataClass.SCALAR)
            assert (facts.count[0], facts.minimum[0], facts.maximum[0]) == (count, values.min(), values.max())
            assert facts.sum[0] == pytest.approx(values.sum())
            run.end()

    def test_many_small_appends_stay_few_rows(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run")
        for start in range(0, 2000, 10):
            run.log("loss", range(start, start + 10)).log("accuracy", range(start, start + 10))
        assert door.stored_rows("run") < 200
        run.end()
        assert door.stored_rows("run") == 2
        assert all(read.total == 2000 for read in _read(reader, "loss", "accuracy"))

    def test_a_window_is_exact_at_its_edges(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").log("loss", (np.arange(200_000) * 2).tolist())
        key = _series(reader, "loss").key
        for window in [(0, 0), (1, 1), (101, 399_000), (8190, 8194), (-5, 10**9)]:
            inside = np.arange(200_000) * 2
            inside = inside[(inside >= window[0]) & (inside <= window[1])]
            (whole,) = reader.read_points(key, window=window)
            assert whole.points.steps.tolist() == inside.tolist()
            (some,) = reader.read_points(key, 100, window)
            assert some.total == len(inside)
            assert len(some.points) <= 100
            if len(inside):
                assert (some.points.steps[0], some.points.steps[-1]) == (inside[0], inside[-1])

    # Sampling

    @pytest.mark.parametrize("count", [50, 5_000, 100_001, 1_500_000])
    def test_a_sample_keeps_ends_and_spikes_and_costs_what_it_shows(
        self, history: History, reader: RunHistoryReader, count: int
    ) -> None:
        values = np.ones(count)
        spike = count * 54_321 // 100_001
        values[spike] = 1000.0
        history.root("run").log("loss", range(count), values.tolist())
        for limit in (1, 2, 4, 64, 1000):
            (read,) = _read(reader, "loss", limit=limit)
            assert len(read.points) == min(limit, count) or (len(read.points) <= limit < count)
            assert read.total == count
            assert read.points.steps[-1] == count - 1
            assert limit < 2 or read.points.steps[0] == 0
            assert limit < 4 or spike in read.points.steps.tolist()
            assert read.points.increasing()
            again = _read(reader, "loss", limit=limit)[0].points
            assert again.steps.tolist() == read.points.steps.tolist()

    def test_series_that_do_not_exist_answer_no_points(self, reader: RunHistoryReader) -> None:
        (read,) = reader.read_points([SeriesKey("no", "no", 0)], 10)
        assert (len(read.points), read.total) == (0, 0)

    def test_a_damaged_block_is_named_and_never_shown(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("whole").log("loss", range(100)).end()
        history.root("hurt").log("loss", range(5000)).end()
        door.damage_points("hurt")
        keys = dict(zip((key.run_id for key in _series(reader, "loss").key), _series(reader, "loss").key, strict=True))
        (hurt,) = reader.read_points([keys["hurt"]])
        assert len(hurt.points) == 0
        assert hurt.total == 5000
        assert [(block.first_step, block.last_step, block.count) for block in hurt.damaged] == [
            (0, 4095, 4096),
            (4096, 4999, 904),
        ]
        (whole,) = reader.read_points([keys["whole"]])
        assert whole.points.steps.tolist() == list(range(100))
        assert not whole.damaged
        history.root("more").log("loss", [1])
        history.apply("hurt", points=[LoggedPoints(_declared(history, "hurt"), points_of([5000, 7]))])
        assert reader.read_points([keys["hurt"]])[0].points.steps.tolist() == [7, 5000]

    # Texts

    def test_texts_follow_the_same_rules(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log_texts("note", [(0, "a"), (5, "b"), (5, "c"), (2, "d"), (9, "e")])
        (read,) = reader.read_texts(reader.series(ALL, DataClass.TEXT).key)
        assert (read.step.tolist(), read.text, read.total) == ([0, 2, 5, 9], ["a", "d", "c", "e"], 4)
        run.resume().log_texts("note", [(5, "f")])
        (read,) = reader.read_texts(reader.series(ALL, DataClass.TEXT).key)
        assert (read.step.tolist(), read.text) == ([0, 2, 5], ["a", "d", "f"])
        facts = reader.series(ALL, DataClass.TEXT)
        assert (facts.count[0], facts.hidden[0], facts.last_step[0]) == (3, 3, 5)
        (some,) = reader.read_texts(facts.key, limit=2)
        assert (some.step.tolist(), some.total) == ([0, 5], 3)
        assert len(reader.series(ALL, DataClass.SCALAR)) == 0

    # Exactly once, and several at a time

    def test_progress_is_stored_with_what_it_counts(
        self, door: StoreDoor, history: History, writer: RunHistoryWriter
    ) -> None:
        history.root("a").log("loss", [0])
        history.root("b")
        assert writer.applied(history.journal_id) == {"a": 2, "b": 3}
        with door.open_writer() as other:
            assert other.applied(history.journal_id) == {"a": 2, "b": 3}
            other.forget(history.journal_id)
        assert writer.applied(history.journal_id) == {}

    def test_two_writers_and_a_reader_share_a_store(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        with door.open_writer() as other_writer:
            other = History(other_writer, "other")
            for turn in range(5):
                history.root(f"a{turn}").log("loss", [turn])
                other.root(f"b{turn}").log("loss", [turn])
                assert len(reader.runs(ALL)) == 2 * turn + 2
        assert sorted(reader.runs(ALL).number.tolist()) == list(range(1, 11))

    def test_the_version_changes_with_every_commit(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        seen = {reader.version()}
        assert reader.version() in seen
        for step in range(20):
            run.log("loss", [step])
            seen.add(reader.version())
        assert len(seen) == 21


def _series(reader: RunHistoryReader, *tags: str) -> SeriesColumns:
    return reader.series(ALL, DataClass.SCALAR, list(tags))


def _read(reader: RunHistoryReader, *tags: str, limit: int | None = None) -> list[SampledPoints]:
    return reader.read_points(_series(reader, *tags).key, limit)


def _declared(history: History, run_id: str) -> DeclareSeries:
    return BuiltRun(history, run_id, run_id, run_id).series("loss")
