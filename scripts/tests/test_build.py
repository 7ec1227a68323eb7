# SPDX-License-Identifier: GPL-2.0
"""The configuration of a kernel, and a build that fails."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.kernel import build, uml
from tests.fakes import Directory


class Merge(unittest.TestCase):
    def merged(self, *texts):
        with tempfile.TemporaryDirectory() as out:
            paths = []
            for number, text in enumerate(texts):
                paths.append(os.path.join(out, f"{number}.config"))
                with open(paths[-1], "w", encoding="utf-8") as handle:
                    handle.write(text)
            kernel = uml.Uml(os.path.join(out, "build"), paths, "", os.path.join(out, "log"), 1)
            with open(kernel.merge(), encoding="utf-8") as handle:
                return handle.read().splitlines()

    def test_a_later_fragment_overrides(self):
        self.assertEqual(self.merged("# why\nCONFIG_A=y\nCONFIG_B=1\n",
                                     "# CONFIG_A is not set\nCONFIG_C=y\n"),
                         ["# CONFIG_A is not set", "CONFIG_B=1", "CONFIG_C=y"])


class Builds(Directory):
    def failure(self, output, status=2):
        """The Failure of a build whose make says that."""
        with mock.patch.object(build.Kernel, "configure"), \
                mock.patch.object(build.Kernel, "build_key", return_value="x"), \
                mock.patch.object(build.Kernel, "make_options", return_value=[]), \
                contextlib.redirect_stdout(io.StringIO()):
            self.program("make", f"cat <<'END'\n{output}\nEND\nexit {status}\n")
            kernel = uml.Uml(self.top, [], "", os.path.join(self.top, "build.log"), 1)
            with mock.patch.object(build.Kernel, "environment", return_value={
                    **os.environ, "PATH": self.top + ":" + os.environ["PATH"]}), \
                    mock.patch.dict(os.environ, {"PATH": self.top + ":" + os.environ["PATH"]}), \
                    self.assertRaises(Failure) as caught:
                kernel.build(None)
        return caught.exception

    def test_full_disk_is_no_failed_test(self):
        failure = self.failure("fatal error: a.o: No space left on device")
        self.assertRegex(str(failure), "the disk is full .*; free some, use fewer compilers at a time "
                         "with JOBS=, or another directory with O=$")
        self.assertEqual(failure.status, 2)

    def test_a_compiler_that_was_killed_is_no_failed_test(self):
        for line in ("gcc: fatal error: Killed signal terminated program cc1",
                     "make[3]: *** [scripts/Makefile.build:250: mm/a.o] Killed"):
            failure = self.failure(line)
            self.assertIn("the compiler was killed", str(failure))
            self.assertEqual(failure.status, 2)

    def test_linking_what_somebody_else_changed(self):
        kernel = uml.Uml(self.top, [], "", os.path.join(self.top, "build.log"), 1)
        for text, status, good in (("LD linux", 0, True), ("undefined reference to `f'", 2, False)):
            with mock.patch.object(kernel, "make_command", lambda text=text, status=status: [
                    "sh", "-c", f'echo "$0"; exit {status}', text]):
                self.assertEqual(kernel.link(), good)
        with mock.patch.object(kernel, "make_command", lambda: [
                "sh", "-c", "echo No space left on device >&2; exit 2"]), \
                self.assertRaisesRegex(Failure, "the disk is full .*; free some, or use another "
                                       "directory with O=$"):
            kernel.link()

    def test_cached_objects_fit_another_clone(self):
        for linux, directory, base, prefix in (
                ("/a/out/linux", "/a/out/kunit-build/plain", "/a/out", "../../linux/"),
                ("/mine", "/b/kunit-build/plain", None, None)):
            kernel = uml.Uml(self.top, [], linux, os.path.join(self.top, "build.log"), 1)
            kernel.dir = directory
            env = kernel.build_environment()
            self.assertEqual(env.get("CCACHE_BASEDIR"), base)
            self.assertEqual(env.get("KCFLAGS"),
                             prefix and f"-fmacro-prefix-map={prefix}=")

    @unittest.skipUnless(shutil.which("ccache"), "ccache is not there")
    def test_a_second_clone_gets_the_objects_of_the_first(self):
        def compiled(clone):
            linux, built = (os.path.join(self.top, clone, name) for name in ("linux", "built"))
            os.makedirs(linux + "/include")
            for name, text in (("x.c", '#include <y.h>\nconst char *name = __FILE__;\n'),
                               ("include/y.h", "extern const char *name;\n")):
                with open(os.path.join(linux, name), "w", encoding="ascii") as handle:
                    handle.write(text)
                # A file of now may be written again, so ccache does not trust it.
                os.utime(handle.name, (1, 1))
            kernel = uml.Uml(built, [], linux, os.path.join(self.top, "log"), 1)
            env = dict(kernel.build_environment(), CCACHE_DIR=os.path.join(self.top, "ccache"))
            subprocess.run(["ccache", "gcc", f"-I{linux}/include", f"-fmacro-prefix-map={linux}/=",
                            env["KCFLAGS"], "-Wp,-MMD,.x.d", "-c", "-o", "x.o", f"{linux}/x.c"],
                           cwd=built, env=env, check=True)
            stats = subprocess.run(["ccache", "--print-stats"], env=env, check=True, text=True,
                                   stdout=subprocess.PIPE).stdout
            with open(os.path.join(built, "x.o"), "rb") as handle:
                return handle.read(), dict(line.split("\t") for line in stats.splitlines())

        first, stats = compiled("a")
        self.assertEqual((stats["cache_miss"], stats["direct_cache_hit"]), ("1", "0"))
        second, stats = compiled("b")
        self.assertEqual((stats["cache_miss"], stats["direct_cache_hit"]), ("1", "1"))
        self.assertEqual(first, second)
        self.assertIn(b"\0x.c\0", first)

    def test_an_error_in_the_code_is_a_failed_test(self):
        failure = self.failure("mm/a.c:1:1: error: no such field\nmake: *** [x] Error 1")
        self.assertIn("did not build", str(failure))
        self.assertEqual(failure.status, 1)

    def test_a_configuration_that_fails_names_its_fragments(self):
        kernel = uml.Uml(self.top, ["/nowhere/a.config"], self.top,
                         os.path.join(self.top, "build.log"), 1)
        with self.assertRaisesRegex(Failure, "could not be configured .*a.config"), \
                contextlib.redirect_stdout(io.StringIO()):
            kernel.configured(["sh", "-c", "echo no; exit 1"])
        with open(kernel.config_log, encoding="utf-8") as handle:
            self.assertEqual(handle.read(), "no\n")


if __name__ == "__main__":
    unittest.main()
