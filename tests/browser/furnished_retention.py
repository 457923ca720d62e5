# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client that left long ago: sets at each kind of place, holds in each state, and a deletion at every station of its way."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.retention.cancel import cancel_deletion
from partwell.actions.retention.hand_steps import do_step, leave_partial
from partwell.actions.retention.lift_hold import ask_lift, lift_hold
from partwell.actions.retention.only_copies import name_only_copy, record_handed_over
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.record_set import record_set
from partwell.actions.retention.run_deletion import start
from partwell.actions.retention.set_facts import Replica, SetFacts
from partwell.actions.retention.validate import validate
from partwell.connectors.secret import Secret
from partwell.records.clients.models import Client
from partwell.records.retention.deletions import steps_of
from partwell.records.retention.models import BackupSet, Certificate, Deletion, DeletionLine
from partwell.rules.keeping import Place
from partwell.rules.terms import ContactRole
from partwell.sample import made
from tests.flows.cast import Cast, NewContact, _client, done
from tests.flows.deletion_cast import Stage, approved, due_set, fill, folder_facts, listed, proposed, work
from tests.support.kept import lasting_folder

REPLICA = Replica("Second region", "Frankfurt", "Deep Storage Ltd", 14)
LONG = "Archive of the former branch offices in Wuppertal-Vohwinkel, Llanfairpwllgwyngyll and Donaudampfschiffahrtshafen, 2009 to 2024"


def cloud(name: str = "Cloud backups", **more: Any) -> SetFacts:
    """A set in a vendor's cloud that is emptied by hand."""
    values: dict[str, Any] = {
        "name": name, "location": "Tarn Cloud Backup, Dublin", "place": Place.VENDOR, "contents": "backup", "copies": 2, "payer": "msp",
        "whereabouts": {"console": "https://console.tarn.example", "tenant": f"tindale-{name.lower().replace(' ', '-')[:20]}"},
        "vendor": "Tarn", "vendor_window_days": 30, "replicas": (REPLICA,), **more,
    }  # fmt: skip
    return SetFacts(**values)


def _folder(name: str, count: int = 5) -> SetFacts:
    path = lasting_folder() / name.replace(" ", "-")
    fill(path, count)
    return folder_facts(path, name, copies=1, contents="backup")


def _step(c: Cast, stage: Stage, *keys: str, actor: Any = None) -> None:
    for key in keys:
        step = next(one for one in steps_of(stage.id) if one.key.startswith(key))
        done(do_step(
            actor=actor or c.dan, deletion_id=stage.id, step_id=step.id, words="As the picture shows; nothing else was touched.",
            proof=made.screen("Tarn console", [step.title, "0 restore points"]), proof_name="console.png", media_type="image/png",
        ))  # fmt: skip


def _begun(c: Cast, tindale: Client, name: str) -> Stage:
    stage = approved(c, due_set(c, cloud(name), client=tindale))
    _step(c, stage, "sign_in")
    done(start(actor=c.dan, deletion_id=stage.id, typed_name=name))
    return stage


