# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sample MSP: invented people and files, taken through the same importers and actions as anybody's."""
