"""The grammar of questions, and what people call its parts.

It needs one token ahead and nests nothing in itself, so a text is read in a time that is linear in its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KEYWORDS = {
    "OR": "or",
    "AND": "and",
    "NOT": "not",
    "IN": "in",
    "LIKE": "like|ilike",
    "IS": "is",
    "NULL": "null",
    "TRUTH": "true|false",
    "DIRECTION": "asc|desc",
    "PARAMS": "params?|parameters?",
    "METRICS": "metrics?",
    "TAGS": "tags?",
    "PROPERTIES": "properties|property",
    "ATTRIBUTES": "attributes?|attr|run",
    "INHERITED": "inherited",
    "ANCESTOR": "parent|root",
    "RELATION": "children|descendants|leaves|repeats",
    "STATISTIC": "min|max|mean|std|median|best",
    "COUNT": "count",
    "ANY": "any",
    "ALL": "all",
    "COALESCE": "coalesce",
}
"""Words with a meaning, in either case of letters. Behind a dot they are names like all others."""

_RULES = r"""
filter: condition
column: any_column
order: key ("," key)*
key: any_column DIRECTION?

?condition: conjunction | conjunction (OR conjunction)+ -> any_of
?conjunction: negation | negation (AND negation)+ -> all_of
?negation: predicate | NOT negation -> negated
?predicate: any_column test -> asked
    | "(" condition ")"
    | ANY relatives -> some_relative
    | ALL relatives -> every_relative
relatives: "(" RELATION "." own_column test ")" -> relatives_asked
    | "(" RELATION "[" condition "]" ")" -> relatives_that

test: COMPARED literal -> compared
    | IN values -> within
    | NOT IN values -> not_within
    | LIKE TEXT -> like
    | NOT LIKE TEXT -> not_like
    | MATCHED TEXT -> matched
    | IS NULL -> missing
    | IS NOT NULL -> given
values: "(" literal ("," literal)* ")"
literal: NUMBER | TEXT | TRUTH

?any_column: own_column | of_ancestor | roll_up | filled | count
of_ancestor: ANCESTOR "." own_column
roll_up: STATISTIC "(" RELATION "." own_column ")"
filled: COALESCE "(" metric "," any_roll_up ")"
?any_roll_up: roll_up | COUNT "(" RELATION "." own_column ")" -> counted_values
count: COUNT "(" RELATION ")" -> counted
    | COUNT "(" RELATION "[" condition "]" ")" -> counted_that
    | COUNT "(" RELATION "." own_column ")" -> counted_values

?own_column: parameter | metric | tag | property | attribute
parameter: PARAMS "." name
    | INHERITED "." PARAMS "." name -> inherited
metric: METRICS "." name
tag: TAGS "." name
property: PROPERTIES "." name
attribute: NAME
    | ATTRIBUTES "." name -> named_attribute
    | NAME "." name -> unknown
name: (NAME | QUOTED) ("." (NAME | QUOTED))*

COMPARED: /<=|>=|!=|<>|==?|<|>/
MATCHED: /!?~/
NUMBER: /[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)(?![\w])/i
TEXT: /'(?:[^']|'')*'|"(?:[^"]|"")*"/
QUOTED: /`(?:[^`]|``)+`|"(?:[^"]|"")+"/
NAME: /\w[\w\/@:-]*/
%ignore /\s+/
"""

_SHOWN = {
    "COMPARED": ("=", "!=", "<", "<=", ">", ">="),
    "MATCHED": ("~", "!~"),
    "LIKE": ("LIKE", "ILIKE"),
    "NUMBER": ("a number",),
    "TEXT": ("a text in quotes",),
    "QUOTED": ("a name in back-ticks",),
    "NAME": ("a name",),
    "TRUTH": ("true", "false"),
    "DIRECTION": ("ASC", "DESC"),
    "PARAMS": ("params",),
    "METRICS": ("metrics",),
    "TAGS": ("tags",),
    "PROPERTIES": ("properties",),
    "ATTRIBUTES": (),
    "LPAR": ("(",),
    "RPAR": (")",),
    "LSQB": ("[",),
    "RSQB": ("]",),
    "DOT": (".",),
    "COMMA": (",",),
    "$END": ("the end",),
}


@dataclass(frozen=True, slots=True)
class Start:
    """What a text is to be: the rule of the grammar, and what people call it."""

    rule: str
    shown: str


FILTER, COLUMN, ORDER = Start("filter", "filter"), Start("column", "column"), Start("order", "order")
STARTS = [FILTER.rule, COLUMN.rule, ORDER.rule]

# Whole words, before what could be a name. No name of the store stands where a keyword may, but attributes do.
_WORDS = (f"{name}.2: /(?:{words})(?![\\w\\/@:-])/i" for name, words in KEYWORDS.items())
GRAMMAR = "\n".join([_RULES, *_WORDS])
"""For lark, to be read with a contextual lexer from one of the starts."""


def words_of(terminals: Iterable[str]) -> tuple[str, ...]:
    """What terminals are to people, in the order in which they are told."""
    words = [word for name in sorted(terminals, key=_ORDER.index) for word in _words(name)]
    return tuple(dict.fromkeys(words))


def _words(terminal: str) -> tuple[str, ...]:
    if terminal in _SHOWN:
        return _SHOWN[terminal]
    alternatives = KEYWORDS[terminal].split("|")
    return tuple(word.upper() for word in alternatives) if terminal in _UPPER else tuple(alternatives)


_UPPER = ("OR", "AND", "NOT", "IN", "IS", "NULL")
_ORDER = (
    *("NUMBER", "TEXT", "TRUTH", "PARAMS", "METRICS", "TAGS", "PROPERTIES", "INHERITED", "ANCESTOR", "NAME", "QUOTED"),
    *("STATISTIC", "COUNT", "ANY", "ALL", "COALESCE", "RELATION", "COMPARED", "IN", "LIKE", "MATCHED", "IS", "NULL"),
    *("NOT", "AND", "OR", "DIRECTION", "DOT", "COMMA", "LPAR", "LSQB", "RPAR", "RSQB", "ATTRIBUTES", "$END"),
)


def either(words: Sequence[str]) -> str:
    """Words to choose from, as a part of a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
