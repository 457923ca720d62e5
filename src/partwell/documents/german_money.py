# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for the mails about money, copies of backups, retention, deletion, and digests."""

MONEY: dict[str, str] = {
    # certificate
    "It was deleted; here is the certificate": "Es wurde gelöscht; hier ist die Bescheinigung",
    "See it on your page": "Auf Ihrer Seite ansehen",
    "Certificate of destruction {label}: {what} ({client})": (
        "Bescheinigung der Vernichtung {label}: {what} ({client})"
    ),
    "Keep the certificate. Its entry stands in the log, and with the checkpoint on it you can check that without us.": (
        "Bewahren Sie die Bescheinigung auf. Ihr Eintrag steht im Protokoll, und mit dem Prüfpunkt darauf können Sie das ohne uns prüfen."
    ),
    "Method": "Verfahren",
    "What it does not claim": "Was sie nicht behauptet",
    "{msp_name} attests that “{what}” of {client} was destroyed. The certificate is attached.": (
        "{msp_name} bescheinigt, dass „{what}“ von {client} vernichtet wurde. Die Bescheinigung ist angehängt."
    ),
    "{msp_name} attests that “{what}” of {client} was destroyed, except what is named below. The certificate is attached.": (
        "{msp_name} bescheinigt, dass „{what}“ von {client} vernichtet wurde, ausgenommen, was unten steht. Die Bescheinigung ist angehängt."
    ),
    # deletion
    "A second person is needed, and it is you": "Es braucht eine zweite Person, und das sind Sie",
    "Approve it, or object, on your page. Nothing is deleted before you have answered.": (
        "Stimmen Sie auf Ihrer Seite zu, oder widersprechen Sie. Bevor Sie geantwortet haben, wird nichts gelöscht."
    ),
    "Please decide: shall “{set}” be deleted ({client})?": (
        "Bitte entscheiden Sie: Soll „{set}“ gelöscht werden ({client})?"
    ),
    "Nobody deletes a client's data alone. We are one person, so the second one is you.": (
        "Niemand löscht die Daten eines Kunden allein. Wir sind nur eine Person, deshalb sind Sie die zweite."
    ),
    "You can still ask for a copy, or tell us to keep it longer.": (
        "Sie können noch um eine Kopie bitten oder uns sagen, dass wir es länger aufbewahren sollen."
    ),
    "{proposed_by} proposes to delete “{set}” of {client}, which was kept until {until}.": (
        "{proposed_by} schlägt vor, „{set}“ von {client} zu löschen; aufbewahrt wurde es bis {until}."
    ),
    # digest
    "Open your page": "Ihre Seite öffnen",
    "{more} more stand on your page.": "{more} weitere stehen auf Ihrer Seite.",
    "What happened, and what comes this week": "Was geschehen ist und was diese Woche kommt",
    "What happened, and what comes today": "Was geschehen ist und was heute kommt",
    "Authorisations, releases and notices of deletion always come as mails of their own.": (
        "Vollmachten, Lieferungen und Ankündigungen einer Löschung kommen immer als eigene Mail."
    ),
    "Your week: {client}": "Ihre Woche: {client}",
    "Your day: {client}": "Ihr Tag: {client}",
    "A summary for {client} of what you may see with {msp_name}, as you chose to receive it.": (
        "Eine Zusammenfassung für {client} von dem, was Sie bei {msp_name} sehen dürfen, wie Sie es gewählt haben."
    ),
    "What happened": "Was geschehen ist",
    "What comes": "Was kommt",
    "You no longer want it? One click turns it off: {unsubscribe}": (
        "Sie möchten sie nicht mehr? Ein Klick stellt sie ab: {unsubscribe}"
    ),
    # money
    "Work was asked for": "Arbeit wurde erbeten",
    "Your payment has come in": "Ihre Zahlung ist eingegangen",
    "Money goes back to you": "Sie erhalten Geld zurück",
    "Shall we do this work?": "Sollen wir diese Arbeit tun?",
    "Approve or decline it on your page. The new provider cannot approve work at your cost.": (
        "Stimmen Sie auf Ihrer Seite zu oder lehnen Sie ab. Der neue Dienstleister kann keine Arbeit auf Ihre Kosten freigeben."
    ),
    "Your statement is attached": "Ihre Abrechnung ist angehängt",
    "See every line": "Jede Zeile ansehen",
    "{asked_by} asks for work: “{title}” ({client})": "{asked_by} bittet um Arbeit: „{title}“ ({client})",
    "We say how long it would take and what it would cost; nothing of it begins before you have approved that.": (
        "Wir sagen, wie lange es dauern und was es kosten würde; nichts davon beginnt, bevor Sie es freigegeben haben."
    ),
    "We have your payment for {label} ({client})": "Ihre Zahlung für {label} ist da ({client})",
    "Money goes back to you on {label} ({client})": "Sie erhalten Geld zurück zu {label} ({client})",
    "Please decide: “{title}” would take {estimate} ({client})": (
        "Bitte entscheiden Sie: „{title}“ würde {estimate} dauern ({client})"
    ),
    "Nothing of it begins before you have approved it.": (
        "Nichts davon beginnt, bevor Sie es freigegeben haben."
    ),
    "{label} for {client}": "{label} für {client}",
    "{label} is attached": "{label} ist angehängt",
    "Your statement: hours and money of {client}": "Ihre Abrechnung: Stunden und Geld von {client}",
    "On your page every line leads to its time, approval, invoice and proof.": (
        "Auf Ihrer Seite führt jede Zeile zu ihrer Zeit, Freigabe, Rechnung und ihrem Beweis."
    ),
    "{asked_by} asked for “{title}” for {client}.": "{asked_by} hat um „{title}“ für {client} gebeten.",
    "For our office": "Für unser Büro",
    "{msp_name} recorded {amount} from {client} for {label}.": (
        "{msp_name} hat {amount} von {client} für {label} verbucht."
    ),
    "It is paid in full.": "Damit ist es ganz bezahlt.",
    "It is paid in part. Hours that it asks for open when it is paid in full.": (
        "Damit ist es zum Teil bezahlt. Die Stunden, um die es geht, öffnen sich, wenn es ganz bezahlt ist."
    ),
    "Came in on": "Eingegangen am",
    "Still to be paid": "Noch zu zahlen",
    "Hours that are open now": "Stunden, die jetzt offen sind",
    "Reference": "Zeichen",
    "{msp_name} paid {amount} back to {client} on {label}.": (
        "{msp_name} hat {amount} zu {label} an {client} zurückgezahlt."
    ),
    "Why: {reason}": "Warum: {reason}",
    "Paid back on": "Zurückgezahlt am",
    "Hours that are closed until it is paid": "Stunden, die geschlossen sind, bis es bezahlt ist",
    "{asked_by} asked for “{title}” for {client}. We estimate {estimate}.": (
        "{asked_by} hat um „{title}“ für {client} gebeten. Wir schätzen {estimate}."
    ),
    "Estimate": "Schätzung",
    "Left now": "Jetzt noch übrig",
    "To be paid in advance": "Im Voraus zu zahlen",
    "What the law says": "Was das Gesetz sagt",
    "{msp_name} issued {label} to {client}. The paper is attached.": (
        "{msp_name} hat {label} an {client} ausgestellt. Das Papier ist angehängt."
    ),
    "What it is for": "Wofür es ist",
    "What was included, used, bought and given back for {client}, on one paper.": (
        "Was für {client} enthalten war, verbraucht, gekauft und zurückgegeben wurde, auf einem Papier."
    ),
    "Given without charge": "Ohne Berechnung",
    "To your credit": "Zu Ihren Gunsten",
    # retention
    "It takes two people, and there is nobody else with us: the second is you. Agree on your page, or say no.": (
        "Es braucht zwei Personen, und bei uns gibt es sonst niemanden: Die zweite sind Sie. Stimmen Sie auf Ihrer Seite zu, oder sagen Sie nein."
    ),
    "If you need it longer, or want a copy, answer this mail now: what is erased cannot be brought back.": (
        "Brauchen Sie es länger oder möchten Sie eine Kopie, antworten Sie jetzt auf diese Mail: Was gelöscht ist, kommt nicht zurück."
    ),
    "What shall happen to your backups?": "Was soll mit Ihren Sicherungen geschehen?",
    "Choose on your page: keep them as agreed and then delete them, delete them after the end of service, or return them to you, on a drive or as a download. Your signatory decides, and can change it until the deletion has begun.": (
        "Wählen Sie auf Ihrer Seite: wie vereinbart aufbewahren und dann löschen, nach dem Ende der Leistung löschen, oder an Sie zurückgeben, auf "
        "einem Laufwerk oder zum Herunterladen. Ihr Unterzeichner entscheidet und kann es ändern, bis die Löschung begonnen hat."
    ),
    "The decision is on record": "Die Entscheidung steht in der Akte",
    "Until when we keep your backups": "Bis wann wir Ihre Sicherungen aufbewahren",
    "See them on your page": "Auf Ihrer Seite ansehen",
    "May a legal hold be lifted?": "Darf eine gesetzliche Sperre aufgehoben werden?",
    "Agree on your page, or say no: then the hold stays and nothing it covers is deleted.": (
        "Stimmen Sie auf Ihrer Seite zu, oder sagen Sie nein: Dann bleibt die Sperre, und nichts, was sie schützt, wird gelöscht."
    ),
    "The waiver is on record": "Der Verzicht steht in der Akte",
    "Something of your record is to be erased": "Etwas aus Ihrer Akte soll gelöscht werden",
    "Open the client’s page": "Die Seite des Kunden öffnen",
    "The law asks for your word here ({laws}): without it we must not simply keep them.": (
        "Das Gesetz verlangt hier Ihr Wort ({laws}): Ohne es dürfen wir sie nicht einfach behalten."
    ),
    "Please decide what happens to your backups, {client}": (
        "Bitte entscheiden Sie, was mit Ihren Sicherungen geschieht, {client}"
    ),
    "Your copy: {client} decided about its backups": (
        "Ihre Kopie: {client} hat über seine Sicherungen entschieden"
    ),
    "What was signed": "Was unterschrieben wurde",
    "If this was not you, call us at once: it can be changed until the deletion has begun.": (
        "Waren Sie das nicht, rufen Sie uns sofort an: Es lässt sich ändern, bis die Löschung begonnen hat."
    ),
    "Until when we keep your backups, {client}": "Bis wann wir Ihre Sicherungen aufbewahren, {client}",
    "May the hold “{title}” be lifted? ({client})": "Darf die Sperre „{title}“ aufgehoben werden? ({client})",
    "Lifting a hold takes two people, and there is nobody else with us: the second is you.": (
        "Eine Sperre aufzuheben braucht zwei Personen, und bei uns gibt es sonst niemanden: Die zweite sind Sie."
    ),
    "Your copy: {client} waived what only we held": (
        "Ihre Kopie: {client} hat auf das verzichtet, was nur wir hatten"
    ),
    "If this was not you, call us at once.": "Waren Sie das nicht, rufen Sie uns sofort an.",
    "To be erased: {what} ({client})": "Zu löschen: {what} ({client})",
    "Nothing is erased before a second person agrees.": (
        "Bevor eine zweite Person zustimmt, wird nichts gelöscht."
    ),
    "Our service to {client} ends on {service_ends}. We hold these backups and archives of yours.": (
        "Unsere Leistung für {client} endet am {service_ends}. Diese Sicherungen und Archive von Ihnen liegen bei uns."
    ),
    "What we hold": "Was bei uns liegt",
    "{made_by} decided for {client}: {choice}.": "{made_by} hat für {client} entschieden: {choice}.",
    "These days hold for {client} from now on.": "Ab jetzt gelten für {client} diese Tage.",
    "{asked_by} of {msp_name} asks to lift the hold “{title}” on data of {client}.": (
        "{asked_by} von {msp_name} bittet, die Sperre „{title}“ auf Daten von {client} aufzuheben."
    ),
    "{made_by} signed for {client} that these need not be handed over.": (
        "{made_by} hat für {client} unterschrieben, dass diese nicht übergeben werden müssen."
    ),
    "{proposed_by} of {msp_name} proposed to erase {what} that we keep of {client}.": (
        "{proposed_by} von {msp_name} hat vorgeschlagen, {what} zu löschen; wir bewahren es von {client} auf."
    ),
    "Its time is over since": "Seine Zeit ist abgelaufen seit",
    # return
    "We have your wish for a copy": "Ihr Wunsch nach einer Kopie liegt uns vor",
    "Approved: we order the copy": "Freigegeben: Wir bestellen die Kopie",
    "What the vendor asks for the copy": "Was der Anbieter für die Kopie verlangt",
    "Approve or decline it on your page.": "Stimmen Sie auf Ihrer Seite zu, oder lehnen Sie ab.",
    "This vendor does not ship": "Dieser Anbieter verschickt nicht",
    "Tell us which of these suits you.": "Sagen Sie uns, was davon Ihnen passt.",
    "The vendor billed more than it quoted": "Der Anbieter hat mehr berechnet als angeboten",
    "Approve or decline the difference on your page, where the vendor's invoice lies.": (
        "Stimmen Sie dem Unterschied auf Ihrer Seite zu oder lehnen Sie ab; dort liegt die Rechnung des Anbieters."
    ),
    "The drive has left": "Das Laufwerk ist unterwegs",
    "Compare the serial when it is there, and confirm its arrival on your page.": (
        "Vergleichen Sie die Seriennummer, wenn es da ist, und bestätigen Sie die Ankunft auf Ihrer Seite."
    ),
    "Confirm the arrival": "Die Ankunft bestätigen",
    "{asked_by} asks for a copy of {what} on a drive ({client})": (
        "{asked_by} bittet um eine Kopie von {what} auf einem Laufwerk ({client})"
    ),
    "We ask the vendor what it costs, and tell you before anything is ordered.": (
        "Wir fragen den Anbieter, was es kostet, und sagen es Ihnen, bevor etwas bestellt wird."
    ),
    "{approved_by} approved {amount} for a copy of {what} ({client})": (
        "{approved_by} hat {amount} für eine Kopie von {what} freigegeben ({client})"
    ),
    "Please decide: a copy of {what} would cost {amount} ({client})": (
        "Bitte entscheiden Sie: Eine Kopie von {what} würde {amount} kosten ({client})"
    ),
    "Nothing is ordered before you have approved exactly this amount.": (
        "Nichts wird bestellt, bevor Sie genau diesen Betrag freigegeben haben."
    ),
    "{vendor} does not ship a copy of {what} ({client})": (
        "{vendor} verschickt keine Kopie von {what} ({client})"
    ),
    "Please decide: the copy of {what} cost {difference} more ({client})": (
        "Bitte entscheiden Sie: Die Kopie von {what} hat {difference} mehr gekostet ({client})"
    ),
    "The copy of {what} is on its way ({client})": "Die Kopie von {what} ist unterwegs ({client})",
    "It is encrypted. The key is not with it and never in a mail; it reaches you another way.": (
        "Sie ist verschlüsselt. Der Schlüssel liegt nicht bei und steht nie in einer Mail; er erreicht Sie auf einem anderen Weg."
    ),
    "{asked_by} asked for a copy of {what} on a drive for {client}.": (
        "{asked_by} hat um eine Kopie von {what} auf einem Laufwerk für {client} gebeten."
    ),
    "For {client}, {approved_by} approved exactly {amount}, net, for a copy of {what} on a drive.": (
        "Für {client} hat {approved_by} genau {amount} netto für eine Kopie von {what} auf einem Laufwerk freigegeben."
    ),
    "Vendor": "Anbieter",
    "{msp_name} asked for {client}: {vendor} wants {amount}, net, for a copy of {what} on a drive.": (
        "{msp_name} hat für {client} gefragt: {vendor} verlangt {amount} netto für eine Kopie von {what} auf einem Laufwerk."
    ),
    "Stated in": "Genannt in",
    "On": "Am",
    "For {client}, you asked for a copy of {what} on a drive. {vendor} does not send one.": (
        "Für {client} haben Sie um eine Kopie von {what} auf einem Laufwerk gebeten. {vendor} verschickt keine."
    ),
    "{msp_name} keeps your backups as agreed all the same.": (
        "{msp_name} bewahrt Ihre Sicherungen trotzdem wie vereinbart auf."
    ),
    "What you can do instead": "Was Sie stattdessen tun können",
    "For {client}, you approved {approved} for a copy of {what}. {vendor} billed {amount}.": (
        "Für {client} haben Sie {approved} für eine Kopie von {what} freigegeben. {vendor} hat {amount} berechnet."
    ),
    "We ask you again. If you say no, {msp_name} bears the difference, and you pay what you approved.": (
        "Wir fragen Sie noch einmal. Sagen Sie nein, trägt {msp_name} den Unterschied, und Sie zahlen, was Sie freigegeben haben."
    ),
    "Approved": "Freigegeben",
    "Billed": "Berechnet",
    "More": "Mehr",
    "The drive with a copy of {what} that {msp_name} ordered for {client} left with {carrier}.": (
        "Das Laufwerk mit einer Kopie von {what}, das {msp_name} für {client} bestellt hat, ist mit {carrier} unterwegs."
    ),
    "Carrier": "Spedition",
    "Tracking": "Sendungsnummer",
    "Serial of the drive": "Seriennummer des Laufwerks",
    "Encrypted with": "Verschlüsselt mit",
    "Left on": "Abgeschickt am",
}
