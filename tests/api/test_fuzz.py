# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every operation under generated requests, good and bad: no 5xx, and every answer as the document says.

Half of the cases name rows that exist, so that they reach the actions. Two good and two bad examples an operation
in the suite, a quarter of the operations in each test; sixty of each with ``make fuzz``.
"""

import json
import random
import re
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from partwell.entrypoints.api.app import openapi
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Offboarding
from partwell.records.releases.models import ReleaseLine
from partwell.records.retention.models import HandStep
from tests.api.caller import caller
from tests.flows.cast import PASSWORD, Cast, cast
from tests.flows.deleted import backup_set, deleted
from tests.flows.keeping_cast import kept as kept_set
from tests.support.kept import kept

PARTS = 4
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def _known(people: Cast) -> dict[str, list[str]]:
    """Identifiers that are there, by the name of the path's part."""
    out = people.release("diagram", "switch")
    assert out.release is not None and people.authorisation is not None
    dan = caller(people.jonah, people.dan)
    at = f"/clients/{people.northwick.id}"
    call = dan.made(
        f"{at}/calls", {"with_whom": "Mara", "summary": "Keys.", "happened_at": "2026-03-01T09:00:00Z"}
    )
    message = dan.made(f"{at}/messages", {"subject": "Monday", "text": "At nine."})
    job = dan.made(f"{at}/bundles", {"to": "client"})["id"]
    offboarding = Offboarding.objects.get(client=people.northwick)
    dan.made(f"/offboardings/{offboarding.id}/acceptances")
    ines = caller(people.jonah, people.ines)
    ines.post(f"/offboardings/{offboarding.id}/plan")
    line = {"text": "Drive", "unit_price": "50.00"}
    paper = ines.made(f"{at}/papers", {"kind": "invoice", "lines": [line]})
    slip = {"amount": "10", "currency": "EUR", "received_on": "2026-01-02", "reference": "TRN 1"}
    assert ines.form(f"/papers/{paper['id']}/payments", slip).status_code == 201
    steps = dan.ok("GET", f"/offboardings/{offboarding.id}/steps")["items"]
    timer = dan.made(f"{at}/timers", {"work_class": "offboarding"})["id"]
    worked = {
        "minutes": 5, "started_at": "2026-03-01T09:00:00Z", "work_class": "offboarding", "note": "Call", "kind": "as_is",
    }  # fmt: skip
    time = dan.made(f"{at}/time", worked)["id"]
    asked = dan.made(f"/offboardings/{offboarding.id}/requests", {"title": "A diagram"})["id"]
    kept_id = str(kept_set(people).id)
    hold = {
        "title": "Claim",
        "description": "Kept",
        "asked_by": "Counsel",
        "review_on": "2199-01-01",
        "sets": [kept_id],
    }
    wish = {"asked_by": str(people.mara.id), "what": "Mail archive", "ship_to": "1 Quay Street"}
    gone = deleted(people, backup_set(people, "Old tapes"), state="partial", steps=1)
    rows = {
        "set_id": [kept_id, str(gone.backup_set_id)],
        "hold_id": [ines.made(f"{at}/holds", hold)["id"]],
        "only_copy_id": [
            dan.made(f"/sets/{kept_id}/only-copies", {"item": str(people.items["runbook"].id)})["id"]
        ],
        "deletion_id": [gone.id],
        "hand_step_id": [HandStep.objects.get(deletion=gone).id],
        "what": ["listing", "outcome", "verification"],
        "copy_id": [ines.made(f"{at}/copies", wish)["id"]],
        "timer_id": [timer],
        "request_id": [asked],
        "client_id": [people.northwick.id, people.northwick.id, people.quayside.id],
        "item_id": [people.items["router"].id, people.items["diagram"].id],
        "contact_id": [people.mara.id, people.tom.id],
        "recipient_id": [people.recipient.id],
        "person_id": [people.sunniva.id],
        "authorisation_id": [people.authorisation.id],
        "offboarding_id": [offboarding.id],
        "acceptance_id": [dan.ok("GET", f"/offboardings/{offboarding.id}/acceptances")["items"][0]["id"]],
        "step_id": [one["id"] for one in steps] or [uuid4()],
        "release_id": [out.release.id],
        "line_id": list(ReleaseLine.objects.values_list("pk", flat=True)),
        "call_id": [call["id"]],
        "message_id": [message["id"]],
        "envelope_id": [dan.ok("GET", f"{at}/envelopes")["items"][0]["id"]],
        "job_id": [job],
        "bundle_id": [job],
        "paper_id": [paper["id"]],
        "payment_id": [ines.ok("GET", f"/papers/{paper['id']}/payments")["items"][0]["id"]],
        "profile_id": [ines.made(f"{at}/law/profiles", {"code": "gdpr", "reason": "Personal data"})["id"]],
        "entry_id": [time, *Entry.objects.values_list("uid", flat=True)[:5]],
    }
    return {name: [str(one) for one in found] for name, found in rows.items()}


