# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters, mails, inventories and the pages of a bundle: plain values in, bytes or text out.

Knows no request, no action and no records. Whatever is decided was decided before.
"""
