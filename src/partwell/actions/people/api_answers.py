# SPDX-License-Identifier: AGPL-3.0-or-later
"""The API's memory of answers: a repeated call with the same key does nothing twice.

These rows are no evidence. The request is kept as a keyed digest only: a plain one of a body that holds
a password could be guessed from a copy of the database.
"""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone
from django.utils.crypto import salted_hmac

from partwell.records.people.models import IdempotencyKey

KEPT = timedelta(days=30)
SALT = "partwell.api.idempotency"


def request_digest(parts: bytes) -> str:
    """What is remembered of a request: HMAC-SHA-256 under the installation's secret key, hex."""
    return salted_hmac(SALT, parts, algorithm="sha256").hexdigest()


def begin(token_id: UUID, key: str, digest: str) -> IdempotencyKey | None:
    """Reserve ``key`` of this token: None when it is ours to carry out, else what is known of the earlier call.

    The unique constraint decides between two calls at once. Keys older than 30 days are forgotten first.
    """
    now = timezone.now()
    IdempotencyKey.objects.filter(token_id=token_id, created_at__lt=now - KEPT).delete()
    known = IdempotencyKey.objects.filter(token_id=token_id, key=key).first()
    if known is not None:
        return known
    try:
        IdempotencyKey.objects.create(
            token_id=token_id, key=key, request_digest=digest, status=None, created_at=now
        )
    except IntegrityError:
        return IdempotencyKey.objects.get(token_id=token_id, key=key)
    return None


def keep(token_id: UUID, key: str, status: int, body: str) -> None:
    """Remember the answer (JSON text, never a secret) to be given again."""
    IdempotencyKey.objects.filter(token_id=token_id, key=key, status=None).update(status=status, body=body)


def forget(token_id: UUID, key: str) -> None:
    """Nothing was carried out (malformed, busy, a failure that rolled back): the key may be used again."""
    IdempotencyKey.objects.filter(token_id=token_id, key=key, status=None).delete()
