"""The tab's files, as the build of the frontend left them in ``static/``."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path

from werkzeug import Request, Response
from werkzeug.security import safe_join

from tb_runhistory.errors import NotFound

FOLDER = Path(__file__).with_name("static")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".map": "application/json"}
_HASHED = re.compile(r"-[\w-]{8}\.\w+$")
_YEAR = 365 * 24 * 3600


def serve_file(name: str, request: Request) -> Response:
    """A file of the bundle, compressed if the browser takes that; 304 where it has it already.

    Raises:
      NotFound: there is no such file.
    """
    joined = safe_join(str(FOLDER), name)
    path = None if joined is None else Path(joined)
    kind = _TYPES.get(Path(name).suffix, "text/plain")
    if path is None or not path.is_file():
        if not (FOLDER / "index.js").is_file():
            raise NotFound("The tab is not built in this installation: run pip install again in the checkout.")
        raise NotFound(f"The tab has no file {name!r}: reload the page, which may be of another version.")
    changed = path.stat().st_mtime_ns
    is_compressed = request.accept_encodings["gzip"] > 0
    response = Response(_content(path, changed, is_compressed), content_type=f"{kind}; charset=utf-8")
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{changed:x}{'-gzip' if is_compressed else ''}")
    if _HASHED.search(name):
        response.cache_control.max_age = _YEAR
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    return response.make_conditional(request)


@lru_cache(maxsize=64)
def _content(path: Path, changed: int, is_compressed: bool) -> bytes:
    """The file's bytes as they were at ``changed``."""
    content = path.read_bytes()
    return gzip.compress(content, 9) if is_compressed else content
