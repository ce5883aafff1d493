"""How the tab shows an experiment, as a text: what stands of it in an address, "sort=metrics.loss&order=asc"."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

MOST_CHARACTERS = 2000
"""So long a text still fits into an index of every database."""

_PREFIX = "p.runhistory."
_OF_ONE_VISIT = frozenset({"experiment", "selected", "expanded", "zoom"})
"""What a link says of runs and places in a chart, and not of how runs are shown."""


def checked_view(text: object) -> str:
    """The view that ``text`` says: a link that was copied from the tab, or what stands in one. "" is none.

    Raises:
      TypeError: it is no string.
      ValueError: it says nothing, or more than can be kept.
    """
    if not isinstance(text, str):
        raise TypeError(f"a view is a string, not {type(text).__name__}: {text!r}")
    if not text.strip():
        return ""
    # The fragment of TensorBoard's page has what is the tab's under a prefix, beside what is not.
    is_link = "#" in text or _PREFIX in text
    parts = parse_qsl((urlsplit(text.strip()).fragment or text.strip()) if is_link else text.strip())
    named = [(name.removeprefix(_PREFIX), value) for name, value in parts if not is_link or name.startswith(_PREFIX)]
    view = urlencode([(name, value) for name, value in named if name not in _OF_ONE_VISIT])
    if not view:
        raise ValueError(
            f"this says nothing of how runs are shown: {text[:80]!r}; copy a link from the tab once it shows them as "
            "wanted, or write what stands in one, such as 'sort=metrics.loss&order=asc'"
        )
    if len(view) > MOST_CHARACTERS:
        raise ValueError(f"a view has at most {MOST_CHARACTERS:,} characters, this one has {len(view):,}: show less")
    return view
