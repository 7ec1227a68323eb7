# SPDX-License-Identifier: GPL-2.0
"""Tools for every layer: failures, children, progress, paths, options, results."""
