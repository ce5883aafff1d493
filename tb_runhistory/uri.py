"""Store URIs: parsing, hiding what is secret in them, and the default.

    sqlite:///runs.db                 a file, relative to the current folder
    sqlite:////data/runs.db           a file, absolute
    sqlite:///runs.db?experiment=mnist    only this experiment
    sqlite:///runs.db?run=0193…           only this run with all its descendants
    sqlite:///runs.db?run=0193…&run=0194…     only these runs

A user name or a password in a URI is never shown: ``shown`` and ``redact`` leave it out.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tb_runhistory.errors import InvalidUri

URI_VARIABLE = "RUNHISTORY_URI"
DEFAULT_URI = "sqlite:///runhistory.db"
SCHEMES = ("sqlite",)
_SELECTIONS = ("experiment", "run")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class StoreUri:
    """A parsed store URI.

    ``path`` is the absolute path of the SQLite file; ``experiment`` and ``runs`` (run ids) narrow what a viewer shows.
    """

    scheme: str
    path: str
    experiment: str | None = None
    runs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The URI of the store itself, with no selection, whatever the current folder."""
        return f"{self.scheme}:///{quote(self.path)}"

    @property
    def shown(self) -> str:
        """The URI for people: selection included, secrets not."""
        return f"{self.scheme}:///{self.path}{self._selection}"

    @property
    def whole(self) -> str:
        """The URI with its selection, as ``parse_uri`` takes it, whatever the current folder."""
        return self.text + self._selection

    @property
    def is_selective(self) -> bool:
        """Whether the URI stands for a part of the store."""
        return self.experiment is not None or bool(self.runs)

    @property
    def key(self) -> str:
        """A short name of the store that is fit for a folder: the same for the same store, and secret-free."""
        return hashlib.blake2b(os.path.realpath(self.path).encode(), digest_size=8).hexdigest()

    @property
    def _selection(self) -> str:
        experiments = [] if self.experiment is None else [("experiment", self.experiment)]
        query = urlencode([*experiments, *(("run", run_id) for run_id in self.runs)], quote_via=quote)
        return f"?{query}" if query else ""


def parse_uri(text: str, folder: str = "") -> StoreUri:
    """Parses a store URI; a relative path starts at ``folder``, or at the current folder.

    Raises:
      InvalidUri: the scheme or an option is unknown, or the location is missing. The text of the error is redacted.
    """
    shown = redact(text)
    scheme, separator, _ = text.partition(":")
    if not separator or scheme not in SCHEMES:
        raise InvalidUri(
            f"{shown!r} is not a run-history store: the URI must begin with "
            f"{' or '.join(name + '://' for name in SCHEMES)}, for example sqlite:///runs.db"
        )
    parts = urlsplit(text)
    if parts.netloc:
        raise InvalidUri(
            f"{shown!r} names a host, and a SQLite store has none: write sqlite:/// and a relative path, "
            "or sqlite://// and an absolute one"
        )
    path = unquote(parts.path[1:])
    if not path or "\0" in path:
        raise InvalidUri(f"{shown!r} names no file: write, for example, sqlite:///runs.db")
    selections: dict[str, list[str]] = {name: [] for name in _SELECTIONS}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _SELECTIONS:
            raise InvalidUri(f"the store URI has an unknown option {name!r}; known are {' and '.join(_SELECTIONS)}")
        if not value:
            raise InvalidUri(f"the option {name!r} of the store URI is empty: write {name}=NAME or leave it out")
        selections[name].append(value)
    if len(selections["experiment"]) > 1:
        raise InvalidUri("the store URI names more than one experiment: leave all out but one, or name runs")
    experiment = selections["experiment"][0] if selections["experiment"] else None
    return StoreUri(
        scheme, os.path.abspath(os.path.join(folder, path)), experiment, tuple(dict.fromkeys(selections["run"]))
    )


def redact(text: str) -> str:
    """``text`` without anything that could be a credential: all up to the last "@" but the scheme, and query values.

    It is for texts that were not understood, where a credential may stand anywhere; a harmless "@" costs some of the
    text.
    """
    scheme = _SCHEME.match(text)
    prefix = scheme.group() if scheme else ""
    _, mark, rest = text[len(prefix) :].rpartition("@")
    head, question, query = (f"{prefix}***@{rest}" if mark else f"{prefix}{rest}").partition("?")
    if not question:
        return head
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
    return head + "?" + "&".join(f"{name}=…" for name in names)
