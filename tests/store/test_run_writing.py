"""Runs as the store keeps them: whole trees, sessions in the order of cause and effect, whatever values there are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from tb_runhistory.errors import RefusedData
from tb_runhistory.query.terms import Parameter
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import (
    AddProperties,
    CreateRun,
    DataClass,
    DescribeRun,
    DropPoints,
    EndRun,
    LifecycleStage,
    ParameterValue,
    RemoveTags,
    RenameExperiment,
    SetParameter,
    SetTags,
    StageRun,
    StartRun,
)
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, TreeBatch
from tb_runhistory.store.sql.paths import MAX_DEPTH
from tb_runhistory.store.sql.rows import COVERED, is_sound
from tb_runhistory.store.sql.schema import journals, runs
from tests.conformance.builder import JOURNAL, START, BuiltRun, History, id_of
from tests.conformance.door import StoreDoor

ALL, ANY = Scope(), Scope(stages=ANY_STAGE)


@pytest.fixture
def history(door: StoreDoor) -> Iterator[History]:
    """A builder over a writer that is closed at the end."""
    with door.open_writer() as writer:
        yield History(writer)


@pytest.fixture
def reader(door: StoreDoor, history: History) -> Iterator[RunHistoryReader]:
    """A reader that is closed at the end."""
    with door.open_reader() as reader:
        yield reader


def damaged_rows(door: StoreDoor) -> list[str]:
    """The tables in which a row's checksum does not match, once for each such row."""
    with door.raw() as connection:
        return [
            table.name
            for table in COVERED
            for row in connection.execute(select(table)).mappings()
            if not is_sound(table, row)
        ]


# Trees


def test_a_tree_is_whole_whoever_of_it_is_heard_of_first(history: History, reader: RunHistoryReader) -> None:
    root_id, trial_id, fold_id = map(id_of, ("root", "trial", "fold"))
    path = f"{root_id}/{trial_id}/{fold_id}"
    fold = CreateRun(root_id, fold_id, trial_id, path, "mnist", "fold", START + 9)
    history.apply(root_id, [fold])
    runs = reader.runs(ALL)
    assert runs.run_id == [root_id, trial_id, fold_id]
    assert runs.path == [root_id, f"{root_id}/{trial_id}", path]
    assert runs.experiment == ["mnist"] * 3
    assert runs.display_name == [root_id[-8:], trial_id[-8:], "fold"]
    assert runs.status == [RunStatus.NOT_STARTED] * 3
    assert runs.created_at.tolist() == [START + 9] * 3
    assert runs.number.tolist() == [0, 0, 1], "those above are placeholders"
    history.apply(root_id, [CreateRun(root_id, root_id, None, root_id, "digits", "sweep", START, chosen_id="sweep")])
    runs = reader.runs(ALL)
    assert runs.display_name == ["sweep", trial_id[-8:], "fold"]
    assert runs.experiment == ["digits"] * 3, "the creation of the root decides where a tree is"
    assert runs.created_at.tolist() == [START, START + 9, START + 9]
    experiments = reader.experiments()
    assert dict(zip(experiments.name, experiments.run_count.tolist(), strict=True)) == {"digits": 3, "mnist": 0}
    history.apply(root_id, [fold, CreateRun(root_id, trial_id, root_id, f"{root_id}/{trial_id}", "x", "t", START + 1)])
    assert reader.runs(ALL).display_name == ["sweep", "t", "fold"]


def test_a_run_that_only_logs_is_put_where_it_belongs_when_that_is_heard_of(
    history: History, reader: RunHistoryReader
) -> None:
    root_id, trial_id, fold_id = map(id_of, ("root", "trial", "fold"))
    history.apply(root_id, [SetParameter(root_id, fold_id, "lr", 1)])
    assert reader.runs(ALL).parent_id == ["", root_id], "as far as anyone can tell"
    path = f"{root_id}/{trial_id}/{fold_id}"
    history.apply(root_id, [CreateRun(root_id, fold_id, trial_id, path, "mnist", "fold", START)])
    found = reader.runs(ALL)
    assert dict(zip(found.run_id, found.path, strict=True))[fold_id] == path
    assert set(found.experiment) == {"mnist"}
    assert reader.tree_page(TreeQuery(START, parent_id=trial_id)).runs.run_id == [fold_id]
    assert reader.tree_columns(Scope(experiment="mnist")).run_count.tolist() == [1]
    assert reader.experiments(ANY).name == ["mnist"]


