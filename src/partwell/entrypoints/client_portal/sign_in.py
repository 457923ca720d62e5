# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's way in and out: a mailed link, then a session bound to that contact."""

from partwell.entrypoints.door.portal import sign_in_view, sign_out_view

sign_in = sign_in_view("client")
sign_out = sign_out_view("client")
