# SPDX-License-Identifier: AGPL-3.0-or-later
# a sentence stays whole, as gettext has it
"""Every sentence of the typst templates, so that gettext finds it; a test holds this list to the templates."""

from partwell.documents.texts import N_

WORDS = (
    N_("Acceptance of the handover"),
    N_("{client} went through what {msp} handed over and says the following about it."),
    N_("List"),
    N_("version {version}"),
    N_("Accepted"),
    N_("Rejected"),
    N_("Waived"),
    N_("Objections until"),
    N_("SHA-256 of the list"),
    N_("Accepted with these exceptions"),
    N_("Number"),
    N_("Item"),
    N_("Exception"),
    N_("Remark"),
    N_("Signature"),
    N_("Not signed"),
    N_("This list waits for the client's signatory."),
    N_("This is the text as it was prepared. Without a signature it allows nothing."),
    N_("Received for {msp}"),
    N_("The digest of exactly this text"),
    N_(
        "SHA-256 of the text from its title to its last item, version {version}, language {language}. It does not cover the signature below it, which the log records."
    ),
    N_("Summary of our call"),
    N_(
        "We write down every call about the handover, so that nobody has to remember it. Please tell us if you remember it otherwise."
    ),
    N_("When"),
    N_("How long"),
    N_("Who took part"),
    N_("Written down by"),
    N_("What was said"),
    N_("What was decided"),
    N_("What happens next"),
    N_("Step"),
    N_("Who"),
    N_("By"),
    N_("We have parted"),
    N_(
        "The handover to {client} is complete. We gave back what is yours, gave up what was ours to use, and kept the record of both."
    ),
    N_("End of service"),
    N_("Closed"),
    N_("Closed by"),
    N_("Handed over"),
    N_("Our access"),
    N_("Left open, by agreement"),
    N_("Data we still keep"),
    N_("What"),
    N_("Where"),
    N_("Until"),
    N_("Why"),
    N_("If something comes up later"),
    N_(
        "Your page stays readable. It holds every letter, every release with its receipt, and the proof of each. Should your new provider miss something, the answer is there."
    ),
    N_("Your page"),
    N_("Thank you for the years. We wish you well, and you are welcome back."),
    N_("Receipt for credentials, release {number}"),
    N_(
        "Credentials of {client} went to {firm} as listed. This letter names accounts and dates. It holds no secret, and neither does any mail or log of ours."
    ),
    N_("Recipient"),
    N_("Released"),
    N_("Under"),
    N_("Account"),
    N_("Privilege"),
    N_("MFA and recovery"),
    N_("Tried on"),
    N_("not tried"),
    N_("Why it was not tried"),
    N_("Delivered to"),
    N_("Opened"),
    N_("not yet"),
    N_("Rotated"),
    N_("not yet confirmed"),
    N_("Our copy purged"),
    N_("not yet; after we have given up our access"),
    N_("Objection"),
    N_("Handover inventory"),
    N_("Everything on record for {client}, as of {at}, list version {version}."),
    N_("Owner, custodian"),
    N_("Status"),
    N_("Proved"),
    N_("of: {who}"),
    N_("with: {who}"),
    N_("released {when}"),
    N_("received {when}"),
    N_("Nothing is on record."),
    N_("What was meant"),
    N_("Signed electronically by choice"),
    N_("Authority to sign"),
    N_("How identity was established"),
    N_("Second factor"),
    N_("Time"),
    N_("From address"),
    N_("With"),
    N_("What was shown"),
    N_(
        "This is a simple electronic signature. What it rests on stands above; what it does not prove stands in Partwell's threat model."
    ),
    N_(
        "This file is sealed (PAdES) with a certificate that {msp} made itself. Such a seal proves that the file has not changed since; it does not prove who {msp} is."
    ),
    N_("Entry {number} of the log"),
    N_("In the log"),
    N_("Keep this letter. With it you can check later, without {msp}, that the log was not rewritten."),
    N_("The log's verifier key"),
    N_("Last committed checkpoint"),
    N_("QR code: the address of this letter's entry in the log"),
    N_(
        "Some characters cannot be drawn with this letter's fonts. They stand as their Unicode number, as in [U+65E5]."
    ),
    N_("Page {n} of {all}"),
    N_("Authorisation {number} is withdrawn"),
    N_("Authorisation {number} is narrowed"),
    N_(
        "{client} has withdrawn the consent by which {firm} received access. From this moment nothing more leaves, not even what was already queued."
    ),
    N_(
        "{client} has narrowed the consent by which {firm} receives access. What was taken out does not leave any more, not even what was already queued."
    ),
    N_("Acts from"),
    N_("Said by"),
    N_("It reached us by"),
    N_("In their words"),
    N_("Ends now on"),
    N_("Taken out"),
    N_("What remains"),
    N_("Stopped before it left"),
    N_("Already left, cannot be called back"),
    N_("Left"),
    N_(
        "Credentials among these should be rotated. Titles stay answerable until their objection window closes."
    ),
    N_("Nothing had left under it."),
    N_("We have your notice"),
    N_(
        "{msp} has received the notice by which {client} ends our work together. This letter says what we understood and what happens next. Please tell us if anything in it is wrong."
    ),
    N_("Between"),
    N_("Received"),
    N_("Received by"),
    N_("Effective"),
    N_("Reason"),
    N_("Where things go"),
    N_("Renewals until then"),
    N_("Your person here"),
    N_("Contact outside your domain"),
    N_("What you told us did not go well"),
    N_("What you can rely on"),
    N_("Nothing goes to a new provider, not even an answer, before your signatory has said so in writing."),
    N_("You are on every message between us and the new provider."),
    N_("What is yours is handed over as it exists. Open bills or used-up hours do not stop that."),
    N_("You may withdraw this notice until we have closed; it costs no fee."),
    N_("Receipt for release {number}"),
    N_(
        "{msp} released the following to {firm}. Below stands what left, how, and what the recipient answered."
    ),
    N_("Client"),
    N_("Copies went to"),
    N_("What left"),
    N_("Confirmed by"),
)
