# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for words of ours that stand among facts in mails (``texts.phrase``) and papers: states, reasons, labels of closed lists."""

VALUES: dict[str, str] = {
    # dates and data that are kept
    "{where}; {until}": "{where}; {until}",
    "{before} → {after}": "{before} → {after}",
    "{who}: {what}": "{who}: {what}",
    "kept until {day}": "aufbewahrt bis {day}",
    "its day is not known yet": "sein Tag ist noch nicht bekannt",
    "no day yet": "noch kein Tag",
    "no day any more": "kein Tag mehr",
    "Something that your dates hang from has changed.": "Etwas, woran Ihre Termine hängen, hat sich geändert.",
    "“{name}” was put on the list of what we keep of yours.": "„{name}“ kam auf die Liste dessen, was wir von Ihnen aufbewahren.",
    "What is on record of “{name}” was corrected.": "Was zu „{name}“ in der Akte steht, wurde berichtigt.",
    "The departure is closed; these are the days that hold.": "Der Übergang ist abgeschlossen; diese Tage gelten.",
    "Your notice has given your backups a day until which they are kept.": (
        "Durch Ihre Kündigung haben Ihre Sicherungen einen Tag, bis zu dem sie aufbewahrt werden."
    ),
    "keep as agreed, then delete": "wie vereinbart aufbewahren, dann löschen",
    "delete after the end of service, without waiting": "nach dem Ende der Leistung löschen, ohne zu warten",
    "return it on a drive, then delete": "auf einem Laufwerk zurückgeben, dann löschen",
    "return it as a download, then delete": "zum Herunterladen zurückgeben, dann löschen",
    # who is reached how
    "address": "Adresse",
    "second address": "zweite Adresse",
    "telephone number": "Telefonnummer",
    # moving a date
    "Service beyond the end": "Leistung über das Ende hinaus",
    "Effective date": "Tag der Wirksamkeit",
    "The service provider's access ends": "Der Zugang des Dienstleisters endet",
    "First re-test of zero access": "Erste Nachprüfung, dass kein Zugang besteht",
    "Second re-test of zero access": "Zweite Nachprüfung, dass kein Zugang besteht",
    "Backups and archives kept until": "Sicherungen und Archive aufbewahrt bis",
    "Plan: {what}": "Plan: {what}",
    "Kept until: {what}": "Aufbewahrt bis: {what}",
    "{scope}, {fee} a month, until {day}": "{scope}, {fee} im Monat, bis {day}",
    # what is asked before it leaves
    "authorisation {number}": "Vollmacht {number}",
    "The client narrowed the authorisation and “{item}” is no longer in it.": (
        "Der Kunde hat die Vollmacht eingeschränkt, und „{item}“ ist nicht mehr darin."
    ),
    "“{item}” is outside what the client authorised for {recipient}.": (
        "„{item}“ liegt außerhalb dessen, wozu der Kunde {recipient} bevollmächtigt hat."
    ),
    "The client expressly excluded “{item}” from what {recipient} receives.": (
        "Der Kunde hat „{item}“ ausdrücklich von dem ausgenommen, was {recipient} erhält."
    ),
    "Nobody has settled who owns “{item}”.": "Noch ist nicht geklärt, wem „{item}“ gehört.",
    "“{item}” is marked sensitive.": "„{item}“ gilt als heikel.",
    "Your objection to “{title}”": "Ihr Einwand zu „{title}“",
    # calls
    "We": "Wir",
    "{promise} (by {day})": "{promise} (bis {day})",
    "{count} minutes": "{count} Minuten",
    # work
    "{amount} net, for {time}": "{amount} netto, für {time}",
    "You pay what the vendor charges, without a markup; its invoice is yours to see.": (
        "Sie zahlen, was der Anbieter verlangt, ohne Aufschlag; seine Rechnung können Sie sehen."
    ),
    # what to know of a mail that came in
    "It also names {who} as a reader: that copy went straight there, past us.": "Sie nennt auch {who} als Leser: Diese Kopie ging unmittelbar dorthin, an uns vorbei.",
    "The sender's domain {domain} looks like {known} and is another one.": "Die Domain des Absenders, {domain}, sieht aus wie {known} und ist eine andere.",
    "The sender goes by the name {name}, which is on record with another address.": "Der Absender führt den Namen {name}, zu dem hier eine andere Adresse gehört.",
    "The sender's name shows the address {shown}; the mail comes from {address}.": "Der Name des Absenders zeigt die Adresse {shown}; die Mail kommt von {address}.",
    "Answers would go to {address}, not to the sender.": "Antworten gingen an {address}, nicht an den Absender.",
    "It names more than one sender.": "Sie nennt mehr als einen Absender.",
    "Its proof of coming from {domain} failed: it may be forged or was changed on its way.": "Der Beweis, dass sie von {domain} kommt, ist misslungen: Sie kann gefälscht sein oder wurde unterwegs verändert.",
    "Nothing proves that it comes from {domain}.": "Nichts beweist, dass sie von {domain} kommt.",
    # a notice that was taken back
    "Your notice is withdrawn; you stay with us": "Ihre Kündigung ist zurückgenommen; Sie bleiben bei uns",
    "Every date of your departure is cleared, and our service to you goes on.": (
        "Alle Termine Ihres Weggangs sind gestrichen, und unsere Leistung für Sie geht weiter."
    ),
    "There is no fee.": "Das kostet nichts.",
    "Your authorisation for the new provider ends now.": "Ihre Vollmacht für den neuen Dienstleister endet jetzt.",
    "Stopped before they left: {what}.": "Aufgehalten, bevor es hinausging: {what}.",
    "Already leaving, and not to be called back: {what}.": "Schon auf dem Weg und nicht zurückzuholen: {what}.",
}
