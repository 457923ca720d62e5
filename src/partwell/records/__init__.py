# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is remembered: one Django app per noun. Siblings know each other by foreign-key string only."""
