# SPDX-License-Identifier: AGPL-3.0-or-later
"""Durable work: lease and fence on one table (STACK.md). Jobs' rows are free of the write guard; what a job does is actions."""
