# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process behind tests/support/s3_server.py: moto's S3 with signatures checked and its listing put right.

Talks by lines of JSON: one on standard output when it listens, then one answer to each line on standard input.
Ends when standard input ends, so that it never outlives the tests.

What is corrected here, each because moto differs from the S3 documentation in what deletion depends on:
the listing of versions (a key marker is exclusive; a version marker that is deleted since still marks its place;
and no deep copy of every object for each page), pages of the listing of uploads, the deletion of one version while
versioning is suspended, and the question for a version's retention, which moto does not answer.
"""

import bisect
import json
import logging
import os
import sys
import threading
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
_WRITING = threading.RLock()


def _versions(
    self: Any, bucket_name: str, delimiter: str | None = None, key_marker: str | None = None, max_keys: int | None = 1000,
    prefix: str = "", version_id_marker: str | None = None,
) -> tuple[list[Any], list[str], list[Any], str | None, str | None]:  # fmt: skip
    from moto.s3.models import FakeKey

    bucket = self.get_bucket(bucket_name)
    most = 1000 if max_keys is None else min(max_keys, 1000)
    with _WRITING:
        names = sorted(bucket.keys)
        start = bisect.bisect_left(names, prefix)
        if key_marker is not None:
            find = bisect.bisect_left if version_id_marker else bisect.bisect_right
            start = max(start, find(names, key_marker))
        found: list[Any] = []
        more = False
        for name in names[start:]:
            if not name.startswith(prefix):
                break
            newest_first = list(reversed(bucket.keys.getlist(name)))
            for number, version in enumerate(newest_first):
                version.is_latest = number == 0
            if name == key_marker:
                ids = [str(version.version_id) for version in newest_first]
                if version_id_marker in ids:
                    newest_first = newest_first[ids.index(version_id_marker) + 1 :]
            if len(found) + len(newest_first) > most:
                more = True
                found += newest_first[: most - len(found)]
                break
            found += newest_first
    last = found[-1] if more and found else None
    return (
        [one for one in found if isinstance(one, FakeKey)], [], [one for one in found if not isinstance(one, FakeKey)],
        last.name if last else None, str(last.version_id) if last else None,
    )  # fmt: skip


def _uploads(self: Any) -> Any:
    from moto.core.responses import ActionResult

    def given(name: str) -> str:
        return str(self.querystring.get(name, [""])[0])

    prefix, key_marker, id_marker = given("prefix"), given("key-marker"), given("upload-id-marker")
    most = min(int(given("max-uploads") or 1000), 1000)
    every = sorted(
        (
            (one.key_name, one.id)
            for one in list(self.backend.list_multipart_uploads(self.bucket_name).values())
        ),
    )
    behind = [
        (key, number)
        for key, number in every
        if key.startswith(prefix)
        and (key > key_marker or (bool(id_marker) and key == key_marker and number > id_marker))
    ]
    page = behind[:most]
    uploads = [
        {"Key": key, "UploadId": number, "StorageClass": "STANDARD", "Initiated": "2010-11-10T20:48:33.000Z"}
        for key, number in page
    ]
    result: dict[str, Any] = {
        "Bucket": self.bucket_name, "KeyMarker": key_marker, "UploadIdMarker": id_marker, "MaxUploads": most,
        "IsTruncated": len(behind) > most, "Uploads": uploads,
    }  # fmt: skip
    if result["IsTruncated"]:
        result["NextKeyMarker"], result["NextUploadIdMarker"] = page[-1]
    self.data["Action"] = "ListMultipartUploads"
    return self.serialized(ActionResult(result))


def _corrected() -> None:
    from moto.s3.models import S3Backend
    from moto.s3.responses import S3Response

    plain_delete, plain_put = S3Backend.delete_object, S3Backend.put_object

    def delete_object(
        self: Any, bucket_name: str, key_name: str, version_id: Any = None, bypass: bool = False
    ) -> Any:
        bucket = self.get_bucket(bucket_name)
        with _WRITING:
            suspended = bucket.versioning_status == "Suspended" and version_id is not None
            if suspended:
                bucket.versioning_status = "Enabled"
            try:
                return plain_delete(self, bucket_name, key_name, version_id, bypass)
            finally:
                if suspended:
                    bucket.versioning_status = "Suspended"

    def put_object(self: Any, *arguments: Any, **named: Any) -> Any:
        with _WRITING:
            return plain_put(self, *arguments, **named)

    plain_get = S3Response._key_response_get

    def key_response_get(self: Any, query: dict[str, Any], key_name: str) -> Any:
        if "retention" not in query:
            return plain_get(self, query, key_name)
        self.data["Action"] = "GetObjectRetention"
        self._authenticate_and_authorize_s3_action(bucket_name=self.bucket_name, key_name=key_name)
        key = self.backend.get_object(
            self.bucket_name, key_name, version_id=(query.get("versionId") or [None])[0]
        )
        if key is None or not key.lock_mode:
            code = "NoSuchVersion" if key is None else "NoSuchObjectLockConfiguration"
            return 404, {}, f"<Error><Code>{code}</Code><Message>None.</Message></Error>"
        until = f"<RetainUntilDate>{key.lock_until}</RetainUntilDate>"
        return 200, {}, f"<Retention><Mode>{key.lock_mode}</Mode>{until}</Retention>"

    S3Response._key_response_get = key_response_get  # type: ignore[method-assign]
    S3Backend.list_object_versions = _versions  # type: ignore[method-assign]
    S3Backend.delete_object = delete_object  # type: ignore[method-assign]
    S3Backend.put_object = put_object  # type: ignore[method-assign]
    S3Response.list_multipart_uploads = _uploads  # type: ignore[method-assign]


def user(policy: dict[str, Any]) -> dict[str, str]:
    """A user with one policy and one access key."""
    from moto.iam.models import iam_backends

    backend = iam_backends[ACCOUNT]["aws"]
    name = f"user{len(backend.list_users('/', None, None))}"
    backend.create_user("us-east-1", name)
    backend.put_user_policy(name, "only", json.dumps(policy))
    key = backend.create_access_key(name)
    return {"access_key": key.access_key_id, "secret": key.secret_access_key}


def fill(bucket: str, prefix: str, count: int) -> dict[str, int]:
    """``count`` small objects, put behind the network: a measurement of deleting need not wait for 100,000 uploads."""
    from moto.s3.models import s3_backends

    backend = s3_backends[ACCOUNT]["aws"]
    for number in range(count):
        backend.put_object(bucket, f"{prefix}{number:07}.bin", b"x", disable_notification=True)
    return {"count": count}


def uploads(bucket: str, prefix: str, count: int, keys: int) -> dict[str, int]:
    """``count`` incomplete uploads spread over ``keys`` names."""
    from moto.s3.models import FakeMultipart, s3_backends

    held = s3_backends[ACCOUNT]["aws"].get_bucket(bucket).multiparts
    for number in range(count):
        made = FakeMultipart(f"{prefix}{number % keys:07}", {}, account_id=ACCOUNT, region_name=REGION)  # type: ignore[arg-type]
        held[made.id] = made
    return {"count": count}


def main() -> None:
    """Listen on a free port of loopback; obey standard input."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    logging.disable(logging.CRITICAL)
    from moto import settings
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    _corrected()
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    keys = user(everything)
    settings.INITIAL_NO_AUTH_ACTION_COUNT = (
        0  # from the first request on: who asks, and is the signature right
    )

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *arguments: Any) -> None:
            pass

    server = make_server(
        "127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=Quiet
    )
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    _say({"port": server.server_port, "region": REGION, **keys})
    verbs = {"user": user, "fill": fill, "uploads": uploads}
    for line in sys.stdin:
        order = json.loads(line)
        try:
            _say(verbs[order.pop("verb")](**order))
        except Exception as problem:
            _say({"problem": repr(problem)})
    os._exit(0)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
