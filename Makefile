# SPDX-License-Identifier: GPL-2.0
#
# The front door. A target is a command of scripts/splitfree, which declares what it
# does and which variables it takes: make help prints that. make turns every failure into
# status 2; scripts/ci is make with the command's own status.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/bash

O ?= out

targets := kunit user tools mutants qemu hibernate stress lava check check-all selftests configs rcuscale \
	boot bisect busted model prove fuzz coverage bench frag count latency linux series rebase distros \
	soak peers
variables := O LINUX JOBS V SUITE NCPUS DEBUG TIMEOUT OPS FILES SAMPLE SEED AGAIN ACCEL ARCH \
	MINUTES SEEDS SHARD ONLY OWNERS ROUNDS QEMU BOOT BOOT_SECONDS AGE_SECONDS FIRST QUICK FROM \
	CASES KERNELS FIGURES UPDATE STOCK FUNCTIONS KUNIT UPTO UPSTREAM CC LLVM DISTROS TARGETS FUZZ HOURS \
	VARIANTS LTP WIS LIVE

# One word for the shell, whatever the user wrote.
quoted = '$(subst ','\'',$(1))'
# CC has a value before anybody gave it one.
given   = $(foreach v,$(variables),$(if $(filter-out default,$(origin $(v))),$(if $($(v)),$(v)=$(call quoted,$($(v))))))
command = PYTHONDONTWRITEBYTECODE=1 python3 scripts/splitfree

# Variables of the command line are for the commands, not for kbuild.
MAKEOVERRIDES =

.PHONY: help packages report clean ours distclean $(targets)

$(targets): packages
	@$(command) $@ $(given)

# It reads what is there, and needs no compiler.
report:
	@$(command) $@ $(given)

help:
	@if command -v python3 >/dev/null; then $(command) help; \
	else printf 'make %s\n' packages $(targets) report clean distclean; fi

packages:
	@scripts/packages.sh

# The kernel tree stays, and what make distclean looks for.
made = kunit* user* tools mutants* model prove fuzz coverage qemu* hibernate stress* lava selftests configs boot* bisect busted \
	check check-all series rebase bench* frag* count* latency rcuscale* report uml distros soak peers

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
