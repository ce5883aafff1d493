"""Filters, columns and orders are read as they are meant, and what is wrong in them is pointed at."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.errors import BadRequest, QueryError
from tb_runhistory.query.kinds import kind_of
from tb_runhistory.query.parsing import (
    DEEPEST_BRACKETS,
    MOST_CHARACTERS,
    MOST_CONDITIONS,
    parse_column,
    parse_filter,
    parse_order,
)
from tb_runhistory.query.patterns import regular_test
from tb_runhistory.query.terms import (
    AllOf,
    Ancestor,
    AnyOf,
    Attribute,
    Column,
    Comparison,
    Condition,
    CountOf,
    Fact,
    Field,
    Filled,
    IsMissing,
    Label,
    LabelKind,
    Like,
    Matches,
    Metric,
    Not,
    OfAncestor,
    Operator,
    Order,
    Parameter,
    Relation,
    RollUp,
    SomeRelative,
    Statistic,
    Within,
)
from tb_runhistory.query.writing import column_text, condition_text
from tests.query.questions import columns, conditions

LOW = Comparison(Metric("loss"), Operator.LESS, 0.1)
TREE = Comparison(Parameter("model"), Operator.EQUAL, "tree")
FAILED = Comparison(Field(Attribute.STATUS), Operator.EQUAL, "Failed")

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12) | st.sampled_from(
    [
        "a.min",
        "a.MIN",
        "min",
        "and",
        "or",
        "5",
        "1e3",
        "`",
        "a``b",
        '"q"',
        "val/loss",
        "a..b",
        ".a",
        "a.",
        "params",
        "x y",
    ]
)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("metrics.loss < 0.1 and params.model = 'tree'", AllOf((LOW, TREE))),
        ('METRICS.loss<.1 AND parameters.`model`=="tree"', AllOf((LOW, TREE))),
        ("metric.loss < 1e-1 or param.\"model\" = 'tree'", AnyOf((LOW, TREE))),
        (
            "not metrics.loss < 0.1 or params.model = 'tree' and status = 'failed'",
            AnyOf((Not(LOW), AllOf((TREE, FAILED)))),
        ),
        ("not (metrics.loss < 0.1 or params.model = 'tree')", Not(AnyOf((LOW, TREE)))),
        ("((metrics.loss < 0.1))", LOW),
        ("attributes.status = 'FAILED'", FAILED),
        ("run.status = 'FINISHED'", Comparison(Field(Attribute.STATUS), Operator.EQUAL, "Completed")),
        ("status LIKE '%ED'", Within(Field(Attribute.STATUS), ("Queued", "Completed", "Failed", "Canceled"))),
        ("stage ~ '^a'", Within(Field(Attribute.STAGE), ("active", "archived"))),
        ("attr.start_time >= 1664067852747", Comparison(Field(Attribute.STARTED), Operator.AT_LEAST, 1664067852.747)),
        ("attributes.Created > 1000", Comparison(Field(Attribute.STARTED), Operator.GREATER, 1.0)),
        ("attributes.`Run name` ILIKE 'A%'", Like(Field(Attribute.NAME), "A%", ignore_case=True)),
        ("started > '1970-01-02'", Comparison(Field(Attribute.STARTED), Operator.GREATER, 86_400.0)),
        ("ended < '1970-01-01T01:00+01:00'", Comparison(Field(Attribute.ENDED), Operator.LESS, 0.0)),
        ("duration > '1h 30m'", Comparison(Field(Attribute.DURATION), Operator.GREATER, 5400.0)),
        ("tags.a IS NOT NULL", Not(IsMissing(Label(LabelKind.TAG, "a")))),
        ("properties.commit is null", IsMissing(Label(LabelKind.PROPERTY, "commit"))),
        ("params.lr NOT IN (1, -2.5, 'x', true)", Not(Within(Parameter("lr"), (1.0, -2.5, "x", True)))),
        ("tags.note = 'it''s'", Comparison(Label(LabelKind.TAG, "note"), Operator.EQUAL, "it's")),
        ("name !~ 'a+$'", Not(Matches(Field(Attribute.NAME), "a+$"))),
        ("metrics.loss > -inf", Comparison(Metric("loss"), Operator.GREATER, float("-inf"))),
        ("any(children.metrics.loss < 0.1)", SomeRelative(Relation.CHILDREN, LOW)),
        (
            "any(children[any(leaves[status = 'Failed'])])",
            SomeRelative(Relation.CHILDREN, SomeRelative(Relation.LEAVES, FAILED)),
        ),
        (
            "count(descendants[status = 'Failed']) > 3",
            Comparison(CountOf(Relation.DESCENDANTS, FAILED), Operator.GREATER, 3.0),
        ),
        (
            "id = '0190AAAA-0000-7000-8000-000000000000'",
            Comparison(Field(Attribute.ID), Operator.EQUAL, "0190aaaa-0000-7000-8000-000000000000"),
        ),
    ],
)
def test_a_filter_is_read(text: str, condition: Condition) -> None:
    assert repr(parse_filter(text)) == repr(condition)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("metrics.loss", Metric("loss")),
        ("metrics.loss.MIN", Metric("loss", Fact.MIN)),
        ("metrics.min", Metric("min")),
        ("metrics.min.min", Metric("min", Fact.MIN)),
        ("metrics.a.b", Metric("a.b")),
        ("metrics.`a.min`", Metric("a.min")),
        ("metrics.`val/loss`.last", Metric("val/loss")),
        ("metrics.val/loss.argmin", Metric("val/loss", Fact.ARGMIN)),
        ("params.and", Parameter("and")),
        ("params.batch-size", Parameter("batch-size")),
        ("params.a.b.min", Parameter("a.b.min")),
        ("inherited.params.lr", Parameter("lr", inherited=True)),
        ("parent.inherited.params.lr", OfAncestor(Ancestor.PARENT, Parameter("lr", inherited=True))),
        ("root.tags.team", OfAncestor(Ancestor.ROOT, Label(LabelKind.TAG, "team"))),
        ("mean(repeats.metrics.loss.last)", RollUp(Statistic.MEAN, Relation.REPEATS, Metric("loss"))),
        ("best(descendants.metrics.acc.max)", RollUp(Statistic.BEST, Relation.DESCENDANTS, Metric("acc", Fact.MAX))),
        ("count(leaves.params.model)", RollUp(Statistic.COUNT, Relation.LEAVES, Parameter("model"))),
        ("count(children)", CountOf(Relation.CHILDREN)),
        (
            "coalesce(metrics.loss.min, min(leaves.metrics.loss.min))",
            Filled(Metric("loss", Fact.MIN), RollUp(Statistic.MIN, Relation.LEAVES, Metric("loss", Fact.MIN))),
        ),
    ],
)
def test_a_column_is_read(text: str, column: Column) -> None:
    assert parse_column(text) == column


def test_an_order_is_read() -> None:
    loss, lr = Metric("loss", Fact.MIN), Parameter("lr")
    assert parse_order("metrics.loss.min ASC") == (Order(loss),)
    assert parse_order("params.lr desc, metrics.loss.min") == (Order(lr, descending=True), Order(loss))
    assert parse_order("attributes.start_time DESC") == (Order(Field(Attribute.STARTED), descending=True),)
    assert parse_order(" ") == ()


def test_a_blank_filter_is_none() -> None:
    assert parse_filter("") is None
    assert parse_filter(" \n\t") is None


@given(conditions())
def test_a_condition_is_written_as_it_is_read(condition: Condition) -> None:
    assert repr(parse_filter(condition_text(condition))) == repr(condition)


@given(columns())
def test_a_column_is_written_as_it_is_read(column: Column) -> None:
    assert repr(parse_column(column_text(column))) == repr(column)
    order = (Order(column, descending=True), Order(column))
    text = column_text(column)
    assert parse_order(f"{text} DESC, {text} ASC") == order
    assert parse_order(text) == order[1:]
    kind_of(column)


@given(NAMES, st.sampled_from(Fact))
def test_any_name_can_be_written(name: str, fact: Fact) -> None:
    for column in (Parameter(name, inherited=True), Label(LabelKind.TAG, name), Metric(name, fact)):
        assert parse_column(column_text(column)) == column


@given(st.text(), st.floats(allow_nan=False))
def test_any_value_can_be_written(text: str, number: float) -> None:
    for value in (text, number, True):
        condition = Comparison(Parameter("x"), Operator.EQUAL, value)
        assert repr(parse_filter(condition_text(condition))) == repr(condition)
    later = Comparison(Field(Attribute.STARTED), Operator.GREATER, number + 0.0)
    assert repr(parse_filter(condition_text(later))) == repr(later)


@pytest.mark.parametrize(
    ("text", "position", "expected", "sentence"),
    [
        ("metrics.loss < ", 15, "a number without quotes", "expected a number without quotes, found its end"),
        ("metrics.loss << 1", 14, "a number without quotes", "found '<'"),
        ("params.x = 'abc", 11, "'", "nothing closes the '"),
        ("foo = 1", 0, "status", "a parameter is params.foo, a metric metrics.foo"),
        ("stauts = 'Failed'", 0, "status", "did you mean status?"),
        ("metrcs.loss < 1", 0, "metrics", "did you mean metrics?"),
        ("datasets.name = 'a'", 0, "metrics", "datasets are not recorded"),
        ("metrics.loss = 'a'", 15, "a number without quotes", "metrics.loss is compared with a number"),
        ("tags.a = 3", 9, "a text in quotes", "not with 3"),
        ("status = 'Done'", 9, "'Completed'", "not with 'Done'"),
        ("status < 'Failed'", 7, "=", "neither more nor less"),
        ("id > '0190aaaa-0000-7000-8000-000000000000'", 3, "=", "neither more nor less"),
        ("params.wide > true", 12, "=", "true is neither more nor less"),
        ("id = 'fold-1'", 5, "the 36 characters of a run's id in quotes", "not with 'fold-1'"),
        ("id LIKE 'a%'", 8, None, "an id is compared with = or IN"),
        ("metrics.loss LIKE 'a%'", 18, None, "only texts are searched"),
        ("(metrics.a < 1", 14, ")", "expected AND, OR or ), found its end"),
        ("metrics.a < 1)", 13, "the end", "found ')'"),
        ("metrics.a < 1 metrics.b < 2", 14, "AND", "found 'metrics.b'"),
        ("metrics.a ? 3", 10, "<=", "found '?'"),
        ("metrics.`a`.foo < 1", 8, "argmin", "'foo' is no fact of a metric"),
        ("params.`a`.b = 1", 7, None, "nothing may follow a name in quotes"),
        ("metrics.a.`b` = 1", 10, None, "put all of it in them"),
        ("name ~ '(a'", 7, None, "missing )"),
        (r"name ~ '(a)\1'", 7, None, "none that RE2 can run"),
        ("name ~ '((a{100}){100}){100}'", 7, None, "none that RE2 can run"),
        ("best(children.params.lr) > 1", 0, "min", "only metrics have a best one"),
        ("mean(children.tags.a) > 1", 0, "count", "a text has no statistic but count"),
        ("any(repeats.metrics.a < 1)", 4, "children", "repeats are means and no runs"),
        ("any(parent.metrics.a < 1)", 4, "children", "expected children"),
        ("started > 'gestern'", 10, "seconds since 1970", "a date such as '2026-01-31'"),
        ("metrics.a = nan", 12, None, "ask IS NULL"),
        ("attributes.user_id = 'me'", 11, None, "of MLflow is not recorded here"),
        ("params.x = é", 11, "true", "found 'é'"),
        ("'a' = params.x", 0, "metrics", "found \"'a'\""),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, position: int, expected: str | None, sentence: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_filter(text)
    error = raised.value
    assert error.position == position
    assert sentence in error.sentence
    assert f"the filter is wrong at character {position + 1}: " in error.sentence
    assert expected is None or expected in error.expected
    drawn, caret = str(error).splitlines()[-2:]
    assert caret.index("^") - 2 == position
    assert text.startswith(drawn[2:].rstrip("…"))
    assert isinstance(error, BadRequest)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.position, again.expected) == (str(error), position, error.expected)


def test_the_place_is_shown_in_a_long_text() -> None:
    with pytest.raises(QueryError) as raised:
        parse_filter("metrics.loss < 1 and " * 40 + "\u202efoo" + " and metrics.loss < 1" * 40)
    drawn, caret = str(raised.value).splitlines()[-2:]
    assert len(drawn) < 100
    assert drawn.isprintable()
    assert drawn[caret.index("^")] == " "


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 10_000 + "metrics.a < 1" + ")" * 10_000,
        "not " * 10_000 + "metrics.a < 1",
        "metrics.a < 1 and " * 2_000 + "metrics.a < 1",
        "any(children[" * 1_000 + "metrics.a < 1" + "])" * 1_000,
        "metrics.a < 1 and " * 60_000,
        "params.x = '" + "a" * 1_000_000 + "'",
        "x" * 1_000_000,
        "params." + "a." * 20_000 + "b = 1",
        "'" * 49_999,
        "`" * 49_999,
        "params.x in (" + "1," * 20_000,
        "\0" * 1_000,
    ],
    ids=lambda text: f"{text[:12]}-{len(text)}",
)
def test_large_and_deep_filters_are_refused_or_read_soon(text: str) -> None:
    began = time.process_time()
    if text.endswith(" = 1"):
        assert parse_filter(text) is not None
    else:
        with pytest.raises(QueryError) as raised:
            parse_filter(text)
        assert len(str(raised.value)) < 1_000
    assert time.process_time() - began < 3


def test_the_limits_are_what_they_say() -> None:
    deep = "(" * DEEPEST_BRACKETS + "metrics.a < 1" + ")" * DEEPEST_BRACKETS
    assert parse_filter(deep) is not None
    assert parse_filter(" and ".join([deep, "not " * DEEPEST_BRACKETS + "metrics.a < 1", deep])) is not None
    assert parse_filter(" or ".join(["metrics.a < 1"] * MOST_CONDITIONS)) is not None
    assert parse_filter("metrics.a < 1" + " " * (MOST_CHARACTERS - 13)) is not None
    for text in (f"({deep})", f"not {deep}", " or ".join(["metrics.a < 1"] * (MOST_CONDITIONS + 1))):
        with pytest.raises(QueryError):
            parse_filter(text)


_WORDS = """
    metrics params tags . , ( ) [ ] = < ~ not and or in is null like any all count min children leaves parent inherited
    'a' `b` "c" 1 true status started loss asc desc coalesce ' ` " \\ é \u202e \0
