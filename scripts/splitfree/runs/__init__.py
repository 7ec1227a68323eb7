# SPDX-License-Identifier: GPL-2.0
"""Work that several commands share: their frame, KUnit, userland, one step."""
