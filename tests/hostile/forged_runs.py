"""Runs, trees and texts that no writer makes: too long, too deep, too many, of another kind, going in circles."""

from __future__ import annotations

import math

from tests.hostile.forging import (
    CHILDREN,
    SOUND_RUN,
    VICTIM,
    Forger,
    key_bytes,
    number_id,
    of_tables,
    run_rows,
)

_ROOT = key_bytes(VICTIM)
_OF_VICTIM = f"root_id = x'{_ROOT.hex()}'"
_LONG = "n" * 100_000


@of_tables(is_found=None, is_large=True)
def twelve_thousand_parents_with_long_names(forger: Forger) -> None:
    # Each as deep as it says, but with a path that is cut: a true one would make a file of a gigabyte.
    _chain(forger, 12_000, lambda depth: number_id(depth) if depth else b"")


@of_tables(is_found=None, is_large=True)
def seven_hundred_parents_with_true_paths(forger: Forger) -> None:
    _chain(forger, 700, lambda depth: b"".join(map(number_id, range(1, depth + 1))))


def _chain(forger: Forger, length: int, path: object) -> None:
    rows = run_rows(
        forger,
        length,
        root_id=number_id(0),
        parent_id=lambda depth: number_id(depth - 1) if depth else None,
        path=path,
        depth=lambda depth: depth,
        display_name=lambda depth: f"{depth:06}" + "n" * 244,
    )
    forger.insert("runs", rows)


@of_tables()
def parents_in_a_circle(forger: Forger) -> None:
    parents = {0: 2, 1: 0, 2: 1, 3: 3}
    rows = run_rows(
        forger,
        4,
        root_id=number_id(0),
        parent_id=lambda number: number_id(parents[number]),
        path=lambda number: number_id(number),
        depth=1,
    )
    forger.insert("runs", rows)


@of_tables()
def a_root_below_its_child(forger: Forger) -> None:
    forger.update("runs", f"run_id = x'{_ROOT.hex()}'", parent_id=key_bytes(CHILDREN[0]))


@of_tables()
def parents_that_are_not_there(forger: Forger) -> None:
    forger.update("runs", f"{_OF_VICTIM} AND depth > 0", parent_id=number_id(9))


@of_tables()
def parents_in_another_tree(forger: Forger) -> None:
    forger.update("runs", f"{_OF_VICTIM} AND depth > 0", parent_id=key_bytes(SOUND_RUN))


@of_tables()
def paths_that_are_not_those_of_the_parents(forger: Forger) -> None:
    for number, run_id in enumerate(CHILDREN):
        path = (key_bytes(SOUND_RUN), b"short", key_bytes(run_id) * 3)[number]
        forger.update("runs", f"run_id = x'{key_bytes(run_id).hex()}'", path=path)


@of_tables(is_large=True)
def a_path_of_ten_megabytes(forger: Forger) -> None:
    forger.update("runs", f"run_id = x'{key_bytes(CHILDREN[0]).hex()}'", path=b"p" * 10_000_000)


@of_tables()
def depths_that_are_wrong(forger: Forger) -> None:
    for number, run_id in enumerate(CHILDREN):
        forger.update("runs", f"run_id = x'{key_bytes(run_id).hex()}'", depth=(0, -7, 2**15 - 1)[number])
    forger.update("runs", f"run_id = x'{_ROOT.hex()}'", depth=5)


@of_tables()
def two_runs_of_one_id(forger: Forger) -> None:
    forger.insert("runs", run_rows(forger, 3, run_id=key_bytes(CHILDREN[0]), display_name="a double"))


@of_tables()
def all_runs_of_one_id(forger: Forger) -> None:
    forger.update("runs", _OF_VICTIM, run_id=_ROOT)


@of_tables()
def ids_that_are_none(forger: Forger) -> None:
    for number, run_id in enumerate((*CHILDREN, VICTIM)):
        forged = (b"", b"x", bytes(16), b"\xff" * 40)[number]
        forger.update("runs", f"run_id = x'{key_bytes(run_id).hex()}'", run_id=forged)


