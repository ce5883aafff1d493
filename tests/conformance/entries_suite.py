"""What every store must do with values that are not scalar: texts, tensors and sequences of blobs."""

from __future__ import annotations

import hashlib

import pytest

from tb_runhistory.errors import NotFound
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import EntryColumns, Scope
from tb_runhistory.store.base import RunHistoryReader
from tests.conformance.builder import START, History
from tests.conformance.door import Suite

ALL = Scope()


def texts(entries: EntryColumns) -> list[str]:
    """The texts of a text series."""
    return [contents[0].data.decode() for contents in entries.contents if contents[0].data is not None]


class EntriesSuite(Suite):
    """The tests."""

    def test_texts_follow_the_rules_of_points(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log_texts("note", [(0, "a"), (5, "b"), (5, "c"), (2, "d"), (9, "e")])
        (entries,) = reader.read_entries(reader.series(ALL, DataClass.TEXT).key)
        assert (entries.step.tolist(), texts(entries), entries.total) == ([0, 2, 5, 9], ["a", "d", "c", "e"], 4)
        assert entries.wall_time.tolist() == [START, START + 2, START + 5, START + 9]
        run.resume().log_texts("note", [(5, "f")])
        (entries,) = reader.read_entries(reader.series(ALL, DataClass.TEXT).key)
        assert (entries.step.tolist(), texts(entries)) == ([0, 2, 5], ["a", "d", "f"])
        facts = reader.series(ALL, DataClass.TEXT)
        assert (facts.count[0], facts.hidden[0], facts.last_step[0]) == (3, 3, 5)
        (some,) = reader.read_entries(facts.key, limit=2)
        assert (len(some), some.step.tolist()[-1], some.total) == (2, 5, 3)
        assert len(reader.series(ALL, DataClass.SCALAR)) == 0

    @pytest.mark.parametrize("data_class", [DataClass.TEXT, DataClass.TENSOR, DataClass.BLOB_SEQUENCE])
    def test_every_class_follows_the_same_rules(
        self, history: History, reader: RunHistoryReader, data_class: DataClass
    ) -> None:
        run = history.root("run")
        early = run.session_id
        run.log_entries("x", data_class, [(1, (b"a",)), (0, (b"b",)), (1, (b"c",)), (7, (b"d",))])
        run.resume().log_entries("x", data_class, [(3, (b"e",)), (3, (b"f",))])
        run.session_id = early
        run.log_entries("x", data_class, [(2, (b"g",)), (3, (b"h",)), (9, (b"i",))])
        facts = reader.series(ALL, data_class)
        (shown,) = reader.read_entries(facts.key)
        assert [(step, contents[0].data) for step, contents in zip(shown.step, shown.contents, strict=True)] == [
            (0, b"b"),
            (1, b"c"),
            (2, b"g"),
            (3, b"f"),
        ]
        (every,) = reader.read_entries(facts.key, all_values=True)
        assert [contents[0].data for contents in every.contents] == [b"b", b"a", b"c", b"g", b"e", b"f"]
        assert (facts.count[0], facts.hidden[0], facts.first_step[0], facts.last_step[0]) == (4, 5, 0, 3)
        (inside,) = reader.read_entries(facts.key, window=(1, 2))
        assert inside.step.tolist() == [1, 2]

    def test_a_series_keeps_its_plugin_and_its_data(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        run.log_entries("t", DataClass.TENSOR, [(0, (b"proto",))], "pr_curves", b"\0\1")
        run.log_entries("b", DataClass.BLOB_SEQUENCE, [(0, (b"png", b"", b"png2")), (1, ())], "images")
        tensors, blobs = reader.series(ALL, DataClass.TENSOR), reader.series(ALL, DataClass.BLOB_SEQUENCE)
        assert (tensors.plugin_name, tensors.plugin_data) == (["pr_curves"], [b"\0\1"])
        assert blobs.plugin_name == ["images"]
        (images,) = reader.read_entries(blobs.key)
        assert [[content.data for content in contents] for contents in images.contents] == [[b"png", b"", b"png2"], []]
        assert [content.size for content in images.contents[0]] == [3, 0, 4]

    def test_one_tag_may_be_of_several_classes(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run").log("x", [0]).log_texts("x", [(0, "text")])
        run.log_entries("x", DataClass.TENSOR, [(0, (b"t",))])
        keys = [reader.series(ALL, data_class).key for data_class in DataClass]
        assert [len(key) for key in keys] == [1, 1, 1, 0]
        assert len({key for each in keys for key in each}) == 3
        assert texts(reader.read_entries(keys[1])[0]) == ["text"]

    def test_a_large_content_is_read_whole(self, history: History, reader: RunHistoryReader) -> None:
        large = bytes(range(256)) * 4096
        history.root("run").log_entries("b", DataClass.BLOB_SEQUENCE, [(0, (b"small", large)), (1, (large,))])
        (entries,) = reader.read_entries(reader.series(ALL, DataClass.BLOB_SEQUENCE).key)
        assert entries.contents[0][0].data == b"small"
        for content in (entries.contents[0][1], entries.contents[1][0]):
            assert content.size == len(large)
            assert content.data is None, "what is large is read when it is asked for"
            assert content.digest == hashlib.sha256(large).hexdigest()
            assert reader.read_artifact(content.digest) == large

    def test_an_artifact_that_is_not_there_is_not_found(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run")
        for digest in ("0" * 64, "", "../../etc/passwd", "no digest"):
            with pytest.raises(NotFound):
                reader.read_artifact(digest)

    def test_many_entries_are_sampled_with_the_last_among_them(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        run = history.root("run")
        for start in range(0, 3000, 500):
            run.log_texts("note", [(step, f"text {step}") for step in range(start, start + 500)])
        key = reader.series(ALL, DataClass.TEXT).key
        (some,) = reader.read_entries(key, limit=10)
        assert (len(some), some.total, some.step.tolist()[-1]) == (10, 3000, 2999)
        assert texts(some) == [f"text {step}" for step in some.step.tolist()]
        (whole,) = reader.read_entries(key)
        assert whole.step.tolist() == list(range(3000))
