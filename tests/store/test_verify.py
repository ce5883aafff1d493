"""A check of a store finds every fault that can be injected, none where there is none, and changes no byte."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tb_runhistory.errors import NotAStore, NotFound, StoreTooNew
from tb_runhistory.points.block import encode_block
from tb_runhistory.points.payload import block_key
from tb_runhistory.points.pyramid import encode_buckets, summarize
from tb_runhistory.records.changes import SetParameter, SetTags
from tb_runhistory.records.identity import id_bytes, new_id
from tb_runhistory.records.points import Points
from tb_runhistory.store.opening import open_writer
from tb_runhistory.store.verify import store as verify
from tb_runhistory.store.verify.faults import Fault, Part, StoreReport
from tb_runhistory.store.verify.store import verify_store
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import START, History, id_of, key_of
from tests.store.other_files import make_foreign, make_newer
from tests.store.test_series_model import OPERATIONS, Log
from tests.store.test_viewing_writes_nothing import closed_store, contents, killed_store

__all__ = ["closed_store", "killed_store"]

COUNT = 70_000
LONG = key_of("run", "run")


def uri_of(path: Path) -> StoreUri:
    """The store's URI."""
    return parse_uri(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two levels of a pyramid, hidden and appended points, texts, and values that are no numbers."""
    path = tmp_path_factory.mktemp("sound") / "runs.db"
    with open_writer(uri_of(path)) as writer:
        run = History(writer).root("run")
        run.log("long", range(COUNT), np.random.default_rng(1).normal(size=COUNT).tolist())
        run.log_texts("note", [(0, "hello"), (4, "world")])
        run.apply(SetParameter(run.root_id, run.run_id, "rate", 0.1))
        run.apply(SetTags(run.root_id, run.run_id, {"kind": "grid"}))
        run.end()
        run.resume().log("long", [COUNT - 500, COUNT + 1], [math.nan, math.inf])
        child = run.child("child")
        child.log("short", [1, 2, 3]).log("short", [3, 4]).log("live", [1])
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    """A copy of that store to hurt."""
    copy = tmp_path / "runs.db"
    copy.write_bytes(sound.read_bytes())
    return copy


def faults(path: Path) -> list[Fault]:
    """What is wrong with the store."""
    return verify_store(uri_of(path)).faults


def change(path: Path, statement: str, *values: object, run: str = "run") -> None:
    """Changes rows behind the store's back; at least one. ``:run`` stands for the run that was built under a name."""
    statement = statement.replace(":run", f"x'{(id_bytes(id_of(run)) or b'').hex()}'")
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        assert raw.execute(statement, values).rowcount > 0
        raw.commit()


def payloads(path: Path, where: str) -> list[bytes]:
    """Stored payloads, in step order."""
    where = where.replace(":run", f"x'{(id_bytes(id_of('run')) or b'').hex()}'")
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(f"SELECT payload FROM {where}").fetchall()
    return [payload for (payload,) in rows]


def test_a_sound_store_has_no_faults_and_everything_is_counted(sound: Path) -> None:
    before = contents(sound.parent)
    told: list[tuple[int, int]] = []
    report = verify_store(uri_of(sound), lambda done, total: told.append((done, total)))
    assert report.faults == []
    assert (report.schema_version, report.runs, report.series) == (1, 2, 4)
    assert report.points == COUNT - 500 + 2 + 4 + 1
    assert report.blocks > COUNT / 4096
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 0
    assert contents(sound.parent) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=OPERATIONS, seed=st.integers(0, 2**32))
def test_whatever_is_recorded_in_whatever_order_has_no_faults(operations: list[Log | str], seed: int) -> None:
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        uri = uri_of(Path(folder) / "runs.db")
        with open_writer(uri) as writer:
            run = History(writer).root("run")
            for operation in operations:
                if isinstance(operation, Log):
                    steps = operation.steps(random)
                    values = random.choice([1e300, 1.0, -2.5, 7.25, math.nan, math.inf], size=len(steps)).tolist()
                    run.log("loss", steps, values).log_texts("note", [(step, "text") for step in steps[:2]])
                elif operation == "resume":
                    run.resume()
                elif operation == "end":
                    run.end()
            assert verify_store(uri).faults == []


