# SPDX-License-Identifier: AGPL-3.0-or-later
"""A temporary installation for the subjects with rows, as the tests make theirs, and a few people in it."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks.measure import Options, folder
from tests.support import programs, worlds
from tests.support.postgres import Cluster, stop

if TYPE_CHECKING:
    from partwell.records.clients.models import Client
    from partwell.rules.actor import Actor

Made = TypeVar("Made")


def prepare() -> Path:
    """The environment and Django, once, before anything of the program is imported; gives the folder to remove after."""
    for name in [name for name in os.environ if name.startswith("PARTWELL_")]:
        del os.environ[name]
    nowhere = Path(tempfile.mkdtemp(prefix=f"partwell-test-{os.getpid()}-", dir=worlds.scratch()))
    (nowhere / "home" / "static").mkdir(parents=True)  # WhiteNoise warns without it
    url = f"sqlite:///{nowhere / 'nobody-asked-for-a-database'}"
    os.environ.update(worlds.variables(url, "", nowhere / "home", nowhere / "keys"))
    os.environ["PARTWELL_SECRET_KEY"] = worlds.SECRET
    os.environ["DJANGO_SETTINGS_MODULE"] = "partwell.settings"
    import django

    django.setup()
    return nowhere


@contextmanager
def house(kind: str, options: Options) -> Iterator[worlds.World]:
    """A migrated, empty installation on ``kind`` ("sqlite" or "postgresql"), in which Django lives until the block ends.

    SystemExit where PostgreSQL is asked for and not installed.
    """
    with folder(options) as place:
        if kind == "sqlite":
            with worlds.sqlite_world(place) as world, worlds.entered(world):
                yield world
            return
        if programs.find("initdb") is None:
            raise SystemExit(
                "--postgresql needs PostgreSQL's programs (Debian, Ubuntu: apt install postgresql)."
            )
        # A Unix socket's path has about 100 bytes, so not below the long name above.
        cluster = Cluster(worlds.scratch() / f"pwb{os.getpid()}")
        try:
            with worlds.postgresql_world(place, cluster) as world, worlds.entered(world):
                yield world
        finally:
            if (cluster.folder / "ready").exists():
                stop(cluster.folder, Path((cluster.folder / "ready").read_text()))
            shutil.rmtree(cluster.folder, ignore_errors=True)


def done(result: Any) -> Any:
    """What an action gave, which must not be a refusal here."""
    from partwell.rules.refusals import Refusal

    if isinstance(result, Refusal):
        raise RuntimeError(f"Refused: {result}")
    return result


def owner() -> "Actor":
    """Set the MSP up; its first owner."""
    from partwell.actions.people.set_up import MspPolicy, actor_of, set_up

    policy = MspPolicy(name="Harbourline IT", email="desk@harbourline.example")
    return actor_of(
        done(
            set_up(
                policy, owner_name="Jonah Reyes", owner_email="jonah@harbourline.example", owner_password=None
            )
        )
    )


def client(actor: "Actor", name: str) -> "Client":
    """An active client with a contact who signs."""
    from partwell.actions.clients.add_client import add_client
    from partwell.actions.clients.add_contact import NewContact, add_contact
    from partwell.rules.terms import ContactRole

    stem = "".join(letter for letter in name.lower() if letter.isalnum())
    row: Client = done(
        add_client(actor=actor, name=name, legal_name=f"{name} Ltd", domains=[f"{stem}.example"])
    )
    signer = NewContact(
        "Mara Ellery", f"mara@{stem}.example", ContactRole.SIGNATORY, second_email=f"mara@{stem}-post.example"
    )
    done(add_contact(actor=actor, client_id=row.id, contact=signer))
    return row


def signed_in(actor: "Actor") -> Any:
    """Django's test client with a session of this member of staff, second factor included."""
    from allauth.account.internal.userkit import user_id_to_str
    from django.test import Client as Browser

    from partwell.records.people.models import StaffMember

    browser = Browser(HTTP_USER_AGENT="a measurement", SERVER_NAME="localhost")
    user = StaffMember.objects.select_related("user").get(pk=actor.id).user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = browser.session
    session["account_authentication_methods_user"] = user_id_to_str(user)
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    session.save()
    return browser
