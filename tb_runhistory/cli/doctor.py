"""``tb-runhistory doctor``: what of this installation and its surroundings works, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

from tb_runhistory.cli import layout
from tb_runhistory.cli.json_output import Diagnosis, Finding, print_json
from tb_runhistory.cli.store import json_option, store_option, uri_argument


@click.command("doctor")
@uri_argument
@store_option
@json_option
def command(uri: str | None, store: str | None, as_json: bool) -> int:
    """Look at this installation and say what to fix.

    Looks at the versions that matter, at the tensorboard on the PATH and whether it sees the plugin, at the store that
    would be used and why, at journals, the shipper, and settings. Nothing is changed. Passwords are not shown.

    The exit code is 0 when all is well, 1 when something is to be fixed.

    \b
        tb-runhistory doctor
        tb-runhistory doctor --json | jq '.findings[] | select(.is_ok | not)'
    """
    from tb_runhistory.cli import installation, surroundings

    checks = [*installation.CHECKS, *surroundings.checks(uri, store)]
    findings = [finding for topic, check in checks for finding in _looked(topic, check)]
    diagnosis = Diagnosis(all(finding.is_ok for finding in findings), findings)
    if as_json:
        print_json(diagnosis)
    else:
        _print(diagnosis)
    return 0 if diagnosis.is_ok else 1


def _looked(topic: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except click.UsageError:
        raise
    except Exception as error:
        # A look that fails must not hide the others. The text of an unknown exception may hold a secret.
        sentence = f"cannot be looked at: {type(error).__name__}"
        return [Finding(topic, False, sentence, "reinstall with pip install --force-reinstall tb-runhistory")]


def _print(diagnosis: Diagnosis) -> None:
    columns = max(len(finding.topic) for finding in diagnosis.findings)
    for finding in diagnosis.findings:
        mark = "ok     " if finding.is_ok else "problem"
        text = f"{mark}  {layout.pad(finding.topic, columns)}  {layout.printable(finding.sentence)}"
        click.echo(layout.colored_mark(text, finding.is_ok))
        if finding.fix:
            click.echo(f"{' ' * (columns + 11)}→ {layout.printable(finding.fix)}")
    problems = sum(not finding.is_ok for finding in diagnosis.findings)
    click.echo(f"\n{layout.counted(problems, 'problem')} to fix." if problems else "\nAll is well.")
