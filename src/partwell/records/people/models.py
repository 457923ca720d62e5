# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP, its staff, and how anybody comes in: invitations, sign-in links, sessions, tokens."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.terms import StaffRole


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """A sign-in account; the role stands on ``StaffMember``."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A sign-in account of the MSP's staff (password, TOTP, passkeys: django-allauth).

    Clients' and providers' contacts are not users (HOUSE.md): a leak of one door's session
    never opens another. What a person may do stands on ``StaffMember``, which only actions write.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    objects = UserManager()

    @property
    def is_staff(self) -> bool:
        """Never: there is no Django admin."""
        return False

    def __str__(self) -> str:
        return self.email


class StaffMember(Committed):
    """One of the MSP's people: role, and when they left. Rows outlive the person's stay."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="staff")
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    role = models.CharField(max_length=20, choices=choices(StaffRole))
    auditor_until = models.DateField(null=True, blank=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Msp(Committed):
    """The installation's MSP: its name and look, and the policy that agreements start from. One row."""

    name = models.CharField(max_length=160)
    legal_name = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField()
    colour = models.CharField(max_length=7, default="#0f4f63")
    logo = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    time_zone = models.CharField(max_length=60, default="Europe/Berlin")
    currency = models.CharField(max_length=3, default="EUR")
    included_hours = models.DecimalField(max_digits=6, decimal_places=2, default=4)
    hourly_rate = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    block_hours = models.DecimalField(max_digits=6, decimal_places=2, default=2)
    retention_months = models.PositiveSmallIntegerField(default=6)
    onboarding_fee = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    objection_days = models.PositiveSmallIntegerField(default=14)
    automatic_acknowledgement = models.BooleanField(default=False)
    # Days after which a signatory is reminded: "3 7"; "": the usual, "off": never (rules/reminders.py).
    signature_reminders = models.CharField(max_length=20, blank=True)
    is_sample = models.BooleanField(default=False)
    one = models.BooleanField(default=True, unique=True, editable=False)

    UNCOMMITTED: ClassVar[tuple[str, ...]] = ("one",)

    def __str__(self) -> str:
        return self.name


class StaffInvitation(Committed):
    """A one-use invitation; the token is stored as a hash."""

    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=choices(StaffRole))
    auditor_until = models.DateField(null=True, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.UUIDField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class SignInLink(models.Model):
    """A mailed way into a portal: short-lived, one use, the token stored as a hash (HOUSE.md)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10)  # client | provider | staff (demo only)
    person_id = models.UUIDField(db_index=True)
    next_path = models.CharField(max_length=300, blank=True)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class PortalSession(models.Model):
    """A contact's or recipient person's session: a cookie of its own, bound to that person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10)
    person_id = models.UUIDField(db_index=True)
    strength = models.CharField(max_length=10, default="link")
    state = models.JSONField(default=dict)  # WebAuthn challenges; never a secret
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=300, blank=True)


class Passkey(Committed):
    """A passkey of a contact (the signatory's second factor outside the MSP's control, R1)."""

    kind = models.CharField(max_length=10)
    person_id = models.UUIDField(db_index=True)
    label = models.CharField(max_length=80)
    credential_id = models.CharField(max_length=1400, unique=True)
    public_key = models.TextField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    # Enrolled over a mailed link after the notice it proves little; a call-back to an old number makes up for it.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.UUIDField(null=True, blank=True)
    confirmed_number_since = models.DateTimeField(null=True, blank=True)

    # The authenticator's counter moves with every use; the use itself is the evidence.
    UNCOMMITTED: ClassVar[tuple[str, ...]] = ("sign_count",)


class ApiToken(Committed):
    """A token for /api/v1: hash, scopes, owner; revoked tokens stay as rows."""

    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    UNCOMMITTED: ClassVar[tuple[str, ...]] = ("used_at",)


class IdempotencyKey(models.Model):
    """The answer once given to an API call, so that a repeated call does nothing twice."""

    token_id = models.UUIDField()
    key = models.CharField(max_length=128)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_id", "key"], name="one_answer_per_key")]


class AccountMail(models.Model):
    """A sign-in or invitation mail on its way: apart from evidence, its body sealed, wiped after sending."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    to = models.EmailField()
    sealed_body = models.BinaryField(null=True)
    state = models.CharField(max_length=12, default="queued", db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)


class SecurityEvent(models.Model):
    """What is no evidence but worth a look: strangers' 404s, malformed input, throttled sign-ins."""

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=40)
    path = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=64, blank=True)
    actor = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=300, blank=True)


class SigningIdentity(Committed):
    """The installation's key and self-signed certificate for PDF letters (PAdES); the key is sealed."""

    certificate = models.TextField()
    sealed_key = models.BinaryField()
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
