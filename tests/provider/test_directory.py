"""Names of runs in TensorBoard: where a run stands, unique, and the same tomorrow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.provider.directory import RunDirectory
from tb_runhistory.provider.naming import LONGEST_PREFIX
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.names import MAX_NAME_LENGTH
from tb_runhistory.records.status import RunStatus
from tests.conformance.builder import id_of
from tests.provider.built import suffix

MNIST = frozenset({"mnist"})
LONGEST_NAME = LONGEST_PREFIX + MAX_NAME_LENGTH + 50


@dataclass(frozen=True)
class Known:
    """A run as a store knows it."""

    name: str
    parent: str = ""
    display_name: str | None = None
    stage: LifecycleStage = LifecycleStage.ACTIVE
    experiment: str = "mnist"
    number: int = 0


@dataclass
class Store:
    """Runs by name, and a directory that follows them."""

    scope: Scope = field(default_factory=Scope)
    runs: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory = RunDirectory(self.scope)

    def put(self, *runs: Known) -> None:
        """Adds or changes runs, in one update."""
        for run in runs:
            number = self.runs[run.name].number if run.name in self.runs else len(self.runs) + 1
            self.runs[run.name] = replace(run, number=number)
        self.directory.update([self.columns([run.name for run in runs])])

    def change(self, name: str, **details: object) -> None:
        """Changes something of a run."""
        self.put(replace(self.runs[name], **details))  # type: ignore[arg-type]

    def columns(self, names: list[str]) -> RunColumns:
        """What a reader would say of runs."""
        runs, count = [self.runs[name] for name in names], len(names)
        none, text = np.full(count, np.nan), [""] * count
        paths = [self._path(run.name) for run in runs]
        return RunColumns(
            run_id=[id_of(run.name) for run in runs],
            root_id=[path[0] for path in paths],
            parent_id=[id_of(run.parent) for run in runs],
            path=["/".join(path) for path in paths],
            chosen_id=[run.name for run in runs],
            stage=[run.stage for run in runs],
            experiment=[run.experiment for run in runs],
            display_name=[run.name if run.display_name is None else run.display_name for run in runs],
            description=text,
            status=[RunStatus.RUNNING] * count,
            error=text,
            session_id=text,
            number=np.array([run.number for run in runs], np.int64),
            depth=np.array([len(path) - 1 for path in paths], np.int64),
            created_at=np.array([float(run.number) for run in runs]),
            started_at=none,
            ended_at=none,
            heartbeat_at=none,
            dropped=np.zeros(count, np.int64),
            refused=np.zeros(count, np.int64),
        )

    def names(self) -> dict[str, str]:
        """The name in TensorBoard of each run in view."""
        by_id = {id_of(name): name for name in self.runs}
        rows = self.directory.shown(MNIST).tolist()
        return {by_id[self.directory.run_id(row)]: self.directory.name(row) for row in rows}

    def _path(self, name: str) -> list[str]:
        path: list[str] = []
        while name in self.runs:
            path.insert(0, id_of(name))
            name = self.runs[name].parent
        return path


def test_a_name_says_where_a_run_stands() -> None:
    store = Store()
    store.put(Known("a", "", "sweep"), Known("b", "a", "trial"), Known("c", "b", "fold 1"), Known("d", "", "\x07"))
    assert list(store.names().values()) == [
        "mnist/sweep",
        "mnist/sweep/trial",
        "mnist/sweep/trial/fold 1",
        "mnist/run 4",
    ]
    row = store.directory.row_named("mnist/sweep/trial/fold 1")
    assert row is not None
    assert store.directory.run_id(row) == id_of("c")
    assert store.directory.root_id(row) == id_of("a")
    assert [store.directory.name(above) for above in store.directory.ancestors(row)] == [
        "mnist/sweep/trial",
        "mnist/sweep",
    ]


def test_the_first_of_siblings_keeps_the_plain_name() -> None:
    store = Store()
    store.put(Known("a", "", "trial"), Known("b", "", "trial"))
    assert store.names() == {"a": "mnist/trial", "b": f"mnist/trial-{suffix('b')}"}


def test_a_parent_that_is_told_of_behind_its_child_is_its_parent() -> None:
    store = Store()
    store.runs = {"a": Known("a", number=1), "b": Known("b", "a", number=2)}
    store.directory.update([store.columns(["b"]), store.columns(["a"])])
    assert store.names()["b"] == "mnist/a/b"


def test_a_child_of_an_unknown_parent_stands_below_the_experiment() -> None:
    store = Store()
    store.put(Known("a", "gone", "trial"))
    assert store.names() == {"a": "mnist/trial"}


def test_a_renamed_run_takes_its_descendants_along_and_nobody_else() -> None:
    store = Store()
    store.put(Known("a", "", "sweep"), Known("b", "a", "trial"), Known("c", "b", "fold"), Known("d", "", "sweep"))
    others = store.names()["d"]
    store.change("a", display_name="better")
    assert store.names() == {
        "a": "mnist/better",
        "d": others,
        "b": "mnist/better/trial",
        "c": "mnist/better/trial/fold",
    }
    assert store.directory.row_named("mnist/sweep/trial") is None
    store.put(Known("e", "", "sweep"))
    assert store.names()["e"] == "mnist/sweep"


def test_what_is_archived_is_out_of_view_and_keeps_its_name() -> None:
    store = Store()
    store.put(Known("a", "", "trial"), Known("b", "", "trial"))
    before = store.names()
    store.change("a", stage=LifecycleStage.ARCHIVED)
    store.put(Known("c", "", "trial"))
    assert store.names() == {"b": before["b"], "c": f"mnist/trial-{suffix('c')}"}
    store.change("a", stage=LifecycleStage.ACTIVE)
    assert store.names()["a"] == before["a"]
    assert not len(store.directory.shown(frozenset({"another"})))


def test_a_scope_chooses_runs_with_all_below_them_by_id_or_chosen_id() -> None:
    store = Store(Scope(run_ids=("b", id_of("e"))))
    store.put(Known("a"), Known("b", "a"), Known("d"))
    assert store.directory.missing == [id_of("e")]
    store.put(Known("c", "b"), Known("e", "d"))
    assert set(store.names()) == {"b", "c", "e"}
    assert store.names()["c"] == "mnist/a/b/c"
    assert not store.directory.missing


def test_a_chain_of_thousands_of_parents_has_names_of_bounded_length() -> None:
    store = Store()
    chain = [Known(f"run-{at}", f"run-{at - 1}" if at else "", f"{at}".rjust(250, "x")) for at in range(2_000)]
    for start in range(0, len(chain), 20):
        store.directory.update([_chain_columns(chain[start : start + 20], start)])
    names = [store.directory.name(row) for row in range(len(store.directory))]
    assert max(map(len, names)) <= LONGEST_NAME
    assert len(set(names)) == len(names)


def _chain_columns(runs: list[Known], start: int) -> RunColumns:
    flat = Store()
    flat.runs = {run.name: replace(run, parent="", number=start + at + 1) for at, run in enumerate(runs)}
    columns = flat.columns(list(flat.runs))
    depth = np.arange(start, start + len(runs))
    return replace(columns, parent_id=[id_of(run.parent) for run in runs], depth=depth)


def test_ids_that_are_none_are_nobody_s() -> None:
    store = Store()
    store.runs = {"a": Known("a", number=1)}
    columns = store.columns(["a"])
    store.directory.update([replace(columns, run_id=[""])])
    assert len(store.directory) == 0


display_names = st.sampled_from(["a", "a/b", "a_b", "", "..", f"a-{suffix('2')}"])
stages = st.sampled_from(LifecycleStage)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.integers(0, 5), display_names),
        st.tuples(st.just("rename"), st.integers(0, 11), display_names),
        st.tuples(st.just("stage"), st.integers(0, 11), stages),
    ),
    max_size=16,
)


@given(changes)
def test_names_are_unique_and_change_only_with_what_they_are_made_of(history: list[tuple[str, int, str]]) -> None:
    store = Store()
    for kind, at, value in history:
        before = {name: store.directory.name(row) for name, row in _rows(store).items()}
        renamed = ""
        known = list(store.runs)
        if kind == "new":
            parent = known[-at] if 0 < at <= len(known) else ""
            store.put(Known(str(len(known)), parent, value))
        elif at < len(known) and kind == "rename":
            renamed = known[at]
            store.change(renamed, display_name=value)
        elif at < len(known):
            store.change(known[at], stage=LifecycleStage(value))
        after = {name: store.directory.name(row) for name, row in _rows(store).items()}
        assert len(set(after.values())) == len(after)
        assert all(store.directory.row_named(shown) == _rows(store)[name] for name, shown in after.items())
        if renamed:
            stays = {name for name in before if renamed not in _line(store, name)}
            assert {name: after[name] for name in stays} == {name: before[name] for name in stays}
        else:
            assert {name: after[name] for name in before} == before


def _rows(store: Store) -> dict[str, int]:
    found = {name: store.directory.row_of(id_of(name)) for name in store.runs}
    return {name: row for name, row in found.items() if row is not None}


def _line(store: Store, name: str) -> list[str]:
    """The run and all above it."""
    line = []
    while name:
        line.append(name)
        name = store.runs[name].parent
    return line


@pytest.mark.parametrize("count", [1, 300])
def test_what_changed_since_a_generation_is_known(count: int) -> None:
    store = Store()
    store.put(*(Known(f"run-{at}") for at in range(count)))
    generation = store.directory.generation
    assert not len(store.directory.changed_since(generation))
    store.put(Known("late"), store.runs["run-0"])
    rows = store.directory.changed_since(generation).tolist()
    assert sorted(store.directory.name(row) for row in rows) == ["mnist/late", "mnist/run-0"]
