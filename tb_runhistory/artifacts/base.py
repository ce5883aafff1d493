"""What keeps large contents outside the database: files that are addressed by what they hold."""

from __future__ import annotations

import math
import string
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO

from tb_runhistory.errors import NotFound

DIGEST_LENGTH = 64
"""A digest is the SHA-256 of a content in hexadecimal digits."""

_DIGITS = frozenset(string.digits + "abcdef")


class ArtifactStore(ABC):
    """Keeps contents by their digest. The same content is kept once. Threads and processes may share one.

    Errors of all: ``StoreUnavailable`` when the files cannot be reached or written now.
    """

    @property
    @abstractmethod
    def location(self) -> str:
        """Where they are, for people."""

    @abstractmethod
    def put(self, content: bytes | BinaryIO) -> str:
        """Keeps a content, read to its end, and returns its digest. It is durable when this returns."""

    @abstractmethod
    def get(self, digest: str) -> bytes:
        """The content with this digest.

        Raises:
          NotFound: there is none.
          DamagedData: what is kept is not what the digest says.
        """

    @abstractmethod
    def digests(self, put_before: float = math.inf) -> Iterator[str]:
        """The digests of what is kept, in any order: of all, or of what nobody has put since a time (since the epoch).

        What was put a moment ago may belong to a transaction that is not committed yet.
        """

    @abstractmethod
    def remove(self, digest: str) -> None:
        """Forgets a content. One that is not there is no error."""

    @abstractmethod
    def remove_unfinished(self) -> None:
        """Removes what writers that were killed have left behind."""


def checked_digest(digest: str) -> str:
    """Returns ``digest`` if it is one: nothing else may become part of a path.

    Raises:
      NotFound: it is none, so nothing is kept under it.
    """
    if len(digest) != DIGEST_LENGTH or not _DIGITS.issuperset(digest):
        raise NotFound(f"no artifact is called {digest[:DIGEST_LENGTH]!r}: that is no SHA-256 digest")
    return digest
