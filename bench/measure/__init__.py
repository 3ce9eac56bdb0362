# SPDX-License-Identifier: MIT
"""The benchmark behind scripts/bench."""
