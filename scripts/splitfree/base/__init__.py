# SPDX-License-Identifier: GPL-2.0
"""What every layer uses: failures, children, progress, paths, options, results."""
