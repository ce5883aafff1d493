"""Store URIs: parsing, hiding what is secret in them, and the default.

    sqlite:///runs.db                     a file, relative to the current folder
    sqlite:////data/runs.db               a file, absolute
    postgresql://me:secret@host/db        a PostgreSQL database; further options are those of libpq
    sqlite:///runs.db?experiment=mnist    only this experiment
    sqlite:///runs.db?run=0193…           only this run with all its descendants
    sqlite:///runs.db?run=0193…&run=fold-1    only these runs, by their ids or by ids that a person chose
    sqlite:///runs.db?filter=params.lr%20%3E%200.1    only runs that match a filter of ``query``, percent-encoded

A user name, a password or an option's value in a URI is never shown: ``shown`` and ``redact`` leave them out.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tb_runhistory.errors import InvalidUri

URI_VARIABLE = "RUNHISTORY_URI"
DEFAULT_URI = "sqlite:///runhistory.db"
SCHEMES = ("sqlite", "postgresql")
_SELECTIONS = ("experiment", "run", "filter")
_PLACING = ("host", "hostaddr", "port", "dbname", "service", "options")
"""The options of libpq that say where the store is."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]+")
_AT = re.compile(r"@|%40")
_OPTION = re.compile(r"[a-z_]{2,40}")
_PORTS = re.compile(r"(\[[0-9A-Fa-f:.]*\]|[^:\[\]]*)(:\d*)?")


@dataclass(frozen=True, slots=True)
class StoreUri:
    """A parsed store URI.

    ``path`` is the absolute path of a SQLite file, or the name of a PostgreSQL database, which is at ``server`` (host
    and port, or several with commas between them, as libpq takes them). ``experiment``, ``runs`` (ids, or ids that
    people chose) and ``filter`` narrow what a viewer shows. ``user`` and ``options`` may hold secrets.
    """

    scheme: str
    path: str
    experiment: str | None = None
    runs: tuple[str, ...] = ()
    filter: str = ""
    server: str = ""
    user: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def is_file(self) -> bool:
        """Whether the store is a file at ``path``."""
        return self.scheme == "sqlite"

    @property
    def text(self) -> str:
        """The URI of the store itself, with no selection, whatever the current folder. It holds the secrets."""
        return self._place + (f"?{urlencode(self.options, quote_via=quote)}" if self.options else "")

    @property
    def shown(self) -> str:
        """The URI for people: selection included, secrets not."""
        place = f"sqlite:///{self.path}" if self.is_file else f"{self.scheme}://{self.server}/{self.path}"
        selection = urlencode(self._selection, quote_via=quote)
        return f"{place}?{selection}" if selection else place

    @property
    def whole(self) -> str:
        """The URI with its selection, as ``parse_uri`` takes it, whatever the current folder. It holds the secrets."""
        query = urlencode([*self.options, *self._selection], quote_via=quote)
        return f"{self._place}?{query}" if query else self._place

    @property
    def is_selective(self) -> bool:
        """Whether the URI stands for a part of the store."""
        return self.experiment is not None or bool(self.runs) or bool(self.filter)

    @property
    def key(self) -> str:
        """A short name of the store that is fit for a folder: the same for the same store, and secret-free."""
        if self.is_file:
            place = os.path.realpath(self.path)
        else:
            where = [value for name, value in self.options if name in _PLACING]
            place = "\0".join([self.scheme, self.server, self.path, *where])
        return hashlib.blake2b(place.encode(), digest_size=8).hexdigest()

    @property
    def _place(self) -> str:
        if self.is_file:
            return f"sqlite:///{quote(self.path)}"
        return f"{self.scheme}://{self.user + '@' if self.user else ''}{self.server}/{quote(self.path, safe='')}"

    @property
    def _selection(self) -> list[tuple[str, str]]:
        experiments = [] if self.experiment is None else [("experiment", self.experiment)]
        filters = [("filter", self.filter)] if self.filter else []
        return [*experiments, *(("run", run_id) for run_id in self.runs), *filters]


