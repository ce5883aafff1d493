"""The files of the tab's page: those that stand in the folder of the bundle, by their exact names, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tb_runhistory.errors import NotFound

FOLDER = Path(__file__).with_name("static")
ENTRY = "index.js"

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_HASHED = re.compile(r".+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """The bytes of a file and their media type; ``is_hashed`` where its name changes with its content."""

    content: bytes
    media_type: str
    is_hashed: bool


def static_file(name: str, folder: Path = FOLDER) -> StaticFile:
    """The file ``name`` of the bundle.

    Raises:
      NotFound: it has no such file, or was not built.
    """
    # Compared with what stands in the folder, so that no name leads out of it.
    files = {path.name: path for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    path = files.get(name)
    if path is not None and path.suffix in _TYPES:
        return StaticFile(path.read_bytes(), _TYPES[path.suffix], _HASHED.fullmatch(name) is not None)
    if ENTRY not in files:
        raise NotFound(
            "The page of the Run History tab was not built: run 'npm ci && npm run build' in the folder frontend of "
            "the checkout, or 'pip install .' in the checkout."
        )
    raise NotFound(f"The Run History tab has no file {name!r}: reload the page, it may be of another version.")
