# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for the papers that go to a client: their headings, labels and sentences; what people typed is in no table."""

PAPERS: dict[str, str] = {
    "Acceptance of the handover": "Abnahme der Übergabe",
    "{client} went through what {msp} handed over and says the following about it.": (
        "{client} ist durchgegangen, was {msp} übergeben hat, und sagt dazu Folgendes."
    ),
    "List": "Liste",
    "version {version}": "Fassung {version}",
    "Rejected": "Abgelehnt",
    "Waived": "Verzichtet",
    "Objections until": "Einwände bis",
    "SHA-256 of the list": "SHA-256 der Liste",
    "Accepted with these exceptions": "Angenommen mit diesen Ausnahmen",
    "Number": "Nummer",
    "Item": "Stück",
    "Exception": "Ausnahme",
    "Remark": "Bemerkung",
    "Signature": "Unterschrift",
    "Not signed": "Nicht unterschrieben",
    "This list waits for the client's signatory.": "Diese Liste wartet auf den Unterzeichner des Kunden.",
    "This is the text as it was prepared. Without a signature it allows nothing.": (
        "Dies ist der Text, wie er vorbereitet wurde. Ohne Unterschrift erlaubt er nichts."
    ),
    "Received for {msp}": "Entgegengenommen für {msp}",
    "The digest of exactly this text": "Der Fingerabdruck genau dieses Textes",
    "SHA-256 of the text from its title to its last item, version {version}, language {language}. It does not cover the signature below it, which the log records.": (
        "SHA-256 des Textes von seiner Überschrift bis zum letzten Stück, Fassung {version}, Sprache {language}. Die Unterschrift darunter ist nicht "
        "darin; sie steht im Protokoll."
    ),
    "Summary of our call": "Zusammenfassung unseres Anrufs",
    "We write down every call about the handover, so that nobody has to remember it. Please tell us if you remember it otherwise.": (
        "Wir schreiben jeden Anruf zur Übergabe auf, damit sich niemand erinnern muss. Bitte sagen Sie uns, wenn Sie es anders in Erinnerung haben."
    ),
    "When": "Wann",
    "How long": "Wie lange",
    "Who took part": "Wer dabei war",
    "Written down by": "Aufgeschrieben von",
    "What was said": "Was gesagt wurde",
    "What was decided": "Was entschieden wurde",
    "Receipt for credentials, release {number}": "Quittung über Zugangsdaten, Lieferung {number}",
    "Credentials of {client} went to {firm} as listed. This letter names accounts and dates. It holds no secret, and neither does any mail or log of ours.": (
        "Zugangsdaten von {client} gingen wie aufgeführt an {firm}. Dieses Schreiben nennt Konten und Tage. Es enthält kein Geheimnis, und auch "
        "keine Mail und kein Protokoll von uns."
    ),
    "Account": "Konto",
    "Privilege": "Rechte",
    "MFA and recovery": "Zweiter Faktor und Wiederherstellung",
    "Tried on": "Geprüft am",
    "not tried": "nicht geprüft",
    "Why it was not tried": "Warum es nicht geprüft wurde",
    "Delivered to": "Übergeben an",
    "Opened": "Geöffnet",
    "not yet": "noch nicht",
    "Rotated": "Geändert",
    "not yet confirmed": "noch nicht bestätigt",
    "Our copy purged": "Unsere Kopie gelöscht",
    "not yet; after we have given up our access": "noch nicht; erst wenn wir unseren Zugang aufgegeben haben",
    "Objection": "Einwand",
    "Handover inventory": "Verzeichnis der Übergabe",
    "Everything on record for {client}, as of {at}, list version {version}.": (
        "Alles, was für {client} in der Akte steht, Stand {at}, Liste in Fassung {version}."
    ),
    "Owner, custodian": "Eigentümer, Verwahrer",
    "Status": "Stand",
    "Proved": "Nachgewiesen",
    "of: {who}": "von: {who}",
    "with: {who}": "bei: {who}",
    "released {when}": "freigegeben {when}",
    "received {when}": "erhalten {when}",
    "Nothing is on record.": "Nichts steht in der Akte.",
    "Authorisation {number} is withdrawn": "Vollmacht {number} ist widerrufen",
    "Authorisation {number} is narrowed": "Vollmacht {number} ist eingeschränkt",
    "{client} has withdrawn the consent by which {firm} received access. From this moment nothing more leaves, not even what was already queued.": (
        "{client} hat die Einwilligung widerrufen, aufgrund derer {firm} Zugang erhielt. Ab diesem Augenblick geht nichts mehr hinaus, auch nicht, "
        "was schon bereitstand."
    ),
    "{client} has narrowed the consent by which {firm} receives access. What was taken out does not leave any more, not even what was already queued.": (
        "{client} hat die Einwilligung eingeschränkt, aufgrund derer {firm} Zugang erhält. Was herausgenommen wurde, geht nicht mehr hinaus, auch "
        "nicht, was schon bereitstand."
    ),
    "Acts from": "Wirkt ab",
    "Said by": "Gesagt von",
    "In their words": "In ihren Worten",
    "Ends now on": "Endet jetzt am",
    "Taken out": "Herausgenommen",
    "What remains": "Was bleibt",
    "Stopped before it left": "Aufgehalten, bevor es hinausging",
    "Already left, cannot be called back": "Schon hinausgegangen, nicht zurückzuholen",
    "Went out": "Hinausgegangen",
    "Left": "Übrig",
    "Credentials among these should be rotated. Titles stay answerable until their objection window closes.": (
        "Zugangsdaten darunter sollten geändert werden. Die Stücke lassen sich beantworten, bis ihre Frist für Einwände endet."
    ),
    "Nothing had left under it.": "Darunter war nichts hinausgegangen.",
    "Receipt for release {number}": "Quittung zu Lieferung {number}",
    "{msp} released the following to {firm}. Below stands what left, how, and what the recipient answered.": (
        "{msp} hat Folgendes an {firm} freigegeben. Unten steht, was hinausging, wie, und was der Empfänger geantwortet hat."
    ),
    "Client": "Kunde",
    "Copies went to": "Kopien gingen an",
    "What left": "Was hinausging",
    "Confirmed by": "Bestätigt von",
    "Payment request": "Zahlungsanforderung",
    "Invoice": "Rechnung",
    "Credit note": "Gutschrift",
    "This asks for payment in advance. It is no tax invoice; that follows when the payment is in.": (
        "Hiermit bitten wir um Zahlung im Voraus. Dies ist keine Rechnung im Sinne der Steuer; sie folgt, wenn die Zahlung eingegangen ist."
    ),
    "This cancels {credited} as a whole or in part.": "Dies hebt {credited} ganz oder teilweise auf.",
    "Number in our accounts": "Nummer in unserer Buchhaltung",
    "Issued on": "Ausgestellt am",
    "Due": "Fällig",
    "From": "Von",
    "Payment to": "Zahlung an",
    "Quantity": "Menge",
    "Price, net": "Preis, netto",
    "Tax": "Steuer",
    "Net": "Netto",
    "To be paid": "Zu zahlen",
    "What belongs to {client} is handed over whether or not this is paid. An unpaid paper stops billable work and nothing else.": (
        "Was {client} gehört, wird übergeben, ob dies bezahlt ist oder nicht. Ein unbezahltes Papier hält kostenpflichtige Arbeit auf und sonst "
        "nichts."
    ),
    "Amount": "Betrag",
    "As it exists": "Wie es vorliegt",
    "As of": "Stand",
    "Billed, net": "Berechnet, netto",
    "Bought in advance": "Im Voraus gekauft",
    "Bought": "Gekauft",
    "Date": "Tag",
    "Departure": "Übergang",
    "For": "Für",
    "Goodwill": "Kulanz",
    "Hours by month": "Stunden nach Monaten",
    "Hours": "Stunden",
    "Included": "Enthalten",
    "Invoice of the vendor": "Rechnung des Anbieters",
    "Markup": "Aufschlag",
    "Money": "Geld",
    "Month": "Monat",
    "On account": "Auf Rechnung",
    "Page": "Seite",
    "Paid on": "Bezahlt am",
    "Papers": "Papiere",
    "Passed through at cost": "Zum Selbstkostenpreis weitergegeben",
    "Payments": "Zahlungen",
    "Service": "Leistung",
    "Statement of hours and money": "Abrechnung über Stunden und Geld",
    "Still open": "Noch offen",
    "This is what was included, used, bought and given, and what was asked, paid and passed through. On your page every line leads to its proof.": (
        "Dies war enthalten, wurde verbraucht, gekauft und geschenkt, und dies wurde verlangt, gezahlt und weitergegeben. Auf Ihrer Seite führt jede "
        "Zeile zu ihrem Beweis."
    ),
    "Total": "Summe",
    "Used": "Verbraucht",
    "Vendor, net": "Anbieter, netto",
    "entry {number}": "Eintrag {number}",
    "{entries} time entries; {real} were worked, the columns show accounted time.": (
        "{entries} Zeiteinträge; {real} wurden gearbeitet, die Spalten zeigen die abgerechnete Zeit."
    ),
    "Certificate of destruction": "Bescheinigung der Vernichtung",
    "{msp} attests that the following of {client} was destroyed, by the method and on the days named here. The fields are those of NIST SP 800-88, revision 2, section 4.6; what is not known says so.": (
        "{msp} bescheinigt, dass Folgendes von {client} vernichtet wurde, auf die Weise und an den Tagen, die hier stehen. Die Felder sind die von "
        "NIST SP 800-88, Revision 2, Abschnitt 4.6; was nicht bekannt ist, sagt das."
    ),
    "Not deleted": "Nicht gelöscht",
    "These were named as exceptions. They are still there, and this certificate does not speak of them.": (
        "Diese wurden als Ausnahmen benannt. Sie sind noch da, und diese Bescheinigung sagt über sie nichts."
    ),
    "Version": "Fassung",
    "And {count} more: the file whose digest stands above names each.": (
        "Und {count} weitere: Die Datei, deren Fingerabdruck oben steht, nennt jede."
    ),
    "What this certificate does not claim": "Was diese Bescheinigung nicht behauptet",
    "This is what was said and written, in order, as it stands in the log of {msp}. Each number names its entry; the entry holds the SHA-256 of exactly these words.": (
        "Dies wurde gesagt und geschrieben, der Reihe nach, wie es im Protokoll von {msp} steht. Jede Nummer nennt ihren Eintrag; der Eintrag "
        "enthält den SHA-256 genau dieser Worte."
    ),
    "Period": "Zeitraum",
    "Numbers": "Nummern",
    "Volume": "Band",
    "In all": "Insgesamt",
    "No.": "Nr.",
    "Entry": "Eintrag",
    "As a mail": "Als Mail",
    "How to check it": "Wie man es prüft",
    "Each text lies beside this file as messages/NUMBER.txt, each mail as mails/NUMBER-1.eml, each recording of a call in recordings/. Take the SHA-256 of the file, as sha256sum does.": (
        "Jeder Text liegt neben dieser Datei als messages/NUMMER.txt, jede Mail als mails/NUMMER-1.eml, jede Aufnahme eines Anrufs in recordings/. "
        "Bilden Sie den SHA-256 der Datei, wie sha256sum es tut."
    ),
    "Look for it in entries.txt, and in what the entry of that number discloses in proof/entries.jsonl.": (
        "Suchen Sie ihn in entries.txt und in dem, was der Eintrag dieser Nummer in proof/entries.jsonl offenlegt."
    ),
    "python -m sealed verify does this for all of them, and checks the entry against the signed log.": (
        "python -m sealed verify tut das für alle und prüft den Eintrag gegen das signierte Protokoll."
    ),
    "Came in": "Eingegangen am",
    "Attached": "Angehängt",
    "Recordings": "Aufnahmen",
    "Proof": "Beweis",
    "Files": "Dateien",
    "Note": "Anmerkung",
    "To": "An",
}
