# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all doors share: who stands at the door (actor), what a refusal looks like, headers, files of strangers."""
