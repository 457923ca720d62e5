# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may write may not flood, who is nobody may not fill the disk, and what they sent is not in the log."""

import io
import logging

import pytest
from django.test import Client

from partwell.actions.correspondence import write_message as module
from partwell.actions.correspondence.write_message import ALL, CLIENT, Draft, write_message
from partwell.actions.people.security_log import forget_oldest
from partwell.actions.releases.request_item import request_item
from partwell.hush import Hush
from partwell.records.correspondence.models import Envelope
from partwell.records.people.models import SecurityEvent
from partwell.rules.refusals import Refusal
from tests.flows.cast import cast, done

pytestmark = pytest.mark.usefixtures("db_world")


def test_a_provider_cannot_flood_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKED_AN_HOUR", 4)
    c = cast(signed=True, items=False)
    for number in range(2):
        done(
            write_message(actor=c.theo, client_id=c.northwick.id, draft=Draft(f"Question {number}", "?", ALL))
        )
        done(request_item(actor=c.sunniva, wanted=f"Plan {number}"))
    before = Envelope.objects.count()
    for actor in (c.theo, c.sunniva):
        more = write_message(actor=actor, client_id=c.northwick.id, draft=Draft("And", "?", ALL))
        asked = request_item(actor=actor, wanted="one more plan")
        assert isinstance(more, Refusal) and isinstance(asked, Refusal)
        assert more.code == asked.code == "throttled"
    assert Envelope.objects.count() == before
    done(write_message(actor=c.mara, client_id=c.northwick.id, draft=Draft("We", "answer.", CLIENT)))


def test_the_security_log_keeps_the_newest_lines() -> None:
    cast(items=False)
    stranger = Client()
    for number in range(6):
        assert stranger.get(f"/nothing/{number}/").status_code == 404
    assert forget_oldest(4) == 2 and forget_oldest(4) == 0
    assert sorted(SecurityEvent.objects.values_list("path", flat=True))[0] == "/nothing/2/"


def test_a_traceback_tells_no_token() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(Hush())
    log = logging.getLogger("partwell.tests.hush")
    log.addHandler(handler)
    token = "A1b2C3d4E5f6G7h8I9j0K1l2"
    try:
        raise ValueError(f"cannot read /in/{token}/ with password={token}")
    except ValueError:
        log.exception("It failed at /in/%s/", token)
    finally:
        log.removeHandler(handler)
    assert "ValueError" in out.getvalue() and token not in out.getvalue()
