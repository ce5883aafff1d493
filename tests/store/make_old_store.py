"""Makes ``tests/old_stores/<schema version>.db``: run once for each release that changes the schema, and keep the file.

python -m tests.store.make_old_store
"""

from __future__ import annotations

from pathlib import Path

from tb_runhistory.records.changes import SetParameter, SetTags
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.store.schema import SCHEMA_VERSION
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History

OLD_STORES = Path(__file__).parents[1] / "old_stores"


def main() -> None:
    """Writes the file of the present schema."""
    path = OLD_STORES / f"{SCHEMA_VERSION}.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        sweep = History(writer).root("sweep", description="a **sweep**")
        trial = sweep.child("trial")
        trial.apply(SetParameter("sweep", "trial", "lr", 0.1), SetTags("sweep", "trial", {"kept": None}))
        trial.log("loss", range(5000), [1 / (step + 1) for step in range(5000)]).log_texts("note", [(0, "begun")])
        trial.resume().log("loss", [4000, 4001], [0.5, 0.25])
        trial.end()
        sweep.end(RunStatus.FAILED, "stopped")
    path.with_name(path.name + "-lock").unlink()


if __name__ == "__main__":
    main()