def test_an_experiment_of_a_user_s_may_have_the_name_of_what_is_recovered(
    history: History, reader: RunHistoryReader
) -> None:
    mine = history.root("mine", experiment="recovered")
    lost = id_of("lost")
    history.apply(lost, [StartRun(lost, lost, new_id(), START, "host")])
    again = CreateRun(mine.root_id, mine.run_id, None, mine.path, "recovered", "mine", START)
    history.apply(mine.root_id, [again])
    assert reader.runs(Scope(only=(mine.run_id,))).number.tolist() == [1], "it is announced again, and keeps its number"
    history.apply(lost, [CreateRun(lost, lost, None, lost, "mnist", "found", START)])
    assert dict(zip(reader.runs(ALL).display_name, reader.runs(ALL).experiment, strict=True)) == {
        "mine": "recovered",
        "found": "mnist",
    }
    assert set(reader.experiments().name) == {"recovered", "mnist"}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "nowhere",
        "{root}",
        "{root}/",
        "{other}/{run}",
        "{root}/{run}/{root}",
        "{root}/x/{run}",
        "{root}/{run}/{run}",
    ],
)
def test_a_path_that_does_not_lead_to_the_run_is_refused(history: History, path: str) -> None:
    root_id, run_id = id_of("root"), id_of("run")
    stands = path.format(root=root_id, run=run_id, other=id_of("other"))
    with pytest.raises(RefusedData, match="does not lead to it"):
        history.apply(root_id, [CreateRun(root_id, run_id, root_id, stands, "mnist", "run", START)])


@pytest.mark.parametrize(
    "run_id", ["", "no id", id_of("run").upper(), "0" * 36, "00000000-0000-0000-0000-000000000000"]
)
def test_what_is_no_id_is_refused(history: History, run_id: str) -> None:
    root_id = id_of("root")
    with pytest.raises(RefusedData):
        history.apply(root_id, [SetParameter(root_id, run_id, "lr", 1)])
    with pytest.raises(RefusedData):
        history.apply(root_id, [StartRun(root_id, root_id, run_id, START, "host")])
    with pytest.raises(RefusedData):
        history.apply(root_id, [SetParameter(id_of("another tree"), root_id, "lr", 1)])


def test_what_is_malformed_is_refused(history: History) -> None:
    run = history.root("run")
    here = run.root_id, run.run_id
    malformed: list[Any] = [
        EndRun(*here, run.session_id, "Lost", START),  # type: ignore[arg-type]
        SetTags(*here, {"a": 1}),  # type: ignore[dict-item]
        SetParameter(*here, "a", [1]),  # type: ignore[arg-type]
        StartRun(*here, new_id(), "now", "host"),  # type: ignore[arg-type]
        StageRun(*here, "hidden"),  # type: ignore[arg-type]
        RenameExperiment("a", 5, run.root_id),  # type: ignore[arg-type]
        run.series("loss"),
    ]
    for change in malformed:
        with pytest.raises(RefusedData):
            run.apply(change)
    run.apply(SetTags(*here, {"a": "1"}))


def test_a_chain_of_runs_grows_no_deeper_than_it_may(history: History, reader: RunHistoryReader) -> None:
    chain = [id_of(f"link {depth}") for depth in range(12_000)]
    some = [*range(MAX_DEPTH + 3), len(chain) - 1]
    for depth in some:
        path = "/".join(chain[: depth + 1])
        parent_id = chain[depth - 1] if depth else None
        history.apply(chain[0], [CreateRun(chain[0], chain[depth], parent_id, path, "mnist", "", START + depth)])
    found = reader.runs(ALL)
    assert found.depth.tolist() == [*range(MAX_DEPTH), *[MAX_DEPTH] * 4]
    assert found.parent_id[-4:] == [chain[MAX_DEPTH - 1]] * 4, "what is said to stand deeper stands below the same run"
    assert max(map(len, found.path)) < 4_000
    page = reader.tree_page(TreeQuery(START, parent_id=chain[MAX_DEPTH - 1], descending=False))
    assert page.runs.run_id == [chain[depth] for depth in some[MAX_DEPTH:]]


