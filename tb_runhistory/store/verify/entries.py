"""What can be wrong with a series of texts, tensors or blob sequences: each entry, its files, and the facts of all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tb_runhistory.errors import DamagedData, RunHistoryError
from tb_runhistory.points.entry import decode_entry
from tb_runhistory.points.payload import entry_key
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Content, SeriesKey
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES
from tb_runhistory.store.verify.cells import shown
from tb_runhistory.store.verify.faults import Fault, Part, StoreReport

ReadArtifact: TypeAlias = Callable[[str], bytes]
"""Gives the content with a digest, or raises a RunHistoryError."""

_SHOWN = 0
_NO_NUMBERS = {
    "non_finite": 0,
    "last_value": None,
    "first_value": None,
    "minimum": None,
    "minimum_step": 0,
    "maximum": None,
    "maximum_step": 0,
    "sum": 0.0,
}
_TEXT = DATA_CLASS_CODES[DataClass.TEXT]


@dataclass(slots=True)
class EntriesCheck:
    """One series that is not scalar: takes its entries in the order of their key, then compares with its row."""

    key: SeriesKey
    row: Mapping[str, Any]
    read_artifact: ReadArtifact
    report: StoreReport
    is_whole: bool = True
    count: int = 0
    hidden: int = 0
    first_step: int = 0
    last_step: int = 0
    last_wall_time: float | None = None

    def take(self, row: Any) -> None:
        """One row of ``entries``."""
        self._verify_contents(row)
        if row.state != _SHOWN:
            self.hidden += 1
            return
        if not self.count:
            self.first_step = row.step
        elif row.step == self.last_step:
            self._fault(f"two entries are shown at step {row.step}")
        self.count += 1
        self.last_step, self.last_wall_time = row.step, row.wall_time

    def finish(self) -> None:
        """Compares all entries with what the row says of them."""
        if not self.is_whole:
            return
        last_wall_time = self.last_wall_time
        found = {
            "count": self.count,
            "hidden": self.hidden,
            "first_step": self.first_step,
            "last_step": self.last_step,
            "last_wall_time": None if last_wall_time is None or math.isnan(last_wall_time) else last_wall_time,
            **_NO_NUMBERS,
        }
        for name, true in found.items():
            if self.row[name] != true:
                self._fault(
                    f"the stored {name.replace('_', ' ')} is {shown(self.row[name])}, the entries have {true}",
                    Part.FACTS,
                )

    def _verify_contents(self, row: Any) -> None:
        try:
            contents = decode_entry(row.payload, self._place(row))
            for content in contents:
                self._verify_content(content)
        except RunHistoryError as error:
            self._fault(f"the entry at step {row.step} cannot be read: {error}")
            return
        self.report.entries += 1
        if self.row["data_class"] == _TEXT and len(contents) != 1:
            self._fault(f"the text at step {row.step} has {len(contents)} contents")

    def _place(self, row: Any) -> bytes:
        return entry_key(self.key, row.step, row.number, row.session, row.wall_time)

    def _verify_content(self, content: Content) -> None:
        data = self.read_artifact(content.digest) if content.data is None else content.data
        if len(data) != content.size:
            raise DamagedData(f"it has {len(data):,} bytes and not {content.size:,}")
        if self.row["data_class"] == _TEXT:
            try:
                data.decode()
            except UnicodeDecodeError:
                raise DamagedData("its text is no UTF-8") from None

    def _fault(self, sentence: str, part: Part = Part.ENTRIES) -> None:
        self.report.faults.append(Fault(part, sentence, self.key.run_id, str(self.row["tag"])))
