# SPDX-License-Identifier: GPL-2.0
"""Measurements: the kernels, the runs, the numbers and the plots."""