@of_tables()
def runs_of_experiments_that_are_not_there(forger: Forger) -> None:
    forger.update("runs", _OF_VICTIM, experiment_id=2**31 - 1)


@of_tables()
def children_in_another_experiment(forger: Forger) -> None:
    [experiment_id] = forger.execute("SELECT experiment_id FROM experiments WHERE name = 'sound'").fetchone()
    forger.update("runs", f"{_OF_VICTIM} AND depth > 0", experiment_id=experiment_id)


@of_tables()
def statuses_stages_and_kinds_that_stand_for_nothing(forger: Forger) -> None:
    forger.update("runs", _OF_VICTIM, status=99, stage=-3)
    forger.update("params", kind=1000)
    forger.update("experiments", "name = 'mnist'", stage=77)
    forger.execute("UPDATE series SET data_class = 9 WHERE data_class = 1")
    forger.execute("UPDATE names SET kind = 9 WHERE kind = 0")


@of_tables()
def statuses_that_are_words(forger: Forger) -> None:
    forger.put("runs", "status", "Running", _OF_VICTIM)
    forger.put("runs", "stage", "deleted", _OF_VICTIM)


@of_tables()
def numbers_out_of_range(forger: Forger) -> None:
    forger.update("runs", _OF_VICTIM, number=2**63 - 1, session=2**40, dropped=-(2**63), refused=2**63 - 1)
    forger.update("experiments", "name = 'mnist'", last_number=2**63 - 1, run_count=-(2**63))
    forger.execute("UPDATE names SET name = 'loss' WHERE name = 'accuracy'")
    forger.execute("UPDATE names SET run_count = ?", 2**63 - 1)


@of_tables(is_found=None)
def changed_at_the_ends_of_all_numbers(forger: Forger) -> None:
    forger.execute(f"UPDATE runs SET changed = ? WHERE {_OF_VICTIM}", 2**63 - 1)
    forger.execute("UPDATE experiments SET changed = ?", -(2**63))


@of_tables(is_found=None)
def times_beyond_all_calendars(forger: Forger) -> None:
    for number, run_id in enumerate(CHILDREN):
        time = (1e308, math.inf, -1e308)[number]
        where = f"run_id = x'{key_bytes(run_id).hex()}'"
        forger.update("runs", where, created_at=time, started_at=time, ended_at=-time, heartbeat_at=time)
    forger.update("runs", f"run_id = x'{_ROOT.hex()}'", created_at=-1e18, started_at=math.inf, heartbeat_at=math.nan)
    forger.update("experiments", "name = 'mnist'", created_at=math.inf)
    forger.update("series", f"run_id = x'{_ROOT.hex()}'", last_wall_time=1e308, last_value=math.inf)
    forger.execute("UPDATE entries SET wall_time = 1e308")


@of_tables(is_found=None)
def values_at_the_ends_of_all_numbers(forger: Forger) -> None:
    forger.update("series", _OF_VICTIM, last_value=math.inf, minimum=-math.inf, maximum=math.inf, sum=math.inf)
    forger.update("params", "kind = 2", number=math.inf)
    forger.update("params", "kind = 1", number=1e300, text="9" * 5000)


@of_tables(is_found=None, is_large=True)
def sixty_runs_with_a_parameter_of_a_megabyte(forger: Forger) -> None:
    rows = run_rows(forger, 60)
    forger.insert("runs", rows)
    like = {"name": "data", "kind": 3, "number": None, "text": "x" * 1_200_000}
    forger.insert("params", ({**like, "root_id": row["root_id"], "run_id": row["run_id"]} for row in rows))


@of_tables(is_found=None)
def an_integer_of_a_million_digits(forger: Forger) -> None:
    forger.update("params", "kind = 1", text="9" * 1_000_000, number=None)
    forger.update("params", "kind = 2", text="0x" + "f" * 1_000_000)


