# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for the PDFs that go with German mails: acknowledgement of the notice, closing letter, quote for coming back.

The words of the other papers stand in ``german_papers`` and ``german_certificate``. The text of an authorisation is in no table:
it stays in the language in which it was put before its signatory, and its letter with it.
"""

SPOKEN = (
    "notice_acknowledgement", "closing_letter", "return_quote", "narrowing_or_withdrawal", "acceptance", "invoice", "statement",
    "certificate", "receipt", "credential_receipt", "call_summary", "handover_inventory",
)  # fmt: skip
"""The letters whose every own word stands in German; the authorisation's and the export of what was said stay in English."""

LETTERS: dict[str, str] = {
    # every letter
    "What was meant": "Was gemeint war",
    "Signed electronically by choice": "Auf eigenen Wunsch elektronisch unterschrieben",
    "Authority to sign": "Befugnis zu unterschreiben",
    "How identity was established": "Wie die Identität festgestellt wurde",
    "Second factor": "Zweiter Faktor",
    "Time": "Zeit",
    "From address": "Von der Adresse",
    "With": "Mit",
    "What was shown": "Was gezeigt wurde",
    "This is a simple electronic signature. What it rests on stands above; what it does not prove stands in Partwell's threat model.": (
        "Dies ist eine einfache elektronische Signatur. Worauf sie beruht, steht oben; was sie nicht beweist, steht im Bedrohungsmodell von Partwell."
    ),
    "This file is sealed (PAdES) with a certificate that {msp} made itself. Such a seal proves that the file has not changed since; it does not prove who {msp} is.": (
        "Diese Datei ist mit einem Zertifikat gesiegelt (PAdES), das {msp} selbst ausgestellt hat. Ein solches Siegel beweist, dass die Datei seither nicht "
        "verändert wurde; es beweist nicht, wer {msp} ist."
    ),
    "Entry {number} of the log": "Eintrag {number} des Protokolls",
    "In the log": "Im Protokoll",
    "Keep this letter. With it you can check later, without {msp}, that the log was not rewritten.": (
        "Bewahren Sie dieses Schreiben auf. Damit können Sie später ohne {msp} prüfen, dass das Protokoll nicht umgeschrieben wurde."
    ),
    "The log's verifier key": "Prüfschlüssel des Protokolls",
    "Last committed checkpoint": "Letzter festgeschriebener Prüfpunkt",
    "QR code: the address of this letter's entry in the log": "QR-Code: die Adresse des Eintrags zu diesem Schreiben im Protokoll",
    "Some characters cannot be drawn with this letter's fonts. They stand as their Unicode number, as in [U+65E5].": (
        "Einige Zeichen lassen sich mit den Schriften dieses Schreibens nicht zeichnen. Sie stehen als ihre Unicode-Nummer da, etwa [U+65E5]."
    ),
    "Page {n} of {all}": "Seite {n} von {all}",
    # the notice
    "Your notice": "Ihre Kündigung",
    "Acknowledgement of the notice": "Bestätigung der Kündigung",
    "{msp} has received the notice by which {client} ends our work together. This letter says what we understood and what happens next. Please tell us if anything in it is wrong.": (
        "{msp} hat die Kündigung erhalten, mit der {client} unsere Zusammenarbeit beendet. In diesem Schreiben steht, was wir verstanden haben und was als "
        "Nächstes geschieht. Bitte sagen Sie uns, wenn etwas darin nicht stimmt."
    ),
    "Between": "Zwischen",
    "Received by": "Entgegengenommen von",
    "Reason": "Grund",
    "Where things go": "Wohin alles geht",
    "Renewals until then": "Verlängerungen bis dahin",
    "Contact outside your domain": "Kontakt außerhalb Ihrer Domain",
    "What you told us did not go well": "Was nach Ihren Worten nicht gut lief",
    "Step": "Schritt",
    "Who": "Wer",
    "By": "Bis",
    "What you can rely on": "Worauf Sie sich verlassen können",
    "Nothing goes to a new provider, not even an answer, before your signatory has said so in writing.": (
        "An einen neuen Dienstleister geht nichts, auch keine Antwort, bevor es Ihr Unterzeichner schriftlich gesagt hat."
    ),
    "You are on every message between us and the new provider.": "Sie stehen auf jeder Nachricht zwischen uns und dem neuen Dienstleister.",
    "What is yours is handed over as it exists. Open bills or used-up hours do not stop that.": (
        "Was Ihnen gehört, wird übergeben, wie es vorliegt. Offene Rechnungen oder verbrauchte Stunden halten das nicht auf."
    ),
    "You may withdraw this notice until we have closed; it costs no fee.": (
        "Sie können diese Kündigung zurücknehmen, bis wir abgeschlossen haben; das kostet nichts."
    ),
    "Moves to another provider": "Wechsel zu einem anderen Dienstleister",
    "Brings its IT in-house": "Die IT kommt ins eigene Haus",
    "Is sold or merges": "Verkauf oder Zusammenschluss",
    "Closes down": "Der Betrieb wird geschlossen",
    "We end the agreement": "Wir beenden den Vertrag",
    "A new service provider": "Ein neuer Dienstleister",
    "The client's own staff": "Die eigenen Leute des Kunden",
    "The acquirer's IT": "Die IT des Erwerbers",
    "Nobody takes over": "Niemand übernimmt",
    # goodbye
    "Closing of the offboarding": "Abschluss des Übergangs",
    "The handover to {client} is complete. We gave back what is yours, gave up what was ours to use, and kept the record of both.": (
        "Die Übergabe an {client} ist abgeschlossen. Wir haben zurückgegeben, was Ihnen gehört, aufgegeben, was wir nutzen durften, und über beides Akten geführt."
    ),
    "Closed by": "Abgeschlossen von",
    "Handed over": "Übergeben",
    "1 item": "1 Stück",
    "{count} items": "{count} Stücke",
    "not signed": "nicht unterschrieben",
    "Our access": "Unser Zugang",
    "Accepted": "Abgenommen",
    "What": "Was",
    "Where": "Wo",
    "Until": "Bis",
    "Why": "Warum",
    "the agreement (R6)": "der Vertrag (R6)",
    "{where}, until {until}": "{where}, bis {until}",
    "for the service provider": "für den Dienstleister",
    "If something comes up later": "Wenn später etwas auftaucht",
    "Your page stays readable. It holds every letter, every release with its receipt, and the proof of each. Should your new provider miss something, the answer is there.": (
        "Ihre Seite bleibt lesbar. Dort stehen jedes Schreiben, jede Lieferung mit ihrer Quittung und der Beweis zu jedem. Vermisst Ihr neuer Dienstleister "
        "etwas, finden Sie dort die Antwort."
    ),
    # coming back: the letter, and the mail that it goes with
    "Quote for coming back": "Angebot zur Rückkehr",
    "Quote of {day}": "Angebot vom {day}",
    "Welcome back": "Willkommen zurück",
    "Welcome back: our quote for {client}": "Willkommen zurück: unser Angebot für {client}",
    "We are glad that {client} thinks of coming back. Our quote is attached, with our answer to each point that you left us with.": (
        "Wir freuen uns, dass {client} an eine Rückkehr denkt. Unser Angebot ist angehängt, mit unserer Antwort auf jeden Punkt, den Sie uns damals genannt haben."
    ),
    "{client} left us, and we parted well. We are glad that you think of coming back, and we have read again what you told us when you left.": (
        "{client} hat uns verlassen, und wir sind gut auseinandergegangen. Wir freuen uns, dass Sie an eine Rückkehr denken, und haben noch einmal gelesen, was "
        "Sie uns damals gesagt haben."
    ),
    "What you told us, and what we answer": "Was Sie uns gesagt haben und was wir antworten",
    "Our quote": "Unser Angebot",
    "Onboarding, net": "Aufnahme, netto",
    "Our normal fee": "Unser üblicher Preis",
    "An exception": "Eine Ausnahme",
    "An exception of ours": "Eine Ausnahme von uns",
    "It stands until": "Es gilt bis",
    "Whoever comes back pays what everybody pays, whatever systems are still in place: the work at the beginning is the same. Tax is added by the law.": (
        "Wer zurückkommt, zahlt, was alle zahlen, welche Systeme auch noch stehen: Die Arbeit am Anfang ist dieselbe. Steuern kommen nach dem Gesetz hinzu."
    ),
    "Accept or decline it on your page. Your sign-in is enough for this; nothing of yours leaves by it.": (
        "Nehmen Sie es auf Ihrer Seite an oder lehnen Sie es ab. Dafür genügt Ihre Anmeldung; nichts von Ihnen verlässt dadurch das Haus."
    ),
    "Accept or decline it on your page. Your sign-in is enough; no second factor is asked for this.": (
        "Nehmen Sie es auf Ihrer Seite an oder lehnen Sie es ab. Ihre Anmeldung genügt; ein zweiter Faktor wird dafür nicht verlangt."
    ),
    "Read and decide": "Lesen und entscheiden",
    "the systems remain in place": "die Systeme bleiben stehen",
    "amends for a failure of ours": "Wiedergutmachung für einen Fehler von uns",
    "another scope of the new agreement": "ein anderer Umfang des neuen Vertrags",
    "a longer term": "eine längere Laufzeit",
    "hardship, or work for the common good": "eine Härte oder gemeinnützige Arbeit",
    "a gift": "ein Geschenk",
    "another reason": "ein anderer Grund",
}
