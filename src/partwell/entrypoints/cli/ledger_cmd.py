# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell ledger catch-up`` and ``ledger reapply``: what an owner does after a backup had to be restored."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, installed, stop

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


def catch_up(
    reason: Annotated[
        str, typer.Option("--reason", help="Why an old backup had to be restored; it stands in the ledger.")
    ],
    as_: Annotated[
        str, typer.Option("--as", help="Mail address of the owner who does it; the first owner if not given.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Take the entries that a restored database lacks over from the log store, and end what they may have ended."""
    installed(as_json)
    from partwell.actions.backup.ready import make_ready
    from partwell.actions.estate.look import staff_named
    from partwell.actions.evidence.catch_up import catch_up as take_over
    from partwell.actions.evidence.log_store import copy_new
    from partwell.actions.people.set_up import actor_of
    from partwell.connectors.errors import ConnectorError
    from partwell.rules.refusals import Refusal

    staff = staff_named(as_)
    if staff is None:
        stop(f"There is no staff member {as_ or 'yet'}. Give a known address with --as.", UNUSABLE, as_json)
    try:
        done = take_over(actor=actor_of(staff, door="cli"), reason=reason)
        if isinstance(done, Refusal):
            stop(f"{done.sentence} {done.next_step}".strip(), REFUSED, as_json)
        make_ready()
        copy_new()
    except ConnectorError as error:
        stop(str(error), UNUSABLE, as_json)
    if as_json:
        typer.echo(json.dumps({"ok": True, **asdict(done)}))
        raise typer.Exit(GOOD)
    typer.echo(
        f"Entries {done.first} to {done.last} were taken over; what they said is lost. The ledger names the gap."
    )
    for name, count in sorted(done.types.items()):
        typer.echo(f"  {count:>6,}  {name}")
    typer.echo(
        f"{done.mails:,} waiting mails ask a person whether they had left; {done.consents:,} consents ended and must be signed anew."
    )
    if done.paused:
        typer.echo(
            f"{done.paused:,} holds were placed on clients whose holds or deletions are among them: look before you lift them."
        )


def reapply(as_json: Json = False) -> None:
    """Carry the log store's deletions out again; on PostgreSQL with PARTWELL_DATABASE set to the owner's address."""
    installed(as_json)
    from partwell.actions.backup.ready import make_ready
    from partwell.connectors.errors import ConnectorError

    try:
        again = make_ready()
    except ConnectorError as error:
        stop(str(error), UNUSABLE, as_json)
    if as_json:
        typer.echo(json.dumps({"ok": True, "total": again.total, **asdict(again)}))
    else:
        typer.echo(
            f"{again.total:,} deletions were carried out again."
            if again.total
            else "Nothing that was deleted is there again."
        )
