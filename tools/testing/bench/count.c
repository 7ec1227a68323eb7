// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of a UML kernel between marks: starts the kernel,
 * waits for bench_mark() of pcp_bench_count.c on the first CPU, and lets that thread
 * go instruction by instruction until the next mark.
 *
 *	count [-a] ADDRESS PROGRAM ARGUMENTS...
 *
 * ADDRESS is that of bench_mark(), in hex. For each pair of marks it prints
 * "count ID INSTRUCTIONS", where ID is the argument of the first mark; a mark
 * with 0 ends a count and begins none. With -a it also prints "at ID ADDRESS"
 * for each instruction. Signals, which are UML's interrupts, wait
 * until the count is over. So the numbers depend on the code alone, not on the
 * machine nor on what else it does.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_HELD	64

static pid_t child;
static unsigned long mark;
static long original;
static int held[MAX_HELD], nr_held;
static int addresses;

static void fail(const char *what)
{
	fprintf(stderr, "count: %s: %s\n", what, strerror(errno));
	if (child > 0)
		kill(child, SIGKILL);
	exit(2);
}

/* Wait for the next stop; returns its signal. Ends with the child. */
static int stop(void)
{
	int status;

	if (waitpid(child, &status, __WALL) != child)
		fail("waitpid");
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status) ? 2 : 0);
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "count: the kernel died of signal %d\n", WTERMSIG(status));
		exit(2);
	}
	return WSTOPSIG(status);
}

static void get_regs(struct user_regs_struct *regs)
{
	if (ptrace(PTRACE_GETREGS, child, NULL, regs))
		fail("PTRACE_GETREGS");
}

static void go(int request, int sig)
{
	if (ptrace(request, child, NULL, (void *)(long)sig))
		fail("ptrace");
}

static void set_breakpoint(int on)
{
	long word = on ? (original & ~0xffL) | 0xcc : original;

	if (ptrace(PTRACE_POKETEXT, child, (void *)mark, (void *)word))
		fail("PTRACE_POKETEXT");
}

/* Run to the mark, and stand on its first instruction, with no breakpoint. */
static unsigned long run_to_mark(void)
{
	struct user_regs_struct regs;
	int sig = 0;

	set_breakpoint(1);
	for (;;) {
		go(PTRACE_CONT, sig);
		sig = stop();
		if (sig == SIGTRAP) {
			get_regs(&regs);
			if (regs.rip == mark + 1)
				break;
			/* UML starts itself once more, without the breakpoint. */
			set_breakpoint(1);
			sig = 0;
		}
	}
	set_breakpoint(0);
	regs.rip = mark;
	if (ptrace(PTRACE_SETREGS, child, NULL, &regs))
		fail("PTRACE_SETREGS");
	return regs.rdi;
}

/* One instruction. Signals that arrive meanwhile are kept for later. */
static void step(void)
{
	for (;;) {
		int sig;

		go(PTRACE_SINGLESTEP, 0);
		sig = stop();
		if (sig == SIGTRAP)
			return;
		if (sig == SIGSEGV)
			fail("the kernel faulted between two marks");
		if (nr_held < MAX_HELD)
			held[nr_held++] = sig;
	}
}

static void release_held(void)
{
	int i;

	for (i = 0; i < nr_held; i++)
		syscall(SYS_tgkill, child, child, held[i]);
	nr_held = 0;
}

/* From this mark to the next; returns the next one's id. */
static unsigned long count(unsigned long id)
{
	struct user_regs_struct regs;
	unsigned long nr = 0;

	do {
		step();
		nr++;
		get_regs(&regs);
		if (addresses)
			printf("at %lu %llx\n", id, regs.rip);
	} while (regs.rip != mark);
	printf("count %lu %lu\n", id, nr);
	fflush(stdout);
	return regs.rdi;
}

int main(int argc, char **argv)
{
	unsigned long id;

	if (argc > 1 && !strcmp(argv[1], "-a")) {
		addresses = 1;
		argc--;
		argv++;
	}
	if (argc < 3 || !(mark = strtoul(argv[1], NULL, 16))) {
		fprintf(stderr, "usage: count [-a] ADDRESS PROGRAM ARGUMENTS...\n");
		return 2;
	}
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || stop() != SIGTRAP)
		fail("the kernel could not be started");
	if (ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC)))
		fail("PTRACE_SETOPTIONS");
	errno = 0;
	original = ptrace(PTRACE_PEEKTEXT, child, (void *)mark, NULL);
	if (errno)
		fail("there is no code at that address");
	for (;;) {
		id = run_to_mark();
		while (id)
			id = count(id);
		/* Past the mark, or it would be hit again at once. */
		step();
		release_held();
	}
}
