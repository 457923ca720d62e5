# SPDX-License-Identifier: AGPL-3.0-or-later
"""One question to an S3-compatible storage: signed, repeated with patience, its refusals told apart.

Waiting between tries is ours, not botocore's, so that it is bounded, counted and the same for a whole refused
request and for single keys refused inside an answer (s3.py). Nothing of the machine it runs on is read: no
profile, no configuration file, no credentials of an instance, or a deletion might go where nobody said.
"""

import functools
import json
import logging
import os
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from partwell.connectors.errors import (
    PathTrick,
    PlaceCredentialsExpired,
    PlaceError,
    PlaceMissing,
    PlaceRefused,
    PlaceThrottled,
    PlaceUnreachable,
)
from partwell.connectors.places import Answer
from partwell.connectors.secret import Secret

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
WRONG = {
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity", "NotSignedUp", "AccountProblem",
    "AllAccessDisabled", "InvalidPayer", "MissingSecurityHeader", "401", "Unauthorized",
}  # fmt: skip
ELSEWHERE = {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "307"}  # fmt: skip
SLOW = {
    "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests",
    "TooManyRequestsException", "RequestThrottled", "BandwidthLimitExceeded", "ServiceUnavailable", "Busy", "503", "429",
}  # fmt: skip
FLAKY = {"InternalError", "InternalServerError", "RequestTimeout", "OperationAborted", "500", "502", "504", "408", "409"}  # fmt: skip
DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden"}
NOT_THERE = {
    "NotImplemented",
    "NotImplementedException",
    "501",
    "MethodNotAllowed",
    "405",
    "UnsupportedOperation",
}

TEXT_LIMIT = 300
_MAKING = threading.Lock()  # a session makes one client at a time
_BUCKET = re.compile(r"[a-z0-9A-Z][a-z0-9A-Z._-]{1,254}\Z")


class Said(Exception):
    """An answer that is no success and means something only to whoever asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


def check_endpoint(endpoint: str) -> str:
    """The endpoint as scheme, host and port in lower case; empty for AWS itself. Raises :class:`PathTrick`."""
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise PathTrick(
            "The endpoint is no address of a storage; write it as https://s3.example.com, without name or password."
        )
    if parts.path.strip("/"):
        raise PathTrick("The endpoint holds a path; give the bucket and the prefix in their own fields.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.lower()
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def check_bucket(bucket: str) -> str:
    """The bucket's name, if it can be one; raises :class:`PathTrick`."""
    if not _BUCKET.match(bucket) or ".." in bucket:
        raise PathTrick(
            f"{bucket[:80]!a} is no bucket's name: letters, digits, dots, hyphens; the prefix has a field of its own."
        )
    return bucket


