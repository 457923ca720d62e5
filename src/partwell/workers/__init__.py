# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens later: deliver the outbox, run jobs, end windows, publish checkpoints."""
