# SPDX-License-Identifier: AGPL-3.0-or-later
"""The letters that Partwell brings along, as data: key → language → (subject, text). An office replaces them by its own words."""

from collections.abc import Mapping

SEEDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "acknowledgement": {
        "en": (
            "We have your notice",
            (
                "Dear {contact},\n\nthank you for telling us. We have the notice of {client}, and your last day of service is {end_of_service}.\n\n"
                "Nothing goes to a new provider before you have signed for it. What is yours is handed over, item by item, and you can follow it here: {portal}\n\n"
                "If anything is wrong or unclear, answer this mail.\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Ihre Kündigung ist bei uns angekommen",
            (
                "Guten Tag {contact},\n\ndanke für Ihre Nachricht. Die Kündigung von {client} liegt uns vor; der letzte Tag unserer Leistung ist {end_of_service}.\n\n"
                "An einen neuen Dienstleister geht nichts, bevor Sie es unterschrieben haben. Was Ihnen gehört, übergeben wir Stück für Stück; "
                "hier sehen Sie den Stand: {portal}\n\nStimmt etwas nicht, antworten Sie einfach auf diese Mail.\n\n{writer}, {msp}"
            ),
        ),
    },
    "authorisation_request": {
        "en": (
            "May {recipient} receive access?",
            (
                "Dear {contact},\n\n{recipient} would take over for {client}. Until you have read and signed the authorisation, they receive nothing from us, "
                "not even an answer.\n\nYou see exactly what they would receive, and can narrow or decline it: {portal}\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Darf {recipient} Zugang erhalten?",
            (
                "Guten Tag {contact},\n\n{recipient} soll für {client} übernehmen. Solange Sie die Vollmacht nicht gelesen und unterschrieben haben, "
                "bekommt dort niemand etwas von uns, auch keine Antwort.\n\nSie sehen genau, was übergeben würde, und können es einschränken oder ablehnen: {portal}"
                "\n\n{writer}, {msp}"
            ),
        ),
    },
    "reminder": {
        "en": (
            "Something waits for you",
            (
                "Dear {contact},\n\non the page of {client} something still waits for your word: {portal}\n\nIt takes a few minutes. If you would rather talk, "
                "call us: {phone}\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Etwas wartet auf Sie",
            (
                "Guten Tag {contact},\n\nauf der Seite von {client} wartet noch etwas auf Ihre Entscheidung: {portal}\n\nEs dauert wenige Minuten. "
                "Wenn Sie lieber sprechen, rufen Sie uns an: {phone}\n\n{writer}, {msp}"
            ),
        ),
    },
    "release_set": {
        "en": (
            "A set for {client} is ready",
            (
                "Dear {contact},\n\nwe have released a set for {client} to {recipient}. This one message covers all of it, and everybody concerned has it.\n\n"
                "Please fetch each item, and confirm it or say what is wrong with it, here: {portal}\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Eine Lieferung für {client} liegt bereit",
            (
                "Guten Tag {contact},\n\nwir haben für {client} eine Lieferung an {recipient} freigegeben. Diese eine Nachricht gilt für alles darin, und alle "
                "Beteiligten haben sie.\n\nBitte holen Sie jedes Stück ab und bestätigen Sie es oder sagen Sie, was daran nicht stimmt: {portal}\n\n{writer}, {msp}"
            ),
        ),
    },
    "window_ending": {
        "en": (
            "The time for objections ends on {window_until}",
            (
                "Dear {contact},\n\nsomething that we released for {client} is still without an answer. Until {window_until} it can be confirmed or objected to, "
                "item by item: {portal}\n\nAfter that day our record says what was not objected to, and until when.\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Die Frist für Einwände endet am {window_until}",
            (
                "Guten Tag {contact},\n\nzu etwas, das wir für {client} freigegeben haben, fehlt noch eine Antwort. Bis {window_until} können Sie es Stück für Stück "
                "bestätigen oder ihm widersprechen: {portal}\n\nDanach steht in unserer Akte, wozu es bis wann keinen Einwand gab.\n\n{writer}, {msp}"
            ),
        ),
    },
    "hours_running_out": {
        "en": (
            "The included time runs out",
            (
                "Dear {contact},\n\nof the time for the departure of {client}, {hours_left} are left. Handing over what exists is never stopped by that. "
                "Explanations, meetings and new documents need time that you approve beforehand: {portal}\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Die enthaltene Zeit geht zu Ende",
            (
                "Guten Tag {contact},\n\nvon der Zeit für den Übergang von {client} sind noch {hours_left} übrig. Die Übergabe dessen, was vorhanden ist, hält das nie auf. "
                "Erklärungen, Besprechungen und neue Dokumente brauchen Zeit, die Sie vorher freigeben: {portal}\n\n{writer}, {msp}"
            ),
        ),
    },
    "retention_notice": {
        "en": (
            "What we still keep, and until when",
            (
                "Dear {contact},\n\nbackups and archive data of {client} are kept until {keep_until} and then deleted; you receive a certificate. If you want a copy or "
                "another day, say so here: {portal}\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Was wir noch aufbewahren und wie lange",
            (
                "Guten Tag {contact},\n\nSicherungen und Archivdaten von {client} bewahren wir bis {keep_until} auf, dann werden sie gelöscht, und Sie erhalten eine "
                "Bescheinigung. Wünschen Sie eine Kopie oder einen anderen Tag, sagen Sie es hier: {portal}\n\n{writer}, {msp}"
            ),
        ),
    },
    "goodbye": {
        "en": (
            "Thank you, and all the best",
            (
                "Dear {contact},\n\nthe handover of {client} is complete. Your record stays readable here: {portal}\n\nThank you for the years together. Should you ever "
                "come back, you are welcome.\n\n{writer}, {msp}"
            ),
        ),
        "de": (
            "Danke und alles Gute",
            (
                "Guten Tag {contact},\n\ndie Übergabe von {client} ist abgeschlossen. Ihre Akte bleibt hier lesbar: {portal}\n\nDanke für die gemeinsame Zeit. "
                "Sollten Sie eines Tages zurückkommen, sind Sie willkommen.\n\n{writer}, {msp}"
            ),
        ),
    },
    "welcome_back": {
        "en": (
            "Welcome back",
            (
                "Dear {contact},\n\nwe are glad that {client} is back. What bothered you then we have not forgotten; our answers stand on your page: {portal}\n\n"
                "{writer}, {msp}"
            ),
        ),
        "de": (
            "Willkommen zurück",
            (
                "Guten Tag {contact},\n\nwir freuen uns, dass {client} wieder da ist. Was Sie damals gestört hat, haben wir nicht vergessen; unsere Antworten stehen auf "
                "Ihrer Seite: {portal}\n\n{writer}, {msp}"
            ),
        ),
    },
}
