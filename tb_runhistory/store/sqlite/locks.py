"""The lock file that stands beside a SQLite store: who writes, who commits now, and which files belong together.

Locks are byte ranges of the file, of its open file descriptions (Linux ``F_OFD_SETLK``), so that neither a second
opening of the file nor its closing in the same process drops them:

    0          held around each commit and checkpoint: SQLite before 3.51.3 can lose a commit that runs beside a
               checkpoint (https://www.sqlite.org/wal.html#walresetbug)
    1          shared, for as long as a writer has the store open: a viewer tells a live store from one at rest by it
    2          held while a ticket is drawn
    3          shared by viewers that read a store at rest as it is, exclusive while the main file is changed
    2^32 + n   held by whoever drew ticket n, until its commit is done: who comes first is served first

The content is the number of the next ticket, of the one that was served last, and what writers tell one another
(``Note``); it is lost without harm.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass

from tb_runhistory.errors import StoreUnavailable

SUFFIX = "-lock"
LOCK_TIMEOUT_SECONDS = 30.0
_COMMIT_BYTE = 0
_WRITER_BYTE = 1
_TICKET_BYTE = 2
_REST_BYTE = 3
_FIRST_TICKET = 1 << 32
_PAUSE_SECONDS = 0.001
_TURN_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.25
# struct flock of 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid.
_FLOCK = struct.Struct("hh4xqqi4x")
_NUMBER = struct.Struct("<Q")
_NEXT = 0
_SERVED = 8
_NOTE_PLACE = 16
_NOTE = struct.Struct("<16sQQqqqq")


@dataclass(frozen=True, slots=True)
class Note:
    """What the writers of a store tell one another.

    ``generation`` is another one whenever a log was set aside: whoever has it open opens the store anew. ``device``,
    ``inode``, ``size`` and ``modified`` (nanoseconds) are of the main file, as the last checkpoint left it.
    ``checkpointed`` is the stamp of the newest commit when all of the log was in the main file, -1 if that is unknown,
    and ``log_size`` how large the log was then, or when it was tried last.
    """

    generation: bytes
    device: int
    inode: int
    size: int
    modified: int
    checkpointed: int
    log_size: int = 0

    def is_of(self, main: os.stat_result) -> bool:
        """Whether the main file is as it was noted."""
        noted = (self.device, self.inode, self.size, self.modified)
        return noted == (main.st_dev, main.st_ino, main.st_size, main.st_mtime_ns)


class StoreLock:
    """A writer's hold on the lock file of the store at ``path``.

    Raises:
      StoreUnavailable: the lock file cannot be created.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._open()

    def _open(self) -> None:
        try:
            file = os.open(self._path + SUFFIX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            _set(file, fcntl.F_RDLCK, _WRITER_BYTE)
        except OSError as error:
            raise StoreUnavailable(f"the store {self._path} cannot be locked for writing: {error.strerror}") from None
        self._file = file

    @contextmanager
    def commit(self, timeout: float = LOCK_TIMEOUT_SECONDS) -> Iterator[None]:
        """Holds the right to commit. Who asks first has it first.

        Raises:
          StoreUnavailable: nobody who was asked before has had it, or given it up, for ``timeout`` seconds.
        """
        while True:
            ticket = self._draw_ticket(timeout)
            try:
                self._wait_for_turn(ticket, timeout)
                if self._is_at_its_place():
                    try:
                        yield
                    finally:
                        _set(self._file, fcntl.F_UNLCK, _COMMIT_BYTE)
                    return
            finally:
                _set(self._file, fcntl.F_UNLCK, _FIRST_TICKET + ticket)
            # Somebody removed the file: whoever comes now finds the one that is made here.
            os.close(self._file)
            self._open()

    def _draw_ticket(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while not _set(self._file, fcntl.F_WRLCK, _TICKET_BYTE):
            self._pause(_PAUSE_SECONDS, deadline, timeout)
        try:
            ticket = _read_number(self._file, _NEXT) % _FIRST_TICKET
            # On a full disk everybody has the same ticket, and safety still rests on the commit byte.
            with suppress(OSError):
                os.pwrite(self._file, _NUMBER.pack(ticket + 1), _NEXT)
            _set(self._file, fcntl.F_WRLCK, _FIRST_TICKET + ticket)
            return ticket
        finally:
            _set(self._file, fcntl.F_UNLCK, _TICKET_BYTE)

    def _wait_for_turn(self, ticket: int, timeout: float) -> None:
        served, deadline = _read_number(self._file, _SERVED), time.monotonic() + timeout
        while _is_locked(self._file, _FIRST_TICKET, ticket):
            # Those in front need a commit each: the next in turn looks often, the others seldom.
            in_front = ticket - served - 1
            pause = min(_TURN_SECONDS * in_front, _LONGEST_PAUSE_SECONDS)
            self._pause(max(pause, _PAUSE_SECONDS), deadline, timeout)
            now = _read_number(self._file, _SERVED)
            if now != served:
                served, deadline = now, time.monotonic() + timeout
        while not _set(self._file, fcntl.F_WRLCK, _COMMIT_BYTE):
            self._pause(_PAUSE_SECONDS, deadline, timeout)
        with suppress(OSError):
            os.pwrite(self._file, _NUMBER.pack(ticket), _SERVED)

    def _pause(self, seconds: float, deadline: float, timeout: float) -> None:
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"the store {self._path} was locked by another process for {timeout:.0f} seconds: "
                "is one stopped or stuck while it writes?"
            )
        time.sleep(seconds)

    def _is_at_its_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), os.stat(self._path + SUFFIX))
        except OSError:
            return False

    def keep_viewers_out(self) -> bool:
        """Whether no viewer reads the main file as it is; then none begins to until ``let_viewers_in``."""
        return _set(self._file, fcntl.F_WRLCK, _REST_BYTE)

    def let_viewers_in(self) -> None:
        """Ends what ``keep_viewers_out`` began."""
        _set(self._file, fcntl.F_UNLCK, _REST_BYTE)

    def read_note(self) -> Note | None:
        """What the writers noted last. None in a new lock file."""
        return read_note(self._file)

    def write_note(self, note: Note) -> None:
        """Notes it, within ``commit``. On a full disk the old note stays, and the files are examined once more."""
        with suppress(OSError):
            os.pwrite(self._file, _NOTE.pack(*astuple(note)), _NOTE_PLACE)

    def close(self) -> None:
        """Gives up the hold. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class ViewerHold:
    """A viewer's look at the lock file of the store at ``path``, which changes nothing.

    ``is_live`` says that writers have the store open, and that its main file is as they left it. One that is not live
    nobody changes while the hold lasts: it is at rest, or was replaced and its writers have not seen it yet.
    ``waiting`` counts the writers of a live one that wait for their turn.
    """

    def __init__(self, path: str) -> None:
        self.is_live = False
        self.waiting = 0
        self.note: Note | None = None
        try:
            self._file = os.open(path + SUFFIX, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1
            return
        try:
            # First the hold, then the questions: a writer that comes later finds it, and none is amid a checkpoint.
            held = _set(self._file, fcntl.F_RDLCK, _REST_BYTE)
            has_writer = not held or _is_locked(self._file, _WRITER_BYTE, 1)
            self.note = note = read_note(self._file)
            self.is_live = has_writer and (not held or note is None or note.is_of(os.stat(path)))
        except OSError:
            self.close()
            return
        if self.is_live:
            self.waiting = _read_number(self._file, _NEXT) - _read_number(self._file, _SERVED) - 1
            self.close()

    def close(self) -> None:
        """Gives up the hold. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def read_note(file: int) -> Note | None:
    """The note in an open lock file."""
    content = os.pread(file, _NOTE.size, _NOTE_PLACE)
    return Note(*_NOTE.unpack(content)) if len(content) == _NOTE.size else None


def _read_number(file: int, place: int) -> int:
    content = os.pread(file, _NUMBER.size, place)
    return int(_NUMBER.unpack(content)[0]) if len(content) == _NUMBER.size else 0


def _set(file: int, kind: int, byte: int) -> bool:
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0))
    except BlockingIOError:
        return False
    return True


def _is_locked(file: int, start: int, length: int) -> bool:
    """Whether somebody else has locked some of the bytes."""
    if length == 0:
        return False
    answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0))
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
