"""Records two real sweeps and opens TensorBoard on them.

    python3 demo/launch.py [--port 6006] [--store .demo/runs.db] [--no-serve]

Needs nothing but Python 3.11: the first start makes an environment in .venv and installs the package into it. What is
recorded is kept, so that the next start opens TensorBoard at once. Ctrl-C stops everything.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.environment import CHECKOUT, SetupError, check_python, prepare, say
from demo.serving import require_free_port, serve

ENVIRONMENT = CHECKOUT / ".venv"


def main() -> int:
    """Prepares, records, serves. Returns the exit code."""
    options = parse_arguments()
    try:
        check_python()
        if not options.no_serve:
            require_free_port(options.port)
        if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
            interpreter = prepare(ENVIRONMENT, "demo")
            os.execv(interpreter, [str(interpreter), __file__, *sys.argv[1:]])
        return show(options)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Records two real sweeps and opens TensorBoard on them.")
    parser.add_argument("--port", type=int, default=6006, help="where TensorBoard listens (6006)")
    parser.add_argument("--store", type=Path, default=CHECKOUT / ".demo" / "runs.db", help="the store (.demo/runs.db)")
    parser.add_argument("--no-serve", action="store_true", help="record only")
    return parser.parse_args()


def show(options: argparse.Namespace) -> int:
    """Records what is missing and serves it; runs in the environment, where the package is installed."""
    from demo.recording import record_missing

    store = options.store.resolve()
    store.parent.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{quote(str(store))}"
    try:
        record_missing(uri)
    except KeyboardInterrupt:
        say("\nStopped. The next start records again what is not complete.")
        return 130
    say(f"Recorded in {store}")
    return 0 if options.no_serve else serve(uri, options.port)


if __name__ == "__main__":
    sys.exit(main())
