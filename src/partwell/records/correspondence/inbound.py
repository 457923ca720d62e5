# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that came in: by which road, from whom as far as that is known, and what became of it. Raw bytes are kept."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from partwell.records.base import Committed


class ReplyAddress(Committed):
    """An address of ours that cannot be guessed (``token``, 26 base32 letters) and what mail to it belongs to.

    ``purpose``: departure (anybody, for one departure), client, provider (one firm), staff (one person's answers).
    """

    token = models.CharField(max_length=40, unique=True)
    purpose = models.CharField(max_length=10)
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    staff = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class Road(Committed):
    """A way by which mail comes in. ``settings``: see actions/correspondence/road_settings.py.

    ``sealed``: password, OAuth secrets or webhook secret, under the installation's key unit, field "road"; ``fresh``: the
    refresh token that an OAuth server gave in place of ours, field "fresh".
    """

    kind = models.CharField(max_length=8)  # imap | lmtp | webhook
    name = models.CharField(max_length=120)
    settings = models.JSONField(default=dict)
    sealed = models.BinaryField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    # Where the poller stands: progress, not evidence.
    uid_validity = models.BigIntegerField(null=True, blank=True)
    last_uid = models.BigIntegerField(default=0)
    last_polled_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_good_at = models.DateTimeField(null=True, blank=True)
    waiting = models.PositiveIntegerField(default=0)  # seen in the mailbox and not taken
    fresh = models.BinaryField(null=True, blank=True)

    UNCOMMITTED: ClassVar[tuple[str, ...]] = (
        "uid_validity", "last_uid", "last_polled_at", "last_error", "last_good_at", "waiting", "fresh",
    )  # fmt: skip


class HookToken(models.Model):
    """A one-time token of a mail service's signed call, and the digest of the mail it came with; for a day. No evidence.

    Such a signature (Mailgun's) does not cover the mail: the same token with another mail is refused.
    """

    road = models.ForeignKey(Road, on_delete=models.CASCADE, related_name="+")
    token = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["road", "token"], name="hook_token_once")]


class InboundMail(Committed):
    """One mail, however many roads it took. ``same_key``: digest of what the roads do not change; unique.

    ``state``: filed (it is in the conversation), held (a new provider's, before consent), waiting (a person must look:
    a forged or unproved staff answer), unmatched (nobody knows whose it is), loop (ours come back), bounce (a delivery report), doubted (one that nobody can prove: a person must look), dropped (by a person).
    ``auth``: DKIM and SPF as judged at receipt, with the DNS answers they were judged by; what a forward and a report were read as.
    """

    client = models.ForeignKey(
        "clients.Client", null=True, blank=True, on_delete=models.PROTECT, related_name="inbound"
    )
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="inbound"
    )
    address = models.ForeignKey(
        ReplyAddress, null=True, blank=True, on_delete=models.PROTECT, related_name="mails"
    )
    road = models.CharField(max_length=8)  # imap | lmtp | webhook | upload
    received_at = models.DateTimeField(db_index=True)
    raw = models.ForeignKey("vault.StoredFile", on_delete=models.PROTECT, related_name="+")
    raw_sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    same_key = models.CharField(max_length=64, unique=True)
    envelope_from = models.CharField(max_length=320, blank=True)
    envelope_to = models.JSONField(default=list, blank=True)
    internet_message_id = models.CharField(max_length=300, blank=True, db_index=True)
    in_reply_to = models.CharField(max_length=300, blank=True)
    references = models.JSONField(default=list, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    others = models.JSONField(default=list, blank=True)  # [{"header": "to"|"cc", "name", "address"}]
    subject = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)
    auth = models.JSONField(default=dict, blank=True)
    sender_kind = models.CharField(max_length=10, default="unknown")  # client provider staff unknown
    contact = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(
        "authorisations.RecipientPerson", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    staff = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    forwarded_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, db_index=True)
    warnings = models.JSONField(default=list, blank=True)
    problems = models.JSONField(default=list, blank=True)
    message = models.OneToOneField(
        "correspondence.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="inbound"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=160, blank=True)
    decision = models.CharField(max_length=300, blank=True)

    @property
    def forwarded_at(self) -> datetime | None:
        """When staff forwarded it; ``sent_at`` is then the original's date. None where it came by itself."""
        if self.forwarded_by_id is None:
            return None
        at = (self.auth.get("forward") or {}).get("at")
        return datetime.fromisoformat(at) if at else self.received_at


class InboundPart(Committed):
    """An attachment or part of a mail, kept in the vault; shown from the sandbox only."""

    mail = models.ForeignKey(InboundMail, on_delete=models.PROTECT, related_name="parts")
    position = models.PositiveSmallIntegerField()
    file = models.ForeignKey("vault.StoredFile", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=300)
    media_type = models.CharField(max_length=120)
    inline = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "position"], name="part_once")]


class Bounce(Committed):
    """A delivery status (RFC 3464) about one address of one envelope, as the far server reported it."""

    envelope = models.ForeignKey("correspondence.Envelope", on_delete=models.PROTECT, related_name="bounces")
    mail = models.ForeignKey(
        InboundMail, null=True, blank=True, on_delete=models.PROTECT, related_name="bounces"
    )
    role = models.CharField(max_length=10)  # client second provider msp
    address = models.CharField(max_length=320)
    action = models.CharField(max_length=12)  # failed delayed delivered relayed expanded
    status = models.CharField(max_length=12, blank=True)
    diagnostic = models.CharField(max_length=600, blank=True)
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["envelope", "address", "action", "status"], name="bounce_once")
        ]
