"""What a process records of its runs between their start and their end.

A run has one session at a time. The process that began it owns it: only that one's end is the run's. Forked children,
and processes that were given the run, log to the same session without owning it.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator, Mapping, Sequence
from time import time

from tb_runhistory.errors import ParameterConflict, RunStateError
from tb_runhistory.recording.recorder import AppendPoint, JournalEnd, JournalUser, Recorder
from tb_runhistory.recording.values import LARGEST_STEP
from tb_runhistory.records.changes import (
    CreateRun,
    DataClass,
    DeclareSeries,
    DropPoints,
    EndRun,
    LogText,
    MetricShape,
    ParameterValue,
    SetParameter,
    StartRun,
)
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.names import checked_name
from tb_runhistory.records.status import RunStatus


class Series:
    """A series that the session has declared, and the steps of those who give none.

    ``steps`` counts on by itself. ``given`` is the last step that a caller gave, None once it has been counted from.
    At the largest step that there is counting stands still.
    """

    __slots__ = ("append", "data_class", "given", "metric", "number", "steps")

    def __init__(self, number: int, append: AppendPoint, metric: str, data_class: DataClass, first_step: int) -> None:
        self.number = number
        self.append = append
        self.metric = metric
        self.data_class = data_class
        self.steps = itertools.count(first_step)
        self.given: int | None = None

    def next_step(self) -> int:
        """The step after the last one that was used. The caller holds the recorder's lock."""
        if self.given is not None:
            self.steps = itertools.count(self.given + 1)
            self.given = None
        step = next(self.steps)
        if step < LARGEST_STEP:
            return step
        self.steps = itertools.count(LARGEST_STEP)
        return LARGEST_STEP

    def peek(self) -> int:
        """What ``next_step`` will say. The caller holds the recorder's lock."""
        step = self.next_step()
        self.given = step - 1
        return step


