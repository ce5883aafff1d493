"""The command ``tb-runhistory`` itself: its help, where its commands are found, and how every one of them ends."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from tb_runhistory.cli.layout import lines_of, printable
from tb_runhistory.errors import QueryError, RunHistoryError

# Every command is the object ``command`` of the module of its name in this package; those that are alike share a
# module, and bear their own names there. The sentences stand here so that
# the overview imports none of them; a test holds them equal to what the commands say of themselves, and docs/cli.md
# to all of it (python -m tests.cli.write_reference writes its part).
COMMANDS = {
    "list": "List experiments and their runs as a tree.",
    "show": "Show everything that is recorded of a run.",
    "export": "Write runs into a folder as TensorBoard's event files.",
    "check": "Verify a store and its journals, and say what is wrong.",
    "doctor": "Look at this installation and say what to fix.",
    "sync": "Ship what the journals on this machine hold to the store.",
    "archive": "Put runs or experiments away, out of every view.",
    "delete": "Take runs or experiments out of sight, until gc removes them.",
    "restore": "Show archived or deleted runs or experiments again.",
    "view": "Say how the tab shows an experiment at first.",
    "gc": "Remove for good what is deleted, and files that nothing refers to.",
}
_TOGETHER = {"archive": "lifecycle", "delete": "lifecycle", "restore": "lifecycle"}
INTERRUPTED = 130


class CommandGroup(click.Group):
    """A group that imports a command's module only when that command is called, and ends without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tb_runhistory.cli.{_TOGETHER.get(cmd_name, cmd_name)}")
        command = getattr(module, cmd_name if cmd_name in _TOGETHER else "command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        run: Callable[[], Any] = partial(super().main, arguments, *rest, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # A name that the terminal's encoding does not have is no reason to show nothing.
                stream.reconfigure(errors="replace")
        sys.exit(_exit_code(run, arguments))


def _exit_code(run: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Runs the command, and says why where it cannot."""
    try:
        result = run()
    except click.Abort:
        return _refuse("interrupted; the command may be run again", arguments, INTERRUPTED)
    except click.ClickException as error:
        if "--json" not in arguments:
            error.show()
            return error.exit_code
        return _refuse(error.format_message(), arguments, error.exit_code)
    except QueryError as error:
        return _refuse(str(error), arguments, error.exit_code, is_drawn=True)
    except RunHistoryError as error:
        return _refuse(str(error), arguments, error.exit_code)
    except OSError as error:
        _give_up_output()
        return _refuse(f"{error.filename or 'the output'}: {error.strerror or 'cannot be used'}", arguments, 1)
    except Exception as error:
        # The edge of the program. The text of an unknown exception may hold a secret, so only its place is told.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {os.path.basename(place.filename)}, line {place.lineno}"
        return _refuse(f"this is a fault of tb-runhistory, please report it: {where}", arguments, 1)
    return result if isinstance(result, int) else 0


def _refuse(sentence: str, arguments: Sequence[str], exit_code: int, is_drawn: bool = False) -> int:
    """Says on standard error why there is no answer: a sentence, or with --json an object with it.

    ``is_drawn`` says that its lines are to stand below one another.
    """
    shown = "\n".join(lines_of(sentence)) if is_drawn else printable(sentence)
    text = json.dumps({"error": sentence}) if "--json" in arguments else f"Error: {shown}"
    with suppress(OSError):
        click.echo(text, err=True)
    return exit_code


def _give_up_output() -> None:
    """Where standard output cannot be written, what it still holds must not be tried again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tb-runhistory", prog_name="tb-runhistory")
def main() -> None:
    """Look after what tb_runhistory records.

    A training script records with three lines:

    \b
        from tb_runhistory import Experiment, Workspace
        run = Experiment(Workspace("sqlite:///runs.db"), "mnist").start_logging()
        run.log("loss", 0.5, step=1)

    TensorBoard shows it, while it runs and afterwards:

    \b
        tensorboard --runhistory_uri=sqlite:///runs.db

    What a script logs goes to a journal on a local disk first, and from there to the store by itself. Only where that
    could not happen (the store was out of reach, or RUNHISTORY_MODE=offline was set) is there something to sync.

    Every command takes the store as a URI in front or as --store. Without one it is the store that recording here
    would use: the one in .runhistory/config.json, in RUNHISTORY_URI, or sqlite:///runhistory.db.

    \b
        tb-runhistory COMMAND --help

    has examples. Completion of commands and options, in bash (or zsh_source, fish_source):

    \b
        eval "$(_TB_RUNHISTORY_COMPLETE=bash_source tb-runhistory)"
    """
