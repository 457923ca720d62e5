# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for what a certificate of destruction, a statement and an invoice fixed in English: their labels and closed sentences."""

CERTIFICATE: dict[str, str] = {
    "{first} and {last}": "{first} und {last}",
    "{first}, {last}": "{first}, {last}",
    "not known": "nicht bekannt",
    "none": "keine",
    "nothing": "nichts",
    "none on record": "keine in der Akte",
    # the methods of SP 800-88
    "Clear: recovery by ordinary means, through the interface of the storage, is prevented": (
        "Clear: Eine Wiederherstellung mit gewöhnlichen Mitteln, über die Schnittstelle des Speichers, ist verhindert"
    ),
    "Purge: recovery by the means of a laboratory is prevented": "Purge: Eine Wiederherstellung mit den Mitteln eines Labors ist verhindert",
    "Destroy: recovery by the means of a laboratory is prevented, and the medium cannot be used any more": (
        "Destroy: Eine Wiederherstellung mit den Mitteln eines Labors ist verhindert, und der Datenträger ist nicht mehr brauchbar"
    ),
    "{words}. Purge is not claimed: no validated module is named": "{words}. Purge wird nicht behauptet: Es ist kein geprüftes Modul genannt",
    "As recorded for each medium; nothing is claimed here beyond the steps listed below": (
        "Wie für jeden Datenträger verzeichnet; über die Schritte unten hinaus wird hier nichts behauptet"
    ),
    # sections and labels
    "What, and where it lay": "Was, und wo es lag",
    "Data set": "Datenbestand",
    "Contents": "Inhalt",
    "Kind of place": "Art des Ortes",
    "Location": "Ort",
    "Vendor or operator": "Anbieter oder Betreiber",
    "the service provider itself": "der Dienstleister selbst",
    "Snapshots": "Momentaufnahmen",
    "Copies": "Kopien",
    "Replicas and sub-processors": "Abbilder und Unterauftragnehmer",
    "Confidentiality before": "Vertraulichkeit vorher",
    "Confidentiality after": "Vertraulichkeit nachher",
    "Why it was deleted": "Warum es gelöscht wurde",
    "What was done": "Was getan wurde",
    "Technique": "Vorgehen",
    "Tool": "Werkzeug",
    "Version of the tool": "Version des Werkzeugs",
    "Tool and version": "Werkzeug und Version",
    "the console of the place; guided and recorded by {tool}": "die Konsole des Ortes; angeleitet und verzeichnet von {tool}",
    "Validated module": "Geprüftes Modul",
    "Key removed from its store on": "Schlüssel aus seinem Speicher entfernt am",
    "Backups of the key store": "Sicherungen des Schlüsselspeichers",
    "kept for {days} days": "{days} Tage aufbewahrt",
    "none are kept": "es gibt keine",
    "Vendor’s confirmation": "Bestätigung des Anbieters",
    "in writing, attached to the record": "schriftlich, der Akte angehängt",
    "none was given": "wurde nicht gegeben",
    "Carried out on": "Ausgeführt am",
    "Effective on": "Wirksam am",
    "What was found before and after": "Was vorher und nachher gefunden wurde",
    "Listed before, on": "Vorher aufgelistet am",
    "Things listed": "Aufgelistete Dinge",
    "Bytes listed": "Aufgelistete Bytes",
    "SHA-256 of that list": "SHA-256 dieser Liste",
    "Deleted": "Gelöscht",
    "Excepted": "Ausgenommen",
    "SHA-256 of what the storage answered": "SHA-256 der Antworten des Speichers",
    "Verification method": "Art der Prüfung",
    "Verified on": "Geprüft am",
    "SHA-256 of what was found afterwards": "SHA-256 dessen, was danach gefunden wurde",
    "Steps by hand": "Schritte von Hand",
    "Proof, SHA-256 {digest}": "Nachweis, SHA-256 {digest}",
    "no proof was asked for": "ein Nachweis wurde nicht verlangt",
    "Who did, verified and approved it": "Wer es tat, prüfte und freigab",
    "Title: {words}": "Funktion: {words}",
    "Date: {day}": "Tag: {day}",
    "Place: {words}": "Ort: {words}",
    "Contact: {what}": "Kontakt: {what}",
    "Signature: {words}": "Unterschrift: {words}",
    "Signature: signed in to Partwell; entry {number} of the log": "Unterschrift: angemeldet bei Partwell; Eintrag {number} des Protokolls",
    "The medium": "Der Datenträger",
    "Manufacturer": "Hersteller",
    "Model": "Modell",
    "Serial number": "Seriennummer",
    "Property number": "Inventarnummer",
    "Media type": "Art des Datenträgers",
    "Source": "Herkunft",
    "Item of the estate": "Stück des Bestands",
    "Where it went": "Wohin er ging",
    "Report": "Bericht",
    # techniques and checks
    "Cryptographic erase: the only key that opens this data was removed from its key store, then the encrypted files": (
        "Kryptografisches Löschen: Der einzige Schlüssel, der diese Daten öffnet, wurde aus seinem Speicher entfernt, dann die verschlüsselten Dateien"
    ),
    "Every version, delete marker and incomplete upload under the prefix was deleted through the storage’s interface": (
        "Jede Version, jede Löschmarke und jeder unvollständige Upload unter dem Präfix wurde über die Schnittstelle des Speichers gelöscht"
    ),
    "Every file and folder below the path was unlinked": "Jede Datei und jeder Ordner unter dem Pfad wurde entfernt",
    "Emptied by hand in the vendor’s console, step by step as listed below": "Von Hand in der Konsole des Anbieters geleert, Schritt für Schritt wie unten",
    "By hand, step by step as listed below; a medium whose wiping or shredding was recorded has a certificate of its own": (
        "Von Hand, Schritt für Schritt wie unten; ein Datenträger, dessen Löschung oder Zerstörung verzeichnet wurde, hat eine eigene Bescheinigung"
    ),
    "By hand, step by step as listed below": "Von Hand, Schritt für Schritt wie unten",
    "The key store was asked for the key again, and the vault for each file: neither was found": (
        "Der Schlüsselspeicher wurde noch einmal nach dem Schlüssel gefragt und die Ablage nach jeder Datei: Beides fand sich nicht"
    ),
    "Listed again afterwards with every version, marker and upload; the answers of the storage are kept as they came": (
        "Danach mit jeder Version, Marke und jedem Upload noch einmal aufgelistet; die Antworten des Speichers sind aufbewahrt, wie sie kamen"
    ),
    "Listed again afterwards; what was found is kept as it came": "Danach noch einmal aufgelistet; was sich fand, ist aufbewahrt, wie es kam",
    "A second person looked at the proof of each step": "Eine zweite Person hat den Nachweis jedes Schrittes angesehen",
    # what supports it, and what it does not claim
    "Attested by {by}, by {who} and {other}, supported by {several}.": "Bescheinigt von {by}, durch {who} und {other}, gestützt auf {several}.",
    "Attested by {by}, by {who}, supported by {several}.": "Bescheinigt von {by}, durch {who}, gestützt auf {several}.",
    "Attested by {by}, supported by {several}.": "Bescheinigt von {by}, gestützt auf {several}.",
    "nothing that is on file": "nichts, was in der Akte liegt",
    "the list made before it": "die Liste von vorher",
    "what the storage answered": "die Antworten des Speichers",
    "the list made after it": "die Liste von nachher",
    "the proof of each step by hand": "den Nachweis jedes Schrittes von Hand",
    "the vendor’s written confirmation": "die schriftliche Bestätigung des Anbieters",
    "the check of a second person": "die Prüfung durch eine zweite Person",
    "the attached report": "den angehängten Bericht",
    "That no copy exists anywhere cannot be proved. This certificate says what was listed, what the storage answered, and what a second person looked at afterwards.": (
        "Dass nirgends eine Kopie besteht, lässt sich nicht beweisen. Diese Bescheinigung sagt, was aufgelistet war, was der Speicher geantwortet hat und "
        "was eine zweite Person danach angesehen hat."
    ),
    "The key was removed from its store; on solid-state and copy-on-write disks removal does not prove that its bytes are gone. Backups of the key store are kept for {days} days.": (
        "Der Schlüssel wurde aus seinem Speicher entfernt; auf SSDs und Copy-on-write-Laufwerken beweist das nicht, dass seine Bytes fort sind. "
        "Sicherungen des Schlüsselspeichers werden {days} Tage aufbewahrt."
    ),
    "The key was removed from its store; on solid-state and copy-on-write disks removal does not prove that its bytes are gone. No backups of the key store are kept.": (
        "Der Schlüssel wurde aus seinem Speicher entfernt; auf SSDs und Copy-on-write-Laufwerken beweist das nicht, dass seine Bytes fort sind. "
        "Sicherungen des Schlüsselspeichers gibt es nicht."
    ),
    "What the storage service keeps behind its interface (its own replicas and logs) is attested by its operator.": (
        "Was der Speicherdienst hinter seiner Schnittstelle behält (eigene Abbilder und Protokolle), bescheinigt sein Betreiber."
    ),
    "Files were unlinked. Snapshots and backups of the share, and the disk’s own remains, are outside this certificate.": (
        "Dateien wurden entfernt. Momentaufnahmen und Sicherungen der Freigabe und Reste auf dem Laufwerk liegen außerhalb dieser Bescheinigung."
    ),
    "Deletion at the vendor is attested by its written confirmation, which is attached.": (
        "Die Löschung beim Anbieter bescheinigt seine schriftliche Bestätigung, die angehängt ist."
    ),
    "The vendor gave no written confirmation; what is attested is what its console showed.": (
        "Der Anbieter hat nichts schriftlich bestätigt; bescheinigt ist, was seine Konsole gezeigt hat."
    ),
    "{count} named exceptions were not deleted; they are listed above.": "{count} benannte Ausnahmen wurden nicht gelöscht; sie stehen oben.",
    "This certificate speaks of this one medium. That no copy of its data exists anywhere cannot be proved, and is not claimed.": (
        "Diese Bescheinigung gilt für diesen einen Datenträger. Dass nirgends eine Kopie seiner Daten besteht, lässt sich nicht beweisen und wird nicht behauptet."
    ),
    "Clear does not reach areas that a drive hides from its interface, such as worn or reserved blocks.": (
        "Clear erreicht keine Bereiche, die ein Laufwerk vor seiner Schnittstelle verbirgt, etwa abgenutzte oder zurückgehaltene Blöcke."
    ),
    "Purge rests on the validated module {module} and on the report; nobody opened the medium to look.": (
        "Purge stützt sich auf das geprüfte Modul {module} und auf den Bericht; niemand hat den Datenträger geöffnet, um nachzusehen."
    ),
    "That the shredded pieces are those of this medium rests on the serial number read before, and on the report.": (
        "Dass die Stücke von diesem Datenträger stammen, stützt sich auf die vorher gelesene Seriennummer und auf den Bericht."
    ),
    "Certificate of destruction {label}": "Bescheinigung der Vernichtung {label}",
    # an invoice
    "Tax, {words}": "Steuer, {words}",
    "zero rate": "Nullsatz",
    "exempt from tax": "steuerfrei",
    "reverse charge: the recipient owes the tax": "Umkehr der Steuerschuld: Der Empfänger schuldet die Steuer",
    "not subject to tax": "nicht steuerbar",
    # a statement
    "Statement": "Abrechnung",
    "notice of {day}": "Kündigung vom {day}",
    "Prepaid time that is not used is credited to you at closing, at the price you paid for it.": (
        "Im Voraus bezahlte Zeit, die nicht verbraucht ist, wird Ihnen beim Abschluss zu dem Preis gutgeschrieben, den Sie gezahlt haben."
    ),
    "Prepaid time that is not used is paid back to you at closing, at the price you paid for it.": (
        "Im Voraus bezahlte Zeit, die nicht verbraucht ist, wird Ihnen beim Abschluss zu dem Preis zurückgezahlt, den Sie gezahlt haben."
    ),
    "Used of the included time": "Von der enthaltenen Zeit verbraucht",
    "Used of the bought time": "Von der gekauften Zeit verbraucht",
    "Promised to approved requests": "Für freigegebene Arbeit vorgesehen",
    "Bought, not used and given back": "Gekauft, nicht verbraucht und zurückgegeben",
    "On account, by the owner's leave": "Auf Rechnung, mit Erlaubnis des Inhabers",
    "Handing over what exists, beyond the hours, not charged": "Übergabe des Vorhandenen über die Stunden hinaus, nicht berechnet",
    "Goodwill, not charged": "Kulanz, nicht berechnet",
    "Running service, not charged to these hours": "Laufende Leistung, nicht auf diese Stunden angerechnet",
    "Asked": "Verlangt",
    "Credited": "Gutgeschrieben",
    "Paid": "Bezahlt",
    "Refunded": "Zurückgezahlt",
    "Passed through at cost, net": "Zum Selbstkostenpreis weitergegeben, netto",
    "{time} for “{title}”": "{time} für „{title}“",
    "given back": "zurückgegeben",
    "{label}, payment request": "{label}, Zahlungsanforderung",
    "{label}, invoice": "{label}, Rechnung",
    "{label}, credit note": "{label}, Gutschrift",
    "{label}, paid back": "{label}, zurückgezahlt",
    "{sum} to your credit": "{sum} zu Ihren Gunsten",
    "{what} ({sum} of it borne by us)": "{what} ({sum} davon tragen wir)",
    "not there yet": "noch nicht da",
    # who did it, where, and how they signed
    "signed in to Partwell; entry {number} of the log": "angemeldet bei Partwell; Eintrag {number} des Protokolls",
    "versioning was {state}; every version that the storage listed was part of the deletion": "Versionierung war {state}; jede Version, die der Speicher auflistete, gehörte zur Löschung",
    "{where}; sub-processor {firm}; expires {days} days after deletion": "{where}; Unterauftragnehmer {firm}; läuft {days} Tage nach der Löschung ab",
    "{where}; expires {days} days after deletion": "{where}; läuft {days} Tage nach der Löschung ab",
    "{where}; sub-processor {firm}; expiry not known": "{where}; Unterauftragnehmer {firm}; Ablauf nicht bekannt",
    "{where}; expiry not known": "{where}; Ablauf nicht bekannt",
    "replication by the storage: {what}": "Replikation durch den Speicher: {what}",
    "the storage did not say: {what}": "der Speicher sagte nicht: {what}",
    "backups": "Sicherungen",
    "archive data": "Archivdaten",
    "backups and archive data": "Sicherungen und Archivdaten",
    "not said yet": "noch nicht gesagt",
    "our vault": "unsere Ablage",
    "an S3-compatible bucket": "ein S3-kompatibler Bucket",
    "a directory or mounted share": "ein Verzeichnis oder eine Freigabe",
    "a vendor’s cloud": "die Cloud eines Anbieters",
    "drives or tapes": "Laufwerke oder Bänder",
    "not known; it was done over the network": "nicht bekannt; es geschah über das Netz",
    "Partwell makes none; those of the disk below it are not known": "Partwell macht keine; die des Laufwerks darunter sind nicht bekannt",
    "not known; those of the share are outside this certificate": "nicht bekannt; die der Freigabe liegen außerhalb dieser Bescheinigung",
    "the program itself": "das Programm selbst",
    "Tenant or account": "Mandant oder Konto",
    "Console": "Konsole",
    "Endpoint": "Endpunkt",
    "Prefix": "Präfix",
    "Path": "Pfad",
    "Described as": "Beschrieben als",
    "Proposed by": "Vorgeschlagen von",
    "Approved by": "Freigegeben von",
    "Carried out by": "Ausgeführt von",
    "Verified by": "Geprüft von",
    "Validated by a second person": "Bestätigt von einer zweiten Person",
    "Recorded by": "Verzeichnet von",
    "Verified and validated by a second person": "Geprüft und bestätigt von einer zweiten Person",
    "on the attached report, where it carries one": "auf dem angehängten Bericht, wo er eine trägt",
    "signed in to Partwell; the entry before this certificate’s": "angemeldet bei Partwell; der Eintrag vor dem dieser Bescheinigung",
    "owner": "Inhaber",
    "account manager": "Kundenbetreuer",
    "technician": "Techniker",
    "auditor": "Prüfer",
    # a signature
    "recorded by us as it reached us": "von uns festgehalten, wie es uns erreichte",
    "Authorisation {number}": "Vollmacht {number}",
    "List version {version}": "Liste, Fassung {version}",
    "The handover as a whole": "Die Übergabe im Ganzen",
    "signatory": "Unterzeichner",
    "stated": "erklärt",
    "given": "gegeben",
    "the signatory's own passkey, whose challenge carried this list's digest": (
        "der eigene Passkey des Unterzeichners, dessen Anfrage den Fingerabdruck dieser Liste trug"
    ),
    "a call-back by {who} to the number on file before the notice": "ein Rückruf von {who} unter der Nummer, die vor der Kündigung vorlag",
    "a second employee": "einem zweiten Mitarbeiter",
}