class RunSession:
    """One session of a run, as far as this process takes part in it. Thread-safe.

    ``scalars`` are the scalar metrics by name, for the hot path of ``Run.log``: it is empty whenever there is something
    to find out first, such as after the end or in a forked child. ``next_steps`` says, by tag, where counting goes
    on for metrics that were logged before: by an earlier session, or by the parent process.
    """

    def __init__(
        self, recorder: Recorder, run: CreateRun, session_id: str, is_owner: bool, next_steps: Mapping[str, int]
    ) -> None:
        self.recorder = recorder
        self.run = run
        self.session_id = session_id
        self.is_owner = is_owner
        self.status = RunStatus.RUNNING
        self.scalars: dict[str, Series] = {}
        self.parameters: dict[str, ParameterValue] = {}
        self._series: dict[str, Series] = {}
        self._rows: dict[str, Iterator[int]] = {}
        self._next_steps = dict(next_steps)
        self._is_announced = False
        self._unrecorded = 0

    def begin(self, follows: str) -> None:
        """Records that the run runs in this session, after the one that it ``follows`` ("" if none is known)."""
        with self.recorder.lock:
            self._announce()
            run = self.run
            self.recorder.append(
                StartRun(run.root_id, run.run_id, self.session_id, time(), socket.gethostname(), follows)
            )

    def end(self, status: RunStatus, error: str = "") -> bool:
        """Ends the session, and with it the run. False when it has ended before."""
        with self.recorder.lock:
            if self.status.is_terminal:
                return False
            # The end must not go into a journal that somebody has removed.
            self.recorder.see_to_journal()
            self.status = status
            numbers = [series.number for series in self._series.values()]
            self._forget_series()
            self._announce()
            self._report_unrecorded()
            self.recorder.append(EndRun(self.run.root_id, self.run.run_id, self.session_id, status, time(), error))
            self.recorder.release(numbers)
        return True

    def leave_journal(self) -> None:
        """The journal is not written any more: the next one gets all declarations anew."""
        self._forget_series()
        self._is_announced = False

    def restate(self) -> None:
        """The journal was removed with what only it had: says again, in a session that follows, what is known here."""
        follows, self.session_id = self.session_id, new_id()
        self.begin(follows)
        for name, value in self.parameters.items():
            self.recorder.append(SetParameter(self.run.root_id, self.run.run_id, name, value))

    def next_steps(self) -> dict[str, int]:
        """By tag, the step after the last one that this process knows of."""
        with self.recorder.lock:
            return self._next_steps | {tag: series.peek() for tag, series in self._series.items()}

    def log(
        self, metric: str, values: Sequence[float | str], step: int | None, description: str, shape: MetricShape
    ) -> None:
        """Logs checked values of a metric at ``step``, or at successive steps from where it stands.

        Raises:
          TypeError: the metric holds texts and gets a number, or the other way round.
        """
        if len({isinstance(value, str) for value in values}) > 1:
            raise TypeError(f"the values of the metric {metric!r} are numbers and texts: log them under two names")
        with self.recorder.lock:
            for value in values:
                series = self._find_or_declare(metric, metric, "", value, description, shape)
                if series is None:
                    self._unrecorded += 1
                elif step is None:
                    self._append(series, series.next_step(), value)
                else:
                    self._append(series, step, value)
                    series.given = step

    def log_rows(self, metric: str, rows: Sequence[Mapping[str, float | str]], description: str) -> None:
        """Logs checked rows, each at one step for all its columns.

        Raises:
          TypeError: a column holds texts and gets a number, or the other way round.
          ValueError: the name of the metric with that of a column is too long, or that of another metric.
        """
        with self.recorder.lock:
            for row in rows:
                tags = {column: checked_name("metric", f"{metric}/{column}") for column in row}
                columns = {
                    column: self._find_or_declare(tags[column], metric, column, value, description, MetricShape.ROW)
                    for column, value in row.items()
                }
                step = min(next(self._row_steps(metric)), LARGEST_STEP)
                for column, series in columns.items():
                    if series is None:
                        self._unrecorded += 1
                    else:
                        self._append(series, step, row[column])
                        series.given = step

    def set_parameter(self, name: str, value: ParameterValue) -> None:
        """Records a parameter.

        Raises:
          ParameterConflict: it has another value.
        """
        with self.recorder.lock:
            old = self.parameters.setdefault(name, value)
            # True == 1, and yet a boolean is not a number. NaN is the same as NaN.
            if (type(old) is bool) != (type(value) is bool) or (old != value and not (old != old and value != value)):
                raise ParameterConflict(
                    f"the parameter {name!r} of the run {self.run.display_name!r} is {old!r} and cannot become "
                    f"{value!r}: a parameter keeps its first value, log a metric or set a tag for what changes"
                )
            self._announce()
            self.recorder.append(SetParameter(self.run.root_id, self.run.run_id, name, value))

    def _announce(self) -> None:
        # Each journal names the runs it speaks of, since nothing says which of two is applied first.
        if self._is_announced:
            return
        self._is_announced = True
        self.recorder.append(self.run)

    def _report_unrecorded(self) -> None:
        # Points that were logged while there could be no journal; those without room in one are the journal's to count.
        if self._unrecorded:
            self.recorder.append(DropPoints(self.run.root_id, self.run.run_id, self._unrecorded))
            self._unrecorded = 0

    def _row_steps(self, metric: str) -> Iterator[int]:
        steps = self._rows.get(metric)
        if steps is None:
            earlier = (step for tag, step in self._next_steps.items() if tag.startswith(f"{metric}/"))
            steps = self._rows[metric] = itertools.count(max(earlier, default=0))
        return steps

    def _forget_series(self) -> None:
        # Where each stands is kept: it may be declared again.
        self._next_steps |= {tag: series.peek() for tag, series in self._series.items()}
        self._series.clear()
        self.scalars.clear()

    def _append(self, series: Series, step: int, value: float | str) -> None:
        if isinstance(value, str):
            self.recorder.append_text(LogText(self.run.root_id, series.number, step, time(), value))
        else:
            series.append(series.number, step, time(), value)

    def _find_or_declare(
        self, tag: str, metric: str, column: str, value: float | str, description: str, shape: MetricShape
    ) -> Series | None:
        """The series of ``tag``; None while there can be no journal."""
        data_class = DataClass.TEXT if isinstance(value, str) else DataClass.SCALAR
        series = self._series.get(tag)
        if series is not None:
            if series.metric != metric:
                raise ValueError(f"{tag!r} is recorded as a part of {series.metric!r}: use another name for {metric!r}")
            if series.data_class is not data_class:
                kinds = ("texts", "a number") if series.data_class is DataClass.TEXT else ("numbers", "a text")
                raise TypeError(f"the metric {tag!r} holds {kinds[0]} and cannot take {kinds[1]}: use another name")
            return series
        self._announce()
        run, name = self.run, "" if metric == tag else metric
        declared = self.recorder.declare(
            DeclareSeries(
                run.root_id, run.run_id, self.session_id, 0, tag, data_class, name, column, shape, description
            )
        )
        if declared is None:
            return None
        self._report_unrecorded()
        number, append = declared
        series = self._series[tag] = Series(number, append, metric, data_class, self._next_steps.get(tag, 0))
        if data_class is DataClass.SCALAR and not column:
            self.scalars[tag] = series
        return series


