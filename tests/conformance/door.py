"""A store under test: its two sides, and a back door that does not use them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Connection, func, select, update

from tb_runhistory.points.block import decode_block, decode_tail
from tb_runhistory.points.payload import block_key, tail_key
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.store.base import RunHistoryReader, RunHistoryWriter
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.sql.schema import POINTS_LEVEL, appends, blocks
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History, id_of


class StoreDoor(ABC):
    """One store under test."""

    uri: StoreUri

    @abstractmethod
    def raw(self) -> AbstractContextManager[Connection]:
        """The database behind the store, as any program may open it: one transaction."""

    def open_writer(self) -> RunHistoryWriter:
        """A further writer."""
        return open_writer(self.uri)

    def open_reader(self) -> RunHistoryReader:
        """A further reader."""
        return open_reader(self.uri)

    def stored_points(self, run: str) -> set[tuple[int, float]]:
        """(step, value) of every point that is stored for a run, hidden or shown, whatever its series."""
        with self.raw() as connection:
            in_blocks = connection.execute(
                select(blocks).where(blocks.c.run_id == id_of(run), blocks.c.level <= POINTS_LEVEL)
            ).all()
            in_appends = connection.execute(select(appends).where(appends.c.run_id == id_of(run))).all()
        parts = [
            decode_block(row.payload, block_key(SeriesKey(row.root_id, row.run_id, row.series), row.level, row.number))
            for row in in_blocks
        ]
        parts += [decode_tail(row.payload, tail_key(row.root_id, row.run_id, row.number)).points for row in in_appends]
        return {(int(s), float(v)) for part in parts for s, v in zip(part.steps, part.values, strict=True)}

    def damage_points(self, run: str) -> int:
        """Flips one bit in each stored row of points of a run; returns the number of rows."""
        of_run = {table: table.c.run_id == id_of(run) for table in (blocks, appends)}
        of_run[blocks] &= blocks.c.level == POINTS_LEVEL
        hurt = 0
        with self.raw() as connection:
            for table, condition in of_run.items():
                for row in connection.execute(select(table).where(condition)).all():
                    key = [column == row._mapping[column.name] for column in table.primary_key]
                    middle = len(row.payload) // 2
                    payload = row.payload[:middle] + bytes([row.payload[middle] ^ 4]) + row.payload[middle + 1 :]
                    connection.execute(update(table).where(*key).values(payload=payload))
                    hurt += 1
        return hurt

    def stored_rows(self, run: str) -> int:
        """How many rows hold scalar points of a run, pyramid included."""
        with self.raw() as connection:
            counts = [
                connection.execute(select(func.count()).where(table.c.run_id == id_of(run))).scalar_one()
                for table in (blocks, appends)
            ]
        return sum(counts)


class Suite:
    """What every suite has. ``door`` is the implementation's fixture."""

    @pytest.fixture
    def writer(self, door: StoreDoor) -> Iterator[RunHistoryWriter]:
        """The writer, closed at the end."""
        with door.open_writer() as writer:
            yield writer

    @pytest.fixture
    def reader(self, door: StoreDoor, writer: RunHistoryWriter) -> Iterator[RunHistoryReader]:
        """The reader, closed at the end."""
        with door.open_reader() as reader:
            yield reader

    @pytest.fixture
    def history(self, writer: RunHistoryWriter) -> History:
        """A builder over the writer."""
        return History(writer)
