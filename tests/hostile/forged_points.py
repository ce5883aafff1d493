"""Points, summaries and entries that claim more than they are, each with a checksum that is right."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tb_runhistory.points.packing import pack
from tb_runhistory.points.payload import Kind, block_key, entry_key, seal
from tb_runhistory.points.pyramid import BUCKET_POINTS, encode_buckets, merge, summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.identity import id_text
from tests.hostile.forging import (
    CHILDREN,
    VICTIM,
    Forger,
    Row,
    append_row,
    block_row,
    first_series,
    key_bytes,
    level_points,
    moved_append,
    of_tables,
    run_rows,
    series_row,
)

_LEAST, _MOST = -(2**63), 2**63 - 1
_LOSS = "tag = 'loss' AND data_class = 0"
_ROOT = key_bytes(VICTIM)


def _roots(forger: Forger, count: int) -> list[bytes]:
    """Further runs with a series "loss" that counts one point."""
    rows = run_rows(forger, count, display_name=lambda number: f"claims {number}")
    forger.insert("runs", rows)
    ids = [row["run_id"] for row in rows]
    forger.insert("series", (series_row(forger, run_id, tag="loss", number=0, count=1) for run_id in ids))
    return ids


@of_tables()
def blocks_that_say_they_have_one_point(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    forger.insert("blocks", (block_row(run_id, level_points(4096 * number, 4096), count=1) for number in range(4000)))


@of_tables(is_large=True)
def blocks_that_are_legal_and_very_many(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    forger.insert("blocks", (block_row(run_id, level_points(4096 * number, 4096)) for number in range(4000)))


@of_tables(is_large=True)
def many_runs_with_many_legal_blocks(forger: Forger) -> None:
    for run_id in _roots(forger, 60):
        forger.insert("blocks", (block_row(run_id, level_points(4096 * number, 4096)) for number in range(100)))


@of_tables()
def a_series_that_counts_beyond_measure(forger: Forger) -> None:
    forger.update("series", count=2**62, hidden=2**62, non_finite=2**63 - 1)


@of_tables()
def a_series_that_counts_less_than_none(forger: Forger) -> None:
    forger.update("series", _LOSS, count=-1, hidden=-(2**62), non_finite=-5)


@of_tables()
def payloads_that_claim_a_million_rows(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    steps, zeros = pack(np.arange(2**20), True), pack(np.zeros(2**20), False)
    for level in (-2, -1, 0, 1, 2):
        kind, columns = (Kind.BLOCK, [steps, zeros, zeros]) if level < 1 else (Kind.BUCKETS, [steps, *[zeros] * 9])
        like = block_row(run_id, level_points(0, 4096), level, count=2**20, last_step=2**20 - 1)
        for number in range(40):
            payload = seal(kind, 2**20, columns, block_key(first_series(run_id), level, number))
            forger.insert("blocks", [{**like, "number": number, "payload": payload}])


@of_tables(is_large=True)
def tails_of_a_million_points(forger: Forger) -> None:
    like = None
    for run_id in _roots(forger, 60):
        like = like or append_row(run_id, 0, [(0, level_points(0, 2**20))])
        forger.insert("appends", (moved_append(like, run_id, number) for number in range(3)))


@of_tables()
def tails_that_say_they_have_one_point(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    like = append_row(run_id, 0, [(0, level_points(0, 2**20))])
    for points in (1, 2**20 - 1, 2**20 + 1, 2**62):
        rows = [
            moved_append({**like, "points": points}, run_id, number + points % 1000)
            for number in range(0, 100_000, 1000)
        ]
        forger.insert("appends", rows)


@of_tables(is_large=True)
def tails_of_many_parts(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    parts = [(number % 7, level_points(number, 1)) for number in range(200_000)]
    forger.insert("appends", [append_row(run_id, number, parts) for number in range(3)])


@of_tables()
def tails_of_series_that_are_not_there(forger: Forger) -> None:
    forger.insert("appends", [append_row(_ROOT, 1000, [(2**31 - 1, level_points(0, 100)), (5, level_points(3, 1))])])


@of_tables()
def a_tail_at_the_ends_of_all_steps(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    points = level_points(0, 4)
    points.steps[:] = (_LEAST, _LEAST + 1, _MOST - 1, _MOST)
    points.wall_times[:] = (1e308, -1e308, np.inf, np.nan)
    points.values[:] = (np.inf, -np.inf, np.nan, 1e308)
    forger.insert("appends", [append_row(run_id, 0, [(0, points)])])
    forger.update("series", "count = 1 AND tag = 'loss'", first_step=_LEAST, last_step=_MOST, count=4)


@of_tables()
def blocks_at_the_ends_of_all_steps(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    for start in (_LEAST, _MOST - 99):
        points = level_points(0, 100)
        points.steps[:] = np.arange(100) + start
        points.wall_times[:] = 1e308 if start < 0 else np.inf
        forger.insert("blocks", [block_row(run_id, points)])
    forger.update("series", "count = 1 AND tag = 'loss'", first_step=_LEAST, last_step=_MOST, count=200)


@of_tables(is_large=True)
def blocks_over_one_another(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    forger.insert("blocks", (block_row(run_id, level_points(0, 4096), number=number) for number in range(2000)))


@of_tables()
def blocks_whose_steps_fall(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    points = level_points(0, 1000)
    points.steps[:] = points.steps[::-1].copy()
    forger.insert("blocks", [block_row(run_id, points)])


@of_tables()
def a_block_that_is_empty(forger: Forger) -> None:
    forger.insert("blocks", [block_row(_ROOT, level_points(10**6, 5), level, payload=b"") for level in range(-2, 9)])


@of_tables()
def points_in_the_place_of_another_run(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    for row in forger.rows("blocks", "run_id = ?", _ROOT):
        forger.insert("blocks", [{**row, "root_id": run_id, "run_id": run_id}])


@of_tables()
def summaries_that_count_beyond_measure(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    _forge_pyramid(forger, run_id, count=2**42, levels=4)


@of_tables(is_large=True)
def summaries_of_a_hundred_thousand_levels(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    forger.insert("blocks", [block_row(run_id, level_points(0, 4096))])
    key = first_series(run_id)
    buckets = summarize(level_points(0, 4096))
    like = block_row(run_id, level_points(0, 4096))
    levels = [*range(1, 32_767, 7), 2**31 - 1]
    rows = ({**like, "level": level, "payload": encode_buckets(buckets, block_key(key, level))} for level in levels)
    forger.insert("blocks", rows)


@of_tables()
def summaries_over_nothing(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    _forge_pyramid(forger, run_id, count=BUCKET_POINTS, levels=3)


@of_tables(is_large=True)
def summaries_very_many(forger: Forger) -> None:
    [run_id] = _roots(forger, 1)
    for number in range(600):
        points = level_points(4096 * number, 4096)
        payload = encode_buckets(summarize(points, 1), block_key(first_series(run_id), 1))
        forger.insert("blocks", [block_row(run_id, points, 1, payload=payload)])
    forger.update("series", "count = 1 AND tag = 'loss'", count=2**40, last_step=2**40)


def _forge_pyramid(forger: Forger, run_id: bytes, count: int, levels: int) -> None:
    key = first_series(run_id)
    buckets = summarize(level_points(0, 64_000))
    for level in range(1, levels + 1):
        buckets.counts[:] = count
        rows = {
            "level": level,
            "count": int(buckets.count.sum()),
            "payload": encode_buckets(buckets, block_key(key, level)),
        }
        forger.insert("blocks", [block_row(run_id, level_points(0, 4), last_step=63_999) | rows])
        buckets = merge(buckets)
    forger.update("series", "count = 1 AND tag = 'loss'", count=64_000, last_step=63_999)


@of_tables()
def resumptions_at_the_ends_of_all_steps(forger: Forger) -> None:
    rows = [
        {"root_id": _ROOT, "run_id": _ROOT, "series": series, "session": session, "first_step": step}
        for series in range(6)
        for session, step in ((2, _LEAST), (3, _MOST), (-1, 5), (2**31 - 1, 0))
    ]
    forger.insert("resumptions", rows)


@of_tables()
def a_series_number_used_twice(forger: Forger) -> None:
    forger.update("series", number=0)


@of_tables()
def series_numbers_out_of_range(forger: Forger) -> None:
    forger.update("series", "run_id = ?1 AND tag = 'loss'".replace("?1", f"x'{_ROOT.hex()}'"), number=-1)
    forger.update("series", f"run_id = x'{key_bytes(CHILDREN[0]).hex()}'", number=2**31)
    forger.update("series", f"run_id = x'{key_bytes(CHILDREN[1]).hex()}'", number=2**63 - 1)


@of_tables(is_large=True)
def twenty_thousand_series_in_one_run(forger: Forger) -> None:
    like = series_row(forger, _ROOT, number=0, count=1)
    forger.insert("series", ({**like, "tag": f"tag-{number}", "number": 100 + number} for number in range(20_000)))


@of_tables()
def declarations_that_are_no_json(forger: Forger) -> None:
    words = (
        "",
        "{",
        "[]",
        "7",
        "null",
        '"x"',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\ufffd",
        "NaN",
        "1e999",
        "{" + "x" * 10**6,
    )
    _declare(forger, words)


@of_tables()
def declarations_with_values_of_other_kinds(forger: Forger) -> None:
    names = ("metric", "column", "shape", "description", "plugin", "plugin_name", "plugin_data")
    values = (
        "1",
        "null",
        "[]",
        "{}",
        '"\\ud800"',
        "1e999",
        "[" * 500 + "]" * 500,
        f'"{"x" * 100_000}"',
        '"*not base64*"',
    )
    _declare(forger, [f'{{"{name}": {value}}}' for name in names for value in values])


def _declare(forger: Forger, words: Iterable[str]) -> None:
    like = series_row(forger, _ROOT, number=0, count=1)
    kinds = ((word, kind) for word in words for kind in range(4))
    rows = (
        {**like, "data_class": kind, "tag": f"forged-{place}", "number": 100 + place, "declaration": word}
        for place, (word, kind) in enumerate(kinds)
    )
    forger.insert("series", rows)


@of_tables(is_large=True)
def a_declaration_of_ten_megabytes(forger: Forger) -> None:
    _declare(forger, ['{"description": "' + "x" * 10_000_000 + '"}'])


@of_tables()
def digests_that_are_paths(forger: Forger) -> None:
    names = ("../../../../etc/passwd", "/etc/passwd", "..", "", "a/b", "\0" * 32, "x" * 100_000, "../runs.db")
    _forge_entries(forger, [[name.encode()] for name in names])


@of_tables()
def entries_of_noise(forger: Forger) -> None:
    noise = np.random.default_rng(7)
    _forge_entries(forger, [[noise.bytes(int(size))] * 3 for size in noise.integers(0, 300, 200)])


@of_tables()
def entries_that_claim_much(forger: Forger) -> None:
    rows = []
    for number, count in enumerate((2**20, 2**20 - 1, 1000, 0)):
        for width in range(4):
            row = _entry(forger, 1000 + 10 * number + width)
            columns = [b"\xff" * 12] * width
            row["payload"] = seal(Kind.ENTRY, count, columns, _entry_key(row))
            rows.append(row)
    forger.insert("entries", rows)


@of_tables(is_large=True)
def fifty_thousand_entries_that_say_one(forger: Forger) -> None:
    like = forger.row("entries", "step = 1")
    rows = ({**like, "step": 100 + number, "number": 0} for number in range(50_000))
    forger.insert("entries", rows)


@of_tables()
def entries_at_the_ends_of_all_steps(forger: Forger) -> None:
    for place, step in enumerate((_LEAST, _MOST)):
        row = _entry(forger, step)
        forger.insert("entries", [{**row, "wall_time": (1e308, float("inf"))[place]}])


@of_tables()
def entries_in_states_and_sessions_that_are_none(forger: Forger) -> None:
    forger.execute("UPDATE entries SET state = 77, session = -5 WHERE step = 0")


def _entry(forger: Forger, step: int) -> Row:
    return {**forger.row("entries", "step = 0"), "step": step}


def _entry_key(row: Row) -> bytes:
    text = id_text(_ROOT)
    key = SeriesKey(text, text, row["series"])
    return entry_key(key, row["step"], row["number"], row["session"], row["wall_time"])


def _forge_entries(forger: Forger, contents: list[list[bytes]]) -> None:
    rows = []
    for place, columns in enumerate(contents):
        row = _entry(forger, 1000 + place)
        row["payload"] = seal(Kind.ENTRY, len(columns), columns, _entry_key(row))
        rows.append(row)
    forger.insert("entries", rows)
