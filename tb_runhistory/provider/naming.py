"""What makes the names that runs have in TensorBoard: ``experiment/parent/child``, unique and of bounded length.

``directory`` gives each run its name and keeps it. Here is what a name is made of.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container

from tb_runhistory.records.names import MAX_NAME_LENGTH

LONGEST_PREFIX = 400
"""Characters of a run's name that its children's names begin with. Behind a longer one stands a short one instead."""

_SUFFIX_LENGTH = 6
_ELIDED_ID_LENGTH = 12


def experiment_name(experiment: str, taken: Container[str]) -> str:
    """The first segment of the run names of one experiment, other than those that are taken."""
    return unique_name(segment(experiment) or "experiment", (), taken)


def segment(text: str) -> str:
    """``text`` as one segment of a run name; empty when nothing of it can be shown.

    A slash would begin another segment, and "." or ".." would be taken for a path's.
    """
    # Cut first: a store may hold a name of any length.
    begun = " ".join(text[: 4 * MAX_NAME_LENGTH].split())
    shown = unicodedata.normalize("NFC", begun).replace("/", "_")
    shown = " ".join("".join(character for character in shown if character.isprintable()).split())
    shown = shown[:MAX_NAME_LENGTH].strip()
    return shown if shown.strip(".") else "_" * len(shown)


def child_prefix(parent_name: str, parent_id: str) -> str:
    """What the names of a run's children begin with: its name, or in a deep tree the experiment and the run's id."""
    if len(parent_name) <= LONGEST_PREFIX:
        return parent_name
    return f"{parent_name.partition('/')[0]}/… {parent_id[-_ELIDED_ID_LENGTH:]}"


def run_name(prefix: str, shown: str, run_id: str, taken: Container[str]) -> str:
    """The name of the run ``shown`` below ``prefix``, other than those that are taken.

    The end of its id tells it from a sibling that is shown alike.
    """
    return unique_name(f"{prefix}/{shown}", (run_id[-_SUFFIX_LENGTH:], run_id), taken)


def leaf_first(name: str) -> str:
    """A run's name with its segments from the last to the first, for columns that cut off the end.

    It is as unique as the name: the two spaces before each mark show as one on a page, and stand in no segment.
    """
    return "  ‹ ".join(reversed(name.split("/")))


def unique_name(name: str, suffixes: tuple[str, ...], taken: Container[str]) -> str:
    """``name`` if it is not taken, else with the first suffix behind it that makes it unique, else numbered."""
    for candidate in (name, *(f"{name}-{suffix}" for suffix in suffixes)):
        if candidate not in taken:
            return candidate
    # Not one by one: a store may hold any number of equal names.
    free = 2
    while f"{name}-{free}" in taken:
        free *= 2
    last_taken = free // 2
    while free - last_taken > 1:
        between = (free + last_taken) // 2
        if f"{name}-{between}" in taken:
            last_taken = between
        else:
            free = between
    return f"{name}-{free}"
