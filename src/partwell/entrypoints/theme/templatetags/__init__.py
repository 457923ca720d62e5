# SPDX-License-Identifier: AGPL-3.0-or-later
"""Template tag libraries of the theme: load ``pw``."""
