# SPDX-License-Identifier: AGPL-3.0-or-later
"""A credential is shown once, to one person in one session, decided again at that moment (R16)."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.releases.reveal import allow_reveal, claim_reveal, make_reveal
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.releases.models import ReleaseLine, Reveal
from tests.flows.cast import PASSWORD, Cast, cast, done
from tests.flows.post_office import delivered

pytestmark = pytest.mark.both_databases


def released(c: Cast) -> ReleaseLine:
    """The router's login, announced to Theo."""
    c.release("router")
    delivered(c)
    return ReleaseLine.objects.get(item=c.items["router"])


def test_shown_once_and_written_nowhere() -> None:
    c = cast(signed=True)
    line = released(c)
    row = done(make_reveal(actor=c.theo, line_id=line.id, session_key="theo's cookie"))
    shown = done(claim_reveal(actor=c.theo, reveal_id=row.id, session_key="theo's cookie"))
    assert shown.values["password"].reveal() == PASSWORD and shown.account == "admin"
    assert PASSWORD not in repr(shown)
    assert claim_reveal(actor=c.theo, reveal_id=row.id, session_key="theo's cookie").code == "reveal_used"
    assert make_reveal(actor=c.theo, line_id=line.id, session_key="theo's cookie").code == "reveal_used"
    assert Entry.objects.filter(type="credential.revealed").count() == 1
    assert not any(PASSWORD.encode() in bytes(one.content) for one in Disclosure.objects.all())
    assert ReleaseLine.objects.get(pk=line.id).opened_at is not None


def test_another_person_session_or_too_late_shows_nothing() -> None:
    c = cast(signed=True)
    line = released(c)
    row = done(make_reveal(actor=c.theo, line_id=line.id, session_key="mine"))
    assert claim_reveal(actor=c.sunniva, reveal_id=row.id, session_key="mine").code == "not_found"
    assert claim_reveal(actor=c.leo, reveal_id=row.id, session_key="mine").code == "not_found"
    assert (
        claim_reveal(actor=c.theo, reveal_id=row.id, session_key="stolen id only").code == "reveal_not_yours"
    )
    with patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(minutes=11)):
        assert claim_reveal(actor=c.theo, reveal_id=row.id, session_key="mine").code == "reveal_not_yours"
        again = done(
            make_reveal(actor=c.theo, line_id=line.id, session_key="mine")
        )  # nothing was shown: once more
        done(claim_reveal(actor=c.theo, reveal_id=again.id, session_key="mine"))
    assert Reveal.objects.count() == 1


def test_consent_withdrawn_between_page_and_click() -> None:
    c = cast(signed=True)
    line = released(c)
    row = done(make_reveal(actor=c.theo, line_id=line.id, session_key="k"))
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    assert claim_reveal(actor=c.theo, reveal_id=row.id, session_key="k").code == "withdrawn"
    assert make_reveal(actor=c.theo, line_id=line.id, session_key="k").code == "withdrawn"
    assert Reveal.objects.get().revoked_at is not None
    assert not Entry.objects.filter(type="credential.revealed").exists()


def test_a_second_showing_is_staffs_to_allow_with_a_reason() -> None:
    c = cast(signed=True)
    line = released(c)
    done(accept_terms(actor=c.sunniva, shown_digest=terms_for(c.recipient)[1]))
    theirs = done(make_reveal(actor=c.sunniva, line_id=line.id, session_key="s"))
    row = done(make_reveal(actor=c.theo, line_id=line.id, session_key="t"))
    done(claim_reveal(actor=c.theo, reveal_id=row.id, session_key="t"))
    # Sunniva had the page open too: it was shown already.
    assert claim_reveal(actor=c.sunniva, reveal_id=theirs.id, session_key="s").code == "reveal_used"
    assert (
        allow_reveal(actor=c.dan, line_id=line.id, person_id=c.theo.id, reason=" ").code
        == "sensitive_purpose_missing"
    )
    assert allow_reveal(actor=c.dan, line_id=line.id, person_id=c.leo.id, reason="x").code == "not_found"
    assert allow_reveal(actor=c.theo, line_id=line.id, person_id=c.theo.id, reason="x").code == "not_found"
    done(
        allow_reveal(
            actor=c.dan, line_id=line.id, person_id=c.theo.id, reason="The page was closed too early."
        )
    )
    once_more = done(make_reveal(actor=c.theo, line_id=line.id, session_key="t"))
    assert (
        done(claim_reveal(actor=c.theo, reveal_id=once_more.id, session_key="t")).values["password"].reveal()
        == PASSWORD
    )


def test_mara_receives_her_own_credential_the_same_way() -> None:
    c = cast()
    c.release("router", target=c.to_client())
    line = ReleaseLine.objects.get()
    assert make_reveal(actor=c.tom, line_id=line.id, session_key="t").code == "not_your_role"
    row = done(make_reveal(actor=c.mara, line_id=line.id, session_key="m"))
    assert (
        done(claim_reveal(actor=c.mara, reveal_id=row.id, session_key="m")).values["password"].reveal()
        == PASSWORD
    )


def test_a_purged_copy_says_so() -> None:
    from partwell.actions.estate.secrets import purge_copy
    from partwell.actions.releases.receive import confirm_receipt

    c = cast()
    c.release("router", target=c.to_client())
    line = ReleaseLine.objects.get()
    done(confirm_receipt(actor=c.mara, line_ids=[line.id]))
    done(purge_copy(actor=c.dan, client_id=c.northwick.id, item_id=c.items["router"].id))
    assert make_reveal(actor=c.mara, line_id=line.id, session_key="m").code == "secret_purged"
