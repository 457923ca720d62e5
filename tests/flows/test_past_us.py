# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a staff member's own mail program sends straight to a new provider: seen, told, on record, and never denied (R1, R2)."""

from collections.abc import Iterator

import pytest

from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Disclosure
from partwell.records.jobs.models import Job
from tests.flows.cast import done
from tests.flows.mail_cast import address, mail, mail_comes_in
from tests.flows.test_mail_in import DAN, started
from tests.flows.test_staff_answers import dan, told
from tests.support.worlds import World


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def offices() -> list[str]:
    return [row.payload["title"] for row in Job.objects.filter(kind="mail.office")]


def test_reply_all_past_us_is_told_to_its_author_and_the_office_and_stands_on_record() -> None:
    c = started(consent=True)
    here = address("provider")
    row = dan(here, raw=mail(DAN, here, "Re: Hello", "Ten is fine.", Cc="Theo Brandt <Theo@AlderRow.example>, helpdesk@alderrow.example, Mara <mara@northwick.example>"))  # fmt: skip
    assert row.state == "filed" and "theo@alderrow.example" in row.warnings[0].casefold()
    assert "mara@" not in row.warnings[0] and "helpdesk@alderrow.example" in row.warnings[0]
    assert any("went past Partwell" in one for one in told(c)) and any(
        "Dan Frey went past" in one for one in offices()
    )
    assert b'"past_us"' in b"".join(bytes(one.content) for one in Disclosure.objects.filter(label="client"))


def test_without_consent_nobody_is_told_that_nothing_went_to_anybody() -> None:
    c = started()
    done(write_message(actor=c.theo, client_id=c.northwick.id, draft=Draft("Firewall", "Which model is it?")))
    here = address()
    row = dan(here, raw=mail(DAN, f"theo@alderrow.example, {here}", "Re: Firewall", "A 60F."))
    assert row.warnings and "past us" in row.warnings[0]
    assert any("went past Partwell" in one for one in told(c)) and len(offices()) >= 1
    assert not Envelope.objects.filter(to_provider=True, kind="message").exists()


def test_a_client_or_a_colleague_in_copy_is_nothing_to_warn_of() -> None:
    c = started(consent=True)
    here = address("provider")
    row = dan(here, raw=mail(DAN, here, "Re: Hello", "Ten.", Cc="mara@northwick.example, priya@harbourline.example, vendor@else.example"))  # fmt: skip
    assert row.warnings == [] and told(c) == [] and not offices()