def _partial(c: Cast, row: BackupSet) -> Deletion:
    """What a run left over, thing by thing."""
    now = timezone.now()
    with Deed(c.dan) as deed:
        deed.lock(row.client_id)
        found = deed.add(Deletion(
            client_id=row.client_id, backup_set=row, state="partial", reason="Kept six months; the time is over.", until=row.keep_until or now.date(),
            proposed_by_ref=c.dan.id, proposed_by_name=c.dan.name, proposed_by_role=c.dan.role, proposed_at=now, approved_by_ref=c.jonah.id,
            approved_by_name=c.jonah.name, approved_by_role=c.jonah.role, approved_at=now, listed_at=now, listed_digest="0" * 64, listed_count=1204,
            listed_bytes=88_000_000_000, locked_count=3, executed_by_ref=c.dan.id, executed_by_name=c.dan.name, executed_by_role=c.dan.role,
            started_at=now, runs=1, deleted_count=1199, failed_count=5,
            findings={"versioning": "on", "object_lock": True, "default_retention": "compliance, 90 days", "replication": ["to another region, rule “dr”"], "unknown": ["whether the operator keeps logs"]},
        ))  # fmt: skip
        lines = [
            DeletionLine(deletion=found, position=n, ident=f"{n:032}", key=f"tindale/fileserver/2025-{n:02}/full-{'x' * 40}.vbk", version=f"3sL4kqtJlcpXroDTDmJ{n:04}",
                         kind="object", size=73_000_000 * n, modified=now - timedelta(days=300), verdict="locked" if n < 4 else "newer" if n < 6 else "goes",
                         state="failed" if n < 6 else "deleted", code="AccessDenied" if n < 6 else "", words="Access Denied: the object is locked." if n < 6 else "",
                         locked_until=(now + timedelta(days=400)).date() if n < 4 else None)
            for n in range(1, 130)
        ]  # fmt: skip
        DeletionLine.objects.bulk_create(lines)
        deed.record("deletion.partial", subjects=[found.id, row.id], public={"set": row.name, "left": 5}, to_client={"deleted": 1199, "failed": 5})  # fmt: skip
    return found


def retention(c: Cast) -> dict[str, Any]:
    """Ids by the names that addresses give them. Jobs that it leaves are not worked on."""
    tindale, _tessa = _client(c.ines, "Tindale & Rowe", NewContact("Tessa Rowe", "tessa@tindale.example", ContactRole.SIGNATORY, second_email="tessa@post.example"))  # fmt: skip
    ids: dict[str, Any] = {"tindale": tindale.id, "place": "vendor"}
    bucket = SetFacts(name=LONG, location="the object storage", place=Place.BUCKET, contents="archive",
                      whereabouts={"endpoint": "https://s3.tarn.example", "region": "eu-central-1", "bucket": "harbourline", "prefix": "tindale/", "access_key": "AKTINDALE"})  # fmt: skip
    late = due_set(c, bucket, secret=Secret("a made-up secret of a bucket"), client=tindale)
    ids["set_id"], ids["set of vendor"] = late.id, due_set(c, cloud("Mailbox backups", copies=None, cancel_on=timezone.now().date() - timedelta(days=90)), client=tindale).id  # fmt: skip
    items = [c.items[name] for name in ("diagram", "runbook") if name in c.items]
    ids |= _holds(c, tindale) | _deletions(c, tindale)
    ids |= _only_copies(c, items)
    certified = Certificate.objects.filter(deletion__isnull=False).first()
    if certified is not None:
        ids["deletion certified"] = certified.deletion_id
    return ids


def _only_copies(c: Cast, items: list[Any]) -> dict[str, Any]:
    """Northwick, who is leaving, has a set with the only copies of two of its things."""
    kept = done(
        record_set(
            actor=c.ines,
            client_id=c.northwick.id,
            facts=cloud("Workstations", whereabouts={"console": "Tarn", "tenant": "northwick"}),
        )
    )
    rows = [done(name_only_copy(actor=c.dan, set_id=kept.id, item_id=one.id)) for one in items]
    if len(rows) > 1:
        done(
            record_handed_over(
                actor=c.dan, copy_id=rows[1].id, words="On the drive of Monday, opened by Mara."
            )
        )
    return {"set of northwick": kept.id, "only_id": rows[0].id}