def parse_uri(text: str, folder: str = "") -> StoreUri:
    """Parses a store URI; a relative path starts at ``folder``, or at the current folder.

    Raises:
      InvalidUri: the scheme or an option is unknown, or the location is missing. The text of the error is redacted.
    """
    scheme = text.partition(":")[0]
    if scheme not in SCHEMES or not text.startswith(f"{scheme}://"):
        raise InvalidUri(
            f"{redact(text)!r} is not a run-history store: the URI must begin with "
            f"{' or '.join(name + '://' for name in SCHEMES)}, for example sqlite:///runs.db"
        )
    location, _, query = text.partition("?")
    selected, options = _parse_query(query, libpq=scheme == "postgresql")
    experiment, runs, condition = _selection(selected)
    if scheme == "sqlite":
        path = os.path.abspath(os.path.join(folder, _parse_file(text, location)))
        return StoreUri(scheme, path, experiment, runs, condition)
    user, server, database = _parse_server(text, location)
    return StoreUri(scheme, database, experiment, runs, condition, server, user, options)


def _parse_file(text: str, location: str) -> str:
    host, separator, path = location.removeprefix("sqlite://").partition("/")
    if host:
        raise InvalidUri(
            f"{redact(text)!r} names a host, and a SQLite store has none: write sqlite:/// and a relative path, "
            "or sqlite://// and an absolute one"
        )
    path = unquote(path)
    if not separator or not path or "\0" in path:
        raise InvalidUri(f"{redact(text)!r} names no file: write, for example, sqlite:///runs.db")
    return path


def _parse_server(text: str, location: str) -> tuple[str, str, str]:
    """The user with the password, as they stand in the URI, the server, and the database."""
    place, _, database = location.removeprefix("postgresql://").partition("/")
    user, _, server = place.rpartition("@")
    database = unquote(database)
    is_plain = "@" not in user and not any(mark in location for mark in "#\\ ") and "@" not in database
    if not is_plain or not all(_PORTS.fullmatch(host) for host in server.split(",")):
        raise InvalidUri(
            f"{redact(text)!r} cannot be understood: in a user name or a password write @ as %40, : as %3A, "
            "/ as %2F, ? as %3F and # as %23"
        )
    if not database or "/" in database or "\0" in database:
        raise InvalidUri(f"{redact(text)!r} names no database: write, for example, postgresql://me:password@host/db")
    # A server may be the folder of a socket, too, with its "/" written as %2F.
    return user, server if "%" in server else server.lower(), database


def _parse_query(query: str, libpq: bool) -> tuple[dict[str, list[str]], tuple[tuple[str, str], ...]]:
    """What is selected, by the name of the option, and the options for libpq."""
    selected: dict[str, list[str]] = {name: [] for name in _SELECTIONS}
    options: list[tuple[str, str]] = []
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _SELECTIONS and not (libpq and _OPTION.fullmatch(name)):
            # What stands here may be the rest of a password.
            shown = f" {name!r}" if _OPTION.fullmatch(name) else ""
            known = f"{', '.join(_SELECTIONS[:-1])} and {_SELECTIONS[-1]}"
            raise InvalidUri(
                f"the store URI has an unknown option{shown}; known are {known} (an & in a filter is written %26)"
            )
        if not value.strip():
            raise InvalidUri(f"the option {name!r} of the store URI is empty: write {name}=… or leave it out")
        if name in _SELECTIONS:
            selected[name].append(value)
        else:
            options.append((name, value))
    return selected, tuple(options)


def _selection(selected: dict[str, list[str]]) -> tuple[str | None, tuple[str, ...], str]:
    """The experiment, the runs and the filter that are selected."""
    experiments, filters = selected["experiment"], selected["filter"]
    if len(experiments) > 1:
        raise InvalidUri("the store URI names more than one experiment: leave all out but one, or name runs")
    if len(filters) > 1:
        raise InvalidUri("the store URI has more than one filter: join them with AND")
    return (
        experiments[0] if experiments else None,
        tuple(dict.fromkeys(selected["run"])),
        filters[0] if filters else "",
    )


def redact(text: str) -> str:
    """``text`` without anything that could be a credential: all up to the last "@", written in whichever way, or up
    to the first "/" where a ":" stands in it that no port follows; and the values of options.

    It is for texts that were not understood, where a credential may stand anywhere; a harmless "@" costs some of the
    text.
    """
    scheme = _SCHEME.match(text)
    prefix = scheme.group() if scheme else ""
    rest = text[len(prefix) :]
    marks = list(_AT.finditer(rest))
    if marks:
        rest = f"***@{rest[marks[-1].end() :]}"
    else:
        host, slash, path = rest.partition("/")
        if not _PORTS.fullmatch(host.partition("?")[0]):
            rest = f"***{slash}{path}"
    head, question, query = f"{prefix}{rest}".partition("?")
    if not question:
        return head
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
    return head + "?" + "&".join(f"{name if _OPTION.fullmatch(name) else '…'}=…" for name in names)
