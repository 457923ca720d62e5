# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1: the client's written consent, from draft to withdrawal."""