def _holds(c: Cast, tindale: Client) -> dict[str, Any]:
    review = timezone.now().date() + timedelta(days=40)
    held = [due_set(c, cloud(name), client=tindale) for name in ("Payroll images", "Ledger images")]
    stopped = proposed(c, held[1])
    wish = HoldWish("Tax inquiry 2024", "The tax office asked for the ledgers of 2019 to 2023 to be kept as they are.", "Counsel of Tindale & Rowe", review,
                    set_ids=[one.id for one in held], internal_note="Counsel called on Monday; ask her first.")  # fmt: skip
    hold = done(place_hold(actor=c.ines, client_id=tindale.id, wish=wish))
    asked = done(place_hold(actor=c.ines, client_id=tindale.id, wish=HoldWish("Insurer’s question", "A claim of 2025.", "Their insurer", review, set_ids=[held[0].id])))  # fmt: skip
    done(ask_lift(actor=c.ines, hold_id=asked.id, reason="The insurer closed the claim on 3 November."))
    lifted = done(place_hold(actor=c.ines, client_id=tindale.id, wish=HoldWish("Old dispute", "A supplier’s claim.", "The client", review, set_ids=[held[0].id])))  # fmt: skip
    done(ask_lift(actor=c.ines, hold_id=lifted.id, reason="Settled out of court."))
    done(lift_hold(actor=c.jonah, hold_id=lifted.id))
    return {
        "hold_id": hold.id,
        "hold asked": asked.id,
        "hold lifted": lifted.id,
        "deletion stopped": stopped.id,
        "set held": held[0].id,
    }


def _deletions(c: Cast, tindale: Client) -> dict[str, Any]:
    def due(name: str) -> BackupSet:
        return due_set(c, cloud(name), client=tindale)

    ids: dict[str, Any] = {"deletion proposed": done(propose_deletion(actor=c.dan, set_id=due("Print server").id, reason="Its six months are over.")).id}  # fmt: skip
    hand = approved(c, due("Terminal server"))
    ids["deletion by hand"] = hand.id
    begun = _begun(c, tindale, "Cloud backups")
    _step(c, begun, "delete")
    steps = steps_of(begun.id)
    ids |= {
        "deletion begun": begun.id,
        "hand_id": steps[0].id,
        "hand open": next(one.id for one in steps if one.done_at is None),
    }
    left = _begun(c, tindale, "Old web shop")
    done(
        leave_partial(
            actor=c.dan, deletion_id=left.id, left=3, words="Three mailboxes are locked until March."
        )
    )
    ids["deletion left"] = left.id
    whole = _begun(c, tindale, "Door cameras")
    _step(c, whole, "delete", "replica", "recycle_bin", "subscription")
    ids["deletion executed"] = whole.id
    again = _begun(c, tindale, "Till backups")
    _step(c, again, "delete", "replica", "recycle_bin", "subscription")
    _step(c, again, "check", "vendor_confirmation", actor=c.ines)
    ids["deletion verified"] = again.id
    gone = done(propose_deletion(actor=c.dan, set_id=due("Laptops").id, reason="Its six months are over."))
    done(cancel_deletion(actor=c.ines, deletion_id=gone.id, reason="The client asked for another month."))
    ids["deletion cancelled"] = gone.id
    ids["deletion partial"] = _partial(c, due_set(c, _folder("File server"), client=tindale)).id
    seen = listed(c, due_set(c, _folder("Nightly backups", 12), client=tindale))
    ids["deletion listed"] = seen.id
    ended = listed(c, due_set(c, _folder("Weekly backups"), client=tindale))
    done(
        start(
            actor=c.dan,
            deletion_id=ended.id,
            shown_digest=ended.now().listed_digest,
            typed_name="Weekly backups",
        )
    )
    work()
    done(validate(actor=c.priya, deletion_id=ended.id, words="I looked at both lists."))
    ids["deletion validated"] = ended.id
    runs = listed(c, due_set(c, _folder("Database dumps", 40), client=tindale))
    waits = listed(c, due_set(c, _folder("Test machines of Tindale"), client=tindale))
    done(
        start(
            actor=c.dan,
            deletion_id=waits.id,
            shown_digest=waits.now().listed_digest,
            typed_name="Test machines of Tindale",
        )
    )
    work()
    ids["deletion looked at"] = waits.id
    done(
        start(
            actor=c.dan,
            deletion_id=runs.id,
            shown_digest=runs.now().listed_digest,
            typed_name="Database dumps",
        )
    )
    ids["deletion running"] = runs.id
    return ids