class Calls:
    """The client of one storage, made at the first question (botocore takes its time to load)."""

    def __init__(
        self, *, endpoint: str, region: str, access_key: str, secret: Secret, session_token: Secret | None, path_style: bool,
        ca_file: str | None, where: str, attempts: int, patience: float, sleep: Callable[[float], None],
        now: Callable[[], datetime], heard: Callable[[Answer], None] | None,
    ) -> None:  # fmt: skip
        self.endpoint, self.region, self.where = endpoint, region, where
        self._keys = (access_key, secret, session_token)
        self._path_style, self._ca_file = path_style, ca_file
        self.attempts, self._patience, self._sleep = max(1, attempts), patience, sleep
        self._now, self._heard = now, heard
        self._client: Any = None

    def client(self) -> Any:
        """botocore's client, one for all threads."""
        with _MAKING:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> Any:
        from botocore.config import Config

        access_key, secret, token = self._keys
        client = _session().create_client(
            "s3", region_name=self.region or "us-east-1", endpoint_url=self.endpoint or None,
            aws_access_key_id=access_key, aws_secret_access_key=secret.reveal(),
            aws_session_token=token.reveal() if token else None, verify=self._ca_file or True,
            config=Config(
                signature_version="s3v4", connect_timeout=10, read_timeout=60, max_pool_connections=16,
                retries={"total_max_attempts": 1, "mode": "standard"}, ignore_configured_endpoint_urls=True,
                s3={"addressing_style": "path" if self._path_style else "virtual"},
                request_checksum_calculation="when_required", response_checksum_validation="when_required",
            ),
        )  # fmt: skip
        client.meta.events.register("before-sign.s3.DeleteObjects", _with_md5)
        client.meta.events.register_last("before-parameter-build.s3", _no_redirect)
        return client

    def ask(self, operation: str, *, quiet: bool = False, **params: Any) -> dict[str, Any]:
        """The answer as botocore parses it. Raises ``PlaceError``, or :class:`Said` for what depends on the question.

        ``quiet``: a refusal is not told to ``heard``, which is then never called from another thread than its own.
        """
        call = getattr(self.client(), operation)
        for attempt in range(1, self.attempts + 1):
            problem, after = self._once(call, operation, params, quiet)
            if isinstance(problem, dict):
                return problem
            if attempt == self.attempts:
                raise problem
            self.wait(attempt, after)
        raise AssertionError("unreachable")

    def wait(self, attempt: int, at_least: float = 0.0) -> None:
        """Before try ``attempt`` + 1: twice as long each time, never above 20 s, spread so that many do not come at once."""
        longest = min(20.0, self._patience * 2 ** (attempt - 1))
        self._sleep(max(min(at_least, 20.0), longest * random.uniform(0.5, 1.0)))  # noqa: S311  no secret hangs on it

    def _once(
        self, call: Callable[..., Any], operation: str, params: Mapping[str, Any], quiet: bool
    ) -> tuple[dict[str, Any] | PlaceError, float]:
        from botocore import exceptions as wrong

        try:
            answer = call(**params)
        except wrong.ClientError as error:
            return self._refused(operation, error.response, quiet)
        except wrong.SSLError:
            raise PlaceUnreachable(
                f"{self.where} could not be trusted: its certificate does not hold; check the endpoint's name, or give the "
                "file of the authority that signed it."
            ) from None
        except wrong.ParamValidationError:
            raise PathTrick(
                f"{self.where} cannot be asked with such a name; check bucket, prefix and keys."
            ) from None
        except (wrong.HTTPClientError, wrong.BotoCoreError, OSError) as error:
            # the words of these may quote addresses with signatures: the kind is enough
            sentence = f"{self.where} gave no answer ({type(error).__name__}); check endpoint and network, then go on."
            return PlaceUnreachable(sentence), 0.0
        return answer, 0.0

    def _refused(self, operation: str, response: Mapping[str, Any], quiet: bool) -> tuple[PlaceError, float]:
        said = response.get("Error", {})
        meta = response.get("ResponseMetadata", {})
        status = int(meta.get("HTTPStatusCode") or 0)
        code = str(said.get("Code") or status)
        message = self.clean(str(said.get("Message") or ""))
        if not quiet:
            self.hear(operation, {"status": status, "code": code, "message": message, **_stamps(meta)})
        if code in EXPIRED:
            raise PlaceCredentialsExpired(
                f"The credentials for {self.where} have expired; enter new ones and go on, nothing done so far is lost."
            )
        if code == "RequestTimeTooSkewed":
            raise PlaceRefused(
                f"{self.where} refuses because our clock and its clock differ; set this computer's clock."
            )
        if code in WRONG:
            raise PlaceRefused(
                f"{self.where} does not accept the access key or its secret ({code}); enter both again."
            )
        if code in ELSEWHERE:
            raise PlaceRefused(
                f"{self.where} says that the bucket lies in another region ({code}); enter its region and endpoint."
            )
        if code == "NoSuchBucket":
            raise PlaceMissing(
                f"{self.where} says that there is no such bucket; check its name before taking it as empty."
            )
        if code in SLOW or status in (429, 503):
            after = str(meta.get("HTTPHeaders", {}).get("retry-after", ""))
            sentence = (
                f"{self.where} asks for patience ({code}) for longer than we wait at a time; go on later."
            )
            return PlaceThrottled(sentence), float(after) if after.isdigit() else 0.0
        if code in FLAKY or (status >= 500 and status != 501):
            return PlaceUnreachable(f"{self.where} has trouble of its own ({code}); go on later."), 0.0
        raise Said("NotImplemented" if status == 501 else code, message)

    def is_listing(self, answer: Mapping[str, Any], name: str, prefix: str | None) -> None:
        """Raise :class:`PlaceUnreachable` unless this is a listing of what was asked for.

        A sign-in page of a network or the answer of another program parses as a listing of nothing, which would be proof.
        """
        other = prefix is not None and (answer.get("Prefix") or "") != prefix
        if not answer.get(name) or "IsTruncated" not in answer or other:
            raise PlaceUnreachable(
                f"{self.where} gave an answer that is no listing; something else may answer at that address. Check endpoint "
                "and network, then go on."
            )

    def denied(self, said: Said, wanted: str) -> PlaceError:
        """The error for a question that should have been answered: which permission is missing."""
        if said.code in DENIED:
            return PlaceRefused(
                f"{self.where} does not let these credentials do {wanted}; give them that permission."
            )
        return PlaceRefused(
            f"{self.where} does not do {wanted} ({said.code}): {said.message}".rstrip(": ") + "."
        )

    def hear(self, what: str, answer: Mapping[str, Any]) -> Answer:
        """Keep an answer for evidence: handed to ``heard`` where somebody listens."""
        text = json.dumps(answer, ensure_ascii=False, default=str, separators=(",", ":"), sort_keys=True)
        kept = Answer(self._now(), what, self._hushed(text))
        if self._heard is not None:
            self._heard(kept)
        return kept

    def clean(self, text: str) -> str:
        """The storage's words without controls and secrets, cut."""
        shown = "".join(char if char.isprintable() else " " for char in self._hushed(text))
        return " ".join(shown.split())[:TEXT_LIMIT]

    def _hushed(self, text: str) -> str:
        for secret in self._keys[1:]:
            if isinstance(secret, Secret) and secret:
                text = text.replace(secret.reveal(), "…")
        return text


@functools.cache
def _session() -> Any:
    """botocore's descriptions of services, read once a process; holds no credentials and knows none of the machine's."""
    import botocore.session

    logging.getLogger("botocore").setLevel(logging.WARNING)  # its debug lines show the session token
    none = (None, None, None, None)
    return botocore.session.Session(
        session_vars={
            "profile": none,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )


def _with_md5(request: Any, **_: Any) -> None:
    """Older storages want Content-MD5 on a deletion of many and know none of the newer checksums."""
    import base64
    import hashlib

    body = request.data if isinstance(request.data, bytes) else str(request.data).encode()
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()


def _no_redirect(context: dict[str, Any], **_: Any) -> None:
    """A storage that points elsewhere is told to the person, not followed (botocore would, and asks itself in a circle)."""
    context.setdefault("s3_redirect", {})["redirected"] = True


def _stamps(meta: Mapping[str, Any]) -> dict[str, Any]:
    headers = meta.get("HTTPHeaders", {})
    return {"request_id": meta.get("RequestId", ""), "date": headers.get("date", "")}


def plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it is kept: its body, status, request id and the storage's own date; no other header."""
    meta = answer.get("ResponseMetadata", {})
    body = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return {**body, "status": meta.get("HTTPStatusCode"), **_stamps(meta)}


def utc_now() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC)


SLEEP = time.sleep
