# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets, holds, deletion and its proof: one verb a file (R6, R13, R15)."""