"""
WORDS = st.sampled_from(_WORDS.split())


@given(st.lists(WORDS, max_size=14), st.sampled_from(["", " "]))
def test_whatever_is_written_is_read_or_refused(words: list[str], between: str) -> None:
    text = between.join(words)
    for parse in (parse_filter, parse_column, parse_order):
        refused: QueryError | None = None
        try:
            parse(text)
        except QueryError as error:
            refused = error
        assert refused is None or 0 <= refused.position <= len(text)


def test_an_expression_that_would_run_for_ever_elsewhere_takes_no_time() -> None:
    began = time.process_time()
    assert regular_test("(a*)*$")("a" * 50_000 + "b")
    assert not regular_test("^(a|aa)+$")("a" * 50_000 + "b")
    assert time.process_time() - began < 1
    with pytest.raises(BadRequest, match="1,000 are the most"):
        regular_test("a" * 1_001)


def test_threads_read_at_the_same_time() -> None:
    texts = [
        f"metrics.m{number} < {number} and ({'not ' * (number % 5)}params.p{number} = 'x')" for number in range(40)
    ]
    expected = [repr(parse_filter(text)) for text in texts]
    code = f"""
from concurrent.futures import ThreadPoolExecutor
from tb_runhistory.query.parsing import parse_filter
with ThreadPoolExecutor(8) as pool:
    print([repr(found) for found in pool.map(parse_filter, {texts!r} * 20)] == {expected!r} * 20)
"""
    # In a process of its own, where the first of them finds no parser.
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "True\n"


def test_the_parser_is_loaded_by_the_first_question_only() -> None:
    code = """
import sys
import tb_runhistory, tb_runhistory.query.terms, tb_runhistory.query.parsing, tb_runhistory.query.completion
print([name for name in ("lark", "re2") if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
