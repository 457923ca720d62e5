# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job's end: acceptance, closing, and what a stranger can check from outside."""

import json
import re
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from house import done, expect

if TYPE_CHECKING:
    from main_job import World


def accept(world: "World") -> None:
    """The signatory goes through the list and signs; a second employee calls back."""
    from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
    from partwell.actions.offboardings.sign_acceptance import (
        Answers,
        confirm_acceptance_by_call,
        sign_acceptance,
    )

    world.log.step("11. Acceptance")
    asked = done(prepare_acceptance(actor=world.dan, offboarding_id=world.offboarding.id))
    lines = list(asked.lines.all())
    exception = next(line for line in lines if line.standing == "confirmed")
    done(sign_acceptance(actor=world.mara, acceptance_id=asked.id, shown_digest=asked.list_digest, intent=True, electronic_form=True,
                         agent="main_job.py", answers=Answers(lines={exception.id: ("rejected", "Belongs to the former tenant.")},
                                                              rest="accepted", words="One exception, see the list.")))  # fmt: skip
    row = done(
        confirm_acceptance_by_call(
            actor=world.priya, acceptance_id=asked.id, confirmed=True, note="Reached on the number on file."
        )
    )
    world.log.fact("Lines gone through, state", f"{len(lines)}, {row.state}")
    world.log.figures["lines of the acceptance"] = len(lines)


def close(world: "World") -> None:
    """The plan's steps are finished in their order; closing says what stops it until nothing does."""
    from partwell.actions.offboardings.close_offboarding import close_offboarding, still_stops
    from partwell.actions.offboardings.plan_steps import finish_step
    from partwell.workers import jobs

    world.log.step("12. Closing")
    stops = done(still_stops(world.offboarding.id))
    world.log.fact("Stops closing", "; ".join(one.code for one in stops))
    steps = world.offboarding.steps
    ready = True
    while ready:
        settled = set(steps.exclude(done_at=None).values_list("key", flat=True)) | set(
            steps.exclude(removed_at=None).values_list("key", flat=True)
        )
        open_ones = steps.filter(done_at=None, removed_at=None, blocks_closing=True).exclude(key="accept")
        ready = [one for one in open_ones if set(one.after) <= settled]
        for one in ready:
            done(finish_step(actor=world.jonah, step_id=one.id), one.title)
    while jobs.run_one():
        pass
    world.deliver()
    stops = done(still_stops(world.offboarding.id))
    expect(not stops, f"Closing is still stopped: {'; '.join(one.sentence for one in stops)}")
    done(close_offboarding(actor=world.ines, offboarding_id=world.offboarding.id))
    while jobs.run_one():
        pass
    world.deliver()
    world.client.refresh_from_db()
    expect(world.client.state == "inactive", "The client is not inactive.")
    world.log.fact("The client is", world.client.state)


def check_from_outside(world: "World") -> None:
    """The ledger against rows and files; checkpoints as the client has them in mails; the client on every mail; no secret anywhere."""
    from django.conf import settings

    from partwell.actions.evidence.check import CheckOptions, check_ledger
    from partwell.actions.evidence.log_store import copy_new
    from partwell.records.correspondence.models import Envelope
    from partwell.records.evidence.models import Entry

    world.log.step("13. Checked from outside")
    copy_new()
    mails = [
        (one, message_from_bytes(world.inbox.read_message(one.message_id), policy=policy.default))
        for one in world.inbox.list_messages(10_000)
    ]
    notes = {one.message_id: note for one, mail in mails if (note := _checkpoint(_text(mail)))}
    report = check_ledger(options=CheckOptions(files=True, checkpoints=notes))
    expect(not report.findings, f"The ledger does not check: {report.findings[:1]}")
    world.log.fact("Entries in the ledger, all checked", Entry.objects.count(), "entries in the ledger")
    world.log.fact("Checkpoints from mails, all continued by the log", len(notes), "checkpoints in mails")
    _ask_sealed(world, notes)
    known = {one.internet_message_id.strip("<>"): one for one in Envelope.objects.all()}
    to_provider = 0
    for caught, mail in mails:
        envelope = known.get(str(mail["Message-ID"]).strip("<> "))
        if envelope is None or not envelope.to_provider:
            expect(
                len(caught.rcpt_tos) == 1 or envelope,
                f"“{caught.subject}” went to several without being an envelope.",
            )
            continue
        to_provider += 1
        expect(
            caught.rcpt_tos[0] == envelope.client_contact.email,
            f"“{caught.subject}” left without the client first.",
        )
    accepted = Envelope.objects.filter(state="accepted").count()
    expect(
        accepted == sum(str(mail["Message-ID"]).strip("<> ") in known for _, mail in mails),
        "Mails and entries do not match.",
    )
    world.log.fact("Mails delivered over SMTP", len(mails), "mails")
    world.log.fact("To the new provider, the client first on each", to_provider, "mails to the provider")
    secrets = _secrets(world)
    places = {"mail": b"\n".join(_all_bytes(mail) for _, mail in mails)}
    for folder in (Path(settings.PARTWELL_HOME), Path(settings.PARTWELL_LOG)):
        places |= {
            str(path): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".eml"
        }
    places["the log of this run"] = "\n".join(world.log.lines).encode()
    for place, data in places.items():
        for secret in secrets:
            expect(secret not in data, f"A secret stands in {place}.")
    world.log.fact(
        "Secrets looked for; places searched; found",
        f"{len(secrets)}; {len(places)}; 0",
    )
    world.log.figures |= {
        "secrets looked for": len(secrets),
        "places searched": len(places),
        "secrets found outside the vault": 0,
    }


