# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail of several parts for the tests of pages: plain words, HTML that means harm, and a file."""

from tests.flows.mail_cast import mail

BOUNDARY = "part-of-a-test"
HTML = '<p onclick="x()">Good <b>day</b><script>steal()</script><img src="https://spy.example/x.png"><a href="javascript:x()">here</a></p>'


def parted(sender: str, to: str, **headers: str) -> bytes:
    """A mail with plain words, HTML that means harm, and a file."""
    body = (
        f"--{BOUNDARY}\nContent-Type: text/plain; charset=utf-8\n\nPlain words first.\n"
        f"--{BOUNDARY}\nContent-Type: text/html; charset=utf-8\n\n{HTML}\n"
        f'--{BOUNDARY}\nContent-Type: text/csv; name="list.csv"\nContent-Disposition: attachment; filename="list.csv"\n\na,b\n1,2\n'
        f"--{BOUNDARY}--\n"
    )
    kind = f'multipart/mixed; boundary="{BOUNDARY}"'
    return mail(sender, to, "A list", body, Content_Type=kind, **headers)