@of_tables(is_found=None)
def texts_of_a_hundred_kilobytes_everywhere(forger: Forger) -> None:
    forger.update("runs", _OF_VICTIM, display_name=_LONG, description=_LONG, error=_LONG, host=_LONG, chosen_id=_LONG)
    forger.update("experiments", "name = 'mnist'", name=_LONG, description=_LONG)
    forger.update("tags", name=_LONG, value=_LONG)
    forger.update("properties", name=_LONG, value=_LONG)
    forger.update("params", "kind = 3", name=_LONG, text=_LONG)
    forger.update("series", f"run_id = x'{_ROOT.hex()}' AND number = 0", tag=_LONG)
    forger.execute("UPDATE names SET name = ? WHERE kind = 0 AND name = 'data'", _LONG)


@of_tables(is_found=None, is_large=True)
def two_thousand_runs_with_long_texts(forger: Forger) -> None:
    rows = run_rows(forger, 2000, display_name=_LONG[:30_000], description=_LONG[:30_000], error=_LONG[:30_000])
    forger.insert("runs", rows)


@of_tables(is_found=None, is_large=True)
def two_thousand_tags_of_a_hundred_kilobytes(forger: Forger) -> None:
    like = {"root_id": _ROOT, "run_id": _ROOT}
    forger.insert("tags", ({**like, "name": f"{number}{_LONG}", "value": None} for number in range(1000)))


@of_tables(is_found=None, is_large=True)
def a_hundred_thousand_parameters_of_one_run(forger: Forger) -> None:
    like = {"root_id": _ROOT, "run_id": _ROOT, "kind": 3, "number": None, "text": "x"}
    forger.insert("params", ({**like, "name": f"parameter-{number}"} for number in range(100_000)))


@of_tables(is_large=True)
def a_hundred_thousand_experiments(forger: Forger) -> None:
    like = forger.row("experiments", "name = 'mnist'")
    # Shown, they are all called the same.
    names = ("n" * 300 + f" {number}" if number % 2 else f"experiment {number}" for number in range(100_000))
    rows = ({**like, "experiment_id": 100 + number, "name": name} for number, name in enumerate(names))
    forger.insert("experiments", rows)


@of_tables(is_large=True)
def two_hundred_thousand_names(forger: Forger) -> None:
    like = {"experiment_id": 1, "kind": 0, "run_count": 1}
    forger.insert("names", ({**like, "name": f"name {number} " + "n" * 100} for number in range(200_000)))


@of_tables(is_large=True)
def a_hundred_thousand_sessions(forger: Forger) -> None:
    like = {"root_id": _ROOT, "run_id": _ROOT}
    rows = ({**like, "session": number - 50_000, "session_id": number_id(number)} for number in range(100_000))
    forger.insert("sessions", rows)


@of_tables()
def texts_that_are_no_utf_8(forger: Forger) -> None:
    broken = "CAST(x'ff80c0' AS TEXT)"
    for table, columns in {
        "runs": ("display_name", "description", "error", "host", "chosen_id"),
        "params": ("name", "text"),
        "tags": ("name", "value"),
        "properties": ("name", "value"),
    }.items():
        for column in columns:
            forger.put(table, column, broken, _OF_VICTIM)
    for column in ("name", "description"):
        forger.put("experiments", column, broken, "name = 'mnist'")
    forger.put("series", "tag", broken, f"{_OF_VICTIM} AND run_id = root_id AND number = 0")
    forger.put("series", "declaration", broken, _OF_VICTIM)


@of_tables()
def names_with_nul_and_control_characters(forger: Forger) -> None:
    name = "a\0b\x1b[31mred\x07\u202e\u2066\ud7ff\r\n\t/../" + "🏃" * 50
    forger.update("runs", _OF_VICTIM, display_name=name, description=name, error=name, host=name, chosen_id=name)
    forger.update("experiments", "name = 'mnist'", name=name, description=name)
    forger.update("tags", name=name, value=name)
    forger.update("params", "kind = 3", name=name, text=name)
    forger.update("series", f"run_id = x'{_ROOT.hex()}' AND number = 0", tag=name)