def _filled(case: Any, known: dict[str, list[str]], chance: random.Random) -> None:
    """Name rows that exist, in the path and at times in the body."""
    if chance.random() < 0.3:
        return
    for name in list(case.path_parameters or {}):
        if name in known:
            case.path_parameters[name] = chance.choice(known[name])
    if isinstance(case.body, dict):
        for name, wanted in (
            ("to_person_id", "person_id"),
            ("signatory_id", "contact_id"),
            ("recipient_id", "recipient_id"),
            ("to_contact_id", "contact_id"),
        ):
            if isinstance(case.body.get(name), str):
                case.body[name] = chance.choice(known[wanted])
        if isinstance(case.body.get("item_ids"), list):
            case.body["item_ids"] = known["item_id"][:1]


def _alone(path: str, method: str) -> dict[str, Any]:
    """The API's document with this operation alone and the components that it leads to.

    The fuzzer compiles all components for every schema that it meets, which took most of its time, and never gives them
    back: the whole document made a gigabyte of 70 operations.
    """
    whole = openapi()
    wanted, todo = {}, [whole["paths"][path][method]]
    while todo:
        here = todo.pop()
        for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(here)):
            if name not in wanted:
                wanted[name] = whole["components"]["schemas"][name]
                todo.append(wanted[name])
    components = {**whole["components"], "schemas": wanted}
    return {**whole, "paths": {path: {method: whole["paths"][path][method]}}, "components": components}


def _fuzz(
    people: Cast, known: dict[str, list[str]], examples: int, part: int = 0, of: int = 1
) -> Counter[int]:
    token = caller(people.jonah, people.jonah).token
    app = get_wsgi_application()
    found: Counter[int] = Counter()
    chance = random.Random(20261123)
    operations = [(path, method) for path, methods in openapi()["paths"].items() for method in methods]
    for path, method in operations[part::of]:
        schema = schemathesis.openapi.from_dict(_alone(path, method))
        schema.app = app
        # Words of our own code as input cost 0.7 s an operation: at night.
        schema.config.analysis.constants.enabled = examples > 2
        (operation,) = (result.ok() for result in schema.get_all_operations())

        def one(case: Any) -> None:
            _filled(case, known, chance)
            response = case.call(headers={"Authorization": f"Bearer {token}"})
            found[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)
            assert PASSWORD.encode() not in response.content
            if response.status_code >= 400 and response.status_code != 416:
                document = json.loads(response.content)
                assert document["status"] == response.status_code and document["next_step"]

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                strategy = operation.as_strategy(generation_mode=mode)
                test = settings(
                    max_examples=examples, deadline=None, database=None, derandomize=True, print_blob=False,
                    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
                )(given(strategy)(one))  # fmt: skip
                test()
            except Exception as problem:
                if "Unsatisfiable" in type(problem).__name__:
                    continue  # nothing can be wrong with a request that takes nothing
                raise AssertionError(
                    f"{operation.method.upper()} {operation.path} ({mode.value}): {problem}"
                ) from problem
    return found


@kept
def _people() -> tuple[Cast, dict[str, list[str]]]:
    made = cast(signed=True)
    return made, _known(made)


@pytest.fixture
def people(db_world: object) -> tuple[Cast, dict[str, list[str]]]:
    """The cast with an estate, a standing consent and a row of everything."""
    return _people()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_generated_request_breaks_it(people: tuple[Cast, dict[str, list[str]]], part: int) -> None:
    found = _fuzz(*people, 2, part, PARTS)
    assert found[200] > 3 and found[422] > 8, found


@pytest.mark.nightly
def test_no_generated_request_breaks_it_at_length(people: tuple[Cast, dict[str, list[str]]]) -> None:
    found = _fuzz(*people, 60)
    assert found[200] > 200, found
