"""What every store must do with the points of scalar series."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tb_runhistory.records.changes import DataClass, EndRun, StartRun
from tb_runhistory.records.columns import SampledPoints, Scope, SeriesColumns, SeriesKey
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryReader
from tests.conformance.builder import START, BuiltRun, History, id_of, key_of, points_of
from tests.conformance.door import StoreDoor, Suite

ALL = Scope()


def series(reader: RunHistoryReader, *tags: str) -> SeriesColumns:
    """Scalar series of any run."""
    return reader.series(ALL, DataClass.SCALAR, list(tags) or None)


def read(reader: RunHistoryReader, *tags: str, limit: int | None = None) -> list[SampledPoints]:
    """Their points."""
    return reader.read_points(series(reader, *tags).key, limit)


class SeriesSuite(Suite):
    """The tests."""

    # Points and facts

    def test_points_come_back_in_columns_bit_for_bit(self, history: History, reader: RunHistoryReader) -> None:
        values = [1.0, math.nan, -math.inf, 5e-324, -0.0]
        history.root("run").log("loss", [0, 1, 2, 3, 2**62], values)
        (loss,) = read(reader, "loss")
        assert loss.total == 5
        assert loss.points.steps.tolist() == [0, 1, 2, 3, 2**62]
        assert np.array(values).tobytes() == loss.points.values.tobytes()
        assert loss.points.wall_times[1] == START + 1

    def test_facts_describe_the_shown_points(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log("loss", [0, 1, 2], [5.0, math.nan, 2.0])
        run.log("loss", [3, 4], [2.0, math.inf])
        facts = series(reader)
        assert (facts.tag, facts.metric) == (["loss"], ["loss"])
        assert (facts.count[0], facts.non_finite[0], facts.hidden[0], facts.sum[0]) == (5, 2, 0, 9.0)
        assert (facts.minimum[0], facts.minimum_step[0]) == (2.0, 2)
        assert (facts.maximum[0], facts.maximum_step[0]) == (5.0, 0)
        assert (facts.first_step[0], facts.last_step[0], facts.last_value[0]) == (0, 4, math.inf)
        assert facts.last_wall_time[0] == START + 4

    def test_a_sum_may_overflow(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        for batch in range(16):
            run.log("loss", [batch], [1e308 * (-1) ** batch])
        run.log("up", range(4), [1e308] * 4).log("both", range(4), [1e308, 1e308, -1e308, -1e308])
        run.log("nothing", range(2), [math.nan, math.nan])
        facts = series(reader)
        assert facts.count.tolist() == [4, 16, 2, 4]
        assert facts.sum[3] == math.inf
        assert math.isnan(facts.minimum[2])
        assert math.isnan(facts.last_value[2])
        assert len(read(reader, "loss")[0].points) == 16

    def test_one_batch_carries_many_runs_and_series(self, history: History, reader: RunHistoryReader) -> None:
        root = history.root("root")
        children = [root.child(f"c{number}") for number in range(20)]
        for turn in range(3):
            parts = [
                (child.series(f"m{number}"), points_of(range(turn * 4, turn * 4 + 4), [float(number)] * 4))
                for child in children
                for number in range(30)
            ]
            history.apply(root.root_id, points=parts)
        facts = series(reader)
        assert facts.count.tolist() == [12] * 600
        assert facts.sum.tolist() == [12.0 * int(tag[1:]) for tag in facts.tag]
        (some,) = reader.read_points([facts.key[facts.tag.index("m7")]])
        assert some.points.steps.tolist() == list(range(12))
        assert set(some.points.values.tolist()) == {7.0}

    def test_steps_in_any_order_are_kept_and_the_later_of_two_shows(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run").log("loss", [5, 1, 3, 1], [50, 10, 30, 11])
        run.log("loss", [4, 2, 3], [40, 20, 31])
        (loss,) = read(reader, "loss")
        assert loss.points.steps.tolist() == [1, 2, 3, 4, 5]
        assert loss.points.values.tolist() == [11, 20, 31, 40, 50]
        facts = series(reader)
        assert (facts.count[0], facts.hidden[0], facts.sum[0], facts.last_value[0]) == (5, 2, 152.0, 50.0)
        assert {(1, 10.0), (3, 30.0)} <= door.stored_points("run"), "what is replaced stays stored"

    def test_all_values_of_a_step_can_be_read(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log("loss", [1, 0, 1, 1], [10, 0, 11, 12]).log("loss", [2, 1], [20, 13])
        run.resume().log("loss", [2, 2], [21, 22])
        (every,) = reader.read_all_values(series(reader).key)
        assert every.steps.tolist() == [0, 1, 1, 1, 1, 2, 2]
        assert every.values.tolist() == [0, 10, 11, 12, 13, 21, 22]
        run.end()
        (again,) = reader.read_all_values(series(reader).key)
        assert again.values.tolist() == every.values.tolist()
        assert read(reader)[0].points.values.tolist() == [0, 13, 22]

    def test_a_resumed_run_supersedes_what_it_logs_again(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run").log("loss", range(100), [1.0] * 100).log("other", range(10))
        run.resume().log("loss", [50, 51], [2.0, 2.0])
        (loss,) = read(reader, "loss")
        assert loss.points.steps.tolist() == list(range(52))
        assert loss.points.values.tolist() == [1.0] * 50 + [2.0] * 2
        facts = series(reader, "loss")
        assert (facts.count[0], facts.hidden[0], facts.last_step[0], facts.sum[0]) == (52, 50, 51, 54.0)
        assert len(read(reader, "other")[0].points) == 10, "a series that is not logged again stays"
        assert len(door.stored_points("run") & {(step, 1.0) for step in range(100)}) == 100
        run.log("loss", [49, 52], [3.0, 3.0])
        assert read(reader, "loss")[0].points.values.tolist() == [1.0] * 49 + [3.0, 2.0, 2.0, 3.0]

    def test_what_an_earlier_session_reports_late_is_cut(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log("loss", [0, 1])
        early = run.session_id
        run.resume().log("loss", [10])
        run.session_id = early
        run.log("loss", [2, 3, 10, 11])
        (loss,) = read(reader, "loss")
        assert loss.points.steps.tolist() == [0, 1, 2, 3, 10]
        assert series(reader).hidden.tolist() == [2]

    def test_a_session_that_points_speak_of_first_is_counted_then(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run").log("loss", range(6), [1.0] * 6)
        first, second = run.session_id, new_id()
        history.apply(
            run.root_id,
            points=[(BuiltRun(history, run.run_id, run.root_id, run.path, second).series("loss"), points_of([4]))],
        )
        run.apply(StartRun(run.root_id, run.run_id, second, START, "host", follows=first))
        assert read(reader)[0].points.values.tolist() == [1.0] * 4 + [4.0]
        run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.FAILED, START))
        assert reader.runs(ALL).status == [RunStatus.RUNNING]

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
            (loss,) = read(reader, "loss")
            assert loss.points.steps.tolist() == steps.tolist()
            assert loss.points.values.tolist() == values.tolist()
            facts = series(reader)
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
        assert door.stored_rows("run") <= 4
        assert all(loss.total == 2000 for loss in read(reader, "loss", "accuracy"))

    def test_a_short_run_that_ended_is_one_row(self, door: StoreDoor, history: History) -> None:
        run = history.root("run")
        for step in range(20):
            parts = [(run.series(f"m{number}"), points_of([step], [0.5])) for number in range(5)]
            history.apply(run.root_id, points=parts)
        run.end()
        assert door.stored_rows("run") == 1
        assert len(door.stored_points("run")) == 20

    # Windows and samples

    def test_a_window_is_exact_at_its_edges(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").log("loss", (np.arange(200_000) * 2).tolist())
        key = series(reader, "loss").key
        for window in [(0, 0), (1, 1), (101, 399_000), (8190, 8194), (-5, 10**9), (9, 3)]:
            inside = np.arange(200_000) * 2
            inside = inside[(inside >= window[0]) & (inside <= window[1])]
            (whole,) = reader.read_points(key, window=window)
            assert whole.points.steps.tolist() == inside.tolist()
            (some,) = reader.read_points(key, 100, window)
            assert some.total == len(inside)
            assert len(some.points) == min(100, len(inside)) or 64 <= len(some.points) <= 100
            if len(inside):
                assert (some.points.steps[0], some.points.steps[-1]) == (inside[0], inside[-1])

    def test_a_window_shows_as_many_points_as_it_holds(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").log("loss", range(500_000))
        key = series(reader, "loss").key
        for first in (0, 4000, 123_456, 499_000):
            (some,) = reader.read_points(key, 1000, (first, first + 999))
            assert some.points.steps.tolist() == list(range(first, first + 1000))

    @pytest.mark.parametrize("count", [50, 5_000, 100_001, 1_500_000])
    def test_a_sample_keeps_ends_and_spikes_and_costs_what_it_shows(
        self, history: History, reader: RunHistoryReader, count: int
    ) -> None:
        values = np.ones(count)
        spike = count * 54_321 // 100_001
        values[spike] = 1000.0
        history.root("run").log("loss", range(count), values.tolist())
        for limit in (1, 2, 4, 64, 1000):
            (loss,) = read(reader, "loss", limit=limit)
            assert len(loss.points) == min(limit, count) or (len(loss.points) <= limit < count)
            assert loss.total == count
            assert loss.points.steps[-1] == count - 1
            assert limit < 2 or loss.points.steps[0] == 0
            assert limit < 4 or spike in loss.points.steps.tolist()
            assert loss.points.increasing()
            again = read(reader, "loss", limit=limit)[0].points
            assert again.steps.tolist() == loss.points.steps.tolist()

    def test_series_that_do_not_exist_answer_no_points(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").log("loss", [0])
        nobody = [SeriesKey("no", "no", 0), key_of("run", "run", 99), key_of("run", "nobody"), key_of("nobody", "run")]
        for answer in reader.read_points(nobody, 10):
            assert (len(answer.points), answer.total) == (0, 0)
        assert [len(points) for points in reader.read_all_values(nobody)] == [0] * 4
        assert [len(answer) for answer in reader.read_entries(nobody)] == [0] * 4

    # Damage

    @pytest.mark.parametrize("count", [100, 5000, 20_000])
    def test_damaged_points_are_named_and_never_shown(
        self, door: StoreDoor, history: History, reader: RunHistoryReader, count: int
    ) -> None:
        history.root("whole").log("loss", range(100)).end()
        hurt = history.root("hurt").log("loss", range(count)).end()
        assert door.damage_points("hurt") == (1 if count < 20_000 else 5)
        keys = {key.run_id: key for key in series(reader, "loss").key}
        whole, damaged = reader.read_points([keys[id_of("whole")], keys[hurt.run_id]])
        assert len(damaged.points) == 0
        assert damaged.total == count
        assert damaged.damaged
        assert sum(block.count for block in damaged.damaged) == count
        assert whole.points.steps.tolist() == list(range(100))
        assert not whole.damaged

    @pytest.mark.parametrize("count", [100, 20_000])
    def test_a_damaged_run_is_recorded_into_resumed_and_ended(
        self, door: StoreDoor, history: History, reader: RunHistoryReader, count: int
    ) -> None:
        hurt = history.root("hurt").log("loss", range(count))
        if count == 20_000:
            hurt.end()
        assert door.damage_points("hurt")
        history.root("more").log("loss", [1])
        hurt.log("loss", [count + 5, 7]).resume().log("loss", [count + 6]).end()
        keys = {key.run_id: key for key in series(reader, "loss").key}
        (read_again,) = reader.read_points([keys[hurt.run_id]])
        assert read_again.points.steps.tolist() == [7, count + 5, count + 6]
        assert reader.runs(Scope(only=(hurt.run_id,))).status == [RunStatus.COMPLETED]
