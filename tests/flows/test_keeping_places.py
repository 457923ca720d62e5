# SPDX-License-Identifier: AGPL-3.0-or-later
"""No set lies in another client's place, however it is written; and long lists of sets are paged by key (R6)."""

from pathlib import Path

import pytest
from django.conf import settings

from partwell.actions.retention import look
from partwell.actions.retention.record_set import change_set, record_set
from partwell.records.retention.models import BackupSet
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, cast
from tests.flows.keeping_cast import images, kept, moment
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(items=False)


def test_no_set_lies_in_anothers_place(story: Cast, tmp_path: Path) -> None:
    kept(story)
    folder = tmp_path / "northwick"
    folder.mkdir()
    (tmp_path / "elsewhere").symlink_to(folder)
    kept(story, images(name="Files", place=Place.FOLDER, whereabouts={"path": str(folder)}))
    quayside = story.quayside.id

    def tried(**more: object) -> str:
        found = record_set(actor=story.dan, client_id=quayside, facts=images(**{"name": "Theirs", **more}))
        assert isinstance(found, Refusal)
        assert "Server images" not in found.sentence
        assert "Northwick" not in found.sentence
        return found.code

    bucket = images().whereabouts
    for prefix in ("northwick", "northwick/images/2025", "NORTHWICK/IMAGES"):
        assert tried(whereabouts={**bucket, "prefix": prefix}) == "place_overlaps"
    assert (
        tried(whereabouts={**bucket, "endpoint": "https://harbourline.s3.tarn.example:443/"})
        == "place_overlaps"
    )
    assert tried(whereabouts={**bucket, "prefix": "", "whole_bucket": True}) == "place_overlaps"
    for path in (
        str(folder),
        f"{folder}/",
        f"{tmp_path}",
        f"{tmp_path}/./northwick//deep",
        f"{tmp_path}/elsewhere",
    ):
        assert tried(place=Place.FOLDER, whereabouts={"path": path}) == "place_overlaps"
    assert tried(place=Place.FOLDER, whereabouts={"path": f"{folder}/../northwick"}) == "invalid_input"
    kept(story, images(name="Theirs", whereabouts={**bucket, "prefix": "northwick2"}), client=quayside)


def test_what_is_partwells_own_is_nobodys_set(story: Cast, db_world: World, tmp_path: Path) -> None:
    """A hostile technician names the vault, the keys or the log as a client's folder; two people would delete it."""
    (tmp_path / "innocent").symlink_to(db_world.home)
    for path in (
        str(db_world.home),
        f"{db_world.home}/vault/northwick",
        str(db_world.home.parent),
        str(settings.PARTWELL_KEYS),
        str(settings.PARTWELL_LOG),
        f"{tmp_path}/innocent/vault",
        "/etc/northwick",
        "/srv",
    ):
        found = record_set(
            actor=story.dan, client_id=story.northwick.id,
            facts=images(name="Files", place=Place.FOLDER, whereabouts={"path": path}),
        )  # fmt: skip
        assert isinstance(found, Refusal) and found.code == "invalid_input", path
    row = kept(story)
    moved = images(place=Place.FOLDER, whereabouts={"path": f"{db_world.home}/vault"})
    refused = change_set(actor=story.dan, set_id=row.id, facts=moved)
    assert isinstance(refused, Refusal) and refused.code == "invalid_input"


def test_pages_go_on_by_key(story: Cast) -> None:
    for number in range(7):
        kept(
            story, images(name=f"Set {number}", whereabouts={**images().whereabouts, "prefix": f"p{number}"})
        )
    until = BackupSet.objects.earliest("recorded_at").keep_until
    assert until is not None
    now, after, seen = moment(until), None, []
    for _ in range(4):
        page = look.due(now, after, 3)
        seen += [one.row.name for one in page.rows]
        after = page.after
        if after is None:
            break
    assert sorted(seen) == [f"Set {number}" for number in range(7)]
    assert look.due(now, "nonsense", 3).rows
    assert look.counts(now).due == 7
