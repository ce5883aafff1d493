"""A store of every schema that was ever released is opened, upgraded, and appended to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from tb_runhistory.records.changes import DataClass, LifecycleStage
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.sql.schema import SCHEMA_VERSION
from tb_runhistory.store.sql.upgrade import MIGRATIONS, upgrade, versions
from tb_runhistory.store.sqlite.connection import connect_writer
from tb_runhistory.store.sqlite.writing import engine_over
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import BuiltRun, History, id_of
from tests.store.make_old_store import OLD_STORES

OLD = sorted(OLD_STORES.glob("*.db"))


def test_there_is_a_store_of_the_present_schema() -> None:
    assert f"{SCHEMA_VERSION}.db" in {path.name for path in OLD}, "run python -m tests.store.make_old_store"


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_an_old_store_is_read_upgraded_and_appended_to(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    shutil.copy(old, path)
    uri = parse_uri(f"sqlite:///{path}")
    with open_reader(uri) as reader:
        (key,) = reader.series(Scope(), DataClass.SCALAR, ["loss"]).key
        session_id = reader.runs(Scope(only=(id_of("trial"),))).session_id[0]
    with open_writer(uri) as writer:
        history = History(writer, new_id())
        trial = BuiltRun(history, key.run_id, key.root_id, f"{key.root_id}/{key.run_id}", session_id)
        trial.log("loss", range(4002, 9000), [0.125] * 4998)
        history.root("new")
    with open_reader(uri) as reader:
        runs = reader.runs(Scope(run_ids=("sweep",)))
        assert runs.chosen_id == ["sweep", "trial", "short"]
        assert runs.status == [RunStatus.FAILED, RunStatus.COMPLETED, RunStatus.COMPLETED]
        assert reader.runs(Scope(run_ids=("archived",), stages=ANY_STAGE)).stage == [LifecycleStage.ARCHIVED]
        assert reader.parameters(Scope()).value == [0.1]
        series = reader.series(Scope(), DataClass.SCALAR, ["loss"])
        (read,) = reader.read_points(series.key)
        assert read.points.steps.tolist() == list(range(9000))
        assert read.points.values[[0, 3999, 4000, 4001, 4002]].tolist() == [1.0, 1 / 4000, 0.5, 0.25, 0.125]
        assert series.hidden.tolist() == [1000]
        (short,) = reader.read_points(reader.series(Scope(), DataClass.SCALAR, ["accuracy"]).key)
        assert short.points.steps.tolist() == list(range(20))
        (notes,) = reader.read_entries(reader.series(Scope(), DataClass.TEXT).key)
        assert notes.contents[0][0].data == b"begun"
        (images,) = reader.read_entries(reader.series(Scope(), DataClass.BLOB_SEQUENCE).key)
        assert [content.data for content in images.contents[0]] == [b"png", b"another"]
        assert sorted(reader.runs(Scope(stages=ANY_STAGE)).number.tolist()) == [1, 2, 3, 4, 5]


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
    engine = engine_over(lambda: connect_writer(str(path)), begin="BEGIN IMMEDIATE")
    for _ in range(2):
        with engine.begin() as connection:
            upgrade(connection, migrations)
            assert connection.execute(versions.select()).scalar_one() == "0002"
            assert connection.execute(text("SELECT count(*) FROM runs WHERE notes IS NULL")).scalar_one() == 4
    engine.dispose()
