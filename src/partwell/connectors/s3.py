# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bucket and a prefix of an S3-compatible storage as a :class:`.places.Place`.

A plain DELETE on a versioned bucket only adds a marker (PROOF.md, "Deletion"), so everything here names its
version: all versions, delete markers and incomplete uploads are listed, and deleted by version or upload id.
Governance locks are never bypassed. The prefix ends at a "/" always: ``clients/ab`` is taken as ``clients/ab/`` and can
never reach ``clients/abc/``; what a storage lists or is asked to delete outside of it is refused here too.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from partwell.connectors import s3_calls, s3_facts
from partwell.connectors.errors import PathTrick, PlaceError, PlaceUnreachable
from partwell.connectors.places import BATCH, Answer, Lock, Locks, Outcome, Outcomes, PlaceFacts, Thing
from partwell.connectors.s3_calls import Calls, Said
from partwell.connectors.s3_listing import Listing, utc
from partwell.connectors.secret import Secret

_ABSENT = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "404"}
_ONE_BY_ONE = {"MalformedXML", "InvalidRequest", "NotImplemented", "InvalidArgument", "MalformedPOSTRequest"}
_AGAIN = s3_calls.SLOW | s3_calls.FLAKY
Numbers = list[int]  # a class with a method `list` cannot say list[…] behind it
_NO_LOCK = {
    "NoSuchObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "InvalidRequest",
} | _ABSENT


def check_prefix(prefix: str, *, whole_bucket: bool = False, single: bool = False) -> str:
    """The prefix with its "/" at the end; empty only with ``whole_bucket``; a whole key with ``single``.

    Raises :class:`PathTrick` for what would, or could by a slip, take in another client's things.
    """
    if not prefix:
        if whole_bucket and not single:
            return ""
        raise PathTrick(
            "Without a prefix the whole bucket would go; enter a prefix, or say that the whole bucket is this set."
        )
    if whole_bucket:
        raise PathTrick("A prefix and the whole bucket exclude each other; choose one.")
    shown = ascii(prefix[:80])
    if not prefix.isprintable() or len(prefix.encode(errors="replace")) > 1000:
        raise PathTrick(
            f"The prefix {shown} holds invisible characters or is too long; copy it again from the storage."
        )
    parts = prefix.split("/")
    if not single and parts[-1] == "":
        parts.pop()
    if any(part in ("", ".", "..") for part in parts) or any(part != part.strip() for part in parts):
        raise PathTrick(
            f"The prefix {shown} has an empty part, a space at an edge, or . or .. in it; write it as clients/name/, without "
            "a slash in front."
        )
    return "/".join(parts) + ("" if single else "/")