def test_an_id_in_two_trees_is_two_runs(history: History, reader: RunHistoryReader) -> None:
    first, second = history.root("first"), history.root("second")
    chosen = new_id()
    for root in (first, second):
        run = BuiltRun(history, chosen, root.root_id, f"{root.path}/{chosen}")
        history.add(run, chosen, root.run_id, display_name=f"below {root.run_id}")
        run.apply(SetParameter(root.root_id, chosen, "of", root.run_id)).log("loss", [0])
        history.writer.beat([(root.root_id, chosen)], START + 900)
    found = reader.runs(ALL)
    assert len(set(found.run_id)) == 4, "no two runs have one id"
    parameters = reader.parameters(ALL)
    of_root = dict(zip(found.run_id, found.root_id, strict=True))
    assert [of_root[run_id] for run_id in parameters.run_id] == parameters.value
    assert len(reader.find_runs(chosen)) == 2, "both are found"
    assert found.heartbeat_at.tolist()[2:] == [START + 900] * 2
    assert reader.tree_page(TreeQuery(START, parent_id=second.run_id)).total == 1


def test_an_id_is_found_however_it_is_written(history: History, reader: RunHistoryReader) -> None:
    run = history.root("run")
    assert reader.find_runs(run.run_id.upper()) == [run.run_id]
    assert reader.runs(Scope(run_ids=(run.run_id.upper(),))).run_id == [run.run_id]


# Sessions


def sessions_of(history: History) -> tuple[BuiltRun, str, str]:
    """A run that was created, and two ids of sessions of which the second is less than the first."""
    root_id = id_of("run")
    history.apply(root_id, [CreateRun(root_id, root_id, None, root_id, "mnist", "run", START)])
    return BuiltRun(history, root_id, root_id, root_id), id_of("b"), id_of("a")


def test_a_clock_that_goes_back_hides_no_resumed_run(history: History, reader: RunHistoryReader) -> None:
    run, first, second = sessions_of(history)
    run.apply(StartRun(run.root_id, run.run_id, first, START + 3600, "host"))
    run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.FAILED, START + 3700))
    run.apply(StartRun(run.root_id, run.run_id, second, START, "host", follows=first))
    found = reader.runs(ALL)
    assert (found.status, found.session_id) == ([RunStatus.RUNNING], [second])
    run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.CANCELED, START + 9999))
    assert reader.runs(ALL).status == [RunStatus.RUNNING]


def test_the_session_that_one_follows_is_counted_first(history: History, reader: RunHistoryReader) -> None:
    run, first, second = sessions_of(history)
    run.apply(StartRun(run.root_id, run.run_id, second, START + 5, "b", follows=first))
    run.apply(StartRun(run.root_id, run.run_id, first, START, "a"))
    found = reader.runs(ALL)
    assert (found.session_id, found.status, found.started_at.tolist()) == ([second], [RunStatus.RUNNING], [START])
    run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.FAILED, START + 9))
    assert reader.runs(ALL).status == [RunStatus.RUNNING]
    run.apply(EndRun(run.root_id, run.run_id, second, RunStatus.COMPLETED, START + 9))
    assert reader.runs(ALL).status == [RunStatus.COMPLETED]


def test_a_session_may_log_before_its_start_is_heard_of(history: History, reader: RunHistoryReader) -> None:
    run, first, second = sessions_of(history)
    run.apply(StartRun(run.root_id, run.run_id, first, START, "host"))
    run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.FAILED, START + 1))
    run.session_id = second
    run.log("loss", [0])
    assert reader.runs(ALL).status == [RunStatus.FAILED], "what logs says nothing of how the run is"
    run.apply(StartRun(run.root_id, run.run_id, second, START + 2, "host", follows=first))
    assert reader.runs(ALL).status == [RunStatus.RUNNING]
    run.end()
    run.apply(StartRun(run.root_id, run.run_id, second, START + 2, "host", follows=first))
    assert reader.runs(ALL).status == [RunStatus.COMPLETED], "its start was heard of"


def test_an_end_may_be_all_that_is_heard_of_a_session(history: History, reader: RunHistoryReader) -> None:
    run, first, _ = sessions_of(history)
    run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.FAILED, START + 1, "it died"))
    run.apply(StartRun(run.root_id, run.run_id, first, START, "host"))
    found = reader.runs(ALL)
    assert (found.status, found.error, found.started_at.tolist()) == ([RunStatus.FAILED], ["it died"], [START])


def test_many_sessions_are_kept_in_their_order(door: StoreDoor, history: History) -> None:
    run = history.root("run")
    ids = [run.session_id]
    for _ in range(5):
        ids.append(run.resume().session_id)
    with door.raw() as connection:
        from tb_runhistory.store.sql.schema import sessions

        stored = connection.execute(
            select(sessions.c.session, sessions.c.session_id).order_by(sessions.c.session)
        ).all()
        row = connection.execute(select(runs)).one()
    assert [tuple(each) for each in stored] == list(enumerate(ids[:-1], 1))
    assert (row.session, row.session_id) == (6, ids[-1])


