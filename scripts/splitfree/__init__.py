# SPDX-License-Identifier: GPL-2.0
"""The commands behind make. The folders are layers; each knows only those above it here:

	base		failures, children, progress, paths, variables, result.json
	source		the kernel source, the series, the trees made of both
	kernel		configure and build a kernel, for UML and x86; run any guest
	judge		read consoles and KTAP, find splats, write results; knows base alone
	runs		the frame of a command, and what several commands share
	bench		measurements
	engines		what CI engines need, behind scripts/ci
	commands	one module for each target of make; they do not know each other

Within a layer some modules are tools of the others, as runs/frame.py is; the rest do not
know each other. tests/test_layers.py names the tools, and reads the imports.

To add a target: write commands/NAME.py with a COMMAND and run(job), see runs/frame.py;
name it in TARGETS of __main__.py and in the Makefile, with its variables. tests/test_main.py
says what is missing.
"""
