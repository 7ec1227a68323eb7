# SPDX-License-Identifier: GPL-2.0
"""Kernels: how one is configured and built, for UML and x86, and how any guest is run."""
