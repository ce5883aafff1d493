"""One suite an interface, for whoever implements it: ``door.StoreDoor`` lets it in."""

import pytest

for module in ("runs", "series", "entries", "tree", "lifecycle", "exactly_once"):
    pytest.register_assert_rewrite(f"tests.conformance.{module}_suite")