# Lifecycle


def test_what_is_above_a_run_is_never_further_out_of_sight(history: History, reader: RunHistoryReader) -> None:
    sweep = history.root("sweep")
    trial = sweep.child("trial")
    fold, other = trial.child("fold"), sweep.child("other")
    stages = {run.run_id: run for run in (sweep, trial, fold, other)}

    def stage(run: BuiltRun, stage: LifecycleStage) -> list[str]:
        run.apply(StageRun(run.root_id, run.run_id, stage))
        found = reader.runs(ANY)
        assert set(found.run_id) == set(stages)
        of = dict(zip(found.run_id, found.stage, strict=True))
        assert reader.experiments().run_count.tolist() == [len(reader.runs(ALL))]
        return [of[run.run_id].value for run in (sweep, trial, fold, other)]

    assert stage(sweep, LifecycleStage.DELETED) == ["deleted"] * 4
    assert reader.tree_page(TreeQuery(START)).total == 0
    assert stage(fold, LifecycleStage.ACTIVE) == ["active", "active", "active", "deleted"]
    page = reader.tree_page(TreeQuery(START))
    assert (page.runs.chosen_id, page.children.tolist()) == (["sweep"], [1])
    assert stage(trial, LifecycleStage.ARCHIVED) == ["active", "archived", "archived", "deleted"]
    put_away = reader.tree_page(TreeQuery(START, Scope(stages=frozenset({LifecycleStage.ARCHIVED}))))
    assert (put_away.runs.chosen_id, put_away.total, put_away.children.tolist()) == (["trial"], 1, [1])
    assert stage(sweep, LifecycleStage.ACTIVE) == ["active"] * 4


def test_a_run_that_is_at_work_is_not_removed(history: History, reader: RunHistoryReader) -> None:
    import time

    sweep = history.root("sweep")
    live, done = sweep.child("live"), sweep.child("done").end()
    history.writer.beat([(live.root_id, live.run_id)], time.time())
    sweep.apply(StageRun(sweep.root_id, sweep.run_id, LifecycleStage.DELETED))
    assert history.writer.remove_deleted() == 1
    assert reader.runs(ANY).chosen_id == ["sweep", "live"], "nor what is above it"
    assert done.run_id not in reader.runs(ANY).run_id
    live.end()
    assert history.writer.remove_deleted() == 2
    assert len(reader.runs(ANY)) == 0


# Values


TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["\0", "\ud800", "\ud83d\ude00", "a\0\udfff", "", "…" * 200]
)
FLOATS = st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan])
INTEGERS = st.integers() | st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63, 2**64, 10**400, -(10**5000)])
VALUES: st.SearchStrategy[ParameterValue] = st.booleans() | INTEGERS | FLOATS | TEXTS


