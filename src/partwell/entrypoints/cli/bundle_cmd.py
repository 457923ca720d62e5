# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell bundle``: ask, build here and now, decide again, write the file. As an owner, like the import."""

import json
from pathlib import Path

import typer

from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, bar, installed, stop


def build(
    client: str, to: str, output: Path, recipient: str, age: str, credentials: bool, as_json: bool
) -> int:
    """The command's work; exit code 0 written, 1 refused, 2 unusable input."""
    if to not in ("client", "provider"):
        stop(f"--to is client or provider, not {to!r}.", UNUSABLE, as_json)
    if output.exists():
        stop(f"{output} exists already; give another name.", UNUSABLE, as_json)
    if not output.parent.is_dir():
        stop(f"{output.parent} is no folder.", UNUSABLE, as_json)
    installed(as_json)
    from partwell.actions.estate import look
    from partwell.actions.files import chunks
    from partwell.actions.people.set_up import actor_of
    from partwell.actions.releases.download_bundle import download_bundle
    from partwell.actions.releases.request_bundle import request_bundle
    from partwell.actions.releases.run_bundle import recipients_of, run_now
    from partwell.rules.refusals import Refusal
    from partwell.rules.terms import Party
    from sealed.bag import atomic_output

    found = look.find_client(client)
    if len(found) != 1:
        stop(
            f"There {'is no client' if not found else 'are several clients'} called “{client}”. Use the exact name.",
            UNUSABLE,
            as_json,
        )
    staff = look.staff_named("")
    if staff is None:
        stop("There is no staff member yet. Set the service provider up first.", UNUSABLE, as_json)
    recipient_id = None
    if to == "provider":
        firms = recipients_of(found[0].id, recipient)
        if len(firms) != 1:
            names = ", ".join(firm for _, firm in firms) or "nobody"
            stop(
                f"Which new provider? Give --recipient with the exact name of the firm. There is: {names}.",
                UNUSABLE,
                as_json,
            )
        recipient_id = firms[0][0]
    actor = actor_of(staff, door="cli")
    job = request_bundle(actor=actor, client_id=found[0].id, to=Party(to), recipient_id=recipient_id, credentials=credentials,
                         age=(age,) if age else ())  # fmt: skip
    if isinstance(job, Refusal):
        stop(f"{job.sentence} {job.next_step}", UNUSABLE if job.status == 422 else REFUSED, as_json)
    with bar(as_json) as tell:
        done = run_now(job.id, tell)
    if done.state != "done":
        stop(done.error or "The bundle could not be built.", REFUSED, as_json)
    file = download_bundle(actor=actor, job_id=job.id, agent="partwell bundle")
    if isinstance(file, Refusal):
        stop(f"{file.sentence} {file.next_step}", REFUSED, as_json)
    try:
        with atomic_output(output) as out:
            for piece in chunks(file):
                out.write(piece)
    except OSError as error:
        stop(f"{output} could not be written: {error.strerror}.", UNUSABLE, as_json)
    facts = {key: value for key, value in done.result.items() if key not in ("lines", "file")}
    if as_json:
        typer.echo(json.dumps({"ok": True, "output": str(output), **facts}, ensure_ascii=False))
    else:
        typer.echo(f"{output}: {facts['files']:,} files, {facts['size']:,} bytes, SHA-256 {facts['sha256']}")
        for sentence in facts["left_out"]:
            typer.echo(f"  not in it: {sentence}")
        typer.echo(
            "Check it: "
            + ("decrypt it with age first, then " if facts["encrypted"] else "")
            + f"python -m sealed verify {output.name}"
        )
    return GOOD
