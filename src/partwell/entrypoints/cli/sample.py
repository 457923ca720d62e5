# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sample, as the command line knows it."""

from partwell.sample.load import Sample, load_sample

__all__ = ["Sample", "load_sample"]
