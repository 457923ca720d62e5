# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Northwick Traders leave behind as documents, and what opens their credential store. Invented throughout."""

from partwell.sample import made

# Opens files/northwick/northwick.kdbx; each secret in it is "sample-only-NN-not-a-secret".
STORE_WORDS = "sample store, opens for everybody"


def documents() -> bytes:
    """The documents as they lay in a shared folder, packed into one ZIP."""

    def page(title: str, *lines: str) -> bytes:
        return made.pdf(title, ["Northwick Traders Ltd", "", *lines])

    return made.packed({
        "Network/network-diagram-2026.drawio": (made.FILES / "northwick/network.drawio").read_bytes(),
        "Network/warehouse-rack-plan.drawio": (made.FILES / "northwick/warehouse-rack-plan.drawio").read_bytes(),
        "Network/wireless-coverage-diagram.png": made.screen("Wireless coverage, head office", [
            "AP1  reception      -41 dBm", "AP2  accounts       -48 dBm", "AP3  meeting room   -52 dBm"]),
        "Network/vlan-topology.pdf": page("VLANs and addresses", "10 office 192.0.2.0/26", "20 warehouse 192.0.2.64/26", "30 guests"),
        "Audits/security-audit-2025.pdf": page("Security audit, autumn 2025", "Two findings of medium weight, both closed in November."),
        "Audits/backup-restore-audit-2026.pdf": page("Restore test of 12 January 2026", "nw-fs01: complete in 2 h 10 min", "STOCKHAND: complete"),
        "Procedures/month-end-runbook.docx": made.docx(["Month-end runbook", "1. Close the ledger on the last working day.", "2. Start the stock export."]),
        "Procedures/new-starter-checklist.docx": made.docx(["New starter checklist", "Account, laptop, badge, phone, first-day training."]),
        "Procedures/backup-procedure.pdf": page("Backup procedure", "Nightly to nw-bk01, second copy at 02:00, keys in the store."),
        "Procedures/incident-response-plan.pdf": page("Incident response plan", "Call Ines Duarte, then Tom Okafor. Unplug, do not switch off."),
        "Procedures/leaver-process-hr.docx": made.docx(["Leavers, human resources", "Personal data: handle with care."]),
        "Training/warehouse-scanner-guide.pdf": page("How to use the handheld scanners", "Press the yellow key, wait for the beep."),
        "Training/phone-quick-start.pdf": page("Telephones in five minutes", "Transfer: hold, number, hang up."),
        "Training/security-awareness-training.pdf": page("Security awareness", "Think before you follow a link."),
        "Suppliers/uplink-contract.pdf": page("Internet uplink contract", "Uplink Ltd, notice six weeks to the end of a quarter."),
        "Suppliers/orla-finance-agreement.pdf": page("Leasing agreement, Orla Finance", "Two printers until March 2027."),
        "Licences/stockhand-licence-certificate.pdf": page("Licence certificate", "Stockhand warehouse suite, six seats, perpetual."),
    })  # fmt: skip


NOTICE = """Dear Ines,

please take this as our notice under clause 14 of the service agreement. We are moving to Alder Row IT and
would like your service to end in sixty days. Theo Brandt will take over the technical side.

What did not work for us, in short: tickets waited too long on Fridays, nobody told us when the backup had
failed in March, and we never knew what our printers really cost.

You were always kind to us, and that is why we would like to do this properly.

Mara Ellery
Managing director, Northwick Traders Ltd
"""
PAINS = (
    "Tickets waited too long on Fridays.",
    "Nobody told us when the backup had failed in March.",
    "We never knew what our printers really cost.",
)
