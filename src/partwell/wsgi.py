# SPDX-License-Identifier: AGPL-3.0-or-later
"""The WSGI callable that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")
application = get_wsgi_application()


def _ready() -> None:
    """Whoever serves this by another server than `partwell run` must not serve an old backup either."""
    from django.db import connections

    from partwell.actions.backup.ready import make_ready
    from partwell.connectors.errors import ConnectorError

    try:
        make_ready()
    except ConnectorError as error:
        raise SystemExit(str(error)) from None
    finally:
        connections.close_all()


_ready()
