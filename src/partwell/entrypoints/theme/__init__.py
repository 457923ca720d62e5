# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pages are made of: base layouts, parts as template tags, static files. Knows no records and no actions."""
