"""Makes ``tests/old_stores/<schema version>.db``: run once for each release that changes the schema, and keep the file.

python -m tests.store.make_old_store
"""

from __future__ import annotations

from pathlib import Path

from tb_runhistory.records.changes import DataClass, LifecycleStage, SetParameter, SetTags, StageRun
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.store.sql.schema import SCHEMA_VERSION
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History, id_of

OLD_STORES = Path(__file__).parents[1] / "old_stores"


def main() -> None:
    """Writes the file of the present schema."""
    path = OLD_STORES / f"{SCHEMA_VERSION}.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        sweep = History(writer).root("sweep", description="a **sweep**")
        trial = sweep.child("trial")
        of = (trial.root_id, trial.run_id)
        trial.apply(SetParameter(*of, "lr", 0.1), SetTags(*of, {"kept": None}))
        trial.log("loss", range(5000), [1 / (step + 1) for step in range(5000)]).log_texts("note", [(0, "begun")])
        trial.log_entries("image", DataClass.BLOB_SEQUENCE, [(0, (b"png", b"another"))], "images", b"\0")
        trial.resume().log("loss", [4000, 4001], [0.5, 0.25])
        trial.end()
        sweep.child("archived").apply(StageRun(sweep.root_id, id_of("archived"), LifecycleStage.ARCHIVED))
        sweep.child("short").log("accuracy", range(20)).end()
        sweep.end(RunStatus.FAILED, "stopped")
    path.with_name(path.name + "-lock").unlink()


if __name__ == "__main__":
    main()
