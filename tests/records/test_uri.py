"""Store URIs: what they mean, what is refused, and that nothing secret in them is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.errors import InvalidUri
from tb_runhistory.uri import StoreUri, parse_uri, redact

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:////data/runs.db", "/data/runs.db"),
        ("sqlite:////data/my%20runs.db", "/data/my runs.db"),
        ("sqlite:////data/50%25.db", "/data/50%.db"),
        ("sqlite:////data/../runs.db", "/runs.db"),
        ("sqlite:////data/größe.db", "/data/größe.db"),
    ],
)
def test_an_absolute_path_has_four_slashes(text: str, path: str) -> None:
    assert parse_uri(text).path == path


def test_a_relative_path_starts_here_or_where_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_uri("sqlite:///runs.db").path == str(tmp_path / "runs.db")
    assert parse_uri("sqlite:///runs.db", "/elsewhere").path == "/elsewhere/runs.db"


def test_a_selection_narrows_what_is_shown_and_not_what_the_store_is() -> None:
    uri = parse_uri("sqlite:////runs.db?experiment=a%26b&run=0193")
    assert (uri.experiment, uri.runs) == ("a&b", ("0193",))
    assert uri.text == parse_uri("sqlite:////runs.db").text
    assert uri.shown == "sqlite:////runs.db?experiment=a%26b&run=0193"
    assert uri.key == parse_uri("sqlite:////runs.db").key


def test_several_runs_can_be_selected_in_one_uri() -> None:
    uri = parse_uri("sqlite:////my%20runs.db?run=b&run=a%26c&run=b")
    assert uri.runs == ("b", "a&c")
    assert uri.whole == "sqlite:////my%20runs.db?run=b&run=a%26c"
    assert parse_uri(uri.whole) == uri
    assert uri.is_selective
    assert not parse_uri("sqlite:////runs.db").is_selective


def test_a_filter_narrows_what_is_shown() -> None:
    uri = parse_uri("sqlite:////runs.db?filter=params.model%20LIKE%20'a%25'+AND%20tags.b%20%3D%20'c%26d'&experiment=x")
    assert uri.filter == "params.model LIKE 'a%' AND tags.b = 'c&d'"
    assert uri.is_selective
    assert parse_uri(uri.whole) == uri
    assert parse_uri(uri.shown) == uri
    assert uri.text == parse_uri("sqlite:////runs.db").text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_filter_is_read_as_it_is_written(text: str) -> None:
    for uri in (StoreUri("sqlite", "/runs.db", filter=text), StoreUri("postgresql", "db", filter=text, server="host")):
        assert parse_uri(uri.whole) == uri


def test_one_store_has_one_key_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    keys = {parse_uri(f"sqlite:///{tmp_path}/{folder}/runs.db").key for folder in ("real", "link", "real/../link")}
    assert len(keys) == 1
    assert keys != {parse_uri(f"sqlite:///{tmp_path}/real/other.db").key}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("runs.db", "must begin with sqlite:// or postgresql://"),
        ("", "must begin with sqlite://"),
        ("mysql://host/db", "must begin with sqlite://"),
        ("SQLITE:///runs.db", "must begin with sqlite://"),
        ("sqlite://runs.db", "names a host"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///a%00b", "names no file"),
        ("sqlite:///runs.db?experimnet=x", "unknown option 'experimnet'"),
        ("sqlite:///runs.db?sslmode=require", "unknown option 'sslmode'"),
        ("sqlite:/runs.db", "must begin with sqlite://"),
        ("postgresql://host", "names no database"),
        ("postgresql://host/", "names no database"),
        ("postgresql://host/a/b", "names no database"),
        ("postgresql://host:port/db", "cannot be understood"),
        ("postgresql://me@host/db?Run=1", "unknown option;"),
        ("sqlite:///runs.db?run=", "is empty"),
        ("sqlite:///runs.db?experiment=a&experiment=b", "more than one experiment"),
        ("sqlite:///runs.db?filter=", "is empty"),
        ("sqlite:///runs.db?filter=%20", "is empty"),
        ("sqlite:///runs.db?filter=depth=0&filter=depth=1", "join them with AND"),
        ("sqlite:///runs.db?filter=name='a&b'", "an & in a filter is written %26"),
    ],
)
def test_what_is_no_store_uri_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(InvalidUri, match=says):
        parse_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://me:{SECRET}@host/db",
        f"sqlite://{SECRET}@/runs.db",
        f"sqlite://me:{SECRET}%40host/runs.db",
        f"sqlite://me:{SECRET}/runs.db",
        f"sqlite:\\\\me:{SECRET}@host/runs.db",
        f"sqlite:me:{SECRET}@host/runs.db",
        f"sqlite:///runs.db?password={SECRET}",
        f"sqlite:///runs.db?{SECRET}!=",
        f"redis://:{SECRET}@host",
        f"me:{SECRET}@host/db",
        f"postgresql://me:p/{SECRET}@host/db",
        f"postgresql://me:p?{SECRET}@host/db",
        f"postgresql://me:p?x={SECRET}@host/db",
        f"postgresql://me:p#{SECRET}@host/db",
        f"postgresql://me:p@{SECRET}@host/db",
        f"postgresql://me:{SECRET}/db",
        f"postgresql://me:{SECRET}@host/",
        f"postgresql://me:{SECRET}%40host/db",
        f"postgresql://me:{SECRET}@host/db?run=",
        f"Postgresql://me:{SECRET}@host/db",
    ],
)
def test_nothing_that_is_shown_holds_a_secret(text: str) -> None:
    try:
        uri = parse_uri(text)
    except InvalidUri as error:
        shown = str(error)
    else:
        # A "?" ends what stands before it, as everywhere in URIs: what comes then is an option.
        shown = uri.shown + repr(uri) + uri.key
    assert SECRET not in shown


def test_redacting_keeps_what_helps() -> None:
    assert redact(f"postgresql://me:{SECRET}@db.example:5432/runs?sslmode={SECRET}") == (
        "postgresql://***@db.example:5432/runs?sslmode=…"
    )
    assert redact("sqlite:///runs.db") == "sqlite:///runs.db"
    assert redact("sqlite:////data/a:b/runs.db") == "sqlite:////data/a:b/runs.db"
    assert redact("/data/runs.db") == "/data/runs.db"
    assert redact("postgresql://host:5432/db") == "postgresql://host:5432/db"


def test_a_server_a_database_and_what_libpq_is_told() -> None:
    uri = parse_uri(f"postgresql://me:{SECRET}@DB.example:5432/my%20runs?sslmode=require&run=fold-1&experiment=a%26b")
    assert not uri.is_file
    assert (uri.server, uri.path, uri.experiment, uri.runs) == ("db.example:5432", "my runs", "a&b", ("fold-1",))
    assert uri.text == f"postgresql://me:{SECRET}@db.example:5432/my%20runs?sslmode=require"
    assert uri.shown == "postgresql://db.example:5432/my runs?experiment=a%26b&run=fold-1"
    assert SECRET not in repr(uri)
    assert parse_uri(uri.whole) == uri


def test_a_database_has_one_key_whoever_asks_for_it() -> None:
    key = parse_uri("postgresql://host/db").key
    assert parse_uri(f"postgresql://me:{SECRET}@HOST/db?sslmode=require&run=x").key == key
    assert parse_uri("postgresql://host/other").key != key
    assert parse_uri("postgresql://other/db").key != key


def test_servers_and_sockets_as_libpq_takes_them() -> None:
    assert parse_uri("postgresql:///db").server == ""
    assert parse_uri("postgresql:///db?host=/run/pg").text == "postgresql:///db?host=%2Frun%2Fpg"
    assert parse_uri("postgresql:///db?host=/run/pg").key != parse_uri("postgresql:///db?host=/run/other").key
    assert parse_uri("postgresql://a:1,b:2/db").server == "a:1,b:2"
    assert parse_uri("postgresql://[::1]:5432/db").server == "[::1]:5432"
    assert parse_uri("postgresql://%2Frun%2FPG/db").server == "%2Frun%2FPG"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_uri_made_of_a_path_leads_back_to_it(name: str) -> None:
    path = os.path.abspath(f"/data/{name}")
    assert parse_uri(StoreUri("sqlite", path).text).path == path
