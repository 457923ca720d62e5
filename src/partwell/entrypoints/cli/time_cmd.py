# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell time import``: a PSA's CSV as time entries, the same reading, preview and writing as the staff page.

Exit code 0: recorded (or, with --dry-run, read). 1: refused, or nothing in it is new. 2: no such client, person or file.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, installed, stop

time_app = typer.Typer(help="Time entries: take them over from a PSA.", no_args_is_help=True)


@time_app.callback()
def _time() -> None:
    """Keeps ``import`` a command of its own."""


@time_app.command("import")
def time_import(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The CSV that the PSA exported, at most 1 MiB.")
    ],
    client: Annotated[str, typer.Option("--client", help="The client's name, as Partwell knows it.")],
    work_class: Annotated[
        str,
        typer.Option(
            "--class", metavar="CLASS", help="offboarding or service; offboarding in an open departure."
        ),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind", metavar="KIND", help="as_is, explanation, conversion, meeting, new_document or other."
        ),
    ] = "other",
    named: Annotated[
        list[str] | None,
        typer.Option("--named", help="How the file calls the client, if otherwise. May be repeated."),
    ] = None,
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--who",
            metavar="NAME=ADDRESS",
            help="Who somebody of the file is: their name there, = and a staff member's mail address. May be repeated.",
        ),
    ] = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as", help="Mail address of the staff member who records; the first owner if not given."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be recorded; write nothing at all.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")
    ] = False,
) -> None:
    """Record the time of a PSA's CSV: each line once, what is beyond the budget is left out with its reason."""
    installed(as_json)
    result = _import(
        file, client, work_class, kind, list(named or ()), list(who or ()), as_, dry_run, as_json
    )
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _say(result)
    raise typer.Exit(GOOD if result["ok"] else REFUSED)


def _import(
    file: Path,
    client: str,
    work_class: str,
    kind: str,
    named: list[str],
    who: list[str],
    as_: str,
    dry: bool,
    as_json: bool,
) -> dict[str, Any]:
    from partwell.actions.estate.look import find_client, staff_named
    from partwell.actions.hours.import_time import Choices, import_time, people_named, preview_time
    from partwell.actions.hours.standing import standing
    from partwell.actions.people.set_up import actor_of
    from partwell.importers.time_csv import MOST_BYTES
    from partwell.rules.hours import WorkClass, WorkKind
    from partwell.rules.refusals import Refusal

    found, staff = find_client(client), staff_named(as_)
    if len(found) != 1:
        there = "is no client" if not found else "are several clients"
        stop(f"There {there} called “{client}”. Use the exact name.", UNUSABLE, as_json)
    if staff is None:
        stop(f"There is no staff member {as_ or 'yet'}. Give a known address with --as.", UNUSABLE, as_json)
    if work_class not in ("", "offboarding", "service"):
        stop(f"There is no class “{work_class}”. Choose offboarding or service.", UNUSABLE, as_json)
    if kind not in set(WorkKind):
        stop(f"There is no kind “{kind}”. Choose one of: {', '.join(WorkKind)}.", UNUSABLE, as_json)
    if not file.is_file():
        stop(f"{file}: there is no such file.", UNUSABLE, as_json)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        stop(f"{file}: {error.strerror}.", UNUSABLE, as_json)
    wanted = {name.strip(): address.strip() for name, _, address in (one.rpartition("=") for one in who)}
    if not all(wanted) or not all(wanted.values()):
        stop(
            "Give --who as NAME=ADDRESS: how the file calls them, = and a staff member's mail address.",
            UNUSABLE,
            as_json,
        )
    people = people_named(wanted)
    if isinstance(people, Refusal):
        stop(f"{people.sentence} {people.next_step}".strip(), UNUSABLE, as_json)
    usual = WorkClass.OFFBOARDING if standing(found[0].id).open_departure else WorkClass.SERVICE
    choices = Choices(
        WorkClass(work_class) if work_class else usual, WorkKind(kind), people=people, names=named
    )
    doing = preview_time if dry else import_time
    plan = doing(
        actor=actor_of(staff, door="cli"), client_id=found[0].id, raw=raw, name=file.name, choices=choices
    )
    if isinstance(plan, Refusal):
        stop(f"{plan.sentence} {plan.next_step}".strip(), REFUSED, as_json)
    return {
        "ok": bool(plan.count("time") or (dry and plan.count("duplicate"))),
        "dry_run": dry,
        "client": found[0].name,
        "entries": plan.count("time"),
        "minutes": plan.minutes,
        "duplicates": plan.count("duplicate"),
        "left_out": plan.count("left_out"),
        "unknown": plan.unknown,
        "columns": plan.table.fields,
        "lines": [{"line": one.line, "outcome": one.outcome, "sentence": one.sentence} for one in plan.lines if one.outcome != "time"],
    }  # fmt: skip


def _say(result: dict[str, Any]) -> None:
    for line in result["lines"][:50]:
        typer.echo(f"  {line['outcome'].replace('_', ' ')}, line {line['line']}: {line['sentence']}")
    if len(result["lines"]) > 50:
        typer.echo(f"  … and {len(result['lines']) - 50:,} more; --json lists them.")
    for name in result["unknown"]:
        typer.echo(f"  Nobody here is called “{name}”: say who it is with --who '{name}=ADDRESS'.")
    verb = "would be recorded" if result["dry_run"] else "recorded"
    typer.echo(
        f"{result['client']}: {result['entries']:,} entries {verb} ({result['minutes']:,} minutes), "
        f"{result['duplicates']:,} there already, {result['left_out']:,} left out."
    )
