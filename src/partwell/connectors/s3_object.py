# SPDX-License-Identifier: AGPL-3.0-or-later
"""One object read from a bucket, whole, within a limit: where a mail service keeps a mail too large for its call."""

from typing import Any

from partwell.connectors.errors import PlaceError, PlaceMissing, PlaceRefused, PlaceUnreachable
from partwell.connectors.s3_calls import DENIED, SLEEP, Calls, Said, check_bucket, utc_now
from partwell.connectors.secret import Secret

_ABSENT = {"NoSuchKey", "NoSuchVersion", "404"}
_PIECE = 1 << 20


class TooLarge(PlaceError):
    """The object has more bytes than were allowed."""


def fetch(
    *, bucket: str, key: str, region: str, access_key: str, secret: Secret, limit: int, endpoint: str = "",
    attempts: int = 2, patience: float = 0.5,
) -> tuple[bytes, dict[str, str]]:  # fmt: skip
    """The object's bytes and what stands beside them (user metadata, names in lower case).

    ``endpoint``: empty for AWS itself. ``limit``: bytes at most; never more than one piece above it is read.
    Raises :class:`TooLarge`, PlaceMissing, PlaceRefused, PlaceUnreachable, PlaceThrottled or PathTrick, in words without the secret.
    """
    where = f"The storage of bucket {check_bucket(bucket)}"
    calls = Calls(
        endpoint=endpoint, region=region, access_key=access_key, secret=secret, session_token=None, path_style=bool(endpoint),
        ca_file=None, where=where, attempts=attempts, patience=patience, sleep=SLEEP, now=utc_now, heard=None,
    )  # fmt: skip
    try:
        answer = calls.ask("get_object", Bucket=bucket, Key=key)
    except Said as said:
        if said.code in _ABSENT:
            raise PlaceMissing(f"{where} has no object of that name (any more).") from None
        if said.code in DENIED:
            raise PlaceRefused(
                f"{where} does not let these credentials read the object; allow them s3:GetObject."
            ) from None
        raise calls.denied(said, "the reading of an object (s3:GetObject)") from None
    with_it = {str(name).lower(): str(value) for name, value in answer.get("Metadata", {}).items()}
    return _read(answer["Body"], int(answer.get("ContentLength") or 0), limit, where), with_it


def _read(body: Any, said: int, limit: int, where: str) -> bytes:
    too_large = TooLarge(f"{where}: the object has more than {limit >> 20} MiB.")
    if said > limit:
        body.close()
        raise too_large
    pieces, size = [], 0
    try:
        while piece := body.read(_PIECE):
            size += len(piece)
            if size > limit:
                raise too_large
            pieces.append(piece)
    except PlaceError:
        raise
    except Exception as error:  # noqa: BLE001  # botocore's and urllib3's own kinds; their words may quote signed addresses
        raise PlaceUnreachable(
            f"{where} broke off ({type(error).__name__}); the service tries again."
        ) from None
    finally:
        body.close()
    if said and size != said:
        raise PlaceUnreachable(f"{where} gave {size} of {said} bytes; the service tries again.")
    return b"".join(pieces)
