# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads what tools export and yields plain values; knows no request, action or row.

``detect.detect(path)`` says what a file may be, ``sandbox.read_guarded(kind, path,
options=…)`` reads it away from the server's own process. ``base`` holds the values.
"""
