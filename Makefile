# SPDX-License-Identifier: GPL-2.0
#
# The front door. Each target is one script below scripts/, which can be run
# alone too: make turns every failure into status 2, the scripts tell a failed
# test (1) from one that could not run (2). scripts/ci is make with their status.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/bash

O            ?= out
LINUX        ?=
SUITE        ?=
# make bench takes its own number unless the user gave one.
bench_ncpus  := $(NCPUS)
NCPUS        ?= 4
ACCEL        ?= tcg
MINUTES      ?= 5
SEED         ?=
QEMU         ?=
ARCH         ?= x86_64
DEBUG        ?=
JOBS         ?=
TIMEOUT      ?=
ROUNDS       ?=
OPS          ?=
FILES        ?=
SAMPLE       ?=
AGAIN        ?=
BOOT_SECONDS ?= 60
CASES        ?=
KERNELS      ?=
V            ?=

# One word for the shell, whatever the user wrote.
quoted = '$(subst ','\'',$(1))'

where   = --out $(call quoted,$(O)) --linux=$(call quoted,$(LINUX))
how     = --ncpus=$(call quoted,$(NCPUS)) --jobs=$(call quoted,$(JOBS)) $(if $(filter 1,$(V)),--verbose)
debug   = --debug=$(call quoted,$(DEBUG))
python := PYTHONDONTWRITEBYTECODE=1 python3

# What the user set on the command line is for the scripts, not for kbuild.
MAKEOVERRIDES =

.PHONY: help check-all kunit user mutants qemu stress busted check bisect boot linux series rebase report
.PHONY: packages clean ours distclean model coverage selftests configs bench count rcuscale frag

help:
	@sed -n 's/^#: \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

#: make kunit     fetch and patch the kernel, build it for UML, run the KUnit tests
#: make user      compile the helpers for this machine, run their suites and real threads
#: make mutants   break the helpers in small ways, and see how many a userland suite notices
#: make qemu      the same for x86-64 under QEMU, with hotplug, injected faults, NMIs
#: make stress    boot that kernel and work its memory with everything at once
#: make check     the tests: the tools' own, KUnit in variants, coverage, QEMU, stress, boots, two of busted
#: make check-all all that, and every other test there is: each DEBUG=, mutants, selftests, bisect
#: make selftests run the kernel's own tests of memory on stock and patched, and compare
#: make configs   compile mm/ in seven more configurations, with W=1
#: make rcuscale  measure kvfree_rcu() in stock and here, under UML (QEMU=1: QEMU)
#: make boot      boot the same kernel with one process that allocates and frees
#: make bisect    build, boot and test every step of the series
#: make busted    break the kernel on purpose, and see that a test notices each time
#: make report    one HTML page of all results, $(O)/report/index.html
#: make model     check the races on paper: a Promela model, exhaustively, and litmus tests
#: make coverage  which lines and branches of mm/pcp/ the suites reach, with gcov
#: make bench     measure stock, the coarse form and the split path side by side
#: make frag      measure whole blocks and compaction, stock and split side by side
#: make count     count the instructions of the fast paths, compare with the baseline
#: make linux     only prepare the kernel tree, $(O)/linux
#: make series    write the patches as mails to $(O)/series, and have checkers read them
#: make rebase    try the series on the tree LINUX=, and name the hooks that do not fit
#: make packages  install the programs that the others need
#: make clean     remove what was built; make distclean: all of $(O)
#:
#: LINUX=path       a kernel tree or tarball to use instead of the Debian archive's
#: SUITE=glob       run only these suites, or suite.case (selftests: mm/*, kunit/list*)
#: NCPUS=4          CPUs of the UML kernel
#: DEBUG=lockdep    build with that checker or variant: kasan, lockdep, order1, order3, pagealloc, up
#:                  (several with commas; user: only that build: plain, order3, asan, tsan)
#: MINUTES=5        how long make stress works; SEED= repeats a schedule
#: ROUNDS=          how often each kernel is measured (bench: 10, rcuscale: 5, frag: 3)
#: FROM=DIR         make the table anew from a run's consoles (bench)
#: CASES=glob       only these cases; NCPUS="2 4 8" plots ratio against CPUs (bench)
#: KERNELS=split    leave stock as it was measured before (frag)
#: ARCH=x86_64      or i386, with HIGHMEM (qemu)
#: ACCEL=tcg        or kvm, auto: how QEMU runs the guest (qemu: DEBUG=kcsan, rt too)
#: TIMEOUT=300      seconds before a kernel counts as hung
#: OPS=2000000      operations of the threads in each build (user)
#: FILES=glob       change only these files of mm/pcp; SAMPLE=100: only so many (mutants)
#: AGAIN=1          change only what no test noticed the last time (mutants)
#: BOOT_SECONDS=60  how long make boot works
#: O=out            where everything goes
#: JOBS=            compilers at a time; default: one for each CPU
#: V=1              show the commands

packages:
	@scripts/packages.sh

