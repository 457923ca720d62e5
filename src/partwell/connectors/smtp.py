# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hand one message to a mail server so that the client is never left out (R1; HOUSE.md, "relay").

The client's RCPT comes first; any refused recipient means RSET and no DATA. What came back:

=====================================================  ========  ===================================
where it ended                                         outcome   what it means for the message
=====================================================  ========  ===================================
no connection, disconnect or silence before DATA,      deferred  nothing left; try again later
  in DATA before the final dot; 4xx anywhere
5xx to MAIL, a recipient, DATA or the final dot        refused   nothing left; this server will not
5xx to greeting, EHLO, STARTTLS, sign-in; certificate  failed    nothing left; somebody must change
  or setting wrong; stopped by our own callbacks                 a setting or decide
final dot sent, no valid answer                        unknown   may have left; a person settles it
250 to the final dot                                   accepted  left; the server has it
=====================================================  ========  ===================================

"Before the final dot" is certain: RFC 5321 (4.1.1.4, 4.2.5) lets a server deliver only what was ended by it, and the
text is dot-stuffed and sent apart from the dot.
"""

import logging
import re
import smtplib
from collections.abc import Callable, Mapping, Sequence

from partwell.connectors.addresses import check_address
from partwell.connectors.errors import AddressInvalid
from partwell.connectors.smtp_session import Ended, Line, Session, final_dot, outcome_of
from partwell.connectors.smtp_values import Delivery, Outcome, Reply, Security, SmtpServer

__all__ = ["Delivery", "Line", "Outcome", "Reply", "Security", "SmtpServer", "prepare", "transmit"]

log = logging.getLogger("partwell.smtp")

_LINE_END = re.compile(rb"\r\n|\r|\n")
_PIECE = 64 * 1024


def prepare(data: bytes) -> bytes:
    """The message as it goes over the wire without its final dot: CRLF, ended by CRLF, dots stuffed."""
    lines = _LINE_END.sub(b"\r\n", data)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)


def transmit(
    server: SmtpServer,
    *,
    mail_from: str,
    client_rcpts: Sequence[str],
    other_rcpts: Sequence[str] = (),
    data: bytes,
    on_data_started: Callable[[], bool],
    before_data: Callable[[], bool | None] | None = None,
    line: Line | None = None,
    plain_from: str = "",
    marks: Mapping[str, str] | None = None,
) -> Delivery:
    """Transmit ``data`` (a whole RFC 5322 message) once, to all recipients or to none.

    ``client_rcpts`` must not be empty: no mail without the client (R1). After every recipient
    was taken, ``before_data`` may stop it by returning False (consent withdrawn meanwhile); then
    ``on_data_started`` must commit "data_started" and return True, else nothing is sent. What a
    callback raises passes through, and nothing has left. Everything else comes back as a
    :class:`Delivery` (table above); blocking, at most ``server.timeout`` seconds per step. ``line``:
    use its connection if it has one, and leave it ours if the server took the message.

    ``plain_from``: the sender to name instead where the server refuses (5xx) MAIL or a recipient: many let a client
    send as itself alone, and say so only at RCPT. We greet by its domain. What it then refuses counts; nothing has left before.
    ``marks``: see :meth:`Session.envelope`.
    """
    try:
        sender, plain = check_address(mail_from), check_address(plain_from or mail_from)
        clients = [check_address(one) for one in client_rcpts]
        others = [check_address(one) for one in other_rcpts]
    except AddressInvalid as error:
        return Delivery(Outcome.FAILED, 0, str(error), {}, "address")
    if not clients:
        return Delivery(
            Outcome.FAILED, 0, "The mail has no client recipient, so it must not leave.", {}, "address"
        )
    if b"\0" in data or not data.strip():
        return Delivery(
            Outcome.FAILED, 0, "The message is empty or holds a NUL byte; build it again.", {}, "address"
        )
    recipients = list(dict.fromkeys(clients + others))
    kept = line.take(server, plain) if line is not None else None
    session = kept or Session(server)
    started = taken = False
    try:
        try:
            try:
                if kept is None:
                    session.open(plain)
                _named(session, sender, plain, recipients, data, marks)
            except Ended as end:
                # A server may end a line between two messages; then this one begins on a line of its own.
                if kept is None or end.stage != "mail" or end.code not in (0, 421):
                    raise
                session.close(polite=False)
                session = Session(server)
                session.open(plain)
                _named(session, sender, plain, recipients, data, marks)
        except Ended as end:
            return session.ended(end)
        if before_data is not None and before_data() is False:
            return session.ended(Ended(Outcome.FAILED, "before_data", 0, "Stopped before anything left."))
        if on_data_started() is not True:
            return session.ended(
                Ended(
                    Outcome.FAILED, "before_data", 0, "The start could not be recorded, so nothing was sent."
                )
            )
        started = True
        try:
            _content(session, prepare(data))
        except Ended as end:
            taken = end.outcome is Outcome.ACCEPTED
            return session.ended(end, started=True)
    finally:
        if taken and line is not None:
            line.keep(session, plain)
        else:
            session.close(polite=not started)
    raise AssertionError("unreachable: _content always ends")  # pragma: no cover


def _named(
    session: Session,
    sender: str,
    plain: str,
    recipients: list[str],
    data: bytes,
    marks: Mapping[str, str] | None,
) -> None:
    """MAIL and RCPT, as ``sender`` or else as ``plain`` and without marks, which may be what is refused; raises :class:`Ended` where neither helps."""
    try:
        session.envelope(sender, recipients, data, marks)
        return
    except Ended as end:
        refused = end.outcome is Outcome.REFUSED and end.stage in ("mail", "rcpt")
        first, answers = end, dict(session.per_recipient)
    if refused and plain != sender and session.once_more():
        try:
            session.envelope(plain, recipients, data)
            log.warning(
                "The mail server %s refuses our return path, so reports come back to the sender.",
                session.place,
            )
            return
        except Ended as end:
            if (
                end.code
            ):  # the server's own word on the plain sender; else it hung up, and its first word counts
                raise
        session.per_recipient = answers
    raise first


def _content(session: Session, wire: bytes) -> None:
    """DATA, the text, the dot; always raises :class:`Ended` with what is then known."""
    session.expect("DATA", "data", good=(354,))
    try:
        for start in range(0, len(wire), _PIECE):
            session.smtp.send(wire[start : start + _PIECE])
    except (OSError, smtplib.SMTPException):
        raise Ended(
            Outcome.DEFERRED,
            "body",
            0,
            f"The connection to {session.place} broke before the end of the message.",
        ) from None
    reply = final_dot(session)
    if reply is None:
        raise Ended(
            Outcome.UNKNOWN, "final_dot", 0,
            f"{session.place} did not answer after the whole message was sent; ask the recipients before sending again.",
        )  # fmt: skip
    raise Ended(
        Outcome.ACCEPTED if reply.code == 250 else outcome_of(reply.code), "final_dot", reply.code, reply.text
    )
