"""What every store must do so that nothing is applied twice, and nothing that can be applied is lost."""

from __future__ import annotations

import threading

import pytest

from tb_runhistory.errors import JournalMoved, RefusedData
from tb_runhistory.records.changes import Change, CreateRun, DataClass, SetTags
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, RunHistoryWriter, TreeBatch
from tests.conformance.builder import START, BuiltRun, History, id_of, points_of
from tests.conformance.door import StoreDoor, Suite

ALL = Scope()


def batch_of(
    run: BuiltRun, after: int, sequence: int, steps: range = range(0), changes: tuple[Change, ...] = ()
) -> TreeBatch:
    """One batch of the run's journal."""
    points = LoggedPoints.of([(run.series("loss"), points_of(steps))])
    return TreeBatch(run.history.journal_id, run.root_id, after, sequence, changes, points)


class ExactlyOnceSuite(Suite):
    """The tests."""

    def test_progress_is_stored_with_what_it_counts(
        self, door: StoreDoor, history: History, writer: RunHistoryWriter
    ) -> None:
        history.root("a").log("loss", [0])
        history.root("b")
        expected = {id_of("a"): 2, id_of("b"): 3}
        assert writer.applied(history.journal_id) == expected
        with door.open_writer() as other:
            assert other.applied(history.journal_id) == expected
            other.forget(history.journal_id)
        assert writer.applied(history.journal_id) == {}

    def test_a_batch_that_is_applied_is_left_out(
        self, door: StoreDoor, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        run = history.root("run")
        batch = batch_of(run, 1, 5, range(4))
        with door.open_writer() as other:
            for each in (writer, other, writer):
                each.apply([batch])
        writer.apply([batch_of(run, 1, 3, range(4))])
        assert reader.series(ALL, DataClass.SCALAR).count.tolist() == [4]
        assert reader.series(ALL, DataClass.SCALAR).hidden.tolist() == [0]
        assert writer.applied(history.journal_id) == {run.root_id: 5}

    def test_a_batch_that_was_applied_in_part_is_applied_not_at_all(
        self, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        run, other = history.root("run"), history.root("other")
        begun = history.sequence
        writer.apply([batch_of(run, begun, begun + 4, range(4))])
        before = reader.version()
        with pytest.raises(JournalMoved):
            writer.apply(
                [
                    batch_of(other, begun, begun + 4, range(4)),
                    batch_of(run, begun + 2, begun + 6, range(2, 6)),
                ]
            )
        assert reader.version() == before, "no batch of them was applied"
        writer.apply([batch_of(run, begun + 4, begun + 6, range(4, 6))])
        assert reader.series(ALL, DataClass.SCALAR).count.tolist() == [6]

    def test_one_journal_may_speak_of_many_trees_in_one_go(
        self, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        runs = [history.root(f"r{number}") for number in range(300)]
        begun = history.sequence
        writer.apply([batch_of(run, begun, begun + 1, range(3)) for run in reversed(runs)])
        assert reader.series(ALL, DataClass.SCALAR).count.tolist() == [3] * 300

    def test_what_the_store_cannot_take_is_refused_and_spoils_nothing(
        self, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        run = history.root("run")
        begun = history.sequence
        hurt = CreateRun(run.root_id, id_of("lost"), run.run_id, "a path that leads nowhere", "mnist", "lost", START)
        with pytest.raises(RefusedData):
            writer.apply([batch_of(run, begun, begun + 2, range(3), (hurt,))])
        assert len(reader.series(ALL, DataClass.SCALAR)) == 0
        writer.refuse(history.journal_id, run.root_id, begun, begun + 1, {run.run_id: 1})
        writer.apply([batch_of(run, begun + 1, begun + 2, range(3))])
        assert reader.runs(ALL).refused.tolist() == [1]
        assert reader.series(ALL, DataClass.SCALAR).count.tolist() == [3]
        with pytest.raises(JournalMoved):
            writer.refuse(history.journal_id, run.root_id, begun + 1, begun + 3, {run.run_id: 1})
        assert reader.runs(ALL).refused.tolist() == [1]

    def test_two_writers_and_a_reader_share_a_store(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        with door.open_writer() as other_writer:
            other = History(other_writer, new_id())
            for turn in range(5):
                history.root(f"a{turn}").log("loss", [turn])
                other.root(f"b{turn}").log("loss", [turn])
                assert len(reader.runs(ALL)) == 2 * turn + 2
        assert sorted(reader.runs(ALL).number.tolist()) == list(range(1, 11))

    def test_writers_of_one_tree_and_of_many_wait_for_one_another(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        root = history.root("root")
        failures: list[BaseException] = []

        def record(number: int) -> None:
            try:
                with door.open_writer() as writer:
                    mine = History(writer, new_id())
                    shared = BuiltRun(mine, root.run_id, root.root_id, root.path, root.session_id)
                    for turn in range(10):
                        child = shared.child(f"{number}-{turn}").log("loss", range(turn + 1))
                        shared.log(f"loss-{number}", [turn])
                        shared.apply(SetTags(root.root_id, root.run_id, {"last": str(number)}))
                        mine.root(f"own-{number}-{turn}", experiment=f"e{turn % 3}").log("loss", [0])
                        child.end()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=record, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        runs = reader.runs(ALL)
        assert len(runs) == 1 + 2 * 4 * 10
        experiments = reader.experiments()
        assert dict(zip(experiments.name, experiments.run_count.tolist(), strict=True)) == {
            "mnist": 41,
            "e0": 16,
            "e1": 12,
            "e2": 12,
        }
        for name in experiments.name:
            numbers = reader.runs(Scope(experiment=name)).number.tolist()
            assert sorted(numbers) == list(range(1, len(numbers) + 1))
        series = reader.series(Scope(only=(root.run_id,)), DataClass.SCALAR)
        assert (series.tag, series.count.tolist()) == ([f"loss-{number}" for number in range(4)], [10] * 4)
