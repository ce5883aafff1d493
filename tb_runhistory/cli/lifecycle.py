"""``tb-runhistory archive``, ``delete`` and ``restore``: which runs and experiments are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.store import chosen_store, reading, store_option, uri_among
from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.records.changes import LifecycleStage

if TYPE_CHECKING:
    from tb_runhistory.records.changes import Change, StageExperiment, StageRun
    from tb_runhistory.store.base import RunHistoryReader
    from tb_runhistory.uri import StoreUri

_DONE = {
    LifecycleStage.ACTIVE: "Restored",
    LifecycleStage.ARCHIVED: "Archived",
    LifecycleStage.DELETED: "Deleted",
}
_NEXT = {
    LifecycleStage.ARCHIVED: "tb-runhistory list --archived shows what is archived, restore brings it back.",
    LifecycleStage.DELETED: "tb-runhistory restore brings it back, until tb-runhistory gc removes it for good.",
}


def _staging(name: str, stage: LifecycleStage, text: str) -> click.Command:
    """The command that puts runs and experiments into ``stage``."""

    @click.command(name, help=text)
    @click.argument("operands", nargs=-1, metavar="[URI] [RUN]...")
    @store_option
    @click.option("-e", "--experiment", "experiments", metavar="NAME", multiple=True, help="A whole experiment.")
    def command(operands: tuple[str, ...], store: str | None, experiments: tuple[str, ...]) -> None:
        uri, wanted = uri_among(operands)
        if not wanted and not experiments:
            raise click.UsageError("Name runs, or an experiment with --experiment.")
        with reading(uri, store) as (reader, _):
            changes: list[tuple[StageExperiment | StageRun, str]] = []
            changes += _of_experiments(reader, experiments, stage)
            changes += _of_runs(reader, wanted, stage)
        apply_changes(chosen_store(uri, store), [change for change, _ in changes])
        for _, sentence in changes:
            click.echo(f"{_DONE[stage]} {layout.printable(sentence)}.")
        if stage in _NEXT:
            click.echo(_NEXT[stage])

    return command


def _of_experiments(
    reader: RunHistoryReader, names: Sequence[str], stage: LifecycleStage
) -> Iterator[tuple[StageExperiment, str]]:
    from tb_runhistory.records.changes import StageExperiment
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    known = set(reader.experiments(Scope(stages=ANY_STAGE)).name)
    for name in names:
        if name not in known:
            raise NotFound(
                f"the store {reader.location} has no experiment {name!r}: tb-runhistory list --all shows all"
            )
        runs = len(reader.runs(Scope(name, stages=ANY_STAGE)))
        yield StageExperiment(name, stage), f"the experiment {name} with its {layout.counted(runs, 'run')}"


def _of_runs(reader: RunHistoryReader, wanted: Sequence[str], stage: LifecycleStage) -> Iterator[tuple[StageRun, str]]:
    from tb_runhistory.cli.runs import RunTree, find_run
    from tb_runhistory.records.changes import StageRun
    from tb_runhistory.records.columns import ANY_STAGE, Scope

    for text in wanted:
        run_id = find_run(reader, text)
        tree = RunTree(reader, Scope(run_ids=(run_id,), stages=ANY_STAGE))
        row = tree.rows[run_id]
        experiment = tree.runs.experiment[row]
        of_experiment = tree.experiment_stages.get(experiment, LifecycleStage.ACTIVE)
        if stage is LifecycleStage.ACTIVE and of_experiment is not LifecycleStage.ACTIVE:
            raise BadRequest(
                f"the experiment {experiment!r} is {of_experiment.value} with all of its runs: "
                "restore it with --experiment first"
            )
        below = len(tree.runs) - 1
        more = f" and {layout.counted(below, 'run')} below it" if below else ""
        yield StageRun(tree.runs.root_id[row], run_id, stage), f"{tree.shown_name(row)} ({run_id}){more}"


def apply_changes(uri: StoreUri, changes: Sequence[Change]) -> None:
    """Writes to the store at once, without a journal: whoever calls a command waits for it."""
    import numpy as np

    from tb_runhistory.records.identity import new_id
    from tb_runhistory.records.points import Points
    from tb_runhistory.store.base import LoggedPoints, TreeBatch
    from tb_runhistory.store.opening import open_writer

    nothing = LoggedPoints([], np.zeros(1, np.int64), Points.empty())
    # Exactly once asks for a journal's id: this one has a record a change, and is forgotten when they are applied.
    journal_id = new_id()
    with open_writer(uri) as writer:
        for sequence, change in enumerate(changes, 1):
            writer.apply([TreeBatch(journal_id, change.root_id, sequence - 1, sequence, [change], nothing)])
        writer.forget(journal_id)


archive = _staging(
    "archive",
    LifecycleStage.ARCHIVED,
    """Put runs or experiments away, out of every view.

    A run is archived with all that stands below it. Nothing is lost and nothing stops: what still records goes on, and
    restore shows it again. RUN is an id, one that was chosen for it, a part of one, or a name, as show takes it.

    \b
        tb-runhistory archive mnist/sweep
        tb-runhistory archive sqlite:///runs.db 4f21c9 a07b1e
        tb-runhistory archive --experiment first-tries
    """,
)
delete = _staging(
    "delete",
    LifecycleStage.DELETED,
    """Take runs or experiments out of sight, until gc removes them.

    A run is deleted with all that stands below it. Until tb-runhistory gc is called nothing is lost, and restore brings
    it back. RUN is an id, one that was chosen for it, a part of one, or a name, as show takes it.

    \b
        tb-runhistory delete mnist/sweep/rate=0.1
        tb-runhistory delete sqlite:///runs.db --experiment broken-spawns
    """,
)
restore = _staging(
    "restore",
    LifecycleStage.ACTIVE,
    """Show archived or deleted runs or experiments again.

    A run is restored with all that stands below it. What gc has removed is gone. RUN is an id, one that was chosen for
    it, a part of one, or a name, as show takes it.

    \b
        tb-runhistory list --archived
        tb-runhistory restore mnist/sweep
        tb-runhistory restore --experiment first-tries
    """,
)
