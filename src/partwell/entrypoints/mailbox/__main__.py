# SPDX-License-Identifier: AGPL-3.0-or-later
"""The LMTP process: ``python -m partwell.entrypoints.mailbox``; ``partwell run`` starts it where PARTWELL_LMTP is set."""

import os
import sys


def main() -> int:
    """Serve until SIGTERM; 1 where nothing is set or the address cannot be had."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")
    import django

    django.setup()
    from django.conf import settings

    from partwell.entrypoints.mailbox.lmtp import serve

    if not settings.ENV.lmtp or not settings.PARTWELL_MAIL_ADDRESS:
        sys.stderr.write(
            "Mail comes in by LMTP where PARTWELL_MAIL_ADDRESS and PARTWELL_LMTP are set; see docs/settings.md.\n"
        )
        return 1
    try:
        serve(settings.ENV.lmtp)
    except OSError as error:
        sys.stderr.write(
            f"LMTP cannot listen on {settings.ENV.lmtp} ({error.strerror}); choose another PARTWELL_LMTP.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
