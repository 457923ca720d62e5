# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever takes a file leaves an entry, and whoever only looks leaves none (R1, R17)."""

import pytest

from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.run_bundle import run_now
from partwell.records.evidence.models import Entry
from partwell.records.releases.models import ReleaseLine
from partwell.rules.terms import Party
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def bundle_url(c: Cast) -> str:
    """The address of a bundle that was built for Alder Row."""
    c.release("diagram")
    delivered(c)
    job = done(
        request_bundle(actor=c.theo, client_id=c.northwick.id, to=Party.PROVIDER, recipient_id=c.recipient.id)
    )
    assert run_now(job.id, lambda *_: None).state == "done"
    return f"/provider/bundles/{job.id}/file/"


def taken(c: Cast) -> int:
    """How many downloads are on record."""
    return Entry.objects.filter(type="bundle.downloaded").count()


@pytest.mark.parametrize(
    "wanted", ["bytes=00-", "bytes=1-", "bytes=-99999999", "items=5-", "bytes=0-0,1-", "bytes=", "x"]
)
def test_no_range_takes_a_bundle_without_an_entry(wanted: str) -> None:
    c = cast(signed=True)
    url, theo = bundle_url(c), browser_of(c.theo)
    answer = theo.get(url, HTTP_RANGE=wanted)
    assert answer.status_code in (200, 206) and b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert taken(c) == 1


def test_a_colleague_cannot_continue_what_he_never_began() -> None:
    c = cast(signed=True)
    url, theo = bundle_url(c), browser_of(c.theo)
    assert theo.get(url).status_code == 200
    assert theo.get(url, HTTP_RANGE="bytes=5-").status_code == 206 and taken(c) == 1
    ines = browser_of(c.ines)
    assert ines.get(url.replace("/provider", ""), HTTP_RANGE="bytes=5-").status_code == 206
    assert taken(c) == 2


def test_looking_at_the_headers_is_no_download_and_no_opening() -> None:
    c = cast(signed=True)
    url, theo = bundle_url(c), browser_of(c.theo)
    line = ReleaseLine.objects.get(item=c.items["diagram"])
    assert theo.head(url).status_code == 200
    assert theo.head(f"/provider/lines/{line.id}/file/").status_code == 200
    line.refresh_from_db()
    assert taken(c) == 0 and line.opened_at is None
    assert not Entry.objects.filter(type="release.opened").exists()
    assert theo.get(f"/provider/lines/{line.id}/file/").status_code == 200
    line.refresh_from_db()
    assert line.opened_at is not None and Entry.objects.filter(type="release.opened").count() == 1
