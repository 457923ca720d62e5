# SPDX-License-Identifier: AGPL-3.0-or-later
"""The outcome table of connectors/smtp.py against servers that misbehave in every way (R1)."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.connectors.addresses import check_address
from partwell.connectors.errors import AddressInvalid
from partwell.connectors.secret import Secret
from partwell.connectors.smtp import Delivery, Security, SmtpServer, prepare, transmit
from tests.connectors.bad_smtp import HANG_UP, PASSWORD, SILENCE, Say, Script, certificate, serving

CLIENT, PROVIDER = "signatory@client.example", "tech@provider.example"
DATA = b"From: a@msp.example\r\nTo: b@client.example\r\nSubject: x\r\n\r\nhello\r\n"
BIG = DATA + b"a line of a large attachment, 64 bytes long with its line end..\r\n" * 300_000


def send(script: Script, data: bytes = DATA, **more: Any) -> tuple[Delivery, list[str]]:
    """One transmission; returns it and what the callbacks saw."""
    seen: list[str] = []

    def started() -> bool:
        seen.append("data_started")
        assert "DATA" not in script.verbs, "data_started must be recorded before DATA"
        return True

    # A server that is silent is waited for until the end, any other answers at once.
    patience = 0.5 if SILENCE in script.at.values() else 1.0
    options = {"security": Security.NONE, "timeout": patience} | more.pop("server", {})
    values = {
        "mail_from": "relay@msp.example", "client_rcpts": [CLIENT], "other_rcpts": [PROVIDER],
        "on_data_started": started,
    } | more  # fmt: skip
    host = options.pop("host", "127.0.0.1")
    return transmit(SmtpServer(host, script.port, **options), data=data, **values), seen


def test_accepted_client_first() -> None:
    with serving(Script()) as script:
        delivery, seen = send(script)
    assert (delivery.outcome, delivery.code, delivery.stage) == ("accepted", 250, "final_dot")
    assert seen == ["data_started"] and delivery.data_started
    assert list(delivery.per_recipient) == [CLIENT, PROVIDER]
    assert script.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    assert CLIENT in script.said[2] and PROVIDER in script.said[3]
    assert script.messages == [DATA]


TABLE: list[tuple[dict[str, Say], str, str, bool]] = [
    # what the server does, outcome, stage, data_started
    ({"GREETING": Say("554 go away")}, "failed", "connect", False),
    ({"GREETING": Say("421 busy")}, "deferred", "connect", False),
    ({"GREETING": HANG_UP}, "deferred", "connect", False),
    ({"GREETING": SILENCE}, "deferred", "connect", False),
    ({"GREETING": Say("SSH-2.0-OpenSSH_9")}, "failed", "connect", False),
    ({"EHLO": Say("550 no"), "HELO": Say("550 no")}, "failed", "connect", False),
    ({"EHLO": Say("421 no")}, "deferred", "connect", False),
    ({"EHLO": HANG_UP}, "deferred", "connect", False),
    ({"EHLO": SILENCE}, "deferred", "connect", False),
    ({"EHLO": Say("502 unknown")}, "accepted", "final_dot", True),
    ({"MAIL": Say("550 no")}, "refused", "mail", False),
    ({"MAIL": Say("451 later")}, "deferred", "mail", False),
    ({"MAIL": HANG_UP}, "deferred", "mail", False),
    ({"MAIL": SILENCE}, "deferred", "mail", False),
    ({"MAIL": Say("nonsense")}, "failed", "mail", False),
    ({"RCPT": Say("550 unknown", only=CLIENT)}, "refused", "rcpt", False),
    ({"RCPT": Say("451 greylisted", only=CLIENT)}, "deferred", "rcpt", False),
    ({"RCPT": Say("550 unknown", only=PROVIDER)}, "refused", "rcpt", False),
    ({"RCPT": Say("452 full", only=PROVIDER)}, "deferred", "rcpt", False),
    ({"RCPT": Say("251 forwarded", only=PROVIDER)}, "accepted", "final_dot", True),
    ({"RCPT": Say("354 what", only=PROVIDER)}, "failed", "rcpt", False),
    ({"RCPT": HANG_UP}, "deferred", "rcpt", False),
    ({"RCPT": SILENCE}, "deferred", "rcpt", False),
    ({"DATA": Say("554 no")}, "refused", "data", True),
    ({"DATA": Say("451 later")}, "deferred", "data", True),
    ({"DATA": Say("250 odd")}, "failed", "data", True),
    ({"DATA": HANG_UP}, "deferred", "data", True),
    ({"DATA": SILENCE}, "deferred", "data", True),
    ({"DOT": Say("554 spam")}, "refused", "final_dot", True),
    ({"DOT": Say("451 disk")}, "deferred", "final_dot", True),
    ({"DOT": Say("421 shutting down")}, "deferred", "final_dot", True),
    ({"DOT": HANG_UP}, "unknown", "final_dot", True),
    ({"DOT": SILENCE}, "unknown", "final_dot", True),
    ({"DOT": Say("nonsense")}, "unknown", "final_dot", True),
    ({"DOT": Say("354 go on")}, "unknown", "final_dot", True),
    ({"QUIT": HANG_UP}, "accepted", "final_dot", True),
    ({"QUIT": SILENCE}, "accepted", "final_dot", True),
]


@pytest.mark.parametrize(("at", "outcome", "stage", "started"), TABLE, ids=lambda v: str(v)[:70])
def test_outcome_table(at: dict[str, Say], outcome: str, stage: str, started: bool) -> None:
    with serving(Script(at)) as script:
        delivery, seen = send(script)
    assert (delivery.outcome, delivery.stage, delivery.data_started) == (outcome, stage, started)
    assert seen == (["data_started"] if started else [])
    assert delivery.text
    # a message reached the server whole only if we say accepted, unknown, or it answered its dot with a refusal
    assert bool(script.messages) == (stage == "final_dot")
    if not started:
        assert "DATA" not in script.verbs
    if stage == "rcpt" and "SILENCE" not in str(at) and at["RCPT"] not in (HANG_UP, SILENCE):
        assert script.verbs[-2:] == ["RSET", "QUIT"]


def test_refused_client_means_the_provider_is_not_even_named() -> None:
    with serving(Script({"RCPT": Say("550 no", only=CLIENT)})) as script:
        delivery, _ = send(script)
    assert PROVIDER not in " ".join(script.said) and not script.messages
    assert {name: reply.code for name, reply in delivery.per_recipient.items()} == {CLIENT: 550}


def test_per_recipient_answers() -> None:
    with serving(Script({"RCPT": Say("452 4.2.2 mailbox full", only="third")})) as script:
        delivery, _ = send(
            script, client_rcpts=[CLIENT, "second@client.example"], other_rcpts=["third@x.example", PROVIDER]
        )
    assert [reply.code for reply in delivery.per_recipient.values()] == [250, 250, 452]
    assert PROVIDER not in delivery.per_recipient and delivery.text == "4.2.2 mailbox full"


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
def test_broken_off_before_the_final_dot_is_deferred(how: Say) -> None:
    with serving(Script({"BODY": how})) as script:
        delivery, _ = send(script, data=BIG)
    assert (delivery.outcome, delivery.stage, delivery.data_started) == ("deferred", "body", True)
    assert not script.messages


def test_short_message_broken_off_is_never_called_accepted_or_refused() -> None:
    with serving(Script({"BODY": HANG_UP})) as script:
        delivery, _ = send(script)
    assert delivery.outcome in ("deferred", "unknown") and not script.messages


def test_nobody_listens_or_no_such_host() -> None:
    with serving(Script()) as script:
        pass
    assert send(script)[0].outcome == "deferred"
    assert send(script, server={"host": "no-such-host.invalid"})[0].outcome == "deferred"


def test_withdrawn_before_data() -> None:
    with serving(Script()) as script:
        delivery, seen = send(script, before_data=lambda: False)
        assert (delivery.outcome, delivery.stage, seen) == ("failed", "before_data", [])
        assert script.verbs[-2:] == ["RSET", "QUIT"] and "DATA" not in script.verbs
        assert send(script, before_data=lambda: None)[0].outcome == "accepted"


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
def test_no_data_unless_the_start_was_recorded(answer: Any) -> None:
    with serving(Script()) as script:
        delivery, _ = send(script, on_data_started=lambda: answer)
    assert delivery.outcome == "failed" and "DATA" not in script.verbs and not delivery.data_started


@pytest.mark.parametrize("which", ["before_data", "on_data_started"])
@pytest.mark.parametrize("error", [OSError("disk"), RuntimeError("lost lease"), KeyboardInterrupt()])
def test_what_a_callback_raises_passes_and_nothing_left(which: str, error: BaseException) -> None:
    def fail() -> bool:
        raise error

    with serving(Script()) as script:
        with pytest.raises(type(error)):
            send(script, **{which: fail})
        time.sleep(0.05)
    assert "DATA" not in script.verbs and not script.messages


def test_no_mail_without_the_client() -> None:
    with serving(Script()) as script:
        delivery, seen = send(script, client_rcpts=[])
    assert (delivery.outcome, delivery.stage, seen, script.said) == ("failed", "address", [], [])


@pytest.mark.parametrize("field", ["mail_from", "client_rcpts", "other_rcpts"])
def test_injection_in_an_address_never_reaches_a_server(field: str) -> None:
    bad = "a@b.example>\r\nRCPT TO:<thief@x.example"
    with serving(Script()) as script:
        delivery, _ = send(script, **{field: bad if field == "mail_from" else [bad]})
    assert delivery.outcome == "failed" and not script.said and "\n" not in delivery.text


# --- TLS and sign-in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_encrypted(tmp_path: Path, security: Security) -> None:
    context, ca = certificate(tmp_path)
    how = {"host": "localhost", "security": security, "ca_file": ca}
    with serving(Script(), context, implicit=security is Security.TLS) as script:
        assert send(script, server=how)[0].outcome == "accepted"


def test_starttls_required_but_missing() -> None:
    with serving(Script()) as script:
        delivery, _ = send(script, server={"security": Security.STARTTLS})
    assert (delivery.outcome, delivery.stage) == (
        "failed",
        "tls",
    ) and "does not offer STARTTLS" in delivery.text
    assert "MAIL" not in script.verbs


@pytest.mark.parametrize(
    ("say", "outcome"),
    [
        (Say("454 not now"), "deferred"),
        (Say("502 no"), "failed"),
        (HANG_UP, "deferred"),
        (SILENCE, "deferred"),
        (Say("220 go"), "failed"),
    ],
    ids=str,
)
def test_starttls_that_goes_wrong(tmp_path: Path, say: Say, outcome: str) -> None:
    context, ca = certificate(tmp_path)
    with serving(Script({"STARTTLS": say}), context) as script:
        delivery, _ = send(script, server={"host": "localhost", "security": Security.STARTTLS, "ca_file": ca})
    assert (delivery.outcome, delivery.stage) == (outcome, "tls") and "MAIL" not in script.verbs


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize("why", ["unknown authority", "other name", "expired"])
def test_a_certificate_that_does_not_hold(tmp_path: Path, security: Security, why: str) -> None:
    name, days = ("other.example" if why == "other name" else "localhost"), (-1 if why == "expired" else 1)
    context, ca = certificate(tmp_path, name, days)
    how = {"host": "localhost", "security": security, "ca_file": None if why == "unknown authority" else ca}
    with serving(Script(), context, implicit=security is Security.TLS) as script:
        delivery, _ = send(script, server=how)
    assert (delivery.outcome, delivery.stage) == ("failed", "tls") and "certificate" in delivery.text
    assert "MAIL" not in script.verbs


def test_tls_to_a_plain_port_and_an_unreadable_authority() -> None:
    with serving(Script()) as script:
        assert send(script, server={"security": Security.TLS})[0].stage in ("tls", "connect")
        delivery, _ = send(script, server={"security": Security.TLS, "ca_file": "/nowhere.pem"})
    assert (delivery.outcome, delivery.stage) == ("failed", "tls") and "cannot be read" in delivery.text


@pytest.mark.parametrize("hide", [(), ("PLAIN",)])
def test_sign_in(hide: tuple[str, ...]) -> None:
    with serving(Script(), auth=True) as script:
        delivery, _ = send(script, server={"username": "relay", "password": Secret(PASSWORD)})
    assert delivery.outcome == "accepted" and "AUTH" in script.verbs


def test_wrong_password_is_failed_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="partwell")
    wrong = "s3cret-of-relay"
    with serving(Script(), auth=True) as script:
        server = {"username": "relay", "password": Secret(wrong)}
        delivery, _ = send(script, server=server)
    assert (delivery.outcome, delivery.stage) == ("failed", "auth")
    shown = repr(delivery) + repr(SmtpServer("h", 1, **server))  # type: ignore[arg-type]
    assert wrong not in shown and "MAIL" not in script.verbs


def test_a_server_that_echoes_the_password_is_cleaned() -> None:
    import base64

    whole = base64.b64encode(b"\0relay\0" + PASSWORD.encode()).decode()
    for line in (f"535 not {PASSWORD}", f"535 not {whole}", f"454 not {PASSWORD}"):
        with serving(Script({"AUTH": Say(line)}), auth=True) as script:
            delivery, _ = send(script, server={"username": "relay", "password": Secret(PASSWORD)})
        assert PASSWORD not in repr(delivery) and whole not in repr(delivery)
        assert delivery.outcome == ("failed" if line.startswith("535") else "deferred")


def test_no_password_over_an_open_line() -> None:
    server = SmtpServer("mail.example", 25, Security.NONE, "relay", Secret("x"), 0.1)
    delivery = transmit(
        server, mail_from="a@b.example", client_rcpts=[CLIENT], data=DATA, on_data_started=lambda: True
    )
    assert (delivery.outcome, delivery.stage) == ("failed", "auth") and "readably" in delivery.text


def test_sign_in_not_offered() -> None:
    with serving(Script(hide=("AUTH",)), auth=True) as script:
        assert send(script, server={"username": "relay", "password": Secret("x")})[0].stage == "auth"


# --- bytes on the wire -------------------------------------------------------------------------------------


@given(
    st.lists(
        st.sampled_from([b".", b"..", b".\r\n", b"\n", b"\r", b"\r\n", b"text", b"\r\n.\r\n", b"\n.\n"]),
        max_size=12,
    )
)
def test_no_text_can_end_itself(parts: list[bytes]) -> None:
    wire = prepare(b"".join(parts))
    assert wire.endswith(b"\r\n")
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    assert wire.replace(b"\r\n", b"").count(b"\r") + wire.replace(b"\r\n", b"").count(b"\n") == 0


@pytest.mark.parametrize(
    "body",
    [
        b".\r\n",
        b"..\r\n.a\r\n",
        b"x\n.\nMAIL FROM:<thief@x.example>\n",
        b"x\r\n.\r\ny\r\n",
        b"a\rb\nc",
        b"no line end",
    ],
)
def test_dots_and_line_ends_arrive_whole(body: bytes) -> None:
    with serving(Script()) as script:
        assert send(script, data=DATA + body)[0].outcome == "accepted"
    normal = (DATA + body).replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert script.messages == [normal if normal.endswith(b"\r\n") else normal + b"\r\n"]
    assert script.verbs.count("MAIL") == 1


def test_eight_bit_text_and_utf8_addresses() -> None:
    with serving(Script()) as script:
        delivery, _ = send(script, data=DATA + "Grüße\r\n".encode(), client_rcpts=["jürgen@bücher.example"])
    assert delivery.outcome == "accepted"
    assert "BODY=8BITMIME" in script.said[1] and "SMTPUTF8" in script.said[1]
    assert "RCPT TO:<jürgen@xn--bcher-kva.example>" in script.said


def test_eight_bit_or_utf8_not_offered() -> None:
    with serving(Script(hide=("8BITMIME", "SMTPUTF8"))) as script:
        assert "8BITMIME" in send(script, data=DATA + "ü\r\n".encode())[0].text
        assert "SMTPUTF8" in send(script, client_rcpts=["jürgen@x.example"])[0].text
        assert "MAIL" not in script.verbs


@pytest.mark.parametrize("data", [b"", b"\r\n", DATA + b"\0"])
def test_empty_or_nul(data: bytes) -> None:
    with serving(Script()) as script:
        assert send(script, data=data)[0].outcome == "failed" and not script.said


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "@b.example", "a@", "a b@c.example", "a@b c.example", "a@b.example\n", "a\r@b.example", "a@b.example>",
        "<a@b.example>", "a@[127.0.0.1]", '"a b"@c.example', ".a@b.example", "a.@b.example", "a..b@c.example", "a@-b.example",
        "a@b..example", "a@b_c.example", "a,b@c.example", "a@b@c.example", "a\u202e@b.example", "a\u00a0b@c.example",
        "a\u2028@b.example", "x" * 65 + "@b.example", "a@" + "b." * 130 + "example", "a\x00@b.example",
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(AddressInvalid) as caught:
        check_address(address)
    assert str(caught.value).isascii() and str(caught.value).isprintable()


@given(st.text(max_size=40))
def test_no_checked_address_can_end_a_command(text: str) -> None:
    try:
        address = check_address(f"{text}@client.example")
    except AddressInvalid:
        return
    assert (
        not set(address) & set(' <>\r\n\t\0"(),:;[]\\') and address.count("@") == 1 and address.isprintable()
    )


def test_a_secret_does_not_show_itself() -> None:
    import copy
    import pickle

    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}" and secret.reveal() == "hunter2"
    assert copy.deepcopy(secret) == secret == Secret("hunter2") != Secret("other")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
