"""What surrounds a process: the store that is meant where none is named, and whether it records."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tb_runhistory.errors import BadRequest, InvalidUri, NotFound
from tb_runhistory.recording.notices import notice_once
from tb_runhistory.uri import DEFAULT_URI, URI_VARIABLE, StoreUri, parse_uri

CONFIG_FOLDER = ".runhistory"
CONFIG_FILE = "config.json"
MODE_VARIABLE = "RUNHISTORY_MODE"


class RecordingMode(StrEnum):
    """What ``RUNHISTORY_MODE`` may say."""

    ONLINE = "online"
    """Journals are shipped to the store as they grow."""

    OFFLINE = "offline"
    """Journals are kept until ``tb-runhistory sync`` ships them."""

    DISABLED = "disabled"
    """Every call works and nothing is recorded."""


def recording_mode() -> RecordingMode:
    """The mode that the environment asks for, online by default.

    Raises:
      BadRequest: the variable holds something else.
    """
    text = os.environ.get(MODE_VARIABLE, "").strip().lower() or RecordingMode.ONLINE.value
    try:
        return RecordingMode(text)
    except ValueError:
        raise BadRequest(f"{MODE_VARIABLE} is {text!r}: set it to online, offline or disabled, or unset it") from None


class Origin(StrEnum):
    """What named a store."""

    CONFIG = "config"
    ENVIRONMENT = "environment"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ConfiguredStore:
    """A store and what named it; ``config`` is the file that did, if one did."""

    uri: StoreUri
    origin: Origin
    config: Path | None = None


def configured_store(path: str | os.PathLike[str] | None = None) -> ConfiguredStore:
    """The store that is configured at ``path``, or here: ``Workspace.from_config`` says how it is found.

    Raises:
      NotFound: nothing is configured at ``path``.
      InvalidUri: what is configured is no store.
    """
    start = Path.cwd() if path is None else Path(path).absolute()
    config = start if start.is_file() else _nearest_config(start)
    if config is not None:
        return ConfiguredStore(_uri_in(config), Origin.CONFIG, config)
    if path is not None:
        raise NotFound(
            f"there is no {CONFIG_FOLDER}/{CONFIG_FILE} in {start} or above: "
            'make one that holds {"uri": "sqlite:///runs.db"}'
        )
    configured = os.environ.get(URI_VARIABLE)
    if configured:
        return ConfiguredStore(parse_uri(configured), Origin.ENVIRONMENT)
    return ConfiguredStore(parse_uri(DEFAULT_URI), Origin.DEFAULT)


def stated_store(path: str | os.PathLike[str] | None = None) -> StoreUri:
    """The same as a URI; where it is nobody's choice, that is said once.

    Raises:
      NotFound, InvalidUri: as above.
    """
    found = configured_store(path)
    if found.origin is Origin.DEFAULT:
        notice_once(f"the store is {found.uri.shown}, by default: set {URI_VARIABLE} or name a store to use another")
    return found.uri


def _nearest_config(folder: Path) -> Path | None:
    candidates = (place / CONFIG_FOLDER / CONFIG_FILE for place in (folder, *folder.parents))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _uri_in(config: Path) -> StoreUri:
    try:
        content = json.loads(config.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidUri(f"{config} cannot be read as JSON ({type(error).__name__}): mend or remove it") from None
    uri = content.get("uri") if isinstance(content, dict) else None
    if not isinstance(uri, str):
        raise InvalidUri(f'{config} names no store: it has to hold {{"uri": "sqlite:///runs.db"}}, or the like')
    folder = config.parent
    return parse_uri(uri, str(folder.parent if folder.name == CONFIG_FOLDER else folder))
