# SPDX-License-Identifier: GPL-2.0
"""How git is called: the same for everybody, whatever the user's settings and hooks are."""

import os

from splitfree.base.processes import clean_env, run


def environment(**more):
    """No settings of the user or the machine, and no repository but the one that is named.

    The trees here are made by these commands; git would refuse them to root when a
    user made them, and the other way round.
    """
    return clean_env(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_COUNT="1",
                     GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*", **more)


def git(path, *args, env=None, **kwargs):
    """Run git in a directory; returns what subprocess.run() does, in bytes."""
    # Its own session: Ctrl-C on the terminal must not cut git in two.
    return run(["git", "-C", path, *args], env=environment(**(env or {})),
               start_new_session=True, **kwargs)
