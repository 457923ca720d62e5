# SPDX-License-Identifier: AGPL-3.0-or-later
"""Foreign systems: keys, files, mail, passkeys, clocks.

A connector takes and gives plain values. It knows no record, no request and no action
(HOUSE.md, "beside"); what it cannot do it says as a :class:`.errors.ConnectorError`.
"""
