#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""gcov with each branch at the line that decides, for lcov: splitfree/judge/gcov.py."""

import sys

from splitfree.judge import gcov

if __name__ == "__main__":
    sys.exit(gcov.main(sys.argv[1:]))
