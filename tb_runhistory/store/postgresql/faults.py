"""What an error of PostgreSQL means for a store (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

from __future__ import annotations

import re

from sqlalchemy import exc

from tb_runhistory.errors import DamagedData, InvalidUri, NotFound, RefusedData, StoreError, StoreUnavailable

_QUOTED = re.compile(r'"[^"]*"')
_REFUSED = ("22", "23", "42804", "42846", "54")
"""Data exceptions, constraints, wrong types, limits of a row or an index."""

_DAMAGED = ("XX",)
_LIMIT = "54000"
_TOO_LONG = "57014"
_NO_DATABASE = ("3D", "3F", "42P01")
_NOT_ALLOWED = ("28", "42501")
_READ_ONLY = "25006"


def translated(location: str, cause: BaseException, is_writing: bool, query_seconds: float) -> StoreError | NotFound:
    """The error of a store that an error of PostgreSQL, of psycopg or of the system stands for.

    What the server says of a connection may hold the user's name, so that it is not repeated.
    """
    state = getattr(cause, "sqlstate", None) or ""
    if state.startswith(_NO_DATABASE):
        return NotFound(f"there is no store at {location}: correct the URI, or make the database with `createdb`")
    if state.startswith(_NOT_ALLOWED):
        return StoreUnavailable(f"the server does not let this user use the store {location}: see its user and rights")
    if state == _TOO_LONG:
        return StoreUnavailable(f"a question to the store {location} took longer than {query_seconds:.0f} seconds")
    if state == _READ_ONLY:
        return StoreUnavailable(f"the store {location} cannot be written now: its server is a read-only copy")
    if state.startswith(_DAMAGED):
        return DamagedData(f"the database of the store {location} is damaged ({_first_line(cause)})")
    is_data = state.startswith(_REFUSED) or (not state and _is_about_data(cause))
    if state == _LIMIT and "index row" in str(cause) and is_writing:
        return RefusedData(
            f"the store {location} cannot take a name of more than about 2,700 bytes: choose a shorter one"
        )
    if is_data and is_writing:
        return RefusedData(f"the store {location} cannot take what it is given: {_first_line(cause)}")
    if is_data:
        return DamagedData(f"the store {location} holds what cannot be read: {_first_line(cause)}")
    if not state:
        return StoreUnavailable(f"the server of the store {location} cannot be reached, or went away")
    return StoreUnavailable(f"the store {location} cannot be used now: {_first_line(cause)}")


def not_connected(location: str, cause: BaseException) -> StoreError | NotFound | InvalidUri:
    """Why there is no connection. Only its message tells, of which what is quoted may be secret and is left out."""
    import psycopg

    reason = _QUOTED.sub('"…"', str(cause).strip().splitlines()[-1].rpartition("failed: ")[2])[:200]
    if isinstance(cause, psycopg.ProgrammingError):
        return InvalidUri(f"the URI of the store {location} has an option that libpq does not understand: {reason}")
    if "database" in reason and reason.endswith("does not exist"):
        return NotFound(f"there is no database {location}: correct the URI, or make it with `createdb`")
    return StoreUnavailable(f"the server of the store {location} cannot be reached: {reason}")


def _is_about_data(cause: BaseException) -> bool:
    """Of an error that no server has sent: whether the values are at fault, and not the connection."""
    import psycopg

    if isinstance(cause, OSError | MemoryError):
        return False
    return not isinstance(cause, psycopg.Error | exc.SQLAlchemyError) or isinstance(
        cause, psycopg.DataError | psycopg.ProgrammingError
    )


def _first_line(cause: BaseException) -> str:
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:200]
