"""A store to fill and to export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tb_runhistory.export.exporting import ExportResult, export_runs
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.columns import ACTIVE, Scope
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.provider.conftest import history, uri
from tests.recording.conftest import own_scripts, store, workspace

__all__ = ["history", "own_scripts", "store", "uri", "workspace"]


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "some" / "logs"


def export(
    uri: StoreUri,
    logdir: Path,
    *run_ids: str,
    experiment: str | None = None,
    stages: frozenset[LifecycleStage] = ACTIVE,
    **options: Any,
) -> ExportResult:
    """Exports all of a store, or an experiment, or runs by their ids or chosen ids."""
    with open_reader(uri) as reader:
        return export_runs(reader, Scope(experiment, run_ids, stages=stages), logdir, **options)
