# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forwards as the mail programs write them, in English and German, of one mail of Theo Brandt's of 7 October 2024, 10:12 in Berlin."""

from tests.flows.mail_cast import mail

THEO, DAN = "theo@alderrow.example", "dan@harbourline.example"
WORDS = "Which model is the firewall?\n\nTheo"
# program and language → (subject, text)
INLINE = {
    "gmail en": ("Fwd: Firewall", f"---------- Forwarded message ---------\nFrom: *Theo Brandt* <{THEO}>\nDate: Mon, Oct 7, 2024 at 10:12 AM\nSubject: Firewall\nTo: Dan Frey <{DAN}>\n\n\n{WORDS}"),
    "gmail de": ("Fwd: Firewall", f"---------- Forwarded message ---------\nVon: Theo Brandt <{THEO}>\nDate: Mo., 7. Okt. 2024 um 10:12 Uhr\nSubject: Firewall\nTo: Dan Frey <{DAN}>\n\n\n{WORDS}"),
    "outlook en": ("FW: Firewall", f"-----Original Message-----\nFrom: Theo Brandt <{THEO}>\nSent: Monday, October 7, 2024 10:12 AM\nTo: Dan Frey <{DAN}>\nSubject: Firewall\n\n{WORDS}"),
    "outlook de": ("WG: Firewall", f"Von: Theo Brandt <{THEO}<mailto:{THEO}>>\nGesendet: Montag, 7. Oktober 2024 10:12\nAn: Dan Frey <{DAN}>; Ines Duarte <ines@harbourline.example>\nBetreff: Firewall\n\n{WORDS}"),
    "owa en": ("Fw: Firewall", f"________________________________\nFrom: Theo Brandt <{THEO}>\nSent: Monday, 7 October 2024 10:12\nTo: Dan Frey <{DAN}>\nSubject: Firewall\n\n{WORDS}"),
    "apple en": ("Fwd: Firewall", f"Begin forwarded message:\n\n> From: Theo Brandt <{THEO}>\n> Subject: Firewall\n> Date: 7 October 2024 at 10:12:00 CEST\n> To: Dan Frey <{DAN}>\n> \n> Which model is the firewall?\n> \n> Theo"),
    "apple de": ("Fwd: Firewall", f"Anfang der weitergeleiteten Nachricht:\n\nVon: Theo Brandt <{THEO}>\nBetreff: Firewall\nDatum: 7. Oktober 2024 um 10:12:00 MESZ\nAn: Dan Frey <{DAN}>\n\n{WORDS}"),
    "thunderbird en": ("Fwd: Firewall", f"\n\n-------- Forwarded Message --------\nSubject: \tFirewall\nDate: \tMon, 7 Oct 2024 10:12:00 +0200\nFrom: \tTheo Brandt <{THEO}>\nTo: \tDan Frey <{DAN}>\n\n\n\n{WORDS}"),
    "thunderbird de": ("Fwd: Firewall", f"\n\n-------- Weitergeleitete Nachricht --------\nBetreff: \tFirewall\nDatum: \tMon, 7 Oct 2024 10:12:00 +0200\nVon: \tTheo Brandt <{THEO}>\nAn: \tDan Frey <{DAN}>\n\n\n\n{WORDS}"),
}  # fmt: skip


def original(sender: str = f"Theo Brandt <{THEO}>", *, parts: bool = False, **headers: str) -> bytes:
    """The mail that reached Dan privately; with a list attached to it if asked."""
    more = {"Date": "Mon, 07 Oct 2024 10:12:00 +0200", **headers}
    if not parts:
        return mail(sender, DAN, "Firewall", WORDS, **more)
    body = (
        f"--inner\nContent-Type: text/plain; charset=utf-8\n\n{WORDS}\n"
        '--inner\nContent-Type: text/csv; name="list.csv"\nContent-Disposition: attachment; filename="list.csv"\n\na,b\n1,2\n--inner--\n'
    )
    return mail(sender, DAN, "Firewall", body, **more, Content_Type='multipart/mixed; boundary="inner"')


def attached(*originals: bytes, to: str, subject: str = "Fwd: Firewall", text: str = "", sender: str = f"Dan Frey <{DAN}>", **headers: str) -> bytes:  # fmt: skip
    """A mail of Dan's with mails attached as they are."""
    pieces = [f"--outer\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()]
    for one in originals:
        pieces.append(
            b'--outer\r\nContent-Type: message/rfc822; name="Firewall.eml"\r\nContent-Disposition: attachment; filename="Firewall.eml"\r\n\r\n'
            + one
            + b"\r\n"
        )
    head = mail(sender, to, subject, "", Content_Type='multipart/mixed; boundary="outer"', **headers)
    return head.rstrip(b"\r\n") + b"\r\n\r\n" + b"".join(pieces) + b"--outer--\r\n"
