# SPDX-License-Identifier: GPL-2.0
"""For CI engines: the list of jobs, the parts of their files, their formats of results."""
