"""Every error this project raises on purpose.

    RunHistoryError                  exit 1   HTTP 500   gRPC INTERNAL
    ├── BadRequest                   exit 2   HTTP 400   gRPC INVALID_ARGUMENT   what was asked for is malformed
    │   ├── InvalidUri                                                          a store URI cannot be understood
    │   └── QueryError                                                          a filter or a column cannot be
    ├── NotFound                     exit 1   HTTP 404   gRPC NOT_FOUND          no such store, experiment or run
    ├── StoreError                   exit 1   HTTP 503   gRPC UNAVAILABLE        the store cannot be used
    │   ├── StoreUnavailable                                                    not now: locked, unreachable, full disk
    │   │   └── TooBusy                                                         more is asked than can be answered soon
    │   ├── NotAStore                                                           the file holds something else
    │   ├── StoreTooNew                                                         written by a newer version
    │   ├── DamagedData                                                         a checksum does not match
    │   ├── RefusedData                                                         the store cannot take what it is given
    │   └── JournalMoved                                                        somebody else has applied a journal
    ├── JournalError                 exit 1   HTTP 500   gRPC INTERNAL           a journal cannot be read or written
    │   └── RecordTooLarge                                                      it is more than a journal takes
    └── RunStateError                exit 1   HTTP 409   gRPC FAILED_PRECONDITION  not possible in the run's state
        └── ParameterConflict                                                   a parameter gets a second value

The text of each of them is written for the person who reads it: it names the thing, says what is wrong and what to
do, and never holds a secret. Text of any other exception may hold one and does not leave the process.
"""

from __future__ import annotations

from typing import ClassVar


class RunHistoryError(Exception):
    """Root of the tree. Its text is safe to show."""

    http_status: ClassVar[int] = 500
    grpc_status: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = 1


class BadRequest(RunHistoryError):
    """What was asked for is malformed; asking again the same way will fail the same way."""

    http_status = 400
    grpc_status = "INVALID_ARGUMENT"
    exit_code = 2


class InvalidUri(BadRequest):
    """A store URI has an unknown scheme, an unknown option or no location."""

    exit_code = 1


class QueryError(BadRequest):
    """A filter, a column or an order cannot be understood. Its text ends with the place, and a caret below it.

    ``sentence`` is the text without the place, ``position`` the index of the character in what was given, and
    ``expected`` has the words or kinds of words that may stand there, as far as they are known.
    """

    def __init__(self, sentence: str, query: str, position: int, expected: tuple[str, ...] = ()) -> None:
        super().__init__(f"{sentence}\n{_pointed_at(query, position)}")
        self.sentence = sentence
        self.position = position
        self.expected = expected
        self._query = query

    def __reduce__(self) -> tuple[type[QueryError], tuple[str, str, int, tuple[str, ...]]]:
        return QueryError, (self.sentence, self._query, self.position, self.expected)


_SHOWN_BEFORE, _SHOWN_BEHIND = 50, 30


def _pointed_at(query: str, position: int) -> str:
    """What stands around a character, and a caret below it."""
    first, last = max(0, position - _SHOWN_BEFORE), position + _SHOWN_BEHIND
    shown = "".join(mark if mark.isprintable() else " " for mark in query[first:last])
    before, behind = "…" if first else "", "…" if last < len(query) else ""
    return f"  {before}{shown}{behind}\n  {' ' * (len(before) + position - first)}^"


class NotFound(RunHistoryError):
    """The store, the experiment or the run does not exist."""

    http_status = 404
    grpc_status = "NOT_FOUND"


class StoreError(RunHistoryError):
    """The store cannot be used."""

    http_status = 503
    grpc_status = "UNAVAILABLE"


class StoreUnavailable(StoreError):
    """The store cannot be used now (locked, unreachable, disk full); trying again later may work."""


class TooBusy(StoreUnavailable):
    """More is asked at once than can be answered soon; asking again after ``retry_after`` whole seconds may work."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NotAStore(StoreError):
    """The file or database is not a run-history store."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this package."""


class DamagedData(StoreError):
    """Stored bytes do not match their checksum."""


class RefusedData(StoreError):
    """What is to be stored cannot be, now or later. It costs itself alone: the rest is applied without it."""


class JournalMoved(StoreError):
    """A batch does not begin where the store stands: another process has applied some of its journal meanwhile."""


class JournalError(RunHistoryError):
    """A journal cannot be created, read or written."""


class RecordTooLarge(JournalError):
    """What is to be recorded is larger than one record of a journal can be."""


class RunStateError(RunHistoryError):
    """The run's state forbids the operation, for example logging to a run that has ended."""

    http_status = 409
    grpc_status = "FAILED_PRECONDITION"


class ParameterConflict(RunStateError):
    """A parameter that was recorded once is set again to another value."""
