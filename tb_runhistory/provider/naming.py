"""The names that runs have in TensorBoard: ``experiment/parent/child``, unique and stable.

TensorBoard knows runs by name only, so a run must have one name however the view is narrowed, and must keep it as
later runs arrive. That is why names are given in order of the runs' numbers: the first of several siblings keeps the
plain name, a later one gets the end of its id behind it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from tb_runhistory.records.columns import RunColumns
from tb_runhistory.records.names import MAX_NAME_LENGTH

_SUFFIX_LENGTH = 6


def run_names(runs: RunColumns, experiments: Sequence[str]) -> dict[str, str]:
    """The name of each run by its id. ``runs`` are all of each experiment that occurs, ``experiments`` all there are.

    A run whose parent is not among ``runs`` stands directly below its experiment.
    """
    prefixes = experiment_names([*experiments, *runs.experiment])
    known = set(runs.run_id)
    names: dict[str, str] = {}
    taken: set[str] = set()
    # By depth first, because a parent's name is part of its children's.
    order = np.lexsort((runs.number, runs.depth))
    for row in order.tolist():
        run_id, parent_id = runs.run_id[row], runs.parent_id[row]
        prefix = prefixes[runs.experiment[row]]
        if parent_id in known:
            prefix = names.get(parent_id, prefix)
        name = f"{prefix}/{segment(runs.display_name[row]) or f'run {runs.number[row]}'}"
        names[run_id] = _unique(name, (run_id[-_SUFFIX_LENGTH:], run_id), taken)
    return names


def experiment_names(experiments: Iterable[str]) -> dict[str, str]:
    """The first segment of the run names of each experiment. Experiments are given oldest first."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for experiment in experiments:
        if experiment not in names:
            names[experiment] = _unique(segment(experiment) or "experiment", (), taken)
    return names


def segment(text: str) -> str:
    """``text`` as one segment of a run name; empty when nothing of it can be shown.

    A slash would begin another segment, and "." or ".." would be taken for a path's.
    """
    shown = unicodedata.normalize("NFC", " ".join(text.split())).replace("/", "_")
    shown = " ".join("".join(character for character in shown if character.isprintable()).split())
    shown = shown[:MAX_NAME_LENGTH].strip()
    return shown if shown.strip(".") else "_" * len(shown)


def leaf_first(name: str) -> str:
    """A run's name with its segments from the last to the first, for columns that cut off the end.

    It is as unique as the name: the two spaces before each mark show as one on a page, and stand in no segment.
    """
    return "  ‹ ".join(reversed(name.split("/")))


def _unique(name: str, suffixes: tuple[str, ...], taken: set[str]) -> str:
    candidates = [name, *(f"{name}-{suffix}" for suffix in suffixes)]
    free = next((candidate for candidate in candidates if candidate not in taken), None)
    number = 2
    while free is None:
        candidate = f"{name}-{number}"
        free, number = (candidate if candidate not in taken else None), number + 1
    taken.add(free)
    return free
