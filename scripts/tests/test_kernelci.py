# SPDX-License-Identifier: GPL-2.0
"""KernelCI's file: it is what ci/jobs.list says, and KernelCI's own code takes it.

KERNELCI_CORE= and KERNELCI_PIPELINE= name checkouts of kernelci-core and kernelci-pipeline,
which are in no package. Without them that part is skipped.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from splitfree.base.paths import ROOT
from splitfree.base.processes import clean_env
from splitfree.engines import joblist

PATH = os.path.join(ROOT, "ci/kernelci/splitfree.yaml")
PREFIX = "splitfree-"
# Suites that UML cannot have, so that mm/pcp/.kunitconfig does not.
OF_X86 = ("CONFIG_PCP_HOTPLUG_KUNIT_TEST=y", "CONFIG_PCP_NMI_KUNIT_TEST=y")
# Loads what the services of KernelCI load, but for their legacy part, which needs modules of
# many clouds.
LOAD = """
import importlib
import sys
import kernelci.config
error = kernelci.config.validate_yaml([sys.argv[2]], ["jobs", "runtimes", "scheduler"])
assert not error, error
data, config = kernelci.config.load_yaml(sys.argv[1:]), {}
for name in ("build", "job", "platform", "runtime", "scheduler"):
    config.update(importlib.import_module("kernelci.config." + name).from_yaml(data, {}))
ours = [name for name in config["jobs"] if name.startswith("splitfree-")]
assert len(ours) > 1, ours
for name in ours:
    job = config["jobs"][name]
    assert job.kind == "job" and job.template == "kunit.jinja2" and job.params["args"], name
    assert [entry for entry in config["scheduler"] if entry.job == name], name
assert config["build_configs"]["splitfree"].tree.name == "splitfree"
"""


def need(variable, name):
    path = os.environ.get(variable)
    if not path:
        raise unittest.SkipTest(f"{variable}= names no checkout")
    if not os.path.exists(os.path.join(path, name)):
        raise unittest.SkipTest(f"{variable}={path} has no {name}")
    return os.path.abspath(path)


def need_modules(*names):
    for name in names:
        if not importlib.util.find_spec(name):
            raise unittest.SkipTest(f"the module {name} is not there")


def content():
    need_modules("yaml")
    import yaml  # pylint: disable=import-outside-toplevel
    with open(PATH, encoding="utf-8") as handle:
        return yaml.safe_load(handle)


class Content(unittest.TestCase):
    def setUp(self):
        self.config = content()
        self.jobs = {job.name: joblist.split_command(job.command) for job in joblist.read()}

    def options(self, name):
        """The words of kunit.py that a job gets: {option: [values]}."""
        # As the template writes it: into a string of Python in single quotes, for a shell.
        args = self.config["jobs"][name]["params"]["args"]
        self.assertNotRegex(args, r"['\n\\]")
        words, found = shlex.split(args), {}
        for option, value in zip(words[::2], words[1::2]):
            found.setdefault(option, []).append(value)
        return found

    def test_each_job_is_one_of_the_list(self):
        for name, job in self.config["jobs"].items():
            self.assertTrue(name.startswith(PREFIX))
            target, variables = self.jobs[name.removeprefix(PREFIX)]
            options, arch = self.options(name), job["params"].get("arch", "um")
            self.assertEqual(arch, {"kunit": "um", "qemu": "x86_64"}[target])
            self.assertEqual(options.pop("--kunitconfig"), ["mm/pcp"])
            if target == "qemu":
                self.assertEqual(options.pop("--qemu_args"), ["-smp 4"])
            else:
                self.assertEqual(variables.get("NCPUS"), "1")
            wanted = set(OF_X86 if target == "qemu" else ())
            for word in filter(None, variables.get("DEBUG", "").split(",")):
                with open(os.path.join(ROOT, "kunit", word + ".config"),
                          encoding="utf-8") as handle:
                    wanted.update(re.findall(r"^CONFIG_\w+=y$", handle.read(), re.M))
            self.assertEqual(set(options.pop("--kconfig_add", [])), wanted)
            self.assertEqual(options, {}, "kunit.py config would not take these")

    def test_each_job_is_scheduled_for_our_tree_alone(self):
        self.assertEqual({entry["job"] for entry in self.config["scheduler"]},
                         set(self.config["jobs"]))
        for job in self.config["jobs"].values():
            self.assertEqual(job["rules"], {"tree": list(self.config["trees"])})


class Theirs(unittest.TestCase):
    def check(self, *command, **env):
        child = subprocess.run(command, check=False, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, env=clean_env(**env))
        self.assertEqual(child.returncode, 0, child.stdout[-2000:])
        return child.stdout

    def test_pipeline(self):
        """With all that kernelci-pipeline has."""
        need_modules("yaml")
        pipeline = need("KERNELCI_PIPELINE", "tests/validate_yaml.py")
        with tempfile.TemporaryDirectory() as top:
            config = os.path.join(top, "config")
            shutil.copytree(os.path.join(pipeline, "config"), config)
            shutil.copy(PATH, config)
            said = self.check(sys.executable, os.path.join(pipeline, "tests/validate_yaml.py"),
                              "--dir", config)
        self.assertIn("All yaml files are valid", said)
        self.assertNotRegex(said, "Warning: .*splitfree")

    def test_core(self):
        need_modules("yaml", "pydantic")
        core = need("KERNELCI_CORE", "kernelci/config/__init__.py")
        pipeline = need("KERNELCI_PIPELINE", "config/pipeline.yaml")
        self.check(sys.executable, "-c", LOAD, os.path.join(pipeline, "config"), PATH,
                   PYTHONPATH=core)

    def test_the_template(self):
        """It makes Python of our words, and a command of kunit.py that the shell takes."""
        need_modules("yaml", "jinja2")
        pipeline = need("KERNELCI_PIPELINE", "config/runtime/kunit.jinja2")
        import jinja2  # pylint: disable=import-outside-toplevel
        with open(os.path.join(pipeline, "config/runtime/kunit.jinja2"),
                  encoding="utf-8") as handle:
            lines = [line for line in handle if line.startswith(("ARCH = ", "ARGS = "))]
        for job in content()["jobs"].values():
            params = {"arch": job["params"].get("arch", ""), "args": job["params"]["args"]}
            found = {}
            exec(jinja2.Template("".join(lines)).render(params), found)  # pylint: disable=exec-used
            self.assertEqual((found["ARCH"], found["ARGS"]), tuple(params.values()))


if __name__ == "__main__":
    unittest.main()
