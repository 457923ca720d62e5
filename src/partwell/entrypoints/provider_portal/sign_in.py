# SPDX-License-Identifier: AGPL-3.0-or-later
"""The new provider's way in and out; a link goes only to persons whom a granted authorisation names (R1)."""

from partwell.entrypoints.door.portal import sign_in_view, sign_out_view

sign_in = sign_in_view("provider")
sign_out = sign_out_view("provider")
