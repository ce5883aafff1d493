"""Beginning and finding runs, and what concerns an experiment as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import time
from typing import TYPE_CHECKING

from tb_runhistory.errors import BadRequest, NotFound, RunStateError, StoreError, StoreUnavailable
from tb_runhistory.recording.endings import watch
from tb_runhistory.recording.handle import RunHandle
from tb_runhistory.recording.links import StoreLink
from tb_runhistory.recording.notices import notice
from tb_runhistory.recording.reading import (
    StageFilter,
    StatusFilter,
    StoredRun,
    TagFilter,
    checked_stage,
    children_of,
    experiment_names,
    is_in_stage,
    only,
    scope_of,
    selected,
    stored_runs,
)
from tb_runhistory.recording.values import checked_directions, checked_run_id, storable_labels, storable_text
from tb_runhistory.recording.waiting import FLUSH_SECONDS
from tb_runhistory.records.changes import CreateExperiment, CreateRun, LifecycleStage, RenameExperiment, StageExperiment
from tb_runhistory.records.identity import id_bytes, id_text, new_id
from tb_runhistory.records.names import checked_name
from tb_runhistory.records.views import checked_view

if TYPE_CHECKING:
    from tb_runhistory.store.base import RunHistoryReader

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Given:
    """What a person says of a run that is to begin; see ``Experiment.start_logging``."""

    display_name: str | None
    run_id: str | None
    description: str
    tags: Mapping[str, object]
    properties: Mapping[str, object] = field(default_factory=dict)


def begin_run(link: StoreLink, experiment: str, parent: CreateRun | None, given: Given) -> RunHandle:
    """A run that this process starts: a child of ``parent``, or the root of a tree of its own.

    Raises:
      TypeError, ValueError: something that is given cannot be recorded. Nothing is, then.
      RunStateError: the run with this id is running in this process, or stands elsewhere.
    """
    tags, properties = storable_labels("tag", given.tags), storable_labels("property", given.properties)
    created, is_given_id = _creation(experiment, parent, given)
    known = _stored_under(link, created) if is_given_id else None
    if known is None:
        handle = RunHandle(link, created, link.sessions.begin(created, {}))
        watch()
    else:
        handle = RunHandle(link, known.created, None, known)
        handle.start()
        if given.display_name is not None or given.description:
            handle.describe(given.display_name, created.description or None)
    handle.set_tags(tags)
    handle.add_properties(properties)
    return handle


def find_run(link: StoreLink, text: str) -> RunHandle:
    """The run with this id or chosen id. Of several those that are active count, if there are any.

    Raises:
      TypeError, ValueError: it cannot be an id.
      BadRequest: several runs have it as their chosen id.
      NotFound, StoreError: no run is known by it, or the store cannot be asked.
    """
    given = id_bytes(checked_run_id(text))
    wanted = text if given is None else id_text(given)
    session = link.sessions.get(wanted)
    if session is not None:
        return RunHandle(link, session.run, session)
    if link.recorder.is_disabled:
        return _stand_in(link, wanted)
    live = {session.run.run_id: RunHandle(link, session.run, session) for session in link.sessions.chosen(wanted)}
    link.waiting.before_reading()
    try:
        stored = link.reader.ask(lambda reader: _runs_called(reader, wanted))
    except (NotFound, StoreError):
        if not live:
            raise
        stored = []
    active = [run for run in stored if run.stage is LifecycleStage.ACTIVE]
    found = {run.created.run_id: RunHandle(link, run.created, None, run) for run in active or stored} | live
    if not found:
        raise NotFound(f"the store {link.uri.shown} has no run {text!r}: look at its ids with Experiment.get_runs")
    if len(found) > 1:
        raise BadRequest(_several(link, text, [handle.created for handle in found.values()]))
    [handle] = found.values()
    return handle


def experiments(link: StoreLink, stage: StageFilter) -> list[str]:
    """The names of the experiments in a lifecycle stage, oldest first; none where there is no store.

    Raises:
      BadRequest: the stage is none.
      StoreError: the store cannot be read.
    """
    wanted = checked_stage(stage)
    link.waiting.before_reading()
    try:
        return link.reader.ask(lambda reader: experiment_names(reader, wanted))
    except NotFound:
        return []


def runs_of(link: StoreLink, experiment: str, stage: StageFilter) -> list[StoredRun]:
    """The runs of an experiment that are in a lifecycle stage, those that were created last first."""
    wanted = checked_stage(stage)
    link.waiting.before_reading()
    runs = link.reader.ask(lambda reader: stored_runs(reader, scope_of(experiment)))
    return [run for run in runs if is_in_stage(run, wanted)]


def known_runs_of(link: StoreLink, experiment: str) -> list[StoredRun]:
    """The active runs of an experiment; none where the store cannot be asked."""
    try:
        return runs_of(link, experiment, LifecycleStage.ACTIVE)
    except (NotFound, StoreError):
        return []


def selected_runs_of(
    link: StoreLink,
    experiment: str,
    include_children: bool,
    tags: TagFilter,
    status: StatusFilter,
    stage: str,
) -> Iterator[RunHandle]:
    """See ``Experiment.get_runs``."""
    try:
        if include_children:
            found = iter(link.reader.ask(partial(selected, runs_of(link, experiment, stage), tags, status)))
        else:
            link.waiting.before_reading()
            found = children_of(link.reader, scope_of(experiment), "", tags, status, stage)
        for run in found:
            yield RunHandle(link, run.created, None, run)
    except NotFound:
        return


def move_experiment(link: StoreLink, name: str, stage: LifecycleStage) -> None:
    """Shows, archives or deletes an experiment.

    Raises:
      RunStateError: it is to be deleted, and this process runs one of its runs.
    """
    running = [session.run for session in link.sessions.owned() if session.run.experiment == name]
    if running and stage is LifecycleStage.DELETED:
        raise RunStateError(
            f"the run {running[0].display_name!r} is running in this process: end it before {name!r} is deleted"
        )
    # Its first run may be on its way.
    link.recorder.append(CreateExperiment(name, time()))
    link.recorder.append(StageExperiment(name, stage))


def say_of_experiment(
    link: StoreLink, name: str, description: str, directions: Mapping[str, str], view: str | None
) -> None:
    """Records what a person says of an experiment, if anything; see ``Experiment``.

    Raises:
      TypeError, ValueError: a direction or the view is none.
    """
    checked, known = storable_text("a description", description), checked_directions(directions)
    shown = None if view is None else checked_view(view)
    if checked or known or shown is not None:
        link.recorder.append(CreateExperiment(name, time(), checked, directions=known, view=shown))


def rename_experiment(link: StoreLink, name: str, new_name: str) -> None:
    """Gives an experiment another name, once the store has what this process has recorded.

    Raises:
      BadRequest: another experiment has it.
      StoreUnavailable: the store does not take what was recorded in time, or recording is offline.
    """
    if link.recorder.is_disabled or new_name == name:
        return
    # A run that is still on its way would begin an experiment of the old name anew.
    _ship(link, name)
    known = experiments(link, "any")
    is_taken = new_name in known
    if name in known and not is_taken:
        link.recorder.append(RenameExperiment(name, new_name))
        _ship(link, name)
        # Somebody else may have been first.
        is_taken = name in experiments(link, "any")
    if is_taken:
        raise BadRequest(f"the experiment {name!r} keeps its name: there is another one named {new_name!r}")


def _creation(experiment: str, parent: CreateRun | None, given: Given) -> tuple[CreateRun, bool]:
    """The record that creates the run, and whether its id is the one that is given."""
    chosen = "" if given.run_id is None else checked_run_id(given.run_id)
    known = id_bytes(chosen)
    run_id, chosen_id = (new_id(), chosen) if known is None else (id_text(known), "")
    name = given.display_name
    created = CreateRun(
        root_id=run_id if parent is None else parent.root_id,
        run_id=run_id,
        parent_id=None if parent is None else parent.run_id,
        path=run_id if parent is None else f"{parent.path}/{run_id}",
        experiment=experiment,
        display_name=(chosen_id or _default_name(run_id)) if name is None else checked_name("run", name),
        created_at=time(),
        description=storable_text("a description", given.description),
        chosen_id=chosen_id,
    )
    return created, known is not None


def _ship(link: StoreLink, name: str) -> None:
    if not link.waiting.until_applied(FLUSH_SECONDS):
        raise StoreUnavailable(
            f"the experiment {name!r} cannot be renamed before the store {link.uri.shown} has what this process has "
            f"recorded: try again, or ship it with 'tb-runhistory sync {link.uri.shown}'"
        )


def _runs_called(reader: RunHistoryReader, text: str) -> list[StoredRun]:
    ids = reader.find_runs(text)
    return stored_runs(reader, only(*ids)) if ids else []


def _several(link: StoreLink, text: str, runs: list[CreateRun]) -> str:
    named = runs[:_MOST_NAMED]
    parents = _names(link, [run.parent_id for run in named if run.parent_id is not None])
    lines = [
        f"{run.run_id} ({run.display_name!r}"
        + (f" below {parents[run.parent_id]!r}" if run.parent_id in parents else "")
        + f" in {run.experiment!r})"
        for run in named
    ]
    more = f" and {len(runs) - _MOST_NAMED} more" if len(runs) > _MOST_NAMED else ""
    return (
        f"{len(runs)} runs of the store {link.uri.shown} have the chosen id {text!r}; take one by its id: "
        f"{', '.join(lines)}{more}"
    )


def _names(link: StoreLink, run_ids: list[str]) -> dict[str, str]:
    """The display names of runs, as far as they are known."""
    names: dict[str, str] = {}
    with suppress(NotFound, StoreError):
        runs = link.reader.ask(lambda reader: stored_runs(reader, only(*run_ids)))
        names = {run.created.run_id: run.created.display_name for run in runs}
    live = (link.sessions.get(run_id) for run_id in run_ids)
    return {session.run.run_id: session.run.display_name for session in live if session is not None} | names


def _stored_under(link: StoreLink, created: CreateRun) -> StoredRun | None:
    """The run that has the id already, if the store knows one.

    Raises:
      RunStateError: it is running in this process, or stands elsewhere than ``created`` says.
    """
    session = link.sessions.get(created.run_id)
    if session is not None and session.is_owner:
        raise RunStateError(f"the run {created.run_id} is running already: give another id, or end it first")
    try:
        known = RunHandle(link, created).stored()
    except NotFound:
        return None
    except StoreError as error:
        notice(f"the run {created.run_id} begins without a look at what the store has of it: {error}")
        return None
    if known is None or not known.number:  # The store has heard of a run with number 0, but not of its creation.
        return None
    is_elsewhere = created.parent_id is None and known.created.experiment != created.experiment
    if is_elsewhere or known.created.parent_id != created.parent_id:
        place = f"a child of {known.created.parent_id}" if known.created.parent_id else "a root"
        raise RunStateError(
            f"the run {created.run_id} is {place} in the experiment {known.created.experiment!r}: "
            "resume it with Run.get(workspace, run_id).start()"
        )
    return known


def _stand_in(link: StoreLink, run_id: str) -> RunHandle:
    """A run that is asked for while recording is disabled, so that a script that resumes one works as well."""
    name = _default_name(run_id)
    created = CreateRun(run_id, run_id, None, run_id, name, name, time())
    return RunHandle(link, created, link.sessions.begin(created, {}))


def _default_name(run_id: str) -> str:
    return f"run-{run_id[-8:]}"
