# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell billing export``: lines of papers, or time, as CSV for accounting and PSA tools. As an owner, like the bundle."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, installed, stop

billing = typer.Typer(help="Papers and time, for accounting and PSA tools.", no_args_is_help=True)


def _day(text: str, name: str, as_json: bool) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        stop(f"{name} is no day such as 2026-03-31: {text[:40]!r}.", UNUSABLE, as_json)


@billing.command("export")
def export(
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, such as 2026-03-01.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day; it is included.")],
    output: Annotated[Path, typer.Option("--output", help="The file to write; it must not exist.")],
    client: Annotated[str, typer.Option("--client", help="One client, by its exact name; else all.")] = "",
    what: Annotated[
        str, typer.Option("--what", metavar="lines|time", help="Lines of papers, or time.")
    ] = "lines",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")
    ] = False,
) -> None:
    """Write lines of papers, or time, of some days as CSV."""
    if what not in ("lines", "time"):
        stop(f"--what is lines or time, not {what[:40]!r}.", UNUSABLE, as_json)
    begin, end = _day(first, "--from", as_json), _day(last, "--to", as_json)
    if output.exists():
        stop(f"{output} exists already; give another name.", UNUSABLE, as_json)
    if not output.parent.is_dir():
        stop(f"{output.parent} is no folder.", UNUSABLE, as_json)
    installed(as_json)
    from partwell.actions.billing.export import Wanted, export_lines, export_time
    from partwell.actions.estate import look
    from partwell.actions.people.set_up import actor_of
    from partwell.rules.refusals import Refusal
    from sealed.bag import atomic_output

    staff = look.staff_named("")
    if staff is None:
        stop("There is no staff member yet. Set the service provider up first.", UNUSABLE, as_json)
    client_id = None
    if client:
        rows = look.find_client(client)
        if len(rows) != 1:
            word = "is no client" if not rows else "are several clients"
            stop(f"There {word} called “{client}”. Use the exact name.", UNUSABLE, as_json)
        client_id = rows[0].id
    made = (export_time if what == "time" else export_lines)(
        actor=actor_of(staff, door="cli"), wanted=Wanted(begin, end, client_id)
    )
    if isinstance(made, Refusal):
        code = UNUSABLE if made.status == 422 else REFUSED
        stop(f"{made.sentence} {made.next_step}", code, as_json)
    size = 0
    try:
        with atomic_output(output) as out:
            for piece in made:
                size += out.write(piece.encode())
    except OSError as error:
        stop(f"{output} could not be written: {error.strerror}.", UNUSABLE, as_json)
    if as_json:
        typer.echo(
            json.dumps({"ok": True, "output": str(output), "what": what, "bytes": size}, ensure_ascii=False)
        )
    else:
        typer.echo(f"{output}: {what} of {begin} to {end}, {size:,} bytes.")
    raise typer.Exit(GOOD)
