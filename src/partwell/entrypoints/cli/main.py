# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line. Django is imported only inside commands, so that help and errors come at once.

Exit code 0: good. 1: findings, or refused. 2: the input or the installation cannot be used.
"""

import json
import os
import sys
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from partwell.entrypoints.cli.backup_cmd import backup, backup_keys, restore
from partwell.entrypoints.cli.billing_cmd import billing
from partwell.entrypoints.cli.ending import Cli
from partwell.entrypoints.cli.import_cmd import import_command
from partwell.entrypoints.cli.ledger_cmd import catch_up, reapply
from partwell.entrypoints.cli.search_cmd import search
from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, bar, django_ready, installed, stop
from partwell.entrypoints.cli.time_cmd import time_app

app = Cli(
    name="partwell",
    help="How a managed service provider parts with a client: consent, handover and proof.",
    epilog="Exit code: 0 good, 1 findings or refusal, 2 unusable input. Settings are environment variables: docs/settings.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
ledger = typer.Typer(
    help="The evidence ledger: check it, and take from it what others can check.", no_args_is_help=True
)
app.add_typer(ledger, name="ledger")
app.add_typer(billing, name="billing")
app.add_typer(time_app, name="time")
app.add_typer(search, name="search")
app.command("backup")(backup)
app.command("backup-keys")(backup_keys)
app.command("restore")(restore)
ledger.command("catch-up")(catch_up)
ledger.command("reapply")(reapply)


@wraps(import_command)
def _import(*arguments: Any, **options: Any) -> None:
    installed(bool(options.get("as_json")))
    import_command(*arguments, **options)


app.command("import")(_import)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"partwell {version('partwell')}")
        except PackageNotFoundError:
            typer.echo("partwell, from a checkout")
        raise typer.Exit(GOOD)


@app.callback()
def _main(
    show: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")


@app.command()
def run() -> None:
    """Set up what is missing, then serve pages and do the work behind them, until Ctrl-C."""
    from partwell.entrypoints.cli.serve import serve

    raise typer.Exit(serve())


@app.command()
def demo() -> None:
    """A sample service provider with its clients on loopback, with one sign-in link a party."""
    from partwell.entrypoints.cli.serve import serve_demo

    raise typer.Exit(serve_demo())


@app.command()
def sample(as_json: Json = False) -> None:
    """Load the sample service provider into an empty home, and name its departing client."""
    from partwell.entrypoints.cli.serve import load

    made = load(quiet=as_json)
    if as_json:
        typer.echo(json.dumps(made, ensure_ascii=False))
        return
    typer.echo(f"The sample is loaded. Its departing client is {made['client']['name']}.")
    for name, number in made["counts"].items():
        typer.echo(f"  {name.replace('_', ' ')}: {number:,}")
    for party, link in made["links"].items():
        typer.echo(f"  {party}: {link}")


@app.command("setup-db")
def setup_db() -> None:
    """Bring the database up to date; on PostgreSQL as the owner role of PARTWELL_DATABASE_OWNER."""
    from partwell.entrypoints.cli.start import migrate

    migrate(quiet=False)
    typer.echo("The database is up to date.")


app.command("migrate", help="The same as setup-db.")(setup_db)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def manage(context: typer.Context) -> None:
    """Django's own commands: partwell manage check, partwell manage migrate …"""
    from django.core.management import execute_from_command_line

    if context.args[:1] in (["migrate"], ["createcachetable"], ["makemigrations"]):
        django_ready()
        from partwell.records.guard import permit

        with permit("schema"):
            execute_from_command_line(["partwell manage", *context.args])
        return
    execute_from_command_line(["partwell manage", *context.args])


