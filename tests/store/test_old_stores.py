"""A store of every schema that was ever released is opened, upgraded, and appended to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.schema import SCHEMA_VERSION
from tb_runhistory.store.sqlite import connect_writer, engine_for
from tb_runhistory.store.upgrade import MIGRATIONS, upgrade, versions
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import BuiltRun, History
from tests.store.make_old_store import OLD_STORES

OLD = sorted(OLD_STORES.glob("*.db"))


def test_there_is_a_store_of_the_present_schema() -> None:
    assert f"{SCHEMA_VERSION}.db" in {path.name for path in OLD}, "run python -m tests.store.make_old_store"


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_an_old_store_is_read_upgraded_and_appended_to(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copy(old, path)
    uri = parse_uri(f"sqlite:///{path}")
    with open_writer(uri) as writer:
        history = History(writer, "a-new-journal")
        trial = BuiltRun(history, "trial", "sweep", "sweep/trial", "0190bbbb-0000-7000-8000-000000000002")
        trial.log("loss", range(4002, 9000), [0.125] * 4998)
        history.root("new")
    with open_reader(uri) as reader:
        runs = reader.runs(Scope(run_ids=("sweep",)))
        assert (runs.run_id, runs.status) == (["sweep", "trial"], [RunStatus.FAILED, RunStatus.COMPLETED])
        assert reader.parameters(Scope()).value == [0.1]
        series = reader.series(Scope(), DataClass.SCALAR)
        (read,) = reader.read_points(series.key)
        assert read.points.steps.tolist() == list(range(9000))
        assert read.points.values[[0, 3999, 4000, 4001, 4002]].tolist() == [1.0, 1 / 4000, 0.5, 0.25, 0.125]
        assert series.hidden.tolist() == [1000]
        assert reader.read_texts(reader.series(Scope(), DataClass.TEXT).key)[0].text == ["begun"]
        assert sorted(reader.runs(Scope()).number.tolist()) == [1, 2, 3]


def test_a_migration_runs_once_and_is_stamped(tmp_path: Path) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, migrations)
    (migrations / "versions" / "0002_notes.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        'revision = "0002"\ndown_revision = "0001"\n'
        'def upgrade():\n    op.add_column("runs", sa.Column("notes", sa.Text, nullable=True))\n'
    )
    path = tmp_path / "runs.db"
    shutil.copy(OLD_STORES / "1.db", path)
    engine = engine_for(lambda: connect_writer(str(path)), begin="BEGIN IMMEDIATE")
    for _ in range(2):
        with engine.begin() as connection:
            upgrade(connection, migrations)
            assert connection.execute(versions.select()).scalar_one() == "0002"
            assert connection.execute(text("SELECT count(*) FROM runs WHERE notes IS NULL")).scalar_one() == 2
    engine.dispose()