@pytest.mark.parametrize("level", [-2, 0, 1, 2])
def test_every_flipped_bit_of_a_payload_is_found(path: Path, level: int) -> None:
    where = f"blocks WHERE run_id = :run AND level = {level} ORDER BY first_step LIMIT 1"
    (payload,) = payloads(path, where)
    for place in np.random.default_rng(level + 2).integers(0, len(payload), size=6).tolist():
        hurt = bytearray(payload)
        hurt[place] ^= 1 << (place % 8)
        change(path, f"UPDATE blocks SET payload = ? WHERE rowid IN (SELECT rowid FROM {where})", bytes(hurt))
        (fault,) = faults(path)
        assert (fault.part, fault.run_id, fault.tag) == (
            Part.PYRAMID if level > 0 else Part.POINTS,
            id_of("run"),
            "long",
        )
        assert "cannot be read" in fault.sentence


def test_a_damaged_tail_is_found(path: Path) -> None:
    payload = payloads(path, "appends ORDER BY length(payload) DESC")[0]
    change(path, "UPDATE appends SET payload = ? WHERE payload = ?", payload[:-1] + bytes([payload[-1] ^ 7]), payload)
    (fault,) = faults(path)
    assert (fault.part, fault.run_id) == (Part.POINTS, id_of("child"))
    assert "appended points cannot be read" in fault.sentence


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("count", 1),
        ("hidden", 0),
        ("non_finite", 0),
        ("first_step", -1),
        ("last_step", COUNT),
        ("last_wall_time", START),
        ("last_value", 0.5),
        ("first_value", None),
        ("minimum", -1.0),
        ("minimum_step", 1),
        ("maximum", None),
        ("maximum_step", 1),
        ("sum", 0.0),
    ],
)
def test_every_fact_that_is_not_true_is_found(path: Path, column: str, value: object) -> None:
    change(path, f"UPDATE series SET {column} = ? WHERE tag = 'long'", value)
    (fault,) = faults(path)
    assert (fault.part, fault.tag) == (Part.FACTS, "long")
    assert column.split("_")[0] in fault.sentence


def test_facts_of_texts_are_compared(path: Path) -> None:
    change(path, "UPDATE series SET count = 7, last_step = 3 WHERE tag = 'note'")
    assert [fault.part for fault in faults(path)] == [Part.FACTS, Part.FACTS]


def other_points(count: int = 4096, start: int = 0) -> Points:
    """Points that the store does not have."""
    steps = np.arange(start, start + count, dtype=np.int64)
    return Points(steps, START + steps.astype(np.float64), np.full(count, 2.5))


def test_a_summary_of_other_points_is_found(path: Path) -> None:
    forged = encode_buckets(summarize(other_points()), block_key(LONG, 1))
    change(path, "UPDATE blocks SET payload = ? WHERE level = 1 AND first_step = 0", forged)
    assert {fault.part for fault in faults(path)} == {Part.PYRAMID}
    assert any("does not agree" in fault.sentence for fault in faults(path))


def test_points_that_were_exchanged_for_others_are_found(path: Path) -> None:
    forged = encode_block(other_points(), block_key(LONG, 0))
    change(path, "UPDATE blocks SET payload = ? WHERE level = 0 AND first_step = 0", forged)
    assert {fault.part for fault in faults(path)} == {Part.PYRAMID, Part.FACTS}


@pytest.mark.parametrize(
    ("statement", "part", "says"),
    [
        ("DELETE FROM blocks WHERE level = 0 AND first_step = 0", Part.PYRAMID, "not there"),
        ("UPDATE blocks SET count = 5 WHERE level = 0 AND first_step = 0", Part.POINTS, "its row names"),
        ("UPDATE blocks SET count = 5 WHERE level = 1 AND first_step = 0", Part.PYRAMID, "than its row"),
        ("UPDATE blocks SET last_step = 5 WHERE level = 0 AND first_step = 0", Part.POINTS, "its row names"),
        ("UPDATE blocks SET payload = 'text' WHERE level = 0 AND first_step = 0", Part.POINTS, "no bytes"),
        ("DELETE FROM series WHERE tag = 'short'", Part.POINTS, "of a series 0 that is not there"),
        ("DELETE FROM runs WHERE depth = 1", Part.TREE, "of a run that is not there"),
        ("DELETE FROM runs WHERE depth = 0", Part.TREE, "its parent is not there"),
        ("DELETE FROM experiments", Part.TREE, "its experiment is not there"),
        ("UPDATE runs SET status = 77 WHERE depth = 1", Part.ROWS, "its status is 77, which stands for nothing"),
        ("UPDATE runs SET created_at = 'noon' WHERE depth = 1", Part.ROWS, "its created_at is 'noon' and no number"),
        ("UPDATE params SET number = 0.2 WHERE name = 'rate'", Part.ROWS, "the parameter 'rate': its checksum"),
        ("UPDATE tags SET value = x'ff41' WHERE name = 'kind'", Part.ROWS, "the tag 'kind': its value is b'\\xffA'"),
        ("UPDATE tags SET value = CAST(x'ff41' AS TEXT)", Part.ROWS, "the tag 'kind': its checksum"),
        ("UPDATE appends SET points = 99", Part.POINTS, "99"),
        ("UPDATE experiments SET run_count = 99", Part.COUNTS, "99 active runs"),
        ("UPDATE experiments SET last_number = 1", Part.COUNTS, "has a run 2"),
        ("UPDATE names SET run_count = 99 WHERE name = 'rate'", Part.COUNTS, "99 runs"),
        ("DELETE FROM names", Part.COUNTS, "the metric 'long'"),
        ("UPDATE entries SET state = 1 WHERE step = 0", Part.FACTS, "the entries have"),
        ("DELETE FROM entries WHERE step = 4", Part.FACTS, "the stored count"),
    ],
)
def test_rows_that_contradict_each_other_are_found(path: Path, statement: str, part: Part, says: str) -> None:
    change(path, statement)
    assert any(fault.part is part and says in fault.sentence for fault in faults(path)), faults(path)