class Sessions(JournalUser):
    """The sessions that this process takes part in, in one store: at most one a run."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._by_run: dict[str, RunSession] = {}
        recorder.user = self

    def get(self, run_id: str) -> RunSession | None:
        """The session of a run; None where this process does not take part in one."""
        return self._by_run.get(run_id)

    def chosen(self, text: str) -> list[RunSession]:
        """The sessions of runs for which somebody chose the id ``text``."""
        return [session for session in list(self._by_run.values()) if session.run.chosen_id == text]

    def owned(self) -> list[RunSession]:
        """The sessions that this process has to end, children before their parents."""
        sessions = [session for session in list(self._by_run.values()) if session.is_owner]
        return sorted(sessions, key=lambda session: session.run.path.count("/"), reverse=True)

    def begin(self, run: CreateRun, next_steps: Mapping[str, int], follows: str = "") -> RunSession:
        """A new session of the run, which is created where it does not exist, owned by this process."""
        with self.recorder.lock:
            session = RunSession(self.recorder, run, new_id(), True, next_steps)
            session.begin(follows)
            self._by_run[run.run_id] = session
        return session

    def join(self, run: CreateRun, session_id: str, next_steps: Mapping[str, int]) -> RunSession:
        """The session that another process began, for this one to log to."""
        with self.recorder.lock:
            session = RunSession(self.recorder, run, session_id, False, next_steps)
            self._by_run[run.run_id] = session
        return session

    def end(self, session: RunSession, status: RunStatus, error: str = "") -> bool:
        """Ends a session. False when it has ended before."""
        with self.recorder.lock:
            if not session.end(status, error):
                return False
            self._by_run.pop(session.run.run_id, None)
        return True

    def journal_ended(self, end: JournalEnd) -> None:
        """See ``JournalUser``."""
        sessions = list(self._by_run.values())
        for session in sessions:
            session.leave_journal()
            session.is_owner = session.is_owner and end is JournalEnd.LOST
            if session.is_owner:
                session.restate()
        if end is JournalEnd.CLOSED:
            self._by_run.clear()


def running_session(session: RunSession | None, name: str) -> RunSession:
    """``session`` if it can be logged to.

    Raises:
      RunStateError: there is none, or it has ended.
    """
    if session is None:
        raise RunStateError(f"the run {name!r} is not running: call start() first")
    if session.status.is_terminal:
        raise RunStateError(
            f"the run {name!r} has ended as {session.status.value}: call start() to resume it, or begin another run"
        )
    return session
