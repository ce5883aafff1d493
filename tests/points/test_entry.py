"""Entries give back their contents: small ones themselves, large ones by the digest that artifacts have them under."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given, strategies

from tb_runhistory.points.entry import INLINE_BYTES, decode_entry, encode_entry
from tb_runhistory.records.columns import Content
from tests.points.make_golden import DIGEST, ENTRY_PLACE, GOLDEN


@given(sizes=strategies.lists(strategies.one_of(strategies.integers(0, 40), strategies.integers(0, 2 * INLINE_BYTES))))
def test_contents_come_back_and_no_entry_has_more_than_its_room(sizes: list[int]) -> None:
    kept: dict[str, bytes] = {}

    def put(content: bytes) -> str:
        digest = sha256(content).hexdigest()
        kept[digest] = content
        return digest

    contents = [bytes([place % 256]) * size for place, size in enumerate(sizes)]
    found = decode_entry(encode_entry(contents, put))
    assert [kept[one.digest] if one.data is None else one.data for one in found] == contents
    assert [one.size for one in found] == sizes
    assert sum(len(one.data or b"") for one in found) <= INLINE_BYTES + 32 * len(sizes)
    assert all(one.data is not None or one.size > INLINE_BYTES - sum(sizes[:place]) for place, one in enumerate(found))
    assert all(one.data is not None for one in found if one.size <= 32)


def test_a_golden_entry_is_read_as_it_was_written() -> None:
    found = decode_entry((GOLDEN / "entry-4.bin").read_bytes(), ENTRY_PLACE)
    assert found == (Content(4, b"text"), Content(0, b""), Content(70_000, None, DIGEST))
