"""A filter leaves in TensorBoard's view the runs that match, also those that come while it is open."""

from __future__ import annotations

from pathlib import Path

from tb_runhistory.provider.snapshot import Snapshot, Snapshots
from tb_runhistory.query.parsing import parse_filter
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of


def names(snapshot: Snapshot) -> list[str]:
    """The names of the runs in view."""
    return sorted(snapshot.names.values())


def test_matches_are_in_view_and_new_ones_come(tmp_path: Path) -> None:
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        sweep = history.root("sweep").log("loss", [0], [0.5])
        trial = sweep.child("trial").log("loss", [0], [0.1]).log("acc", [0], [0.9])
        history.root("other", "cifar").log("loss", [0], [0.05])
        snapshots = Snapshots(lambda: open_reader(uri), Scope("mnist"), parse_filter("metrics.loss < 0.3"))
        before = snapshots.current()
        assert names(before) == ["mnist/sweep/trial"]
        assert before.runs.run_id == [id_of("trial")]
        assert set(before.series(DataClass.SCALAR).tag) == {"loss", "acc"}
        assert {found.key[0].run_id for found in before.series_of(DataClass.SCALAR, before.rows)} == {id_of("trial")}
        sweep.child("second").log("loss", [0], [0.2])
        assert names(snapshots.current()) == ["mnist/sweep/second", "mnist/sweep/trial"]
        trial.log("loss", [1], [7.0])
        assert names(snapshots.current()) == ["mnist/sweep/second"]
        before.reader.close()
