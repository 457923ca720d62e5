# SPDX-License-Identifier: AGPL-3.0-or-later
"""Measurements as ratios: each subject runs with a floor or a peer in the same run, in turns (docs/benchmarks.md)."""
