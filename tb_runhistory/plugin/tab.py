"""The Run History tab: TensorBoard's plugin with its routes, each behind the guard.

TensorBoard serves a route "/v1/runs" as ``/data/plugin/runhistory/v1/runs``. ``messages`` says what each answers.
"""

from __future__ import annotations

import gzip
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from tensorboard.plugins import base_plugin
from tensorboard.util import tb_logging
from werkzeug.wrappers import Request, Response

from tb_runhistory.errors import NotFound, QueryError, RunHistoryError, TooBusy
from tb_runhistory.plugin import requests, run_pages
from tb_runhistory.plugin.bundle import serve_file
from tb_runhistory.plugin.completions import completions
from tb_runhistory.plugin.exporting import MEDIA_TYPE, export
from tb_runhistory.plugin.guard import READING, Guard
from tb_runhistory.plugin.live_version import LiveVersion
from tb_runhistory.plugin.messages import Problem, Version
from tb_runhistory.plugin.points import read_points
from tb_runhistory.provider.admission import Admission, SharedAnswers
from tb_runhistory.provider.points_cache import PointsCache
from tb_runhistory.query.parsing import parse_column, parse_filter
from tb_runhistory.query.terms import Condition, joined
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import check_store, open_reader
from tb_runhistory.uri import StoreUri

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PLUGIN_NAME = "runhistory"
TAB_NAME = "Run History"
_POLICY = "default-src 'none'; frame-ancestors 'self'"
_STATIC = "/static/"
_JSON = "application/json"
_GZIP_FROM_BYTES = 1400
_GZIP_LEVEL = 3
_GZIP_MAGIC = b"\x1f\x8b"
_QUESTIONS_AT_ONCE = 2
"""More would wait for one another's Python, and each has its memory."""

Route: TypeAlias = Callable[[Request], Response]


class RunHistoryTab(base_plugin.TBPlugin):  # type: ignore[misc]
    """Answers the tab's page from the store at ``uri``."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext, uri: StoreUri) -> None:
        host = getattr(context.flags, "host", None)
        self._hosts = (host,) if host else ()
        self._uri = uri
        self._view = Scope(uri.experiment, uri.runs)
        self._version_of = LiveVersion()
        self._cache = PointsCache()
        self._admission = Admission(_QUESTIONS_AT_ONCE)
        self._shared: SharedAnswers[bytes] = SharedAnswers(len)
        self._opening = threading.Lock()
        self._opened: RunHistoryReader | None = None
        self._warming: threading.Timer | None = None

    def get_plugin_apps(self) -> dict[str, WSGIApplication]:
        routes: dict[str, Route] = {
            "/v1/version": self._version,
            "/v1/overview": self._overview,
            "/v1/columns": self._columns,
            "/v1/runs": self._runs,
            "/v1/runs/by-id": self._names,
            "/v1/runs/matching": self._matching,
            "/v1/groups": self._groups,
            "/v1/export": self._export,
            "/v1/completions": self._completions,
            "/v1/points": self._points,
            f"{_STATIC}*": self._static,
            "/*": self._nothing,
        }
        # The page's own files hold no data, and under a name that is not known the page says so.
        return {
            path: Guard(_application(route), self._hosts, READING, any_host=path.startswith(_STATIC))
            for path, route in routes.items()
        }

    def is_active(self) -> bool:
        # The first to ask is a page that opens: its next questions need what is below the reader.
        self.warm()
        return True

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        return base_plugin.FrontendMetadata(es_module_path="/static/index.js", tab_name=TAB_NAME)

    def warm(self, after_seconds: float = 0.0) -> None:
        """Loads what the first question needs, in a thread of its own, so that nobody waits for it. Done once."""
        if self._warming is None:
            self._warming = threading.Timer(after_seconds, self._load)
            self._warming.name, self._warming.daemon = "tb_runhistory tab", True
            self._warming.start()

    def close(self) -> None:
        """Lets go of the store. TensorBoard never asks for it: its plugins end with the process."""
        if self._warming is not None:
            # Else it might open the store once more.
            self._warming.cancel()
            self._warming.join()
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    @cached_property
    def _filter(self) -> Condition | None:
        """What the store's URI leaves in view."""
        return parse_filter(self._uri.filter)

    def _reader(self) -> RunHistoryReader:
        if self._uri.is_file:
            # Each time, because the file may have become another since. It costs next to nothing.
            check_store(self._uri)
        with self._opening:
            if self._opened is None:
                self._opened = open_reader(self._uri)
            return self._opened

    def _load(self) -> None:
        try:
            self._reader()
            # What reads filters and columns is made at its first use.
            parse_column("name")
        except Exception:
            # Whoever asks for data is told.
            return

    def _version(self, request: Request) -> Response:
        requests.nothing_request(_query(request))
        return _json(request, Version(self._version_of.text(self._reader())))

    def _overview(self, request: Request) -> Response:
        scope = requests.overview_request(_query(request), self._view)
        asked = scope, self._view, self._filter, time.time()
        return self._shared_json(request, lambda reader: run_pages.overview(reader, *asked))

    def _columns(self, request: Request) -> Response:
        asked = requests.columns_request(_query(request), self._view)
        return self._shared_json(request, lambda reader: run_pages.columns(reader, asked))

    def _names(self, request: Request) -> Response:
        asked = requests.names_request(_query(request))
        return self._shared_json(request, lambda reader: run_pages.names(reader, asked, self._view, time.time()))

    def _runs(self, request: Request) -> Response:
        query = requests.page_request(_query(request), self._view, time.time())
        query = replace(query, filter=joined(self._filter, query.filter))
        return self._shared_json(request, lambda reader: run_pages.run_page(reader, query))

    def _matching(self, request: Request) -> Response:
        asked = requests.matching_request(_query(request), self._view, time.time())
        asked = replace(asked, search=replace(asked.search, filter=joined(self._filter, asked.search.filter)))
        return self._shared_json(request, lambda reader: run_pages.matching(reader, asked))

    def _groups(self, request: Request) -> Response:
        query = requests.groups_request(_query(request), self._view, time.time())
        query = replace(query, filter=joined(self._filter, query.filter))
        return self._shared_json(request, lambda reader: run_pages.group_page(reader, query))

    def _export(self, request: Request) -> Response:
        asked = requests.export_request(_query(request), self._view, time.time())
        search = replace(asked.search, filter=joined(self._filter, asked.search.filter))
        parts = export(self._reader(), replace(asked, search=search), self._admission.turn)
        response = _response(parts, MEDIA_TYPE[asked.format])
        response.headers["Content-Disposition"] = f'attachment; filename="runs.{asked.format}"'
        return response

    def _completions(self, request: Request) -> Response:
        asked = requests.completion_request(_query(request), self._view)
        return self._shared_json(request, lambda reader: completions(reader, asked, time.time()))

    def _points(self, request: Request) -> Response:
        asked = requests.points_request(_query(request))
        content = self._answer(request, lambda reader: read_points(reader, self._cache, asked, self._view))
        return _response(content, "application/octet-stream")

    def _shared_json(self, request: Request, ask: Callable[[RunHistoryReader], object]) -> Response:
        return _json_response(self._answer(request, lambda reader: _json_content(request, ask(reader))))

    def _answer(self, request: Request, work_out: Callable[[RunHistoryReader], bytes]) -> bytes:
        """The answer to a question that takes work, in turn; those who ask the same of one version share it."""
        reader = self._reader()

        def in_turn() -> bytes:
            with self._admission.turn():
                return work_out(reader)

        question = (request.path, request.query_string, _takes_gzip(request), reader.version())
        return self._shared.get(question, in_turn)

    def _static(self, request: Request) -> Response:
        response = serve_file(request.path.rpartition(_STATIC)[2], request)
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    def _nothing(self, request: Request) -> Response:
        raise NotFound(f"There is nothing at {request.path!r}: the Run History tab answers below v1/ and static/.")


