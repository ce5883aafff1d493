"""What ``doctor`` looks at around the installation: the store, the journals, and the environment's variables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from tb_runhistory.cli.json_output import Finding
from tb_runhistory.cli.store import chosen_store
from tb_runhistory.errors import BadRequest, NotFound, RunHistoryError
from tb_runhistory.file_system import NETWORK, file_system_of
from tb_runhistory.journal.spool import FOLDER_VARIABLE, is_mmap_safe, spool_folder
from tb_runhistory.recording.configuration import MODE_VARIABLE, Origin, configured_store, recording_mode
from tb_runhistory.shipping.presence import shipper_of
from tb_runhistory.uri import URI_VARIABLE, StoreUri, redact

Check: TypeAlias = Callable[[], Iterator[Finding]]

_PREFIX = "RUNHISTORY_"
_LEAST_BYTES = 64 << 20
"""A journal takes its space a few MiB at a time, and a process that records has one."""

_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")


def checks(uri: str | None, store: str | None) -> list[tuple[str, Check]]:
    """What is looked at, by topic. Where no store can be told, only what needs none."""
    independent: list[tuple[str, Check]] = [("settings", _settings), ("proxies", _proxies)]
    try:
        chosen = chosen_store(uri, store)
    except RunHistoryError as error:
        problem = Finding("store", False, str(error), "correct it where it is set, or name a store with --store")
        return [("store", lambda: iter([problem])), *independent]
    folder: list[tuple[str, Check]] = [("store folder", partial(_store_folder, chosen))] if chosen.is_file else []
    return [
        ("store", partial(_store, chosen, _why(uri, store))),
        *folder,
        ("journal folder", partial(_journal_folder, chosen)),
        ("journals", partial(_journals, chosen)),
        *independent,
    ]


def _why(uri: str | None, store: str | None) -> str:
    if uri is not None or store is not None:
        return "as it is named here"
    found = configured_store()
    return {
        Origin.CONFIG: f"by {found.config}",
        Origin.ENVIRONMENT: f"by {URI_VARIABLE}",
        Origin.DEFAULT: f"by default, in the current folder: set {URI_VARIABLE} to use another",
    }[found.origin]


def _store(chosen: StoreUri, why: str) -> Iterator[Finding]:
    from tb_runhistory.store.opening import check_store

    try:
        check_store(chosen)
    except NotFound:
        yield Finding("store", True, f"{chosen.shown}, {why}; it does not exist yet, the first run makes it")
    except RunHistoryError as error:
        fix = (
            "correct the path or restore the file" if chosen.is_file else "correct the URI, or ask who keeps the server"
        )
        yield Finding("store", False, f"{chosen.shown}, {why}: {error}", fix)
    else:
        yield Finding("store", True, f"{chosen.shown}, {why}")


def _store_folder(chosen: StoreUri) -> Iterator[Finding]:
    folder = Path(chosen.path).parent
    kind = file_system_of(_existing(folder))
    if kind in NETWORK:
        fix = "keep the store on a local disk of the machine that records"
        yield Finding("store folder", False, f"{folder} is on a network file system ({kind})", fix)
    elif not os.access(_existing(folder), os.W_OK):
        if os.path.exists(chosen.path):
            sentence = f"{folder} cannot be written by this user: runs can be viewed, but not recorded"
            yield Finding("store folder", True, sentence)
        else:
            fix = "choose a folder that you may write to"
            yield Finding("store folder", False, f"{folder} cannot be written by this user", fix)
    else:
        yield Finding("store folder", True, f"{folder}{f' on {kind}' if kind else ''}")


def _journal_folder(chosen: StoreUri) -> Iterator[Finding]:
    spool = spool_folder(chosen.key)
    there = _existing(spool)
    kind = file_system_of(there)
    fix = f"set {FOLDER_VARIABLE} to a folder on a local disk"
    if not os.access(there, os.W_OK):
        yield Finding("journal folder", False, f"{there} cannot be written by this user: nothing is recorded", fix)
        return
    if kind in NETWORK:
        yield Finding("journal folder", False, f"{spool} is on a network file system ({kind})", fix)
        return
    free = shutil.disk_usage(there).free
    if free < _LEAST_BYTES:
        sentence = f"{spool} has only {free / 1e6:,.0f} MB free, and points are dropped when it is full"
        yield Finding("journal folder", False, sentence, f"make room, or {fix}")
        return
    remark = "" if is_mmap_safe(there) else f"; on {kind or 'this file system'} a logging call is a system call"
    yield Finding("journal folder", True, f"{spool}, {free / 1e9:,.1f} GB free{remark}")


def _journals(chosen: StoreUri) -> Iterator[Finding]:
    from tb_runhistory.cli.journals import journal_entries

    process = shipper_of(spool_folder(chosen.key))
    entries = journal_entries(chosen)
    alive = sum(entry.state == "alive" for entry in entries)
    if process is not None:
        yield Finding("shipper", True, f"at work as process {process}")
    elif alive:
        sentence = (
            f"none is at work, and {alive} processes record; each starts one within seconds, unless it is offline"
        )
        yield Finding("shipper", True, sentence)
    else:
        yield Finding("shipper", True, "none is at work, and none is needed")
    for entry in entries:
        if not entry.is_ok:
            fix = f"run tb-runhistory check {chosen.shown} to see it, and tb-runhistory sync {chosen.shown} to ship it"
            yield Finding("journals", False, f"{entry.folder}: {entry.sentence}", fix)
    if all(entry.is_ok for entry in entries):
        yield Finding("journals", True, f"{alive} being written, none left behind")


def _settings() -> Iterator[Finding]:
    from tb_runhistory.plugin.guard import HOSTS_VARIABLE
    from tb_runhistory.store.opening import ARTIFACTS_VARIABLE

    known = (URI_VARIABLE, MODE_VARIABLE, FOLDER_VARIABLE, HOSTS_VARIABLE, ARTIFACTS_VARIABLE)
    for name, value in sorted(os.environ.items()):
        if not name.startswith(_PREFIX):
            continue
        if name not in known:
            yield Finding(name, False, "this is no setting", f"unset it; settings are {', '.join(known)}")
        elif name != MODE_VARIABLE:
            yield Finding(name, True, redact(value))
        else:
            try:
                yield Finding(name, True, f"{recording_mode().value}")
            except BadRequest as error:
                yield Finding(name, False, str(error), "set it to online, offline or disabled, or unset it")


def _proxies() -> Iterator[Finding]:
    found = [name for name in _PROXIES if os.environ.get(name)]
    if found:
        sentence = f"{' and '.join(found)} set; tensorboard --runhistory_uri exempts the loopback interface by itself"
        yield Finding("proxies", True, sentence)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())
