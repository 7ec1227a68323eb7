# SPDX-License-Identifier: GPL-2.0
"""The arm64 kernel, which a cross compiler builds."""

import os
import shutil

from splitfree.kernel import x86

CROSS = "aarch64-linux-gnu-"


class Arm64(x86.X86):
    """A kernel for QEMU's virt machine."""

    TARGET, IMAGE, LABEL = "Image", "arch/arm64/boot/Image", "arm64"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, arch="arm64", **kwargs)

    @property
    def cc(self):
        return CROSS + "gcc"

    def make_options(self):
        cache = "ccache " if shutil.which("ccache") else ""
        return [f"CROSS_COMPILE={CROSS}", f"CC={cache}{self.cc}"]


def kernel(out, name, parts, linux, log, options, **more):
    """The kernel with that name below $(O)."""
    return Arm64(os.path.join(out, "kunit-build", name), parts, linux, log, options.jobs,
                 options.verbose, **more)
