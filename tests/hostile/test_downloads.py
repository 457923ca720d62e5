# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever takes a file leaves an entry, whoever only looks leaves none (R1, R17), and no file is a way round R16."""

import io
from dataclasses import replace

import pyrage
import pytest

from partwell.actions.estate.attach_document import attach_document
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.run_bundle import run_now
from partwell.records.estate.models import Item
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.jobs.models import Job
from partwell.records.releases.models import ReleaseLine
from partwell.rules.refusals import Refusal
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


@pytest.mark.parametrize("to", [Party.CLIENT, Party.PROVIDER])
def test_an_account_manager_cannot_encrypt_the_passwords_to_herself(to: Party) -> None:
    c = cast(signed=True)
    c.release("diagram")
    mine = str(pyrage.x25519.Identity.generate().to_public())
    recipient = c.recipient.id if to is Party.PROVIDER else None
    for actor in (c.ines, c.kerstin, replace(c.dan, door="api", strength="token", scopes=("bundles:write",))):
        made = request_bundle(
            actor=actor, client_id=c.northwick.id, to=to, recipient_id=recipient, credentials=True, age=[mine]
        )
        assert isinstance(made, Refusal) and made.code in ("not_your_role", "invalid_input")
    assert not Job.objects.filter(kind="bundle.build").exists()
    plain = request_bundle(actor=c.ines, client_id=c.northwick.id, to=to, recipient_id=recipient, age=[mine])
    assert not isinstance(plain, Refusal)


def test_the_client_sees_to_which_key_their_passwords_were_encrypted() -> None:
    c = cast(signed=True)
    key = str(pyrage.x25519.Identity.generate().to_public())
    done(request_bundle(actor=c.dan, client_id=c.northwick.id, to=Party.CLIENT, credentials=True, age=[key]))
    told = [bytes(one.content) for one in Disclosure.objects.filter(label="client")]
    assert any(key.encode() in one and b'"credentials":true' in one for one in told)


def test_no_paper_address_leads_to_a_bundle_or_a_credentials_file() -> None:
    c = cast(signed=True)
    job_url = bundle_url(c)
    bundle = Job.objects.get(kind="bundle.build").result["file"]
    router = Item.objects.get(pk=c.items["router"].id)
    done(
        attach_document(
            actor=c.dan,
            client_id=c.northwick.id,
            item_id=router.id,
            name="keys.txt",
            stream=io.BytesIO(b"secret"),
        )
    )
    router.refresh_from_db()
    for actor in (c.kerstin, c.ines, c.dan):
        browser = browser_of(actor)
        for file in (bundle, router.document_id):
            assert browser.get(f"/clients/{c.northwick.id}/files/{file}/").status_code == 404
    assert taken(c) == 0 and browser_of(c.theo).get(job_url).status_code == 200
