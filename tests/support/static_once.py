# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our styles and scripts are looked for once a process, not once for each of the thousands of browsers that tests open.

Each of Django's test clients makes the middlewares anew, and WhiteNoise's then reads the size and date of every static
file: 10 ms a client. A server makes them once.
"""

from typing import Any


def install() -> None:
    """From now on a WhiteNoise with the same settings gets the files that the first one found."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[tuple[object, ...], dict[str, Any]] = {}

    def once(self: Any) -> None:
        how = (
            self.static_prefix,
            self.max_age,
            self.charset,
            self.allow_all_origins,
            self.add_headers_function,
        )
        if how not in found:
            before = set(self.files)
            look(self)
            found[how] = {url: one for url, one in self.files.items() if url not in before}
        self.files.update({**found[how], **self.files})

    WhiteNoiseMiddleware.add_files_from_finders = once
