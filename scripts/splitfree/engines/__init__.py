# SPDX-License-Identifier: GPL-2.0
"""What CI engines need: the list of jobs, the parts of their files, their formats of results."""
