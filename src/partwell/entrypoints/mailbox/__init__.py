# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mailbox's door: mail that other servers hand to us, by LMTP or as a signed webhook."""
