# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell search rebuild``: the search's index, made anew."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from partwell.entrypoints.cli.start import UNUSABLE, installed, stop

search = typer.Typer(help="The index by which what was said is found.", no_args_is_help=True)


@search.callback()
def _search() -> None:
    """The index by which what was said is found."""


@search.command("rebuild")
def rebuild(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")
    ] = False,
) -> None:
    """Make the index anew from messages, calls, meetings and mails. On SQLite nobody can write meanwhile."""
    installed(as_json)
    from django.db import DatabaseError

    from partwell.actions.correspondence.rebuild_search import rebuild_search

    try:
        done = rebuild_search()
    except DatabaseError as error:
        stop(
            f"The index could not be made anew ({type(error).__name__}); it is as it was. Try again when nobody else writes.",
            UNUSABLE,
            as_json,
        )
    if as_json:
        typer.echo(json.dumps({"ok": True, **asdict(done)}))
        return
    typer.echo(
        f"The index was made anew: {done.rows:,} rows of {done.looked:,} messages, calls, meetings and mails."
    )
