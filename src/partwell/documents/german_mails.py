# SPDX-License-Identifier: AGPL-3.0-or-later
"""German for every mail that is no letter's step: consent, releases, held mail, meetings, dates, acceptance, people."""

MAILS: dict[str, str] = {
    # consent
    "Withdrawn: {recipient_firm} receives nothing more from {client}": (
        "Widerrufen: {recipient_firm} erhält nichts mehr von {client}"
    ),
    "Narrowed: what {recipient_firm} receives from {client}": (
        "Eingeschränkt: was {recipient_firm} von {client} erhält"
    ),
    "{said_by} withdrew authorisation {number} for {client}. Nothing more leaves to {recipient_firm}, not even what was already queued.": (
        "{said_by} hat Vollmacht {number} für {client} widerrufen. An {recipient_firm} geht nichts mehr hinaus, auch nicht, was schon bereitstand."
    ),
    "{said_by} narrowed authorisation {number} for {client}. What was taken out does not leave to {recipient_firm} any more, not even what was already queued.": (
        "{said_by} hat Vollmacht {number} für {client} eingeschränkt. Was herausgenommen wurde, geht nicht mehr an {recipient_firm} hinaus, auch "
        "nicht, was schon bereitstand."
    ),
    "Your copy of the signed authorisation": "Ihre Kopie der unterschriebenen Vollmacht",
    "Nothing, if this is right. If you did not expect it, withdraw it in the portal or call us at once; it acts at once.": (
        "Nichts, wenn das stimmt. Haben Sie es nicht erwartet, widerrufen Sie sie im Portal oder rufen Sie uns sofort an; es wirkt sofort."
    ),
    "See or withdraw it": "Ansehen oder widerrufen",
    "The authorisation ended by its date": "Die Vollmacht ist durch Zeitablauf zu Ende",
    "If they should receive more, tell us and we prepare a new authorisation for you to sign.": (
        "Soll dort mehr empfangen werden, sagen Sie es uns, und wir bereiten eine neue Vollmacht zur Unterschrift vor."
    ),
    "Open the page, read the terms and accept them in your own name.": (
        "Öffnen Sie die Seite, lesen Sie die Bedingungen und nehmen Sie sie in Ihrem eigenen Namen an."
    ),
    "Read the terms": "Die Bedingungen lesen",
    "Say yes or no to each of them on one page.": "Sagen Sie auf einer Seite zu jedem davon ja oder nein.",
    "Decide": "Entscheiden",
    "Your copy: {client} authorised {recipient_firm}": (
        "Ihre Kopie: {client} hat {recipient_firm} bevollmächtigt"
    ),
    "The log's verifier key is printed in the attached letter. Keep the letter.": (
        "Der Prüfschlüssel des Protokolls steht im angehängten Schreiben. Bewahren Sie das Schreiben auf."
    ),
    "The authorisation is withdrawn": "Die Vollmacht ist widerrufen",
    "The authorisation is narrowed": "Die Vollmacht ist eingeschränkt",
    "Rotate the credentials among what has already left.": (
        "Ändern Sie die Zugangsdaten unter dem, was schon hinausgegangen ist."
    ),
    "Ended by its date: {recipient_firm} receives nothing more from {client}": (
        "Durch Zeitablauf beendet: {recipient_firm} erhält nichts mehr von {client}"
    ),
    "{client} names you as recipient: please read the terms": (
        "{client} nennt Sie als Empfänger: Bitte lesen Sie die Bedingungen"
    ),
    "{client} wants you to receive their systems": "{client} möchte, dass Sie die Systeme erhalten",
    "Your decision, {client}: may {recipient_firm} receive {count} more?": (
        "Ihre Entscheidung, {client}: Darf {recipient_firm} {count} weitere erhalten?"
    ),
    "May {recipient_firm} receive these too?": "Darf {recipient_firm} auch diese erhalten?",
    "{signed_by} signed for {client} that {recipient_firm} may receive what the attached letter lists. A copy goes to you, to us and to the second address that we have on file.": (
        "{signed_by} hat für {client} unterschrieben, dass {recipient_firm} erhalten darf, was im angehängten Schreiben steht. Eine Kopie geht an "
        "Sie, an uns und an die zweite Adresse, die uns vorliegt."
    ),
    "Authorisation": "Vollmacht",
    "Signed": "Unterschrieben",
    "Digest of the text": "Fingerabdruck des Textes",
    "Authorisation {number} of {client} passed its last day. Nothing more leaves to {recipient_firm}, not even what was already queued. What they have, they may still answer until its window closes.": (
        "Der letzte Tag von Vollmacht {number} von {client} ist vorbei. An {recipient_firm} geht nichts mehr hinaus, auch nicht, was schon "
        "bereitstand. Was dort liegt, kann noch beantwortet werden, bis seine Frist endet."
    ),
    "Last day": "Letzter Tag",
    "{client} authorised {recipient_firm} to receive what {msp_name} hands over. Before the first release you accept terms of confidentiality and use.": (
        "{client} hat {recipient_firm} bevollmächtigt zu erhalten, was {msp_name} übergibt. Vor der ersten Lieferung nehmen Sie Bedingungen zu "
        "Vertraulichkeit und Verwendung an."
    ),
    "{client} is on every message between us.": "{client} steht auf jeder Nachricht zwischen uns.",
    "{client} has a valid authorisation for {recipient_firm}, but these need a yes of their own: they are outside it, sensitive, or it is not known whose they are. They stay here until you answer.": (
        "{client} hat eine gültige Vollmacht für {recipient_firm}, aber diese brauchen ein eigenes Ja: Sie liegen außerhalb, sind heikel, oder es "
        "ist nicht bekannt, wem sie gehören. Sie bleiben hier, bis Sie antworten."
    ),
    "What is asked for": "Worum gebeten wird",
    "Asked for by": "Erbeten von",
    # held
    "Please tell whoever signs for {client}: they decide in the portal whether these may receive access, or have nothing to do with you. Until then nobody answers them.": (
        "Bitte sagen Sie es denen, die für {client} unterschreiben: Sie entscheiden im Portal, ob dort Zugang erhalten werden darf oder ob man "
        "nichts mit Ihnen zu tun hat. Bis dahin antwortet niemand."
    ),
    "Say whether they may receive access, or have nothing to do with you. Nothing is signed by pressing a button; until you decide, nobody answers them.": (
        "Sagen Sie, ob dort Zugang erhalten werden darf oder ob man nichts mit Ihnen zu tun hat. Mit einem Klick ist nichts unterschrieben; bis Sie "
        "entscheiden, antwortet niemand."
    ),
    "Somebody asks, and we did not answer": "Jemand fragt, und wir haben nicht geantwortet",
    "A question about {client} that we did not answer": (
        "Eine Frage zu {client}, die wir nicht beantwortet haben"
    ),
    "What they wrote": "Was geschrieben wurde",
    "Authorise them": "Bevollmächtigen",
    "Read it in the portal": "Im Portal lesen",
    "Their address": "Die Adresse",
    "Be careful": "Seien Sie vorsichtig",
    "Came with it, and can be seen in the portal": "Kam damit und ist im Portal zu sehen",
    "This is not ours": "Das betrifft uns nicht",
    "{sender} of {recipient_firm} wrote to us about {client}. There is no consent of yours for them, so we told them nothing, not even whether we know you. They have one fixed acknowledgement that states no fact; a copy goes to you.": (
        "{sender} von {recipient_firm} hat uns zu {client} geschrieben. Dafür liegt keine Einwilligung von Ihnen vor, deshalb haben wir nichts "
        "gesagt, nicht einmal, ob wir Sie kennen. Es ging eine feste Empfangsbestätigung hinaus, die keine Tatsache nennt; eine Kopie geht an Sie."
    ),
    "{sender} of {recipient_firm} wrote to us about {client}. There is no consent of yours for them, so we answered nothing and told them nothing, not even whether we know you.": (
        "{sender} von {recipient_firm} hat uns zu {client} geschrieben. Dafür liegt keine Einwilligung von Ihnen vor, deshalb haben wir nicht "
        "geantwortet und nichts gesagt, nicht einmal, ob wir Sie kennen."
    ),
    # meeting
    "Invitation: {meeting} ({client})": "Einladung: {meeting} ({client})",
    "A meeting: {meeting}": "Eine Besprechung: {meeting}",
    "{called_by} of {msp_name} invites you to a meeting about {client}.": (
        "{called_by} von {msp_name} lädt Sie zu einer Besprechung über {client} ein."
    ),
    "Accept or decline in your calendar: the invitation is attached. Another time? Answer this mail.": (
        "Nehmen Sie in Ihrem Kalender an oder lehnen Sie ab: Die Einladung ist angehängt. Eine andere Zeit? Antworten Sie auf diese Mail."
    ),
    "Changed: {meeting} ({client})": "Geändert: {meeting} ({client})",
    "The meeting changed: {meeting}": "Die Besprechung hat sich geändert: {meeting}",
    "{called_by} of {msp_name} changed a meeting about {client}. These facts hold now.": (
        "{called_by} von {msp_name} hat eine Besprechung über {client} geändert. Jetzt gilt dies."
    ),
    "Your calendar takes the change from the attached invitation. Answer this mail if it does not fit.": (
        "Ihr Kalender übernimmt die Änderung aus der angehängten Einladung. Antworten Sie auf diese Mail, wenn es nicht passt."
    ),
    "Cancelled: {meeting} ({client})": "Abgesagt: {meeting} ({client})",
    "The meeting does not take place: {meeting}": "Die Besprechung findet nicht statt: {meeting}",
    "{called_by} of {msp_name} cancelled a meeting about {client}. Reason: {reason}": (
        "{called_by} von {msp_name} hat eine Besprechung über {client} abgesagt. Grund: {reason}"
    ),
    "Your calendar takes it out by the attached cancellation.": (
        "Ihr Kalender nimmt sie mit der angehängten Absage heraus."
    ),
    "See the meeting": "Die Besprechung ansehen",
    "{client} is invited to every meeting with a new provider, and receives its summary.": (
        "{client} ist zu jeder Besprechung mit einem neuen Dienstleister eingeladen und erhält ihre Zusammenfassung."
    ),
    "Say yes or no on your page. Without your yes nothing is recorded, and that has no consequence for you.": (
        "Sagen Sie auf Ihrer Seite ja oder nein. Ohne Ihr Ja wird nichts aufgenommen, und das hat keine Folgen für Sie."
    ),
    "See what was said": "Ansehen, was gesagt wurde",
    "May this be recorded? {what} ({client})": "Darf dies aufgenommen werden? {what} ({client})",
    "May it be recorded? {what}": "Darf es aufgenommen werden? {what}",
    "You can take your consent back at any time: then nobody plays the recording any more, and it is destroyed.": (
        "Sie können Ihre Einwilligung jederzeit zurücknehmen: Dann spielt niemand die Aufnahme mehr ab, und sie wird vernichtet."
    ),
    "A recording has ended: {what} ({client})": "Eine Aufnahme ist beendet: {what} ({client})",
    "The recording is no longer played: {what}": "Die Aufnahme wird nicht mehr abgespielt: {what}",
    "What was said stays on record in words, and so does the fact that there was a recording.": (
        "Was gesagt wurde, bleibt in Worten in der Akte, und ebenso, dass es eine Aufnahme gab."
    ),
    "While a legal hold covers your record, the destruction waits until it is lifted; the recording stays closed.": (
        "Solange eine gesetzliche Sperre Ihre Akte schützt, wartet die Vernichtung, bis sie aufgehoben ist; die Aufnahme bleibt verschlossen."
    ),
    "Begins": "Beginnt",
    "Who is invited": "Wer eingeladen ist",
    "What it is about": "Worum es geht",
    "{asked_by} of {msp_name} would like to record a conversation about {client}. It is recorded only if everybody who is heard agrees before.": (
        "{asked_by} von {msp_name} möchte ein Gespräch über {client} aufnehmen. Aufgenommen wird nur, wenn alle, die zu hören sind, vorher zustimmen."
    ),
    "Who will be heard": "Wer zu hören sein wird",
    "{who} took the consent back. From now on nobody plays the recording, and it is destroyed with its key.": (
        "{who} hat die Einwilligung zurückgenommen. Ab jetzt spielt niemand die Aufnahme ab, und sie wird mit ihrem Schlüssel vernichtet."
    ),
    "The conversation": "Das Gespräch",
    "The new provider’s people answer on their own page: {provider_url}": (
        "Die Leute des neuen Dienstleisters antworten auf ihrer eigenen Seite: {provider_url}"
    ),
    # more
    "{decided_by} said yes for {client}. What is listed may leave to {recipient_firm}, and each is checked again when it does.": (
        "{decided_by} hat für {client} ja gesagt. Was hier steht, darf an {recipient_firm} hinausgehen, und jedes Stück wird dabei noch einmal "
        "geprüft."
    ),
    "{decided_by} said no for {client}. What is listed stays here.": (
        "{decided_by} hat für {client} nein gesagt. Was hier steht, bleibt hier."
    ),
    "A date would move, {client}: {what}": "Ein Termin würde sich verschieben, {client}: {what}",
    "A date moved, {client}: {what}": "Ein Termin hat sich verschoben, {client}: {what}",
    "A date stays, {client}: {what}": "Ein Termin bleibt, {client}: {what}",
    "{asked_by} asks to move a date of the offboarding of {client}. It stays where it is until {client} agrees.": (
        "{asked_by} bittet, einen Termin des Übergangs von {client} zu verschieben. Er bleibt, wo er ist, bis {client} zustimmt."
    ),
    "{client} agreed to move a date. These dates hold from now on.": (
        "{client} hat zugestimmt, einen Termin zu verschieben. Ab jetzt gelten diese Tage."
    ),
    "{client} did not agree to move a date. It stays where it is.": (
        "{client} hat nicht zugestimmt, einen Termin zu verschieben. Er bleibt, wo er ist."
    ),
    "May a date move?": "Darf sich ein Termin verschieben?",
    "A date has moved": "Ein Termin hat sich verschoben",
    "A date stays": "Ein Termin bleibt",
    "Confirmed": "Bestätigt",
    "See the receipt": "Die Quittung ansehen",
    "Tell us if you remember it otherwise.": "Sagen Sie uns, wenn Sie es anders in Erinnerung haben.",
    "See the call": "Den Anruf ansehen",
    "See the dates": "Die Termine ansehen",
    "Is everything there?": "Ist alles da?",
    "Accept each item, accept it with an exception, object to it or waive it, and sign.": (
        "Nehmen Sie jedes Stück an, nehmen Sie es mit einer Ausnahme an, widersprechen Sie oder verzichten Sie darauf, und unterschreiben Sie."
    ),
    "Go through the list": "Die Liste durchgehen",
    "The acceptance is signed": "Die Abnahme ist unterschrieben",
    "See the acceptance": "Die Abnahme ansehen",
    "Sign in": "Anmelden",
    "A passkey was added": "Ein Passkey wurde hinzugefügt",
    "Open the page, which works once, choose a password and then set up a second factor.": (
        "Öffnen Sie die Seite, die einmal funktioniert, wählen Sie ein Passwort und richten Sie dann einen zweiten Faktor ein."
    ),
    "Open the page": "Die Seite öffnen",
    "The handover bundle is ready": "Das Paket der Übergabe liegt bereit",
    "Sign in, download it, and check it; its README says how, with and without our program.": (
        "Melden Sie sich an, laden Sie es herunter und prüfen Sie es; sein README sagt wie, mit und ohne unser Programm."
    ),
    "Download": "Herunterladen",
    "The client said yes": "Der Kunde hat ja gesagt",
    "The client said no": "Der Kunde hat nein gesagt",
    "The recipient objects": "Der Empfänger widerspricht",
    "The recipient confirms": "Der Empfänger bestätigt",
    "Summary of the call about {client}": "Zusammenfassung des Anrufs zu {client}",
    "Agree or say no; every date that depends on it stands above, before and after.": (
        "Stimmen Sie zu oder sagen Sie nein; jeder Tag, der davon abhängt, steht oben, vorher und nachher."
    ),
    "Please go through what was handed over to {client}": (
        "Bitte gehen Sie durch, was an {client} übergeben wurde"
    ),
    "Your copy: {client} signed the acceptance": "Ihre Kopie: {client} hat die Abnahme unterschrieben",
    "Your sign-in link for {msp_name}": "Ihr Link zur Anmeldung bei {msp_name}",
    "If it was not you, do nothing. Pass the link to nobody; we never ask for it.": (
        "Waren Sie es nicht, tun Sie nichts. Geben Sie den Link an niemanden weiter; wir fragen nie danach."
    ),
    "A passkey was added for you at {msp_name}": "Ein Passkey wurde für Sie bei {msp_name} hinzugefügt",
    "If this was not you, call us at once: somebody else may read your mail.": (
        "Waren Sie das nicht, rufen Sie uns sofort an: Vielleicht liest jemand anderes Ihre Mail."
    ),
    "{invited_by} invites you to {msp_name}": "{invited_by} lädt Sie zu {msp_name} ein",
    "Welcome to {msp_name}": "Willkommen bei {msp_name}",
    "The handover bundle for {client} is ready": "Das Paket der Übergabe für {client} liegt bereit",
    "{client} said yes to {recipient_firm}": "{client} hat zu {recipient_firm} ja gesagt",
    "{client} said no to {recipient_firm}": "{client} hat zu {recipient_firm} nein gesagt",
    "Decided": "Entschieden",
    "What was asked for": "Worum gebeten wurde",
    "The reason given": "Der genannte Grund",
    "Objection to release {number} for {client}": "Einwand zu Lieferung {number} für {client}",
    "Receipt for release {number} for {client}": "Quittung zu Lieferung {number} für {client}",
    "{answered_by} answered release {number} for {client}.": (
        "{answered_by} hat zu Lieferung {number} für {client} geantwortet."
    ),
    "Answered": "Beantwortet",
    "Objected to": "Mit Einwand",
    "Confirmed items": "Bestätigte Stücke",
    "{msp_name} answers each objection on its page; you need do nothing.": (
        "{msp_name} antwortet auf jeden Einwand auf seiner Seite; Sie brauchen nichts zu tun."
    ),
    "We write down every call about the handover of {client}, so that nobody has to remember it.": (
        "Wir schreiben jeden Anruf zur Übergabe von {client} auf, damit sich niemand erinnern muss."
    ),
    "Before": "Vorher",
    "After": "Nachher",
    "Transition term": "Übergangsbedingung",
    "What moves with it": "Was sich mit verschiebt",
    "{msp_name} has handed over what is on list version {list_version} for {client}. Before we close, your signatory goes through it.": (
        "{msp_name} hat für {client} übergeben, was in Fassung {list_version} der Liste steht. Bevor wir abschließen, geht Ihr Unterzeichner sie "
        "durch."
    ),
    "Items": "Stücke",
    "Objections so far": "Einwände bisher",
    "{signed_by} signed for {client} what was accepted and what was not. The letter is attached.": (
        "{signed_by} hat für {client} unterschrieben, was angenommen wurde und was nicht. Das Schreiben ist angehängt."
    ),
    "List version": "Fassung der Liste",
    "Exceptions": "Ausnahmen",
    "Somebody, we hope you, asked to sign in at {msp_name}. The link works once and only for a short time.": (
        "Jemand, hoffentlich Sie, wollte sich bei {msp_name} anmelden. Der Link funktioniert einmal und nur kurze Zeit."
    ),
    "Works until": "Gilt bis",
    "Asked for from": "Angefordert von",
    "From now on it can sign for {client} in the portal of {msp_name}, together with your sign-in link.": (
        "Ab jetzt kann er zusammen mit Ihrem Link zur Anmeldung im Portal von {msp_name} für {client} unterschreiben."
    ),
    "Named": "Benannt",
    "Added": "Hinzugefügt",
    "From the address": "Von der Adresse",
    "{invited_by} made an account for you, as {role}.": (
        "{invited_by} hat ein Konto für Sie angelegt, als {role}."
    ),
    "The bundle for {recipient} holds what was handed over for {client}, with its proof. Open index.html in it first.": (
        "Das Paket für {recipient} enthält, was für {client} übergeben wurde, mit den Beweisen. Öffnen Sie zuerst index.html darin."
    ),
    "Size": "Größe",
    "SHA-256 of the manifest": "SHA-256 des Verzeichnisses",
    "SHA-256 of the encrypted file": "SHA-256 der verschlüsselten Datei",
    # people
    "A contact was changed": "Ein Kontakt wurde geändert",
    "If nobody of yours asked for this, tell us at once, by a number that you know, not by this mail.": (
        "Hat niemand von Ihnen darum gebeten, sagen Sie es uns sofort, unter einer Nummer, die Sie kennen, nicht mit dieser Mail."
    ),
    "What we have on file of {person} was changed ({client})": (
        "Was wir zu {person} in der Akte haben, wurde geändert ({client})"
    ),
    "This goes to the address that was on file before, so that nobody is replaced unseen.": (
        "Dies geht an die Adresse, die vorher in der Akte stand, damit niemand unbemerkt ersetzt wird."
    ),
    "{changed_by} at {msp_name} changed how {person} of {client} is reached.": (
        "{changed_by} bei {msp_name} hat geändert, wie {person} von {client} zu erreichen ist."
    ),
    "Changed": "Geändert",
}
