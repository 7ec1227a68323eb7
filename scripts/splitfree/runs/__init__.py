# SPDX-License-Identifier: GPL-2.0
"""What several commands do alike: the frame of a command, KUnit, userland, one step."""
