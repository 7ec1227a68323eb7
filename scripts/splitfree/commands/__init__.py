# SPDX-License-Identifier: GPL-2.0
"""One module for each target of make. No command imports another."""