def stored(text: str) -> str:
    """What becomes of a text that no database holds."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def same(left: ParameterValue, right: ParameterValue) -> bool:
    """Whether two values are the same to the last bit, and of one type."""
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    return (
        type(left) is type(right)
        and left == right
        and math.copysign(1, hash(left) or 1) == math.copysign(1, hash(right) or 1)
    )


@pytest.fixture(scope="module")
def counter() -> Iterator[int]:
    """Numbers, each once."""
    return iter(range(10**9))


@given(
    parameters=st.dictionaries(TEXTS, VALUES, max_size=6),
    tags=st.dictionaries(TEXTS, st.none() | TEXTS, max_size=4),
    properties=st.dictionaries(TEXTS, TEXTS, max_size=4),
    words=st.lists(TEXTS, min_size=6, max_size=6),
    times=st.lists(FLOATS, min_size=3, max_size=3),
    dropped=st.integers(-(2**70), 2**70),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_recorded_is_stored_and_read(
    door: StoreDoor,
    history: History,
    reader: RunHistoryReader,
    parameters: dict[str, ParameterValue],
    tags: dict[str, str | None],
    properties: dict[str, str],
    words: list[str],
    times: list[float],
    dropped: int,
) -> None:
    run_id = new_id()
    experiment, display_name, description, error, host, chosen_id = words
    history.apply(
        run_id,
        [
            CreateRun(run_id, run_id, None, run_id, experiment, "", times[0], description, chosen_id),
            StartRun(run_id, run_id, session := new_id(), times[1], host),
            DescribeRun(run_id, run_id, display_name),
            *(SetParameter(run_id, run_id, name, value) for name, value in parameters.items()),
            SetTags(run_id, run_id, tags),
            AddProperties(run_id, run_id, properties),
            DropPoints(run_id, run_id, dropped),
            DropPoints(run_id, run_id, 1),
            EndRun(run_id, run_id, session, RunStatus.FAILED, times[2], error),
        ],
    )
    scope = Scope(run_ids=(run_id,))
    found = reader.runs(scope)
    assert (found.display_name, found.description) == ([stored(display_name)], [stored(description)])
    assert (found.error, found.chosen_id) == ([stored(error)], [stored(chosen_id)])
    assert found.experiment == [stored(experiment)]
    assert found.dropped.tolist() == [min(max(dropped, 0) + 1, 2**63 - 1)]
    if math.isfinite(times[1]):
        assert found.started_at.tolist() == [times[1]]
    expected: dict[str, ParameterValue] = {}
    for name, value in parameters.items():
        expected.setdefault(stored(name), stored(value) if isinstance(value, str) else value)
    read = reader.parameters(scope)
    assert set(read.name) == set(expected)
    for name, value in zip(read.name, read.value, strict=True):
        assert same(value, expected[name]), (value, expected[name])
    labels = reader.tags(scope)
    assert dict(zip(labels.name, labels.value, strict=True)) == {
        stored(name): None if value is None else stored(value) for name, value in tags.items()
    }
    assert len(reader.properties(scope)) == len({stored(name) for name in properties})
    column = Parameter(next(iter(parameters), "none"), inherited=True)
    page = reader.tree_page(TreeQuery(START, scope, sort=column, columns=(column,)))
    assert page.runs.run_id == [run_id]
    assert damaged_rows(door) == []


def test_a_tag_is_set_removed_and_set_again_in_any_batches(history: History, reader: RunHistoryReader) -> None:
    run = history.root("run")

    def tags() -> dict[str, str | None]:
        found = reader.tags(ALL)
        return dict(zip(found.name, found.value, strict=True))

    def of(**values: str | None) -> SetTags:
        return SetTags(run.root_id, run.run_id, values)

    run.apply(of(a="1", b=None), RemoveTags(run.root_id, run.run_id, ("a",)), of(a="2"))
    assert tags() == {"a": "2", "b": None}
    run.apply(RemoveTags(run.root_id, run.run_id, ("a", "b", "never")))
    assert tags() == {}
    run.apply(of(b="x"), of(b=None))
    assert tags() == {"b": None}


def test_ten_thousand_parameters_are_one_question_and_one_statement_more(
    history: History, reader: RunHistoryReader
) -> None:
    run = history.root("run")
    changes = [SetParameter(run.root_id, run.run_id, f"p{number}", number) for number in range(10_000)]
    for _ in range(2):
        run.apply(*changes)
    assert len(reader.parameters(ALL)) == 10_000
    assert len(reader.tree_columns(ALL)) == 10_000


# Damage


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("status", 99), ("stage", 77), ("depth", 5), ("number", -1), ("session", 1), ("created_at", -1e300),
        ("run_id", id_of("nobody")), ("root_id", id_of("nobody")), ("parent_id", id_of("nobody")),
        ("experiment_id", 12345), ("session_id", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["sweep", "trial"])
def test_a_damaged_row_costs_itself_and_stays_known_as_damaged(
    door: StoreDoor, history: History, reader: RunHistoryReader, name: str, column: str, cell: object
) -> None:
    sweep = history.root("sweep").resume()
    trial = sweep.child("trial").resume()
    history.root("other")
    with door.raw() as connection:
        connection.execute(update(runs).where(runs.c.run_id == id_of(name)).values({column: cell}))
    assert damaged_rows(door) == ["runs"]
    for scope in (ALL, ANY, Scope(experiment="mnist"), Scope(run_ids=(sweep.run_id,))):
        assert len(reader.runs(scope)) <= 3
    assert reader.tree_page(TreeQuery(START)).total >= 1
    reader.tree_page(TreeQuery(START, parent_id=sweep.run_id))
    for run in (trial, sweep):
        run.resume().apply(SetParameter(run.root_id, run.run_id, "lr", 1))
        run.end()
    trial.child("fold")
    other = reader.runs(Scope(only=(id_of("other"),)))
    assert (other.status, other.display_name) == ([RunStatus.RUNNING], ["other"])
    assert damaged_rows(door) == ["runs"], "a row that is changed is not made to look sound"


def test_cells_of_another_type_cost_themselves(history: History, door: StoreDoor, reader: RunHistoryReader) -> None:
    if door.uri.scheme != "sqlite":
        pytest.skip("only SQLite takes any value in any column")
    run = history.root("run").apply(SetParameter(id_of("run"), id_of("run"), "lr", 1))
    for column, cell in {"status": "x", "stage": b"x", "created_at": "soon", "number": "many", "dropped": 1.5}.items():
        with door.raw() as connection:
            connection.exec_driver_sql(f"UPDATE runs SET {column} = ?", (cell,))
    with door.raw() as connection:
        connection.exec_driver_sql("UPDATE runs SET display_name = CAST(x'ff41' AS TEXT), description = x'00ff'")
        connection.exec_driver_sql("UPDATE params SET kind = 'x', number = 'y'")
        connection.exec_driver_sql("UPDATE experiments SET name = CAST(x'ff' AS TEXT), created_at = 'x'")
    found = reader.runs(ALL)
    assert (found.status, found.stage) == ([RunStatus.NOT_RESPONDING], [LifecycleStage.ACTIVE])
    assert (found.display_name, found.description) == (["\ufffdA"], ["\ufffd"])
    assert math.isnan(found.created_at[0])
    assert (found.number.tolist(), found.dropped.tolist()) == ([0], [0])
    assert len(reader.parameters(ALL)) == 0
    assert reader.experiments().name == ["\ufffd"]
    rate = Parameter("lr", inherited=True)
    page = reader.tree_page(TreeQuery(START, sort=rate, columns=(rate,)))
    assert (page.runs.run_id, page.values) == ([run.run_id], [[None]])
    run.resume().end()
    assert reader.runs(ALL).status == [RunStatus.COMPLETED]
    assert {"runs", "params", "experiments"} == set(damaged_rows(door))


def test_a_damaged_mark_of_progress_neither_loses_nor_stops(
    door: StoreDoor, history: History, reader: RunHistoryReader
) -> None:
    run = history.root("run").log("loss", [0])
    for wrong in (10**12, 1, 0):
        with door.raw() as connection:
            connection.execute(update(journals).values(sequence=wrong))
        assert history.writer.applied(history.journal_id) == {}
        run.log("loss", [history.sequence])
        assert history.writer.applied(history.journal_id) == {run.root_id: history.sequence}
    assert reader.series(ALL, DataClass.SCALAR).count.tolist() == [4]


def test_long_texts_are_cut_where_pages_show_them(history: History, reader: RunHistoryReader) -> None:
    long = "x" * 1_200_000
    run = history.root("run", display_name=long)
    run.apply(SetParameter(run.root_id, run.run_id, "text", long), DescribeRun(run.root_id, run.run_id, None, long))
    column = Parameter("text", inherited=True)
    page = reader.tree_page(TreeQuery(START, columns=(column,)))
    [[cell]] = page.values
    assert isinstance(cell, str)
    assert len(cell) <= 10_001
    assert cell.endswith("…")
    assert len(page.runs.display_name[0]) == len(reader.runs(ALL).display_name[0]) == 1_001
    assert len(page.runs.description[0]) == 10_001


def test_an_answer_has_a_most_size(history: History, reader: RunHistoryReader) -> None:
    long = "x" * 900_000
    for number in range(50):
        run_id = id_of(str(number))
        change = CreateRun(run_id, run_id, None, run_id, "mnist", str(number), START, description=long)
        history.apply(run_id, [change, SetParameter(run_id, run_id, "text", long)])
    assert sum(map(len, reader.runs(ALL).description)) < 34_000_000
    assert sum(len(str(value)) for value in reader.parameters(ALL).value) < 34_000_000
    assert len(reader.runs(ALL)) == 50


def test_batches_of_many_trees_are_applied_together(history: History, reader: RunHistoryReader) -> None:
    batches = []
    for number in range(600):
        run_id = id_of(f"run {number}")
        created = CreateRun(run_id, run_id, None, run_id, f"experiment {number % 3}", "", START + number)
        batches.append(TreeBatch(JOURNAL, run_id, 0, 1, [created], LoggedPoints.of([])))
    history.writer.apply(batches)
    history.writer.apply(batches)
    assert reader.experiments().run_count.tolist() == [200, 200, 200]
    assert reader.tree_page(TreeQuery(START, Scope(experiment="experiment 1"))).total == 200
    assert sorted(reader.runs(ALL).number.tolist()) == sorted([*range(1, 201)] * 3)
