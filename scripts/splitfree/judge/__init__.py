# SPDX-License-Identifier: GPL-2.0
"""The result of a run: consoles, KTAP, splats, excuses, and the files with the results.

console   lines of a log, without what other programs wrote around them
ktap      test results, the only reader of them
splats    what a kernel must not say
excuses   the format of every list of exceptions
verdict   all of these together: passed, failed, or nothing known
files     KTAP, JUnit and JSON, which agree with the exit status

Nothing here knows how a kernel is built or started.
"""
