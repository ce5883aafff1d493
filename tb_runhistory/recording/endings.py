"""How a run ends: the words for what ended it, and the wait for the store at its end."""

from __future__ import annotations

import time
import traceback

from tb_runhistory.recording.metric_values import storable_text
from tb_runhistory.recording.mode import RecordingMode
from tb_runhistory.recording.notices import notice, notice_once
from tb_runhistory.recording.recorder import Recorder
from tb_runhistory.records.status import RunStatus

END_TIMEOUT_SECONDS = 5.0
"""How long the end of a run waits until the store has everything."""

READ_TIMEOUT_SECONDS = 10.0
"""How long a question waits until the store has what was recorded here."""

_POLL_SECONDS = 0.01
_MOST_CHARACTERS = 3000


def ending_of(error: BaseException | None) -> tuple[RunStatus, str]:
    """The status of a run that ``error`` ended (None: a clean end), and the text to keep of it."""
    if error is None:
        return RunStatus.COMPLETED, ""
    if isinstance(error, SystemExit):
        return ending_of_exit(error.code)
    if isinstance(error, KeyboardInterrupt):
        return RunStatus.CANCELED, "interrupted from the keyboard"
    return RunStatus.FAILED, error_text(error)


def ending_of_exit(code: object) -> tuple[RunStatus, str]:
    """The same for ``sys.exit(code)``."""
    if code is None or code == 0:
        return RunStatus.COMPLETED, ""
    if isinstance(code, int):
        return RunStatus.FAILED, f"exit code {code}"
    return RunStatus.FAILED, shortened(f"exit code 1: {storable_text(code)}")


def error_text(error: BaseException | str) -> str:
    """Type, message and traceback of an exception, or the given words, in at most 3,000 characters."""
    if isinstance(error, str):
        return shortened(storable_text(error))
    head = "".join(traceback.format_exception_only(error)).strip()
    if error.__traceback__ is None:
        return shortened(storable_text(head))
    return shortened(storable_text(f"{head}\n\n{''.join(traceback.format_exception(error)).strip()}"))


def shortened(text: str) -> str:
    """``text``, or its beginning and its end where the innermost frames of a traceback stand."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    head, tail = text[:1000], text[-(_MOST_CHARACTERS - 1003) :]
    return f"{head}\n…\n{tail}"


def wait_until_applied(recorder: Recorder, timeout: float) -> bool:
    """Waits until the store has all that this process has recorded by now; False when the time is up, or offline.

    ``timeout`` is in seconds.
    """
    if recorder.is_disabled:
        return True
    recorder.attend_if_due()
    deadline = time.monotonic() + timeout
    target = recorder.position()
    while recorder.applied() < target:
        if recorder.mode is RecordingMode.OFFLINE:
            return False
        if time.monotonic() >= deadline:
            if timeout >= END_TIMEOUT_SECONDS:
                recorder.stalled_at = recorder.applied()
            return False
        time.sleep(_POLL_SECONDS)
        recorder.attend_if_due()
    return recorder.unwritten() == 0


def wait_before_reading(recorder: Recorder) -> None:
    """Waits for the store, but not where an earlier wait was in vain and the store has taken nothing since."""
    if recorder.stalled_at != recorder.applied():
        wait_until_applied(recorder, READ_TIMEOUT_SECONDS)


def wait_at_the_end(recorder: Recorder, timeout: float = END_TIMEOUT_SECONDS, is_last: bool = False) -> None:
    """Waits for the store and says what is left, where it is, and what to do.

    Where an earlier wait was in vain and the store has taken nothing since, it does not wait again, and speaks only if
    this is the last occasion: many short runs must not each pay for a store that is down.
    """
    is_stalled = recorder.stalled_at == recorder.applied()
    if wait_until_applied(recorder, 0 if is_stalled else timeout):
        return
    position = recorder.position()
    if recorder.said_at == position or (is_stalled and not is_last):
        return
    recorder.said_at = position
    _say_what_is_left(recorder)


def _say_what_is_left(recorder: Recorder) -> None:
    sync = f"tb-runhistory sync {recorder.uri.shown}"
    if recorder.mode is RecordingMode.OFFLINE:
        notice_once(f"recorded offline, in {recorder.spool}: ship it to the store with '{sync}'")
        return
    unwritten = recorder.unwritten()
    if unwritten:
        notice(
            f"{unwritten} records found no room in the journal in {recorder.spool} and are lost if this process ends"
        )
    left = recorder.position() - recorder.applied()
    if left > 0:
        notice(
            f"{left} records are not in the store {recorder.uri.shown} yet. They are kept in {recorder.spool}, and are "
            f"shipped when the store can be reached, or now with '{sync}'"
        )