def _application(route: Route) -> WSGIApplication:
    """The route as a WSGI application, which answers errors with their own sentences and nobody else's."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = route(request)
        except RunHistoryError as error:
            response = _json(request, _problem_of(error), error.http_status)
            if isinstance(error, TooBusy):
                response.headers["Retry-After"] = str(error.retry_after)
        except ImportError as error:
            sentence = f"tb_runhistory cannot be loaded ({type(error).__name__}: {error}); reinstall it with pip."
            response = _json(request, Problem(sentence, None, []), 500)
        except Exception as error:
            # The edge of the plugin. The text of an unknown exception may hold a secret, its place does not.
            place = traceback.extract_tb(error.__traceback__)[-1]
            name = type(error).__name__
            tb_logging.get_logger().error(
                "tb_runhistory: %s in %s, line %s, at %s", name, place.filename, place.lineno, request.path
            )
            sentence = f"The Run History tab has met an error of its own ({name}); TensorBoard's log says where."
            response = _json(request, Problem(sentence, None, []), 500)
        return response(environ, start_response)

    return application


def _problem_of(error: RunHistoryError) -> Problem:
    if isinstance(error, QueryError):
        return Problem(run_pages.shortened(error.sentence), error.position, list(error.expected))
    return Problem(run_pages.shortened(str(error)), None, [])


def _query(request: Request) -> requests.Query:
    return dict(request.args.lists())


def _json(request: Request, message: object, status: int = 200) -> Response:
    return _json_response(_json_content(request, message), status)


def _json_content(request: Request, message: object) -> bytes:
    """The message as JSON, compressed if it is long and the browser takes that."""
    content = run_pages.to_json(message)
    is_compressed = len(content) >= _GZIP_FROM_BYTES and _takes_gzip(request)
    return gzip.compress(content, _GZIP_LEVEL) if is_compressed else content


def _json_response(content: bytes, status: int = 200) -> Response:
    response = _response(content, _JSON, status)
    response.vary.add("Accept-Encoding")
    # No JSON begins so.
    if content.startswith(_GZIP_MAGIC):
        response.content_encoding = "gzip"
    return response


def _takes_gzip(request: Request) -> bool:
    return request.accept_encodings["gzip"] > 0


def _response(content: bytes | Iterable[bytes], media_type: str, status: int = 200) -> Response:
    response = Response(content, status, content_type=media_type)
    response.headers["Content-Security-Policy"] = _POLICY
    response.cache_control.no_store = True
    return response
