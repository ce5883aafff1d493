"""The ``tensorboard_plugins`` entry point. TensorBoard loads it at every start, with or without a run history.

It imports the standard library and ``base_plugin`` only, so that nothing of ours can stop a user's TensorBoard.
"""

from __future__ import annotations

import argparse
import importlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tensorboard.plugins import base_plugin
from tensorboard.util import tb_logging

if TYPE_CHECKING:
    from tb_runhistory.plugin.startup import Opening

_OPEN_SECONDS = 20.0
_START_SECONDS = 0.5
"""How long TensorBoard's own start goes on after plugins are loaded, which nothing should hold up."""

_DEPENDENCIES = ("sqlalchemy", "pcodec", "numpy", "grpc")
_URI_HELP = """\
Shows a run history: the runs, child runs, parameters and metrics that were recorded with tb_runhistory, live, straight
from their store. Nothing is written, and no event files are needed. For example `tensorboard
--runhistory_uri=sqlite:///runs.db` for the file runs.db in the current folder, or sqlite:////data/runs.db (four
slashes) for an absolute path. Add ?experiment=NAME to show one experiment, or ?run=ID to show one run with all its
descendants (?run=ID&run=ID for several), or ?filter=FILTER, percent-encoded, to show the runs that match, such as
metrics.loss%20%3C%200.1 for those with a loss below 0.1. Takes the place of --logdir.
"""
_ROLLUPS_HELP = """\
With --runhistory_uri: also shows computed runs below every run that has children, over the children step by step.
Any of mean, min and max, separated by commas: with `--runhistory_rollups=mean,min,max` a sweep gets the runs
sweep/[mean], sweep/[min] and sweep/[max].
"""


class RunHistoryLoader(base_plugin.TBLoader):  # type: ignore[misc]
    """Defines the flags, opens the run history and hands the data server's address to TensorBoard."""

    def __init__(self) -> None:
        self._openings: list[Opening | str] = []

    def adopt(self, opening: Opening) -> None:
        """Takes a run history that is being opened already, in place of one that the flag names."""
        self._openings.append(opening)

    def define_flags(self, parser: argparse.ArgumentParser) -> None:
        group = parser.add_argument_group("run history (tb_runhistory)")
        group.add_argument(
            "--runhistory_uri",
            metavar="URI",
            action=_UriAction,
            openings=self._openings,
            default="",
            help=_URI_HELP.replace("%", "%%"),
        )
        group.add_argument("--runhistory_rollups", metavar="NAMES", default="", help=_ROLLUPS_HELP)

    def fix_flags(self, flags: argparse.Namespace) -> None:
        if not self._openings:
            if getattr(flags, "runhistory_uri", ""):
                raise base_plugin.FlagsError(
                    "runhistory_uri is given by argument: configure(argv=[..., '--runhistory_uri=…'])"
                )
            if getattr(flags, "runhistory_rollups", ""):
                raise base_plugin.FlagsError("--runhistory_rollups goes with --runhistory_uri only")
            return
        for opening in self._openings:
            if isinstance(opening, str):
                raise base_plugin.FlagsError(opening)
        from tb_runhistory.plugin.startup import serve

        error = serve([opening for opening in self._openings if not isinstance(opening, str)], flags)
        if error:
            raise base_plugin.FlagsError(error)

    def load(self, context: base_plugin.TBContext) -> base_plugin.TBPlugin | None:
        for opening in self._openings:
            if not isinstance(opening, str) and opening.server is not None:
                # TensorBoard is about to serve, and its client gives up at once on a port that is closed.
                opening.server.wait_open(_OPEN_SECONDS)
                return _tab(context, opening)
        # Beside TensorBoard's own start, which it does not hold up; with the flag the data server finds out itself.
        threading.Thread(target=_warn_if_broken, name="tb_runhistory dependencies", daemon=True).start()
        return None


def _tab(context: base_plugin.TBContext, opening: Opening) -> base_plugin.TBPlugin | None:
    """The Run History tab; None where it cannot be loaded, and the stock dashboards are shown all the same."""
    try:
        from tb_runhistory.plugin.tab import RunHistoryTab

        assert opening.uri is not None
        tab = RunHistoryTab(context, opening.uri)
        tab.warm(_START_SECONDS)
        return tab
    except Exception as error:
        # Whatever a broken package raises.
        tb_logging.get_logger().warning(
            "tb_runhistory cannot show the Run History tab (%s); reinstall it with pip", type(error).__name__
        )
        return None


def _warn_if_broken() -> None:
    """Says in one warning which of the dependencies cannot be imported, so that nobody wonders when the flag fails."""
    broken = [name for name in _DEPENDENCIES if not _can_import(name)]
    if broken:
        tb_logging.get_logger().warning(
            "tb_runhistory cannot show run histories: %s cannot be imported; reinstall it with "
            "pip install --force-reinstall tb-runhistory",
            " and ".join(broken),
        )


def _can_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # Whatever a broken package raises.
        return False
    return True


class _UriAction(argparse.Action):
    """Begins to open the run history while the other arguments are still to be read.

    TensorBoard's own flags are checked before a plugin's, and without a source of data it refuses to start: so
    ``grpc_data_provider`` is marked as taken here, and gets its value when the loader fixes the flags.
    """

    def __init__(self, openings: list[Opening | str], **options: Any) -> None:
        super().__init__(**options)
        self._openings = openings

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        given_provider = getattr(namespace, "grpc_data_provider", "")
        try:
            from tb_runhistory.plugin.startup import begin

            opening: Opening | str = begin(str(values), given_provider)
        except Exception as error:
            # A broken installation, which is told when TensorBoard has read its flags. The text of an unknown exception
            # may hold the URI.
            opening = f"tb_runhistory cannot be loaded ({type(error).__name__}); reinstall it with pip"
        self._openings.append(opening)
        shown = opening if isinstance(opening, str) else opening.shown
        namespace.runhistory_uri = shown
        namespace.grpc_data_provider = "tb_runhistory"
