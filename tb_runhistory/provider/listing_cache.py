"""Listings of all series, kept as compressed pieces: what changed is listed anew, and not the rest."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tb_runhistory.provider.directory import Rows, RunDirectory
from tb_runhistory.provider.snapshot import Snapshot

CAPACITY_BYTES = 24 << 20
_RUNS_A_PIECE = 512
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class _Piece:
    """The listing of some rows as of a generation of the directory. ``rows`` are those rows, as bytes."""

    generation: int
    rows: bytes
    listing: bytes


class ListingCache:
    """The serialized series of the runs in view, piece by piece. Safe to use from threads."""

    def __init__(self, capacity: int = CAPACITY_BYTES) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._directory: RunDirectory | None = None
        self._pieces: dict[int, _Piece] = {}
        self._size = 0

    def listing(self, snapshot: Snapshot, list_runs: Callable[[Rows], bytes]) -> Iterator[bytes]:
        """The listing of all runs in view, in pieces, of which ``list_runs`` makes those that are not kept."""
        directory = snapshot.directory
        generation = directory.generation
        bounds = snapshot.rows.searchsorted(range(0, len(directory) + _RUNS_A_PIECE, _RUNS_A_PIECE)).tolist()
        for number, (start, end) in enumerate(pairwise(bounds)):
            rows = snapshot.rows[start:end]
            kept = self._kept(directory, number)
            is_good = kept is not None and kept.rows == rows.tobytes()
            if kept is not None and is_good and directory.newest_change(rows) <= kept.generation:
                yield zlib.decompress(kept.listing)
            elif len(rows):
                listing = list_runs(rows)
                self._keep(directory, number, _Piece(generation, rows.tobytes(), zlib.compress(listing, _LEVEL)))
                yield listing

    def _kept(self, directory: RunDirectory, number: int) -> _Piece | None:
        with self._lock:
            return self._pieces.get(number) if directory is self._directory else None

    def _keep(self, directory: RunDirectory, number: int, piece: _Piece) -> None:
        with self._lock:
            if directory is not self._directory:
                self._directory, self._pieces, self._size = directory, {}, 0
            before = self._pieces.pop(number, None)
            self._size -= len(before.listing) if before else 0
            if self._size + len(piece.listing) <= self._capacity:
                self._pieces[number] = piece
                self._size += len(piece.listing)
