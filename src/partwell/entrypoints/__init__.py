# SPDX-License-Identifier: AGPL-3.0-or-later
"""The doors: where requests, commands and mail come in. They call actions and write nothing themselves."""
