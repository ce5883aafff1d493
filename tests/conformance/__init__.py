"""One suite an interface, for whoever implements it."""

import pytest

pytest.register_assert_rewrite("tests.conformance.store_suite")
