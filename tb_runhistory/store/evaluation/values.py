"""One column of values, one a run, and what is true of them in SQL's three-valued logic."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.terms import Literal, Operator
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.points import Floats

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

ABSENT, EMPTY, NUMBER, BOOLEAN, TEXT = range(5)
"""What a cell is. Both of the first are missing; ``EMPTY`` is there all the same, as a metric whose value is NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A value a run. ``number`` is NaN where ``kind`` is neither number nor boolean; ``code`` is a place in ``texts``,
    which are in the order of their code points, and -1 where there is no text.
    """

    kind: NDArray[np.uint8]
    number: Floats
    code: NDArray[np.int32]
    texts: Sequence[str] = ()

    @classmethod
    def absent(cls, length: int) -> Self:
        """No value anywhere."""
        return cls.of_numbers(np.full(length, np.nan), np.zeros(length, np.bool_))

    @classmethod
    def of_numbers(cls, number: Floats, is_there: Mask | None = None) -> Self:
        """Numbers; NaN is missing. ``is_there`` says where there is something at all."""
        kind = np.where(np.isnan(number), EMPTY, NUMBER).astype(np.uint8)
        if is_there is not None:
            kind[~is_there] = ABSENT
        return cls(kind, number, _no_codes(len(number)))

    @classmethod
    def of_texts(cls, texts: Sequence[str | None]) -> Self:
        """Texts; None is missing."""
        return cls.of_cells([ABSENT if text is None else TEXT for text in texts], None, texts)

    @classmethod
    def of_cells(cls, kinds: Sequence[int], numbers: Sequence[float] | None, texts: Sequence[str | None]) -> Self:
        """Cells of any kind. A text stands where the kind says so, a number where it is one or a boolean."""
        kind = np.array(kinds, np.uint8)
        number = np.full(len(kind), np.nan) if numbers is None else np.array(numbers, float)
        number[(kind != NUMBER) & (kind != BOOLEAN)] = np.nan
        kind[(kind == NUMBER) & np.isnan(number)] = EMPTY
        rows = np.flatnonzero(kind == TEXT)
        if not len(rows):
            return cls(kind, number, _no_codes(len(kind)))
        found = [texts[row] or "" for row in rows.tolist()]
        known = sorted(set(found))
        codes = {text: code for code, text in enumerate(known)}
        code = np.full(len(kind), -1, np.int32)
        code[rows] = [codes[text] for text in found]
        return cls(kind, number, code, known)

    @classmethod
    def of_words(cls, code: NDArray[np.int32], words: Sequence[str]) -> Self:
        """Texts given by their place among ``words``, which may be in any order; a negative place is missing."""
        known = sorted(set(words))
        place = {word: number for number, word in enumerate(known)}
        codes = np.array([*(place[word] for word in words), -1], np.int32)[np.where(code < 0, len(words), code)]
        kind = np.where(codes < 0, ABSENT, TEXT).astype(np.uint8)
        return cls(kind, np.full(len(code), np.nan), codes, known)

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def is_missing(self) -> Mask:
        """Where there is no value."""
        found: Mask = self.kind <= EMPTY
        return found

    @property
    def number_only(self) -> Floats:
        """The numbers; NaN for all else, booleans too."""
        return np.where(self.kind == NUMBER, self.number, np.nan)

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return len(self) * 13 + sum(80 + len(text) for text in self.texts)

    def take(self, rows: Rows) -> Values:
        """The values at these rows; nothing where a row is negative."""
        if not len(self):
            return Values.absent(len(rows))
        is_none = rows < 0
        kind, number = self.kind[rows], self.number[rows]
        kind[is_none], number[is_none] = ABSENT, np.nan
        if not self.texts:
            return Values(kind, number, _no_codes(len(rows)))
        code = self.code[rows]
        code[is_none] = -1
        return Values(kind, number, code, self.texts)

    def array(self) -> NDArray[Any]:
        """As numbers, NaN where there is none; with anything else as objects, None where there is none."""
        if not np.isin(self.kind, (BOOLEAN, TEXT)).any():
            return self.number_only
        found = np.full(len(self), None, object)
        texts = np.array([*self.texts, None], object)
        for kind, values in ((NUMBER, self.number), (BOOLEAN, self.number == 1), (TEXT, texts[self.code])):
            rows = self.kind == kind
            found[rows] = values[rows]
        return found

    def cells(self) -> list[ParameterValue | None]:
        """As Python's own values; None where there is none."""
        return [
            None if kind <= EMPTY else self.texts[code] if kind == TEXT else number == 1 if kind == BOOLEAN else number
            for kind, number, code in zip(self.kind.tolist(), self.number.tolist(), self.code.tolist(), strict=True)
        ]

    def put(self, rows: Rows, others: Values) -> Values:
        """A copy with other values at these rows."""
        kind, number, texts = self.kind.copy(), self.number.copy(), self.texts
        kind[rows], number[rows] = others.kind, others.number
        if not texts and not others.texts:
            return Values(kind, number, _no_codes(len(kind)))
        code, codes = np.array(self.code), others.code
        if others.texts and list(others.texts) != list(texts):
            united = sorted({*texts, *others.texts})
            place = {text: number for number, text in enumerate(united)}
            code, codes = _moved(code, self.texts, place), _moved(codes, others.texts, place)
            texts = united
        code[rows] = codes
        return Values(kind, number, code, texts)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Whether a condition holds, a run: where it neither holds nor fails it is unknown."""

    holds: Mask
    fails: Mask

    @classmethod
    def known(cls, holds: Mask) -> Self:
        """Of a condition that is nowhere unknown."""
        return cls(holds, ~holds)

    def negated(self) -> Truth:
        """NOT."""
        return Truth(self.fails, self.holds)


def all_of(truths: Iterable[Truth]) -> Truth:
    """AND."""
    found = list(truths)
    return Truth(
        np.logical_and.reduce([truth.holds for truth in found]), np.logical_or.reduce([truth.fails for truth in found])
    )


def any_of(truths: Iterable[Truth]) -> Truth:
    """OR."""
    return all_of(truth.negated() for truth in truths).negated()


def compared(values: Values, operator: Operator, readings: Sequence[Literal]) -> Truth:
    """Each value with that of the readings of a literal which is of its type."""
    holds = np.zeros(len(values), np.bool_)
    is_known = np.zeros(len(values), np.bool_)
    for literal in readings:
        kind = _kind_of(literal)
        if kind == BOOLEAN and operator not in (Operator.EQUAL, Operator.DIFFERENT):
            continue
        is_alike = values.kind == kind
        is_known |= is_alike
        holds |= is_alike & _compared(values, operator, literal)
    return Truth(holds, is_known & ~holds)


def within(values: Values, readings: Sequence[Literal]) -> Truth:
    """Whether each value equals one of the literals that are of its type; unknown where none is."""
    truths = [compared(values, Operator.EQUAL, [literal]) for literal in readings]
    holds, fails = (np.logical_or.reduce([getattr(truth, name) for truth in truths]) for name in ("holds", "fails"))
    return Truth(holds, fails & ~holds)


def tested(values: Values, is_match: Callable[[str], bool]) -> Truth:
    """Whether each text is a match; each different one is looked at once."""
    by_code = np.array([*map(is_match, values.texts), False], np.bool_)
    is_text = values.kind == TEXT
    holds = is_text & by_code[values.code]
    return Truth(holds, is_text & ~holds)


def _compared(values: Values, operator: Operator, literal: Literal) -> Mask:
    if not isinstance(literal, str):
        number = float(literal)
        by_number: dict[Operator, Callable[[Any, Any], Any]] = {
            Operator.EQUAL: np.equal,
            Operator.DIFFERENT: np.not_equal,
            Operator.LESS: np.less,
            Operator.AT_MOST: np.less_equal,
            Operator.GREATER: np.greater,
            Operator.AT_LEAST: np.greater_equal,
        }
        found: Mask = by_number[operator](values.number, number)
        return found
    first, behind = bisect_left(values.texts, literal), bisect_right(values.texts, literal)
    code = values.code
    is_equal = (code >= first) & (code < behind)
    return {
        Operator.EQUAL: is_equal,
        Operator.DIFFERENT: ~is_equal,
        Operator.LESS: code < first,
        Operator.AT_MOST: code < behind,
        Operator.GREATER: code >= behind,
        Operator.AT_LEAST: code >= first,
    }[operator]


def _kind_of(literal: Literal) -> int:
    return BOOLEAN if isinstance(literal, bool) else TEXT if isinstance(literal, str) else NUMBER


def _no_codes(length: int) -> NDArray[np.int32]:
    # One number that stands for all: it takes no memory.
    return np.broadcast_to(np.int32(-1), (length,))


def _moved(code: NDArray[np.int32], texts: Sequence[str], place: dict[str, int]) -> NDArray[np.int32]:
    return np.array([*(place[text] for text in texts), -1], np.int32)[code]
