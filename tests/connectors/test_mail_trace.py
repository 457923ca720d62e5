# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who handed a mail to our own servers, and that nobody else's word counts."""

from pathlib import Path

import pytest

from partwell.connectors.mail_trace import Trace, handed_over, names_of

OURS = ("mx.parting.example", "store.parting.example")
STORE = "Received: from mx.parting.example by store.parting.example with LMTP\r\n\tid abc; Mon, 23 Nov 2026 10:00:02 +0000\r\n"
FORGED = "Received: from good.example (good.example [192.0.2.99]) by mx.parting.example (Postfix); Mon, 23 Nov 2026 09:00:00 +0000\r\n"
END = "From: a@b.example\r\nSubject: Hi\r\n\r\nText\r\n"


def trace(tmp_path: Path, head: str, names: tuple[str, ...] = OURS) -> Trace | None:
    path = tmp_path / "mail.eml"
    path.write_bytes((head + END).encode("latin-1"))
    return handed_over(path, names)


@pytest.mark.parametrize(
    ("line", "address", "helo"),
    [
        ("from helo.example (rdns.example [192.0.2.7]) by mx.parting.example (Postfix) with ESMTPS id 1", "192.0.2.7", "helo.example"),
        ("from helo.example (unknown [IPv6:2001:db8::7])\r\n\t(using TLSv1.3 with cipher X (256/256 bits))\r\n\tby mx.parting.example (Postfix)", "2001:db8::7", "helo.example"),
        # A HELO that looks like an address is the sender's word, not the server's.
        ("from [192.0.2.99] (unknown [192.0.2.7]) by mx.parting.example (Postfix)", "192.0.2.7", "192.0.2.99"),
        ("from rdns.example ([192.0.2.7] helo=helo.example) by mx.parting.example with esmtps (Exim 4.96)", "192.0.2.7", "helo.example"),
        ("from [192.0.2.7] (helo=[192.0.2.99]) by mx.parting.example with esmtp (Exim 4.96)", "192.0.2.7", "192.0.2.99"),
        ("from unknown (HELO helo.example) (192.0.2.7) by mx.parting.example with SMTP", "192.0.2.7", "helo.example"),
        ("from helo.example (rdns.example [192.0.2.7] (may be forged)) by MX.parting.example. (8.17)", "192.0.2.7", "helo.example"),
    ],
)  # fmt: skip
def test_what_mail_servers_write_is_read(tmp_path: Path, line: str, address: str, helo: str) -> None:
    # Below it stands a line in our server's name, as a forger writes it: it counts for nothing.
    found = trace(
        tmp_path, f"Return-Path: <mara@northwick.example>\r\n{STORE}Received: {line}; today\r\n{FORGED}"
    )
    assert found == Trace(address, helo, "mara@northwick.example")


TRUE = "Received: from helo.example (rdns.example [192.0.2.7]) by mx.parting.example (Postfix); today\r\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        # Only servers that the owner named, from the top: another's line above ends it.
        ("Received: from a.example (a.example [192.0.2.8]) by mx.other.example; today\r\n" + FORGED, None),
        ("", None),
        ("Received: nonsense\r\n" + FORGED, None),
        # Through a filter on the same machine, and between our own machines by their addresses.
        ("Received: from localhost (localhost [127.0.0.1]) by mx.parting.example (Postfix); today\r\n" + TRUE + FORGED, "192.0.2.7"),
        ("Received: from mx.parting.example (mx.parting.example [10.0.0.5]) by store.parting.example; today\r\n" + TRUE, "192.0.2.7"),
        # Written on our own machine: nobody outside handed it over.
        ("Received: by mx.parting.example (Postfix, from userid 0) id 1; today\r\n" + FORGED, None),
        ("Received: from localhost (localhost [127.0.0.1]) by mx.parting.example (Postfix); today\r\n", None),
        # "by" in a reverse name or HELO in brackets is the sender's own word.
        ("Received: from x (evil by mx.parting.example [192.0.2.8]) by mx.other.example; today\r\n" + FORGED, None),
        ("Received: from x (x [999.0.2.7]) by mx.parting.example; today\r\n", None),
    ],
)  # fmt: skip
def test_only_our_own_servers_lines_count(tmp_path: Path, head: str, expected: str | None) -> None:
    found = trace(tmp_path, head, (*OURS, "10.0.0.5"))
    assert (found.address if found else None) == expected


def test_without_named_servers_nothing_is_read_and_no_bytes_break_it(tmp_path: Path) -> None:
    assert trace(tmp_path, STORE + TRUE, ()) is None
    assert trace(tmp_path, "X: " + "x" * 600_000 + "\r\n") is None
    assert trace(tmp_path, "Received: from \xff\xfe ((((( by mx.parting.example ; \x00\r\n") is None
    # A return path below our line is the sender's own.
    found = trace(tmp_path, TRUE + "Return-Path: <mara@northwick.example>\r\n")
    assert found is not None and found.sender == ""
    assert names_of("MX.parting.example., store.parting.example 10.0.0.5") == (*OURS, "10.0.0.5")
