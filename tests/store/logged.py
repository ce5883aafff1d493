"""A store of series alone: what runs log and how it reads, in a database in memory, without journals and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, create_engine, text, true
from sqlalchemy.pool import StaticPool

from tb_runhistory.artifacts.folder import ArtifactFolder
from tb_runhistory.records.changes import DataClass, DeclareSeries
from tb_runhistory.records.columns import EntryColumns, SampledPoints, SeriesColumns, SeriesKey
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedEntries, LoggedPoints
from tb_runhistory.store.sql.schema import metadata, runs
from tb_runhistory.store.sql.series.entries_reading import read_entries
from tb_runhistory.store.sql.series.points_reading import read_all_values, read_points
from tb_runhistory.store.sql.series.series_reading import read_series
from tb_runhistory.store.sql.series.series_writing import SeriesWriter
from tests.conformance.builder import START


def open_memory(path: Path | None = None) -> Connection:
    """A connection to a new store, in memory or in the file ``path``."""
    where = "sqlite://" if path is None else f"sqlite:///{path}"
    engine = create_engine(where, poolclass=StaticPool)
    metadata.create_all(engine)
    return engine.connect()


@dataclass
class LoggedStore:
    """A store with one run, ``run``, that is logged to in the session ``session``."""

    connection: Connection = field(default_factory=open_memory)
    artifacts: Path = Path("/nonexistent")
    run: str = field(default_factory=new_id)
    session: int = 1
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.add_run(self.run)

    def add_run(self, run_id: str) -> str:
        """A further run, a root."""
        row = {"root_id": run_id, "path": b"", "run_id": run_id, "depth": 0, "status": 0, "stage": 0}
        row |= {"experiment_id": 1, "number": 1, "changed": 0, "checksum": 0, "created_at": START}
        self.connection.execute(runs.insert(), row)
        return run_id

    def series(self, tag: str = "loss", run: str | None = None, session: int | None = None) -> DeclareSeries:
        """The declaration of a scalar series in a session."""
        run_id = run or self.run
        return DeclareSeries(run_id, run_id, str(session or self.session), 0, tag, metric=tag)

    def log(self, steps: Sequence[int], values: Sequence[float] | None = None, **where: Any) -> list[Any]:
        """Logs points to one series in one transaction; a value is its step unless given. The series that are new."""
        return self.apply([(self.series(**where), points_at(steps, values))])

    def apply(
        self,
        parts: Sequence[tuple[DeclareSeries, Points]] = (),
        entries: Sequence[LoggedEntries] = (),
        ended: Sequence[str] = (),
    ) -> list[tuple[str, str, str]]:
        """One transaction."""
        writer = SeriesWriter(self.connection, ArtifactFolder(self.artifacts), lambda series: int(series.session_id))
        for part in parts:
            writer.append(LoggedPoints.of([part]))
        for lot in entries:
            writer.append_entries(lot)
        return writer.finish({(run_id, run_id) for run_id in ended})

    def apply_together(self, parts: Sequence[tuple[DeclareSeries, Points]]) -> None:
        """One transaction, with all parts in one lot."""
        writer = SeriesWriter(self.connection, ArtifactFolder(self.artifacts), lambda series: int(series.session_id))
        writer.append(LoggedPoints.of(parts))
        writer.finish(set())

    def log_texts(self, texts: Sequence[tuple[int, float, str]], tag: str = "note", session: int | None = None) -> None:
        """Logs texts to one series."""
        declared = replace(self.series(tag, session=session), data_class=DataClass.TEXT)
        self.apply(entries=[LoggedEntries(declared, [(step, at, (words.encode(),)) for step, at, words in texts])])

    def end(self, run: str | None = None) -> None:
        """Ends a run."""
        self.apply(ended=[run or self.run])

    def facts(self, data_class: DataClass = DataClass.SCALAR, tags: Sequence[str] | None = None) -> SeriesColumns:
        """All series of a class."""
        return read_series(self.connection, true(), data_class, tags)

    def key(self, tag: str = "loss", data_class: DataClass = DataClass.SCALAR) -> SeriesKey:
        """The key of a series."""
        return self.facts(data_class, [tag]).key[0]

    def read(self, tag: str = "loss", limit: int | None = None, window: tuple[int, int] | None = None) -> SampledPoints:
        """The points of a scalar series."""
        (read,) = read_points(self.connection, [self.key(tag)], limit, window)
        return read

    def all_values(self, tag: str = "loss") -> Points:
        """All values of a scalar series."""
        (values,) = read_all_values(self.connection, [self.key(tag)])
        return values

    def texts(self, tag: str = "note", **asked: Any) -> EntryColumns:
        """The entries of a text series."""
        asked = {"limit": None, "all_values": False, "window": None} | asked
        (read,) = read_entries(self.connection, [self.key(tag, DataClass.TEXT)], **asked)
        return read

    def count(self, table: str, where: str = "1 = 1") -> int:
        """How many rows a table has."""
        return int(self.connection.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())

    def rows(self, query: Any) -> list[Any]:
        """The rows of a query."""
        return list(self.connection.execute(query))


def points_at(steps: Sequence[int] | np.ndarray[Any, Any], values: Sequence[float] | None = None) -> Points:
    """Points at ``steps``; a value is its step unless given, and a wall time is the step's second after START."""
    as_steps = np.array(steps, np.int64)
    given = as_steps.astype(float) if values is None else np.array(values, float)
    return Points(as_steps, START + as_steps.astype(float), given)
