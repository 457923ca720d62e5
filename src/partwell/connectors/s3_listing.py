# SPDX-License-Identifier: AGPL-3.0-or-later
"""The three listings of a bucket, page by page: versions with delete markers, plain objects, incomplete uploads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from partwell.connectors import s3_calls
from partwell.connectors.errors import PathTrick, PlaceUnreachable
from partwell.connectors.places import Thing, ThingKind
from partwell.connectors.s3_calls import Calls

Pages = Callable[[str, str], Iterator[Sequence[Thing]]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS = ("Versions", "DeleteMarkers", "Contents", "Uploads")


class Listing:
    """Listings of one bucket below one prefix (``single``: of one key)."""

    def __init__(self, calls: Calls, bucket: str, prefix: str, single: bool) -> None:
        self._calls, self._bucket, self._prefix, self._single = calls, bucket, prefix, single

    def holds(self, key: str) -> bool:
        """Whether a key belongs to this place."""
        return key == self._prefix if self._single else key.startswith(self._prefix)

    def all_of(self, pages: Pages, after: str) -> Iterator[Thing]:
        """What ``pages`` finds under our prefix; after a key: all of that key again, then what comes behind it."""
        if after and not self.holds(after):
            raise PathTrick("The place to go on from lies outside of the prefix; list from the start.")
        if after:
            for page in pages(after, ""):
                yield from (thing for thing in page if thing.key == after)
                if page and page[-1].key != after:
                    break
        for page in pages(self._prefix, after):
            for thing in page:
                if self.holds(thing.key):
                    yield thing
                elif not self._single:
                    raise PathTrick(
                        f"{self._calls.where} listed something outside of the prefix, so its listing cannot be relied on; nothing of that "
                        "is deleted. Check endpoint and bucket."
                    )

    def version_pages(self, prefix: str, after: str) -> Iterator[Sequence[Thing]]:
        """All versions and delete markers, by key; within a page versions of a key come before its markers."""
        markers = {"KeyMarker": after} if after else {}
        while True:
            answer = self._ask_page("list_object_versions", prefix, markers)
            found = [_version(one, "object") for one in answer.get("Versions", ())]
            found += [_version(one, "marker") for one in answer.get("DeleteMarkers", ())]
            yield sorted(found, key=lambda thing: thing.key.encode(errors="surrogatepass"))
            following = {
                "KeyMarker": answer.get("NextKeyMarker"),
                "VersionIdMarker": answer.get("NextVersionIdMarker"),
            }
            if not self._more(answer, markers, following):
                return
            markers = {name: value for name, value in following.items() if value}

    def object_pages(self, prefix: str, after: str) -> Iterator[Sequence[Thing]]:
        """The objects of a storage that has no versions: each with an empty version."""
        markers: dict[str, Any] = {"StartAfter": after} if after else {}
        while True:
            answer = self._ask_page("list_objects_v2", prefix, markers)
            yield [
                _version({**one, "IsLatest": True, "VersionId": ""}, "object")
                for one in answer.get("Contents", ())
            ]
            following = {"ContinuationToken": answer.get("NextContinuationToken")}
            if not self._more(answer, markers, following):
                return
            markers = following

    def upload_pages(self, prefix: str, after: str) -> Iterator[Sequence[Thing]]:
        """Incomplete uploads; the listing does not tell their size."""
        markers = {"KeyMarker": after} if after else {}
        while True:
            answer = self._ask_page("list_multipart_uploads", prefix, {**markers, "EncodingType": "url"})
            # botocore undoes this encoding for the other listings, not for this one
            plain = unquote_plus if answer.get("EncodingType") == "url" else str
            yield [
                Thing(plain(one["Key"]), one["UploadId"], "upload", 0, utc(one.get("Initiated")), "", False)
                for one in answer.get("Uploads", ())
            ]
            key = answer.get("NextKeyMarker")
            following = {"KeyMarker": key and plain(key), "UploadIdMarker": answer.get("NextUploadIdMarker")}
            if not self._more(answer, markers, following):
                return
            markers = {name: value for name, value in following.items() if value}

    def _ask_page(self, operation: str, prefix: str, markers: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._calls.ask(operation, Bucket=self._bucket, Prefix=prefix, **markers)
        # its prefix comes back in one of two encodings: what it lists is checked all the same
        of_uploads = operation == "list_multipart_uploads"
        self._calls.is_listing(answer, "Bucket" if of_uploads else "Name", None if of_uploads else prefix)
        kept = {name: value for name, value in s3_calls.plain(answer).items() if name not in _LISTS}
        counts = {f"{name}Count": len(answer.get(name, ())) for name in _LISTS if name in answer}
        self._calls.hear(operation, {**kept, **counts})
        return answer

    def _more(
        self, answer: Mapping[str, Any], markers: Mapping[str, Any], following: Mapping[str, Any]
    ) -> bool:
        if not answer.get("IsTruncated"):
            return False
        ahead = {name: value for name, value in following.items() if value}
        if not ahead or ahead == markers:
            # "there is more" without saying where: a listing that stops here would pass as proof
            raise PlaceUnreachable(
                f"{self._calls.where} lists in a circle; ask its operator, and go on later."
            )
        return True


def _version(one: Mapping[str, Any], kind: ThingKind) -> Thing:
    return Thing(
        one["Key"], one.get("VersionId") or "", kind, int(one.get("Size") or 0), utc(one.get("LastModified")),
        str(one.get("ETag", "")).strip('"'), bool(one.get("IsLatest")),
    )  # fmt: skip


def utc(value: Any) -> datetime:
    """Aware UTC of what botocore parsed; 1970 where the storage gave no time."""
    if not isinstance(value, datetime):
        return _EPOCH
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
