# SPDX-License-Identifier: GPL-2.0
"""scripts/ci lava-job KERNEL INITRD [SECONDS=300] [SEED=1]: the job of make stress for LAVA.

KERNEL and INITRD are addresses. It prints ci/lava/stress.yaml with them. make lava
has it run by LAVA's dispatcher.
"""

import json
import os
import re

from splitfree.base.failures import Failure
from splitfree.base.options import given, number
from splitfree.base.paths import ROOT
from splitfree.runs import stress

HERE = os.path.join(ROOT, "ci/lava")
JOB, DEVICE = os.path.join(HERE, "stress.yaml"), os.path.join(HERE, "qemu.yaml")
SECONDS, MOST = 300, 24 * 3600
# Minutes in which a lab has to get the two files.
FETCH = 10
# A line of the log of lava-run.
RESULT = re.compile(r'"lvl": "results", "msg": (\{.*\})\}$', re.M)


def job(kernel, initrd, seconds=SECONDS, seed=1):
    """The text of the job definition."""
    minutes = stress.limit(seconds) // 60 + 1
    values = {"KERNEL": kernel, "INITRD": initrd, "SECONDS": seconds, "SEED": seed,
              "NOISE": stress.NOISE, "MINUTES": minutes, "FETCH_MINUTES": FETCH,
              "ALL_MINUTES": minutes + FETCH}
    with open(JOB, encoding="utf-8") as handle:
        lines = [line for line in handle if not line.startswith("#")]
    return re.sub(r"@(\w+)@", lambda match: str(values[match.group(1)]), "".join(lines).lstrip())


def cases(text):
    """[(suite, name, result, measurement or None)], without what the dispatcher says on itself."""
    found = []
    for match in RESULT.finditer(text):
        # Numbers have a sign of YAML before them.
        row = json.loads(re.sub(r'!\S* ("[^"]*")', r"\1", match.group(1)))
        if row.get("definition") not in (None, "lava"):
            number_ = row.get("measurement")
            found.append((row["definition"], row["case"], row["result"],
                          None if number_ is None else float(number_)))
    return found


def run(arguments):
    addresses = [word for word in arguments if not re.match(r"[A-Z]+=", word)]
    if len(addresses) != 2 or not all(re.match(r"\w+://", word) for word in addresses):
        raise Failure("say where the lab finds the two: scripts/ci lava-job https://.../bzImage "
                      "https://.../initramfs.cpio")
    texts = given([word for word in arguments if word not in addresses])
    unknown = set(texts) - {"SECONDS", "SEED"}
    if unknown:
        raise Failure(f"{unknown.pop()}= is not known; lava-job takes SECONDS and SEED")
    seconds = number("SECONDS", texts.get("SECONDS", SECONDS), 1, MOST)
    print(job(*addresses, seconds, stress.seed("SEED", texts.get("SEED", "1"))), end="")