def test_a_missing_table_or_column_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TABLE tags")
        raw.execute("ALTER TABLE experiments DROP COLUMN description")
    (fault,) = faults(path)
    assert "are not those of a run-history store" in fault.sentence


def test_a_file_that_was_cut_short_is_found(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert Part.FILE in {fault.part for fault in faults(path)}


def test_pages_of_zeros_are_found_wherever_they_are(path: Path) -> None:
    whole = path.read_bytes()
    pages = len(whole) // 4096
    for page in np.linspace(1, pages - 1, 8).astype(int).tolist():
        path.write_bytes(whole[: page * 4096] + bytes(4096) + whole[(page + 1) * 4096 :])
        assert faults(path), page


@pytest.mark.parametrize(
    ("make", "error"),
    [(make_foreign, NotAStore), (make_newer, StoreTooNew), (Path.unlink, NotFound)],
    ids=["foreign", "newer", "missing"],
)
def test_what_is_no_store_of_this_version_is_refused(
    path: Path, make: Callable[[Path], None], error: type[Exception]
) -> None:
    make(path)
    with pytest.raises(error):
        verify_store(uri_of(path))


def test_a_store_that_is_being_written_is_checked_between_the_commits(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_writer(uri_of(path)) as writer:
        run = History(writer).root("run")
        for turn in range(6):
            run.log("loss", range(turn * 3000, turn * 3000 + 3000))
            report = verify_store(uri_of(path))
            assert (report.faults, report.points) == ([], turn * 3000 + 3000)


@pytest.mark.parametrize("store", ["closed_store", "killed_store"])
def test_a_check_changes_no_byte_however_the_last_writer_ended(store: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(store)
    before = contents(path.parent)
    report = verify_store(uri_of(path))
    assert (report.faults, report.points) == ([], 5000)
    assert contents(path.parent) == before


def test_one_damaged_page_does_not_hide_the_other_runs(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_writer(uri_of(path)) as writer:
        history = History(writer)
        for number in range(3):
            history.root(f"run {number}").log(
                "loss", range(9000), np.random.default_rng(number).normal(size=9000).tolist()
            ).end()
    damaged = id_of("run 1")
    where = f"blocks WHERE run_id = x'{(id_bytes(damaged) or b'').hex()}' AND level = 0 AND first_step = 0"
    (payload,) = payloads(path, where)
    whole = path.read_bytes()
    place = whole.index(payload[-200:])
    page = place - place % 4096
    path.write_bytes(whole[:page] + b"\xff" * 4096 + whole[page + 4096 :])
    report = verify_store(uri_of(path))
    assert {fault.run_id for fault in report.faults if fault.part is Part.POINTS} <= {damaged}
    assert report.faults
    assert report.points >= 18_000


def test_a_fault_that_a_writer_made_and_mended_meanwhile_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def look(connection: Connection) -> StoreReport:
        nonlocal looks
        looks += 1
        if looks > 1:
            return StoreReport()
        with open_writer(uri_of(path)) as writer:
            History(writer, journal_id=new_id()).root("meanwhile")
        return StoreReport(faults=[Fault(Part.SCHEMA, "half of a commit")])

    monkeypatch.setattr(verify, "_schema", look)
    assert faults(path) == []
    assert looks == 2
