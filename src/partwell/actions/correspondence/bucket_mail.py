# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail that Amazon SES keeps in the owner's bucket: fetched from that bucket only, and left there.

SNS carries 150 KB. What lies in the bucket is the owner's to clear away, by a lifecycle rule of the bucket: the access key
here needs to read, no more, and a road that can delete nothing can lose nothing.
"""

from partwell.actions.correspondence.road_secrets import secrets_of
from partwell.actions.correspondence.road_settings import TOPIC, whole
from partwell.connectors.errors import ConnectorError
from partwell.connectors.s3_object import TooLarge, fetch
from partwell.records.correspondence.models import Road

ENDPOINT = ""
"""AWS's own."""
LARGEST = 64 << 20
"""Bytes held in memory at most; Amazon SES takes no mail above 40 MB."""
_LONGEST_KEY = 1024
# What SES leaves beside a mail that it encrypted before it stored it: such a mail only the key's owner can read.
_ENCRYPTED = ("x-amz-key", "x-amz-key-v2", "x-amz-cek-alg")


class NotFetched(Exception):
    """The mail could not be fetched now; ``str()`` says why and what to do, for the road's page."""


def fetch_mail(road: Road, bucket: str, key: str) -> bytes:
    """The raw mail. ``bucket``, ``key``: as the call names them. Raises :class:`NotFetched`; nothing is changed by it."""
    values = whole("webhook", road.settings)
    if not values["bucket"]:
        raise NotFetched(
            "Amazon SES keeps this mail in a bucket; name the bucket and its access key on this road, and it is fetched."
        )
    if bucket != values["bucket"]:
        raise NotFetched(
            f"Amazon SES names another bucket than {values['bucket']}; nothing is fetched from it. Check the receipt rule."
        )
    if not key or not key.isprintable() or len(key.encode()) > _LONGEST_KEY:
        raise NotFetched("Amazon SES names an object that cannot be one; check the receipt rule.")
    topic = TOPIC.fullmatch(values["topic"])
    region = values["region"] or (topic[1] if topic else "")
    try:
        raw, beside = fetch(
            bucket=bucket, key=key, region=region, access_key=values["access_key"], secret=secrets_of(road).storage, limit=LARGEST,
            endpoint=ENDPOINT,
        )  # fmt: skip
    except TooLarge:
        raise NotFetched(
            f"A mail in the bucket is larger than {LARGEST >> 20} MiB and is not taken; it stays in the bucket as {key}."
        ) from None
    except ConnectorError as error:
        raise NotFetched(str(error)) from None
    if any(name in beside for name in _ENCRYPTED):
        raise NotFetched(
            "Amazon SES encrypts the mails in the bucket; switch off “message encryption” in the receipt rule's S3 action."
        )
    return raw