@app.command()
def bundle(
    client: Annotated[str, typer.Option("--client", help="The client's name, as Partwell knows it.")],
    to: Annotated[str, typer.Option("--to", metavar="client|provider", help="For whom the bundle is made.")],
    output: Annotated[Path, typer.Option("--output", help="The file to write; it must not exist.")],
    recipient: Annotated[
        str, typer.Option("--recipient", help="The firm, where the client has several new providers.")
    ] = "",
    age: Annotated[
        str, typer.Option("--age", metavar="RECIPIENT", help="Encrypt to this age public key (age1…).")
    ] = "",
    credentials: Annotated[
        bool, typer.Option("--credentials", help="Put credentials in; only with --age.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build a handover bundle and write it to a file."""
    from partwell.entrypoints.cli.bundle_cmd import build

    raise typer.Exit(build(client, to, output, recipient, age, credentials, as_json))


@ledger.command("check")
def ledger_check(
    files: Annotated[
        bool, typer.Option("--files", help="Decrypt and hash every stored file too; takes long.")
    ] = False,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="A checkpoint that somebody holds. May be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Recompute everything against rows and files, and name the first thing that is wrong."""
    held = {}
    for path in checkpoint or ():
        try:
            held[path.name] = path.read_bytes()
        except OSError as error:
            stop(f"{path} cannot be read: {error.strerror}.", UNUSABLE, as_json)
    installed(as_json)
    from partwell.actions.evidence.check import CheckOptions, check_ledger

    with bar(as_json) as tell:
        report = check_ledger(tell, CheckOptions(files=files, checkpoints=held))
    if report.findings and report.findings[0].code == "log-missing":
        stop(report.findings[0].meaning, UNUSABLE, as_json)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    **(plain := report.as_json()),
                    "first": next((one for one in plain["findings"] if one["severity"] == "problem"), None),
                }
            )
        )
    else:
        for name, value in report.facts.items():
            typer.echo(
                f"{name.replace('_', ' '):>22}: {value:,}"
                if type(value) is int
                else f"{name.replace('_', ' '):>22}: {value}"
            )
        problems = [one for one in report.findings if one.severity == "problem"]
        for one in report.findings:
            typer.echo(("PROBLEM  " if one in problems else "WARNING  ") + str(one))
        if report.left_out:
            typer.echo(f"… and {report.left_out:,} more.")
        typer.echo(
            "Everything holds."
            if report.ok
            else f"{len(problems) + report.left_out:,} things do NOT hold; the first: {problems[0]}"
        )
    raise typer.Exit(GOOD if report.ok else REFUSED)


@ledger.command("checkpoint")
def ledger_checkpoint(as_json: Json = False) -> None:
    """Sign a checkpoint over everything so far, copy it to the log store, and print it."""
    installed(as_json)
    from partwell.actions.evidence.log import make_checkpoint

    made = make_checkpoint()
    if made is None:
        stop("The ledger has no entry yet: set the service provider up first.", UNUSABLE, as_json)
    elif as_json:
        typer.echo(
            json.dumps(
                {
                    "size": made.size,
                    "root": made.root.hex(),
                    "made_at": made.made_at.isoformat(),
                    "note": made.note,
                }
            )
        )
    else:
        sys.stdout.write(made.note)


@ledger.command("proof")
def ledger_proof(
    number: Annotated[int, typer.Argument(metavar="N", help="The entry's number, from 0.")],
    as_json: Json = False,
) -> None:
    """Print the proof of one entry (C2SP tlog-proof): python -m sealed verify FILE --vkey KEY."""
    installed(as_json)
    from partwell.actions.evidence.log import make_checkpoint
    from partwell.actions.evidence.proofs import entry_proof

    made = make_checkpoint()
    text = entry_proof(number) if number >= 0 else None
    if text is None:
        stop(f"There is no entry {number}; the ledger has {made.size if made else 0}.", UNUSABLE, as_json)
    elif as_json:
        typer.echo(json.dumps({"entry": number, "proof": text.decode()}))
    else:
        sys.stdout.write(text.decode())


@ledger.command("vkey")
def ledger_vkey(as_json: Json = False) -> None:
    """Print the log's verifier key, to compare with the authorisation letter."""
    installed(as_json)
    from partwell.records.evidence.queries import log_state

    state = log_state()
    if state is None:
        stop("There is no ledger yet: set the service provider up first.", UNUSABLE, as_json)
    elif as_json:
        typer.echo(json.dumps({"origin": state.origin, "vkey": state.vkey}))
    else:
        typer.echo(state.vkey)


if __name__ == "__main__":
    app()
