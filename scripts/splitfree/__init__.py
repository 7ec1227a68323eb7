# SPDX-License-Identifier: GPL-2.0
"""The commands behind make. The folders are layers, see tests/test_layers.py."""
