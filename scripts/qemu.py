# SPDX-License-Identifier: GPL-2.0
"""Builds the x86-64 kernel and runs it under QEMU.

TCG unless KVM is asked for: /dev/kvm may be there and hang a guest in its BIOS.
"""

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time

from common import FAILED, Failure, Progress, ROOT, kill_descendants, run, show, ticking
import cli
from splitfree.judge import compiler
import uml

ARCHES = ("x86_64", "i386")
DEBUG_KINDS = ("", "lockdep", "kasan", "kcsan", "rt")
# The machine: 4 CPUs on two nodes, and a DIMM that Linux may take offline.
MEMORY, DIMM = 1024, 512
# A debug kernel is larger, and slower.
EXTRA_MEMORY = {"kasan": 512, "kcsan": 256, "lockdep": 256, "rt": 256}


class QemuKernel(uml.Kernel):
    """The x86 kernel of kunit/qemu.config, and of a DEBUG value or a 32-bit one."""

    ARCH, TARGET, IMAGE, LABEL = "x86_64", "bzImage", "arch/x86/boot/bzImage", "x86-64"

    def __init__(self, out, debug, jobs, verbose, what="qemu", arch="x86_64", **kwargs):
        fragments = [os.path.join(ROOT, "kunit", "qemu.config")]
        if arch != self.ARCH:
            self.ARCH = self.LABEL = arch
            fragments.append(os.path.join(ROOT, "kunit", arch + ".config"))
            what = f"{what}-{arch}"
        fragments += uml.debug_fragments(debug)
        kwargs.setdefault("fragments", fragments)
        kwargs.setdefault("name", ("x86" if arch == "x86_64" else arch)
                          + (f"-{debug}" if debug else ""))
        super().__init__(out, debug, jobs, verbose, **kwargs)
        self.results = os.path.join(out, what + (f"-{debug}" if debug else ""))
        os.makedirs(self.results, exist_ok=True)
        self.log = os.path.join(self.results, "build.log")
        with contextlib.suppress(OSError):
            # uml.Kernel made it, and nothing goes there.
            os.rmdir(os.path.join(out, kwargs["name"]))

    def make_config(self):
        """allnoconfig with the fragments; what did not take effect is named."""
        merged = self.merge()
        env = self.environment()
        env["KCONFIG_ALLCONFIG"] = merged
        with ticking(f"configuring {self.LABEL}"):
            result = run(["make", "-C", self.linux, f"ARCH={self.ARCH}", "O=" + self.dir,
                          *self.make_options(), "allnoconfig"], env=env,
                         stderr=subprocess.STDOUT)
        log = os.path.join(self.results, "config.log")
        with open(log, "wb") as handle:
            handle.write(result.stdout)
        lack = result.returncode and compiler.machine_failed(
            result.stdout.decode("utf-8", "replace").splitlines())
        if lack:
            raise Failure(f"the kernel could not be configured: {lack} (log: {show(log)})")
        if result.returncode:
            raise Failure(f"the kernel could not be configured (log: {show(log)})", FAILED)
        with open(os.path.join(self.dir, ".config"), encoding="utf-8") as handle:
            have = set(handle.read().splitlines())
        with open(merged, encoding="utf-8") as handle:
            lost = [line.strip() for line in handle if re.match(r"CONFIG_\w+=", line)
                    and line.strip() not in have]
        if lost:
            raise Failure(f"these options are not in the configuration: {', '.join(lost)}; "
                          "a dependency is off, or the source does not have them", FAILED)


def parser(doc):
    """The options of every script that runs a guest."""
    made = cli.parser(doc)
    made.add_argument("--ncpus", default="4")
    made.add_argument("--debug", default="")
    made.add_argument("--accel", default="tcg")
    return made


def parse(made, fewest_cpus):
    options = cli.parse(made)
    options.debug = uml.debug_kinds(options.debug, DEBUG_KINDS)
    options.ncpus = cli.number("NCPUS", options.ncpus, fewest_cpus, uml.MAX_CPUS)
    return options


def accelerator(wanted):
    """What -accel gets. auto takes KVM where the CPU promises it."""
    if wanted not in ("tcg", "kvm", "auto"):
        raise Failure(f"ACCEL={wanted} is unknown; use tcg, kvm or auto")
    if wanted == "auto":
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as handle:
            flags = re.search(r"^flags\s*:.*\b(vmx|svm)\b", handle.read(), re.M)
        wanted = "kvm" if flags and os.access("/dev/kvm", os.W_OK) else "tcg"
    if wanted == "kvm" and not os.access("/dev/kvm", os.W_OK):
        raise Failure("ACCEL=kvm, but /dev/kvm cannot be opened; use ACCEL=tcg")
    return "tcg,thread=multi" if wanted == "tcg" else "kvm"


def command(kernel, options, append, initrd=None, dimm=DIMM, memory=MEMORY):
    """The command line of QEMU; everything on one serial line."""
    program = shutil.which("qemu-system-x86_64")
    if not program:
        raise Failure("qemu-system-x86_64 is missing; run scripts/packages.sh qemu")
    memory += sum(EXTRA_MEMORY.get(word, 0) for word in kernel.debug.split("-"))
    wide = kernel.ARCH == "x86_64"
    half = 0 if options.ncpus % 2 or not wide else options.ncpus // 2
    args = [program, "-accel", accelerator(options.accel), "-cpu", "max",
            "-smp", f"{options.ncpus},sockets=2,cores={half},threads=1" if half
            else str(options.ncpus), "-m", f"{memory}M" + (",slots=4,maxmem=8G" if wide else ""),
            "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-nodefaults", "-kernel", kernel.binary]
    if half:
        # Two nodes, so that there are PCPs of zones on the other one.
        args += ["-object", f"memory-backend-ram,id=m0,size={memory // 2}M",
                 "-object", f"memory-backend-ram,id=m1,size={memory // 2}M",
                 "-numa", f"node,nodeid=0,cpus=0-{half - 1},memdev=m0",
                 "-numa", f"node,nodeid=1,cpus={half}-{options.ncpus - 1},memdev=m1"]
    if dimm and wide:
        args += ["-object", f"memory-backend-ram,id=dimm,size={dimm}M",
                 "-device", "pc-dimm,id=dimm0,memdev=dimm" + (",node=1" if half else "")]
        append = append + ["memhp_default_state=online_movable"]
    if initrd:
        args += ["-initrd", initrd]
    return args + ["-append", " ".join(["console=ttyS0", "panic=-1", *append])]


def boot(args, console, timeout, what, on_line=None, verbose=False,
         stdin=subprocess.DEVNULL, done=None, expected=0):
    """Run QEMU until it ends; returns whether it had to be killed.

    timeout: seconds, or a function that says when the time is over.
    done: a function that says how much of what is expected was done.
    """
    if verbose:
        print("$ " + " ".join(args), flush=True)
    with open(console, "wb") as log:
        child = subprocess.Popen(args, stdin=stdin, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True)

        def copy():
            for line in child.stdout:
                log.write(line)
                log.flush()
                if on_line:
                    on_line(line.decode("utf-8", "replace").rstrip())

        reader = threading.Thread(target=copy, daemon=True)
        reader.start()
        start = time.monotonic()
        over = timeout if callable(timeout) else lambda: time.monotonic() - start >= timeout
        progress = Progress(what, expected, counted=bool(done))
        while child.poll() is None and not over():
            progress.update(done() if done else 0)
            time.sleep(0.1)
        progress.close()
        late = child.poll() is None
        if late:
            child.kill()
        child.wait()
        reader.join(5)
    kill_descendants()
    return late
