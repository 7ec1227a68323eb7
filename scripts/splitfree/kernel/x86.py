# SPDX-License-Identifier: GPL-2.0
"""The x86 kernel, and the QEMU machine that it runs on.

TCG unless KVM is asked for: /dev/kvm may be there and hang a guest in its BIOS.
"""

import os
import re
import shutil

from splitfree.base.failures import FAILED, Failure
from splitfree.kernel import build, compiler

ARCHES = ("x86_64", "i386")
DEBUG_KINDS = ("lockdep", "kasan", "kcsan", "rt", "options")
DEBUG_TEXT = f"a checker or variant, several with commas: {', '.join(DEBUG_KINDS)}"
# The machine: 4 CPUs on two nodes, and a DIMM that Linux may take offline.
MEMORY, DIMM = 1024, 512
# A debug kernel is larger, and slower.
EXTRA_MEMORY = {"kasan": 512, "kcsan": 256, "lockdep": 256, "rt": 256, "options": 256}
# Arguments for checks that are turned on at run time.
# While the kernel identifies its CPU, the CPU seems to have no page tables of five levels.
# If an interrupt comes then, KASAN takes its addresses for wild ones, in stock as well.
EXTRA_APPEND = {"options": ["nohz_full=3", "page_alloc.shuffle=1"], "kasan": ["no5lvl"]}
EXTRA_DEVICES = {"options": ["-device", "virtio-balloon-pci,free-page-reporting=on"]}


def fragments(debug="", arch="x86_64"):
    """The configuration of make qemu: of a 32-bit kernel, of a value of DEBUG=."""
    return [os.path.join(build.KUNIT, "qemu.config"),
            *([os.path.join(build.KUNIT, arch + ".config")] if arch != "x86_64" else []),
            *build.debug_fragments(debug)]


class X86(build.Kernel):
    """A kernel for QEMU, 64-bit or 32-bit."""

    TARGET, IMAGE, LABEL = "bzImage", "arch/x86/boot/bzImage", "x86-64"
    OBJECTS = 1200

    def __init__(self, *args, arch="x86_64", **kwargs):
        self.ARCH = arch
        if arch != "x86_64":
            kwargs.setdefault("label", arch)
        super().__init__(*args, **kwargs)

    def make_config(self):
        """allnoconfig with the fragments; what did not take effect is named."""
        merged = self.merge()
        env = self.environment()
        env["KCONFIG_ALLCONFIG"] = merged
        self.configured(["make", "-C", self.linux, f"ARCH={self.ARCH}", "O=" + self.dir,
                         *self.make_options(), "allnoconfig"], env)
        with open(os.path.join(self.dir, ".config"), encoding="utf-8") as handle:
            have = set(handle.read().splitlines())
        with open(merged, encoding="utf-8") as handle:
            lost = [line.strip() for line in handle if re.match(r"CONFIG_\w+=", line)
                    and line.strip() not in have]
        if lost:
            raise Failure(f"these options are not in the configuration: {', '.join(lost)}; "
                          "a dependency is off, or the source does not have them", FAILED)


def accelerator(wanted):
    """The value of -accel. auto takes KVM where the CPU promises it."""
    if wanted == "auto":
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as handle:
            flags = re.search(r"^flags\s*:.*\b(vmx|svm)\b", handle.read(), re.M)
        wanted = "kvm" if flags and os.access("/dev/kvm", os.W_OK) else "tcg"
    if wanted == "kvm" and not os.access("/dev/kvm", os.W_OK):
        raise Failure("ACCEL=kvm, but /dev/kvm cannot be opened; use ACCEL=tcg")
    return "tcg,thread=multi" if wanted == "tcg" else "kvm"


def program():
    found = shutil.which("qemu-system-x86_64")
    if not found:
        raise Failure("qemu-system-x86_64 is missing; run scripts/packages.sh qemu")
    return found


def command(kernel, ncpus, accel, append, initrd=None, *, dimm=DIMM, memory=MEMORY, nodes=True,
            debug=""):
    """The command line of QEMU. debug: a debug kernel needs more memory. nodes: two of them."""
    words = debug.split("-")
    memory += sum(EXTRA_MEMORY.get(word, 0) for word in words)
    append = sum((EXTRA_APPEND.get(word, []) for word in words), []) + list(append)
    wide = kernel.ARCH == "x86_64"
    dimm = dimm if wide else 0
    half = ncpus // 2 if nodes and wide and not ncpus % 2 else 0
    args = [program(), "-accel", accelerator(accel), "-cpu", "max",
            "-smp", f"{ncpus},sockets=2,cores={half},threads=1" if half else str(ncpus),
            "-m", f"{memory}M" + (",slots=4,maxmem=8G" if dimm else ""),
            "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-nodefaults", "-kernel", kernel.binary]
    args += sum((EXTRA_DEVICES.get(word, []) for word in words), [])
    if half:
        # Two nodes, so that there are PCPs of zones on the other one.
        args += ["-object", f"memory-backend-ram,id=m0,size={memory // 2}M",
                 "-object", f"memory-backend-ram,id=m1,size={memory // 2}M",
                 "-numa", f"node,nodeid=0,cpus=0-{half - 1},memdev=m0",
                 "-numa", f"node,nodeid=1,cpus={half}-{ncpus - 1},memdev=m1"]
    if dimm:
        args += ["-object", f"memory-backend-ram,id=dimm,size={dimm}M",
                 "-device", "pc-dimm,id=dimm0,memdev=dimm" + (",node=1" if half else "")]
        append = [*append, "memhp_default_state=online_movable"]
    if initrd:
        args += ["-initrd", initrd]
    return args + ["-append", " ".join(["console=ttyS0", "panic=-1", *append])]


def kernel(out, name, parts, linux, log, options, llvm="", **more):
    """The kernel with that name below $(O); one that clang builds has a directory of its own."""
    if llvm:
        suffix = compiler.llvm_suffix(llvm)
        name, more = name + "-clang" + suffix, {**more, "llvm": suffix}
        parts = [*parts, os.path.join(build.KUNIT, "clang.config")]
        more.setdefault("label", f"{X86.LABEL} with clang{suffix}")
    return X86(os.path.join(out, "kunit-build", name), parts, linux, log, options.jobs,
               options.verbose, **more)
