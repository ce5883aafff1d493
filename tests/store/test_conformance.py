"""The stores keep the contract of ``store.base``, each engine."""

from __future__ import annotations

from tests.conformance.entries_suite import EntriesSuite
from tests.conformance.exactly_once_suite import ExactlyOnceSuite
from tests.conformance.lifecycle_suite import LifecycleSuite
from tests.conformance.questions_suite import QuestionsSuite
from tests.conformance.runs_suite import RunsSuite
from tests.conformance.series_suite import SeriesSuite
from tests.conformance.tree_suite import TreeSuite


class TestRuns(RunsSuite):
    """Runs and what describes them."""


class TestLifecycle(LifecycleSuite):
    """Stages, renaming, removal for good."""


class TestTree(TreeSuite):
    """Pages of the tree."""


class TestQuestions(QuestionsSuite):
    """What is asked of relatives, and searches."""


class TestSeries(SeriesSuite):
    """Scalar points."""


class TestEntries(EntriesSuite):
    """Texts, tensors and blobs."""


class TestExactlyOnce(ExactlyOnceSuite):
    """What journals say is applied once, whoever applies it."""
