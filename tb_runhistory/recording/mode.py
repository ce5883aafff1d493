"""Whether this process records, and whether what it records is shipped at once."""

from __future__ import annotations

import os
from enum import StrEnum

from tb_runhistory.errors import BadRequest

MODE_VARIABLE = "RUNHISTORY_MODE"


class RecordingMode(StrEnum):
    """What ``RUNHISTORY_MODE`` may say."""

    ONLINE = "online"
    """Journals are shipped to the store as they grow."""

    OFFLINE = "offline"
    """Journals are kept until ``tb-runhistory sync`` ships them."""

    DISABLED = "disabled"
    """Every call works and nothing is recorded."""


def recording_mode() -> RecordingMode:
    """The mode that the environment asks for, online by default.

    Raises:
      BadRequest: the variable holds something else.
    """
    text = os.environ.get(MODE_VARIABLE, "").strip().lower() or RecordingMode.ONLINE.value
    try:
        return RecordingMode(text)
    except ValueError:
        raise BadRequest(f"{MODE_VARIABLE} is {text!r}: set it to online, offline or disabled, or unset it") from None