def _ask_sealed(world: "World", notes: dict[str, bytes]) -> None:
    """A stranger's check: the key as it is printed in the signed letter, the checkpoints as they stand in mails, no packages at all."""
    from main_job_stranger import printed_key

    key = printed_key(world)
    source = Path(__file__).resolve().parents[1] / "src"
    for name, note in notes.items():
        path = world.log.out / f"{name}.note"
        path.write_bytes(note)
        command = [sys.executable, "-S", "-m", "sealed", "verify", str(path), "--vkey", key, "--json"]
        ran = subprocess.run(
            command, capture_output=True, text=True, env={"PYTHONPATH": str(source)}, timeout=60
        )
        answer = json.loads(ran.stdout or "{}")
        expect(
            ran.returncode == 0 and not answer.get("findings"),
            f"sealed does not accept the checkpoint of a mail: {ran.stdout}{ran.stderr}",
        )
        path.unlink()
    forged = world.log.out / "forged.note"
    forged.write_bytes(next(iter(notes.values())).replace(b"\n", b"1\n", 2))
    ran = subprocess.run([sys.executable, "-S", "-m", "sealed", "verify", str(forged), "--vkey", key], capture_output=True, text=True,
                         env={"PYTHONPATH": str(source)}, timeout=60)  # fmt: skip
    expect(ran.returncode != 0, "sealed accepts a forged checkpoint.")
    forged.unlink()
    world.log.fact(
        "Checkpoints that sealed accepts with the letter's key", len(notes), "checkpoints accepted by sealed"
    )


def _text(mail: Any) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def _all_bytes(mail: Any) -> bytes:
    return b"\n".join(part.get_payload(decode=True) or b"" for part in mail.walk() if not part.is_multipart())


def _checkpoint(text: str) -> bytes:
    """The signed note that stands at the end of a mail, as bytes; empty where there is none."""
    found = re.search(
        r"^(partwell-log-[0-9a-f]+\n\d+\n[A-Za-z0-9+/=]+\n)\s*\n((?:\u2014 .+\n)+)",
        text.replace("\r\n", "\n"),
        re.M,
    )
    return f"{found[1]}\n{found[2]}".encode() if found else b""


def _secrets(world: "World") -> list[bytes]:
    """Every long secret of this client that is no word of a title, a user name or an address as well."""
    from partwell.actions.keys import open_unit
    from partwell.records.estate.models import Item
    from partwell.records.vault.models import SealedValue

    plain = json.dumps(
        [[one.title, one.details] for one in Item.objects.filter(client=world.client)]
    ).encode()
    values = [open_unit(one.unit).open("vault.SealedValue", one.subject_id, one.field, bytes(one.ciphertext or b""))
              for one in SealedValue.objects.select_related("unit").filter(client=world.client).exclude(ciphertext=None)]  # fmt: skip
    return sorted(
        {value for value in values if len(value) >= 10 and value not in plain and b"\n" not in value}
    )
