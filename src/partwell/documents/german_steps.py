# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for the mails that leave by themselves at the steps of the letters: sentences, labels, and values from closed lists."""

STEPS: dict[str, str] = {
    "Good day,": "Guten Tag,",
    "Mail to your first address comes back, so this came to your second one. Please tell us which of them works.": (
        "Post an Ihre erste Adresse kommt zurück, deshalb kam dies an Ihre zweite. Bitte sagen Sie uns, welche davon funktioniert."
    ),
    "Mail to {missed} comes back, so this came to you instead. What is to be signed or decided stays with whoever signs for {client}: please tell them, and tell us an address that works.": (
        "Post an {missed} kommt zurück, deshalb kam dies an Sie. Was zu unterschreiben oder zu entscheiden ist, bleibt bei denen, die für {client} unterschreiben: "
        "Bitte sagen Sie es ihnen, und nennen Sie uns eine Adresse, die funktioniert."
    ),
    "What we ask of you": "Worum wir Sie bitten",
    "What we ask of you: {what}": "Worum wir Sie bitten: {what}",
    "By when: {when}": "Bis wann: {when}",
    "What our record says": "Was unsere Akte sagt",
    # the notice
    "We have your notice, {client}": "Ihre Kündigung liegt uns vor, {client}",
    "We have your notice": "Ihre Kündigung liegt uns vor",
    "{msp_name} has received the notice by which {client} ends our work together. The letter that says what we understood is attached.": (
        "{msp_name} hat die Kündigung erhalten, mit der {client} unsere Zusammenarbeit beendet. Das Schreiben, in dem steht, was wir verstanden haben, ist angehängt."
    ),
    "Received": "Eingegangen",
    "It reached us by": "Auf dem Weg",
    "Effective": "Wirksam zum",
    "Your person here": "Zuständig bei uns",
    "What happens next": "Was als Nächstes geschieht",
    "Tell us if anything in the letter is wrong, and give us an address outside the domain that will move, so that we do not lose you on the way.": (
        "Sagen Sie uns, wenn im Schreiben etwas nicht stimmt, und nennen Sie uns eine Adresse außerhalb der Domain, die umzieht, damit wir Sie unterwegs nicht verlieren."
    ),
    "See where things stand": "Den Stand ansehen",
    "Nothing goes to a new provider before your signatory has said so in writing.": (
        "An einen neuen Dienstleister geht nichts, bevor es Ihr Unterzeichner schriftlich gesagt hat."
    ),
    "letter": "Brief",
    "mail": "Mail",
    "call": "Anruf",
    "meeting": "Besprechung",
    "the portal": "das Portal",
    "You": "Sie",
    "Your account manager": "Ihr Kundenbetreuer",
    "Our technician": "Unser Techniker",
    "Our owner": "Unser Inhaber",
    # the authorisation
    "Please read and sign: may {recipient_firm} receive access? ({client})": (
        "Bitte lesen und unterschreiben: Darf {recipient_firm} Zugang erhalten? ({client})"
    ),
    "May {recipient_firm} receive access?": "Darf {recipient_firm} Zugang erhalten?",
    "{msp_name} prepared an authorisation for {client}. Until you sign it, {recipient_firm} receives nothing from us, not even an answer.": (
        "{msp_name} hat für {client} eine Vollmacht vorbereitet. Bevor Sie sie unterschreiben, bekommt {recipient_firm} nichts von uns, auch keine Antwort."
    ),
    "Recipient": "Empfänger",
    "Persons": "Personen",
    "Access": "Zugang",
    "Ends": "Endet",
    "full": "voll",
    "read": "lesend",
    "What they would receive": "Was sie erhielten",
    "What they would not receive": "Was sie nicht erhielten",
    "Read it, then sign, narrow or decline it. You need the passkey that you registered, or we call you back on the number we had on file before the notice.": (
        "Lesen Sie sie und unterschreiben Sie, schränken Sie sie ein oder lehnen Sie ab. Dazu brauchen Sie Ihren hinterlegten Passkey, oder wir rufen Sie unter der "
        "Nummer zurück, die uns vor der Kündigung vorlag."
    ),
    "Read and sign": "Lesen und unterschreiben",
    "You may narrow or withdraw it at any time. If you do nothing, we release to you alone.": (
        "Sie können sie jederzeit einschränken oder widerrufen. Tun Sie nichts, übergeben wir nur an Sie."
    ),
    "Not signed yet: may {recipient_firm} receive access? ({client})": (
        "Noch nicht unterschrieben: Darf {recipient_firm} Zugang erhalten? ({client})"
    ),
    "An authorisation waits for you": "Eine Vollmacht wartet auf Sie",
    "The authorisation of {client} for {recipient_firm} has waited for your signature since {since}. Until you sign it, {recipient_firm} receives nothing from us, not even an answer.": (
        "Die Vollmacht von {client} für {recipient_firm} wartet seit dem {since} auf Ihre Unterschrift. Bevor Sie sie unterschreiben, bekommt {recipient_firm} nichts von uns, "
        "auch keine Antwort."
    ),
    "Waits since": "Wartet seit",
    "Read it, then sign, narrow or decline it. If you do nothing, we release to you alone.": (
        "Lesen Sie sie und unterschreiben Sie, schränken Sie sie ein oder lehnen Sie ab. Tun Sie nichts, übergeben wir nur an Sie."
    ),
    "This reminder leaves by itself; it goes to you alone, and stops with your answer.": (
        "Diese Erinnerung geht von selbst hinaus; sie geht nur an Sie und endet mit Ihrer Antwort."
    ),
    "Systems: hardware, software, onsite data, administrator access": "Systeme: Geräte, Software, Daten vor Ort, Administratorzugang",
    "Documentation: processes, diagrams, audit reports, training": "Dokumentation: Abläufe, Pläne, Prüfberichte, Schulung",
    "Endpoints: the devices that people work at": "Endgeräte: womit die Leute arbeiten",
    "Purchased hardware": "Gekaufte Geräte",
    "Purchased perpetual software": "Gekaufte Dauerlizenzen",
    "Onsite data": "Daten vor Ort",
    "Administrator access to all systems": "Administratorzugang zu allen Systemen",
    "User training material": "Schulungsunterlagen",
    "Business process documentation": "Dokumentation der Abläufe",
    "Network diagrams": "Netzpläne",
    "Network audit reports": "Prüfberichte des Netzes",
    # a set
    "Release {number} for {client}: {count} to fetch": "Lieferung {number} für {client}: {count} abzuholen",
    "Release {number} is ready": "Lieferung {number} liegt bereit",
    "{msp_name} released the following to {recipient_firm} for {client}. This one message covers the whole set, and {client} has it too.": (
        "{msp_name} hat für {client} Folgendes an {recipient_firm} freigegeben. Diese eine Nachricht gilt für die ganze Lieferung, und {client} hat sie auch."
    ),
    "Released": "Freigegeben",
    "Under": "Aufgrund von",
    "How to fetch it": "So holen Sie es ab",
    "What was released": "Was freigegeben wurde",
    "Sign in, fetch what is listed, and confirm or object to each item with your reason.": (
        "Melden Sie sich an, holen Sie ab, was hier steht, und bestätigen Sie jedes Stück oder widersprechen Sie mit Ihrem Grund."
    ),
    "Fetch and answer": "Abholen und antworten",
    "No password or other secret is ever in a mail. Credentials are shown once, after you have signed in.": (
        "In keiner Mail steht je ein Passwort oder ein anderes Geheimnis. Zugangsdaten werden einmal gezeigt, nachdem Sie sich angemeldet haben."
    ),
    "through the portal": "über das Portal",
    "shown once in the portal": "einmal im Portal gezeigt",
    "in person": "persönlich",
    "by transfer": "durch Übertragung",
    "in an encrypted bundle": "in einem verschlüsselten Paket",
    "by mail": "per Mail",
    "in place": "an Ort und Stelle",
    "untested": "nicht geprüft",
    "as a role of a named account": "als Rolle eines benannten Kontos",
    # a window
    "Until {window_until}: your answer to release {number} ({client})": "Bis {window_until}: Ihre Antwort zu Lieferung {number} ({client})",
    "A window closes soon": "Eine Frist endet bald",
    "What is listed here was released for {client} to {recipient_firm} with release {number} and has no answer yet.": (
        "Was hier steht, wurde für {client} mit Lieferung {number} an {recipient_firm} freigegeben und hat noch keine Antwort."
    ),
    "A new provider's silence binds nobody; the record only says what was not objected to by that day.": (
        "Das Schweigen eines neuen Dienstleisters bindet niemanden; die Akte sagt nur, wozu es bis zu diesem Tag keinen Einwand gab."
    ),
    "Without an answer": "Ohne Antwort",
    "Confirm each, or object with your reason.": "Bestätigen Sie jedes Stück, oder widersprechen Sie mit Ihrem Grund.",
    "Answer": "Antworten",
    # hours
    "{used_share} of the hours for {client} are used": "{used_share} der Stunden für {client} sind verbraucht",
    "The hours are running out": "Die Stunden gehen zu Ende",
    "Of {total} for the departure of {client}, {used} are used and {left} are left.": (
        "Von {total} für den Übergang von {client} sind {used} verbraucht und {left} übrig."
    ),
    "When they are used up, no further billable work begins unless you buy a block in advance.": (
        "Sind sie verbraucht, beginnt keine weitere kostenpflichtige Arbeit, bevor Sie ein Kontingent im Voraus kaufen."
    ),
    "Handing over what exists, as it exists, never waits for hours or for a payment.": (
        "Die Übergabe dessen, was vorhanden ist, so wie es ist, wartet nie auf Stunden oder auf eine Zahlung."
    ),
    "A block costs": "Ein Kontingent kostet",
    "See what the time went on": "Ansehen, wofür die Zeit gebraucht wurde",
    # data that are kept
    "Your backups are deleted next, {client}": "Ihre Sicherungen werden als Nächstes gelöscht, {client}",
    "Your backups are deleted after {until} ({client})": "Ihre Sicherungen werden nach dem {until} gelöscht ({client})",
    "Your backups are deleted next": "Ihre Sicherungen werden als Nächstes gelöscht",
    "Your backups will be deleted": "Ihre Sicherungen werden gelöscht",
    "These backups of {client} were kept until {until}, as promised. They are deleted next.": (
        "Diese Sicherungen von {client} wurden wie zugesagt bis {until} aufbewahrt. Sie werden als Nächstes gelöscht."
    ),
    "When they are gone you receive a certificate; until then your page says plainly that they are late.": (
        "Sind sie gelöscht, erhalten Sie eine Bescheinigung; bis dahin sagt Ihre Seite deutlich, dass es überfällig ist."
    ),
    "These backups of {client} are kept until {until} and deleted after that day.": (
        "Diese Sicherungen von {client} werden bis {until} aufbewahrt und danach gelöscht."
    ),
    "Kept until": "Aufbewahrt bis",
    "What is deleted, and where it lies": "Was gelöscht wird und wo es liegt",
    "You have not said yet what shall happen to them. Please decide on your page.": (
        "Sie haben noch nicht gesagt, was damit geschehen soll. Bitte entscheiden Sie es auf Ihrer Seite."
    ),
    "Object, choose, or ask for a copy": "Widersprechen, wählen oder eine Kopie erbitten",
    "If this is not what you want, answer this mail or say so on your page before the day has passed: you can object, choose otherwise, or ask for a copy. A legal hold stops it too.": (
        "Ist das nicht, was Sie wollen, antworten Sie auf diese Mail oder sagen Sie es auf Ihrer Seite, bevor der Tag vorbei ist: Sie können widersprechen, anders "
        "wählen oder eine Kopie erbitten. Auch eine gesetzliche Sperre hält die Löschung auf."
    ),
    "If you still need something of them, answer today: what is gone cannot be brought back.": (
        "Brauchen Sie noch etwas davon, antworten Sie heute: Was gelöscht ist, kommt nicht zurück."
    ),
    # goodbye
    "We have parted: {client} and {msp_name}": "Wir sind auseinander: {client} und {msp_name}",
    "We have parted": "Wir sind auseinander",
    "The handover to {client} is complete. Our letter is attached.": "Die Übergabe an {client} ist abgeschlossen. Unser Schreiben ist angehängt.",
    "Your page stays readable: every letter, every release with its receipt, and the proof of each.": (
        "Ihre Seite bleibt lesbar: jedes Schreiben, jede Lieferung mit ihrer Quittung und der Beweis zu jedem."
    ),
    "End of service": "Ende der Leistung",
    "Closed": "Abgeschlossen",
    "Data we still keep": "Daten, die wir noch aufbewahren",
    "Left open, by agreement": "Einvernehmlich offen geblieben",
    "Download everything once, and keep it together with this mail.": "Laden Sie alles einmal herunter und bewahren Sie es mit dieser Mail auf.",
    "Your page": "Ihre Seite",
    "Thank you for the years. We wish you well, and you are welcome back.": (
        "Danke für die Jahre. Wir wünschen Ihnen alles Gute, und Sie sind jederzeit wieder willkommen."
    ),
    # welcome back
    "{client} is with us again": "{client} ist wieder bei uns",
    "It is good to have you back": "Schön, dass Sie wieder da sind",
    "You accepted our quote over {fee}, net. From now on we look after {client} again.": (
        "Sie haben unser Angebot über {fee} netto angenommen. Ab jetzt kümmern wir uns wieder um {client}."
    ),
    "The invoice comes by a mail of its own.": "Die Rechnung kommt mit einer eigenen Mail.",
    "What we do first": "Was wir zuerst tun",
    "See your page": "Ihre Seite ansehen",
    "Sign the new agreement and record its terms": "Den neuen Vertrag unterschreiben und seine Bedingungen festhalten",
    "Confirm who signs for the client, with proof of the authority": "Bestätigen, wer für den Kunden unterschreibt, mit Nachweis der Befugnis",
    "Import the estate anew and go through the difference to what was there before": (
        "Den Bestand neu aufnehmen und den Unterschied zu früher durchgehen"
    ),
    "Receive administrator access as named accounts, and try each": "Administratorzugang als benannte Konten erhalten und jedes prüfen",
    "Change every shared password that was in other hands": "Jedes geteilte Passwort ändern, das in anderen Händen war",
    "Put monitoring, protection and updates on every system": "Überwachung, Schutz und Updates auf jedes System bringen",
    "List the backup sets with their vendors' windows, and try a restore": (
        "Die Sicherungen mit den Fristen ihrer Anbieter auflisten und eine Wiederherstellung versuchen"
    ),
    "Ask the client after 30 days whether its old pain points are gone": (
        "Nach 30 Tagen fragen, ob die alten Ärgernisse verschwunden sind"
    ),
    # a place of which nothing is known yet, in a preview
    "not known yet": "noch nicht bekannt",
}
