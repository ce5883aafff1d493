"""The command ``tb-runhistory`` itself: its help, and where its commands are found."""

from __future__ import annotations

from importlib import import_module

import click

# Every command is the object ``command`` of the module of its name in this package. The sentences stand here so that
# the overview imports none of them; a test holds them equal to what the commands say of themselves.
COMMANDS = {
    "sync": "Ship what the journals on this machine hold to the store URI.",
}


class CommandGroup(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"tb_runhistory.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
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
    """