kunit: packages
	@$(python) scripts/run_kunit.py $(where) $(how) $(debug) --timeout=$(call quoted,$(TIMEOUT)) \
		--suite=$(call quoted,$(SUITE))

user: packages
	@$(python) scripts/user.py $(where) $(how) $(debug) --timeout=$(call quoted,$(TIMEOUT)) \
		--suite=$(call quoted,$(SUITE)) --rounds=$(call quoted,$(OPS))

mutants: packages
	@$(python) scripts/mutants.py $(where) $(how) --files=$(call quoted,$(FILES)) \
		--sample=$(call quoted,$(SAMPLE)) --seed=$(call quoted,$(SEED)) --again=$(call quoted,$(AGAIN))

qemu: packages
	@scripts/packages.sh qemu
	@$(python) scripts/run_qemu.py $(where) $(how) $(debug) --timeout=$(call quoted,$(TIMEOUT)) \
		--suite=$(call quoted,$(SUITE)) --accel=$(call quoted,$(ACCEL)) --arch=$(call quoted,$(ARCH))

stress: packages
	@scripts/packages.sh qemu
	@$(python) scripts/stress.py $(where) $(how) $(debug) --accel=$(call quoted,$(ACCEL)) \
		--minutes=$(call quoted,$(MINUTES)) --seed=$(call quoted,$(SEED))

selftests: packages
	@scripts/packages.sh selftests
	@$(python) scripts/selftests.py $(where) $(how) --accel=$(call quoted,$(ACCEL)) \
		--suite=$(call quoted,$(SUITE))

configs: packages
	@scripts/packages.sh configs
	@$(python) scripts/configs.py $(where) $(how)

rcuscale: packages
	@$(if $(filter 1,$(QEMU)),scripts/packages.sh qemu)
	@$(python) scripts/rcuscale.py $(where) $(how) --timeout=$(call quoted,$(TIMEOUT)) \
		--rounds=$(call quoted,$(ROUNDS)) --accel=$(call quoted,$(ACCEL)) $(if $(filter 1,$(QEMU)),--qemu)

boot: packages
	@$(python) scripts/boot.py $(where) $(how) $(debug) --seconds=$(call quoted,$(BOOT_SECONDS))

linux: packages
	@$(python) scripts/tree.py $(where)

series: packages
	@scripts/packages.sh series
	@$(python) scripts/mails.py $(where) --jobs=$(call quoted,$(JOBS))

rebase: packages
	@$(python) scripts/rebase.py $(where)

bisect: packages
	@$(python) scripts/steps_bisect.py $(where) $(how)

bench: packages
	@scripts/packages.sh bench
	@$(python) scripts/bench.py $(where) --ncpus=$(call quoted,$(bench_ncpus)) --jobs=$(call quoted,$(JOBS)) \
		--rounds=$(call quoted,$(ROUNDS)) --cases=$(call quoted,$(CASES)) \
		$(if $(FROM),--consoles=$(call quoted,$(FROM))) $(if $(filter 1,$(V)),--verbose)

frag: packages
	@$(python) scripts/frag.py $(where) --jobs=$(call quoted,$(JOBS)) --rounds=$(call quoted,$(ROUNDS)) \
		--cases=$(call quoted,$(CASES)) --kernels=$(call quoted,$(KERNELS)) \
		$(if $(filter 1,$(V)),--verbose)

count: packages
	@$(python) scripts/bench_count.py $(where) --jobs=$(call quoted,$(JOBS)) $(if $(filter 1,$(V)),--verbose)

busted: packages
	@$(python) scripts/busted.py $(where) $(how)

report:
	@$(python) scripts/report.py --out $(call quoted,$(O))

model: packages
	@scripts/packages.sh model
	@$(python) scripts/models.py $(where) --jobs=$(call quoted,$(JOBS))

coverage: packages
	@scripts/packages.sh coverage
	@$(python) scripts/coverage.py $(where) $(how) --timeout=$(call quoted,$(TIMEOUT))

check: packages
	@scripts/packages.sh qemu
	@scripts/packages.sh model
	@scripts/packages.sh coverage
	@$(python) scripts/check.py $(where) --jobs=$(call quoted,$(JOBS))

check-all: packages
	@for set in qemu model coverage series configs selftests; do scripts/packages.sh $$set || exit; done
	@$(python) scripts/check.py $(where) --jobs=$(call quoted,$(JOBS)) --all

# The kernel tree stays, and what make distclean looks for.
made = kunit* user mutants model coverage qemu* stress* selftests configs boot* bisect busted \
	check series rebase bench* frag rcuscale* report uml

# Only in a directory that make filled: O= may have been mistyped.
clean: ours
	@rm -rf -- $(foreach d,$(made),$(call quoted,$(O))/$(d))

ours:
	@if [ -e $(call quoted,$(O)) ] && [ ! -e $(call quoted,$(O))/.lock ]; then \
		echo "splitfree: $(O) was not made by this Makefile, so it stays; remove it by hand" >&2; \
		exit 2; \
	fi

distclean: ours
	@rm -rf -- $(call quoted,$(O))
