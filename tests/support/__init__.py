# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests stand on: programs, private databases, and the homes around them."""
