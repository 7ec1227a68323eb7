# SPDX-License-Identifier: GPL-2.0
"""The tools of splitfree, in layers: a layer imports only from those below it."""
