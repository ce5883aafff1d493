"""What this process has to do with each store: the only state of recording that belongs to the process as a whole."""

from __future__ import annotations

import os

from tb_runhistory.errors import StoreError
from tb_runhistory.recording.configuration import recording_mode
from tb_runhistory.recording.reading import KeptReader
from tb_runhistory.recording.recorder import Recorder
from tb_runhistory.recording.session import Sessions
from tb_runhistory.recording.waiting import Waiting
from tb_runhistory.uri import StoreUri


class StoreLink:
    """One store as this process knows it: what records to it, the runs in progress, and what answers questions."""

    def __init__(self, uri: StoreUri) -> None:
        """Raises BadRequest where ``RUNHISTORY_MODE`` holds an unknown mode."""
        self.uri = uri
        self.recorder = Recorder(uri, recording_mode())
        self.sessions = Sessions(self.recorder)
        self.waiting = Waiting(self.recorder)
        self.reader = KeptReader(uri)

    @property
    def store_exists(self) -> bool:
        """Whether there is anything where the store is to be; what is wrong with it says whoever opens it."""
        from tb_runhistory.store.opening import store_exists

        try:
            return store_exists(self.uri)
        except StoreError:
            return True

    def close(self) -> None:
        """Gives up what is open; the link can be used on."""
        self.recorder.close()
        self.reader.close()

    def forked(self) -> None:
        """In a forked child."""
        self.recorder.forked()
        self.waiting = Waiting(self.recorder)
        self.reader.forked()


_links: dict[str, StoreLink] = {}


def link_to(uri: StoreUri) -> StoreLink:
    """The link of this process to a store.

    Raises:
      BadRequest: ``RUNHISTORY_MODE`` holds an unknown mode.
    """
    link = _links.get(uri.key)
    return _links.setdefault(uri.key, StoreLink(uri)) if link is None else link


def links() -> list[StoreLink]:
    """All links of this process."""
    return list(_links.values())


def close_links() -> None:
    """Gives up every journal and every reader of this process, as its end does."""
    for link in links():
        link.close()
    _links.clear()


def _after_fork() -> None:
    for link in links():
        link.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
