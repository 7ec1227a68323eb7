# SPDX-License-Identifier: GPL-2.0
"""The kernel source: where it comes from, the series on top of it, the trees made of both."""