class S3Place:
    """See :class:`.places.Place`. ``single``: the prefix is one whole key. ``heard`` gets every answer worth keeping.

    ``attempts`` tries a question in all, ``patience`` seconds before the second one, then twice as long each time.
    """

    def __init__(
        self, *, endpoint: str, region: str, bucket: str, prefix: str, access_key: str, secret: Secret,
        session_token: Secret | None = None, path_style: bool = True, ca_file: str | None = None,
        whole_bucket: bool = False, single: bool = False, attempts: int = 6, patience: float = 0.5,
        sleep: Callable[[float], None] = s3_calls.SLEEP, now: Callable[[], datetime] = s3_calls.utc_now,
        heard: Callable[[Answer], None] | None = None,
    ) -> None:  # fmt: skip
        self.endpoint = s3_calls.check_endpoint(endpoint)
        self.bucket = s3_calls.check_bucket(bucket)
        self.prefix = check_prefix(prefix, whole_bucket=whole_bucket, single=single)
        self.region, self.single, self._now = region, single, now
        self._calls = Calls(
            endpoint=self.endpoint, region=region, access_key=access_key, secret=secret, session_token=session_token,
            path_style=path_style, ca_file=ca_file, where=f"The storage of {self.describe()}", attempts=attempts,
            patience=patience, sleep=sleep, now=now, heard=heard,
        )  # fmt: skip
        self._listing = Listing(self._calls, self.bucket, self.prefix, single)
        self._locked: bool | None = None

    def __repr__(self) -> str:
        return f"<S3Place {self.describe()}>"

    def describe(self) -> str:
        """Bucket, prefix and host."""
        host = self.endpoint.partition("//")[2] or f"AWS {self.region or 'us-east-1'}"
        what = f"{'object' if self.single else 'prefix'} {self.prefix}" if self.prefix else "all of it"
        return f"bucket {self.bucket}, {what}, at {host}"

    def overlaps(self, other: object) -> bool:
        """Same storage by its address, same bucket, one prefix within the other. Two names of one server are not known."""
        if not isinstance(other, S3Place):
            return False
        mine, its = self._storage(), other._storage()
        return mine == its and (self._listing.holds(other.prefix) or other._listing.holds(self.prefix))

    def _storage(self) -> tuple[str, str]:
        # AWS: a bucket's name is its own the world over, whatever endpoint it is reached by
        host = self.endpoint.partition("//")[2]
        return (
            "aws" if not host or host.endswith((".amazonaws.com", ".amazonaws.com.cn")) else host,
            self.bucket,
        )

    # asking ---------------------------------------------------------------

    def facts(self) -> PlaceFacts:
        """Versioning, Object Lock, default retention, replication and lifecycle rules; what it will not tell is ``unknown``."""
        identity = f"s3 {self._storage()[0]}/{self.bucket}/{self.prefix}"
        try:
            found = s3_facts.gather(self._calls, self.bucket, self.prefix, identity)
        except PlaceUnreachable as error:
            kept = Answer(self._now(), "facts", str(error))
            return PlaceFacts(False, "n/a", False, "", (), (), (kept,), identity=identity)
        self._locked = found.object_lock
        return found

    def list(self, after: str = "") -> Iterator[Thing]:
        """All versions and markers by key, then the incomplete uploads.

        With ``after``, the other versions of that very key may come once more (a storage need not know a version
        that was deleted since); none is left out.
        """
        stage, key = _marker(after)
        if stage != "u":
            yield from self._versions(key if stage == "v" else "")
            key = ""
        yield from self._uploads(key)

    def marker_of(self, thing: Thing) -> str:
        """Whether versions or uploads, and the key."""
        return json.dumps(["u" if thing.kind == "upload" else "v", thing.key], ensure_ascii=False)

    def _versions(self, after: str) -> Iterator[Thing]:
        try:
            yield from self._listing.all_of(self._listing.version_pages, after)
        except Said as said:
            if said.code not in s3_calls.NOT_THERE:
                raise self._calls.denied(said, "the listing of versions (s3:ListBucketVersions)") from None
            # a storage without versions at all: what it has is what it lists
            try:
                yield from self._listing.all_of(self._listing.object_pages, after)
            except Said as other:
                raise self._calls.denied(other, "the listing (s3:ListBucket)") from None

    def _uploads(self, after: str) -> Iterator[Thing]:
        try:
            yield from self._listing.all_of(self._listing.upload_pages, after)
        except Said as said:
            if said.code not in s3_calls.NOT_THERE:
                raise self._calls.denied(
                    said, "the listing of incomplete uploads (s3:ListBucketMultipartUploads)"
                ) from None

    def locks(self, things: Sequence[Thing]) -> Locks:
        """Retention and legal hold of each version, where the bucket has Object Lock; eight questions at a time."""
        if self._locked is None:
            self._locked = s3_facts.object_lock(self._calls, self.bucket).on
        versions = [thing for thing in things if thing.kind == "object"] if self._locked else []
        if not versions:
            return []
        found: Locks = []
        with ThreadPoolExecutor(max_workers=8) as pool:
            # in small lots: after an error no long queue is worked off
            for start in range(0, len(versions), 64):
                found += [
                    lock for some in pool.map(self._locks_of, versions[start : start + 64]) for lock in some
                ]
        self._calls.hear("locks", {"asked": len(versions), "found": [asdict(lock) for lock in found]})
        return found

    def _locks_of(self, thing: Thing) -> Sequence[Lock]:
        named: dict[str, Any] = {"Bucket": self.bucket, "Key": thing.key}
        if thing.version:
            named["VersionId"] = thing.version
        found = []
        retention = (
            self._lock_answer("get_object_retention", named, "s3:GetObjectRetention").get("Retention") or {}
        )
        mode, until = str(retention.get("Mode", "")).lower(), retention.get("RetainUntilDate")
        if mode in ("governance", "compliance") and until is not None and utc(until) > self._now():
            found.append(Lock(thing.key, thing.version, mode, _last_day(utc(until))))  # type: ignore[arg-type]
        hold = (
            self._lock_answer("get_object_legal_hold", named, "s3:GetObjectLegalHold").get("LegalHold") or {}
        )
        if hold.get("Status") == "ON":
            found.append(Lock(thing.key, thing.version, "legal_hold", None))
        return found

    def _lock_answer(self, operation: str, named: Mapping[str, Any], permission: str) -> dict[str, Any]:
        try:
            return self._calls.ask(operation, quiet=True, **named)
        except Said as said:
            if said.code in _NO_LOCK:
                return {}
            raise self._calls.denied(said, f"the look at locks ({permission})") from None

    # deleting -------------------------------------------------------------

    def delete(self, things: Sequence[Thing]) -> Outcomes:
        """Exactly these versions, markers and uploads; see :class:`.places.Place`."""
        done: dict[int, Outcome] = {}
        batch: Numbers = []
        try:
            for number, thing in enumerate(things):
                if thing.kind not in ("object", "marker", "upload") or not self._listing.holds(thing.key):
                    done[number] = _failed(
                        thing, "outside", f"It does not lie in {self.describe()}; nothing was done to it."
                    )
                elif thing.kind == "upload":
                    done[number] = self._abort(thing)
                else:
                    batch.append(number)
            for start in range(0, len(batch), BATCH):
                part = batch[start : start + BATCH]
                for number, outcome in zip(
                    part, self._delete_batch([things[one] for one in part]), strict=True
                ):
                    done[number] = outcome
        except PlaceError as error:
            error.outcomes = tuple(done[number] for number in sorted(done))
            raise
        return [done[number] for number in range(len(things))]

    def _abort(self, thing: Thing) -> Outcome:
        try:
            self._calls.ask(
                "abort_multipart_upload", Bucket=self.bucket, Key=thing.key, UploadId=thing.version
            )
        except Said as said:
            return self._single(thing, said)
        return _deleted(thing)

    def _delete_one(self, thing: Thing) -> Outcome:
        named: dict[str, Any] = {"VersionId": thing.version} if thing.version else {}
        try:
            answer = self._calls.ask("delete_object", Bucket=self.bucket, Key=thing.key, **named)
        except Said as said:
            return self._single(thing, said)
        except PlaceError as error:
            if error.code == "place_throttled":
                return _failed(thing, "SlowDown", str(error))
            raise
        return _marked(thing) if answer.get("DeleteMarker") and not thing.version else _deleted(thing)

    def _delete_batch(self, things: Sequence[Thing]) -> Sequence[Outcome]:
        settled: dict[int, Outcome] = {}
        for attempt in range(1, self._calls.attempts + 1):
            open_ = [number for number in range(len(things)) if number not in settled]
            try:
                answer = self._calls.ask(
                    "delete_objects",
                    Bucket=self.bucket,
                    Delete={"Objects": [_named(things[number]) for number in open_]},
                )
            except Said as said:
                if said.code not in _ONE_BY_ONE:
                    raise self._calls.denied(
                        said, "the deletion of versions (s3:DeleteObjectVersion)"
                    ) from None
                # a key that XML cannot say spoils the whole question; one by one it stands in the address
                settled.update((number, self._delete_one(things[number])) for number in open_)
                break
            errors = answer.get("Errors", [])
            kept = {
                name: value
                for name, value in s3_calls.plain(answer).items()
                if name not in ("Deleted", "Errors")
            }
            counts = {"asked": len(open_), "deleted": len(answer.get("Deleted", [])), "errors": errors[:20]}
            self._calls.hear("delete_objects", {**kept, **counts})
            settled.update(self._settle(things, open_, answer))
            again = [number for number in open_ if settled[number].code in _AGAIN]
            if not again or attempt == self._calls.attempts:
                break
            for number in again:
                del settled[number]
            self._calls.wait(attempt)
        return [settled[number] for number in range(len(things))]

    def _settle(
        self, things: Sequence[Thing], asked: Iterable[int], answer: Mapping[str, Any]
    ) -> dict[int, Outcome]:
        """What the answer says of each. Some storages leave the version out of an error: it is then for all not deleted."""
        deleted = {(one.get("Key"), one.get("VersionId") or ""): one for one in answer.get("Deleted", ())}
        errors = {(one.get("Key"), one.get("VersionId") or ""): one for one in answer.get("Errors", ())}
        found = {}
        for number in asked:
            thing = things[number]
            name = (thing.key, thing.version)
            error = errors.get(name)
            if error is None and name not in deleted:
                error = errors.get((thing.key, "")) or {
                    "Code": "no_answer",
                    "Message": "The answer does not mention it.",
                }
            if error is not None:
                message = self._calls.clean(str(error.get("Message") or ""))
                found[number] = self._single(thing, Said(str(error.get("Code") or "unknown"), message))
            elif not thing.version and deleted[name].get("DeleteMarker"):
                found[number] = _marked(thing)
            else:
                found[number] = _deleted(thing)
        return found

    def _single(self, thing: Thing, said: Said) -> Outcome:
        if said.code in _ABSENT:
            return Outcome(
                thing.key, thing.version, thing.kind, "gone", said.code, "It was not there any more."
            )
        words = f"The storage answered {said.code}: {said.message}".rstrip(": ")
        if said.code in s3_calls.DENIED:
            words += " A lock or hold keeps it, or the credentials may not delete versions (s3:DeleteObjectVersion)."
        return _failed(thing, said.code, words)


def _marker(after: str) -> tuple[str, str]:
    if not after:
        return "", ""
    try:
        stage, key = json.loads(after)
        if stage in ("v", "u") and isinstance(key, str):
            return stage, key
    except (ValueError, TypeError):
        pass
    raise PathTrick("The place to go on from is not one of this storage's; list it from its start.")


def _named(thing: Thing) -> dict[str, str]:
    return {"Key": thing.key, "VersionId": thing.version} if thing.version else {"Key": thing.key}


def _last_day(until: datetime) -> date:
    return until.astimezone(UTC).date()


def _deleted(thing: Thing) -> Outcome:
    return Outcome(
        thing.key, thing.version, thing.kind, "deleted", "", "The storage says that it is deleted."
    )


def _marked(thing: Thing) -> Outcome:
    return _failed(
        thing,
        "only_marked",
        "The storage keeps it behind a delete marker; list again and delete its versions.",
    )


def _failed(thing: Thing, code: str, words: str) -> Outcome:
    return Outcome(thing.key, thing.version, thing.kind, "failed", code, words)
