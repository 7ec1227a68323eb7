// SPDX-License-Identifier: GPL-2.0
/*
 * The only program of make boot. One worker on each CPU forks children that
 * allocate pages by faults and pipes, and has some of the pages freed by
 * another CPU: that is what the kernel's per-CPU page lists have to bear.
 *
 * After BOOT_SECONDS (a kernel argument) it prints one line with the totals and
 * powers the machine off. Without that line the run has failed. A line with "NOT ok: " says
 * why. The kernel has to use its per-CPU lists, or without SMP to leave them alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096
#define TOUCHED		192	/* pages that a child faults in */
#define SHARED		64	/* pages that a neighbour maps too */
#define MAX_CPUS	64

struct totals {
	atomic_long forks, faults, exits, pipe_pages, errors;
};

static struct totals *totals;
static char *shared[MAX_CPUS];		/* one memfd-less area a CPU, mapped by all */
static int pipes[MAX_CPUS][2];
static int cpus;
static time_t deadline;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void fail(const char *what)
{
	printf("init: %s: %s\n", what, strerror(errno));
	atomic_fetch_add(&totals->errors, 1);
}

static void *map(size_t pages, int flags)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
}

/* Allocate on this CPU; give some of it to the next one to free. */
static void child(int cpu, unsigned int turn)
{
	int next = (cpu + 1) % cpus;
	char *own = map(TOUCHED, MAP_PRIVATE);
	static char page[PAGE];
	unsigned int i;

	if (own == MAP_FAILED) {
		fail("mmap");
		_exit(1);
	}
	for (i = 0; i < TOUCHED; i++) {
		own[i * PAGE] = (char)(turn + i);
		own[i * PAGE + PAGE - 1] = (char)turn;
	}
	for (i = 0; i < TOUCHED; i++) {
		if (own[i * PAGE] != (char)(turn + i)) {
			errno = EIO;
			fail("a page changed its contents");
			_exit(1);
		}
	}
	atomic_fetch_add(&totals->faults, TOUCHED);

	/* The neighbour punches these out, so it frees what this CPU allocated. */
	for (i = 0; i < SHARED; i++)
		shared[cpu][i * PAGE] = (char)turn;
	atomic_fetch_add(&totals->faults, SHARED);
	madvise(shared[next], SHARED * PAGE, MADV_REMOVE);

	/* A pipe's pages are freed by whoever reads them. Neither end may block. */
	for (i = 0; i < 8; i++)
		if (write(pipes[cpu][1], page, PAGE) == PAGE)
			atomic_fetch_add(&totals->pipe_pages, 1);
	for (i = 0; i < 8; i++)
		if (read(pipes[next][0], page, PAGE) <= 0)
			break;

	/* Half of it is freed page by page before the exit frees the rest at once. */
	madvise(own, TOUCHED / 2 * PAGE, MADV_DONTNEED);
	if (turn % 4 == 0)
		pin(next);
	_exit(0);
}

/* Free pages on the lists of all CPUs, with those that wait; -1 if the kernel does not say. */
static long on_lists(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	int in_pagesets = 0, found = 0;
	long value, sum = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (strstr(line, "pagesets"))
			in_pagesets = 1;
		if (!strncmp(line, "Node", 4))
			in_pagesets = 0;
		if (in_pagesets && (sscanf(line, " count: %ld", &value) == 1 ||
				    sscanf(line, " waiting: %ld", &value) == 1)) {
			sum += value;
			found = 1;
		}
	}
	if (file)
		fclose(file);
	return found ? sum : -1;
}

/* most: pages that there were on the lists at any time. */
static void check_lists(long most)
{
	struct utsname names;
	int smp = !uname(&names) && strstr(names.version, "SMP");

	printf("init: at most %ld pages on per-CPU lists\n", most);
	if (smp ? most > 0 : !most)
		return;
	atomic_fetch_add(&totals->errors, 1);
	if (most < 0)
		printf("init: NOT ok: /proc/zoneinfo has no per-CPU lists\n");
	else if (smp)
		printf("init: NOT ok: the kernel has SMP, and no page on any per-CPU list\n");
	else
		printf("init: NOT ok: the kernel has no SMP, and %ld pages on per-CPU lists\n",
		       most);
}

static void worker(int cpu)
{
	unsigned int turn;

	if (pin(cpu))
		fail("sched_setaffinity");
	for (turn = 0; now() < deadline; turn++) {
		pid_t pid = fork();
		int status;

		if (pid < 0) {
			fail("fork");
			_exit(1);
		}
		if (!pid)
			child(cpu, turn);
		atomic_fetch_add(&totals->forks, 1);
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
			printf("init: a child on CPU %d ended with status %#x\n", cpu, status);
			atomic_fetch_add(&totals->errors, 1);
		} else {
			atomic_fetch_add(&totals->exits, 1);
		}
	}
	_exit(0);
}

int main(void)
{
	const char *text = getenv("BOOT_SECONDS");
	int seconds = text ? atoi(text) : 60;
	pid_t workers[MAX_CPUS];
	long now_on_lists, most = -1;
	int i, ended = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	mkdir("/proc", 0755);
	if (!mount("proc", "/proc", "proc", 0, NULL))
		cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus > MAX_CPUS)
		cpus = MAX_CPUS;
	totals = map(1, MAP_SHARED);
	if (totals == MAP_FAILED) {
		printf("init: no memory at all\n");
		goto off;
	}
	for (i = 0; i < cpus; i++) {
		shared[i] = map(SHARED, MAP_SHARED);
		if (shared[i] == MAP_FAILED || pipe2(pipes[i], O_NONBLOCK)) {
			fail("set-up");
			goto off;
		}
	}

	printf("init: %d workers for %d s\n", cpus, seconds);
	deadline = now() + seconds;
	for (i = 0; i < cpus; i++) {
		workers[i] = fork();
		if (!workers[i])
			worker(i);
		if (workers[i] < 0)
			fail("fork of a worker");
	}
	while (ended < cpus) {
		struct timespec tick = { .tv_sec = 1 };
		static int said;
		int status;

		while (waitpid(-1, &status, WNOHANG) > 0) {
			ended++;
			if (status)
				atomic_fetch_add(&totals->errors, 1);
		}
		now_on_lists = on_lists();
		if (now_on_lists > most)
			most = now_on_lists;
		nanosleep(&tick, NULL);
		if (++said % 10 == 0)
			printf("init: %ld forks so far\n", atomic_load(&totals->forks));
		if (now() > deadline + 60) {
			printf("init: a worker hangs\n");
			atomic_fetch_add(&totals->errors, 1);
			break;
		}
	}
	check_lists(most);
	printf("init: %ld forks, %ld faults, %ld exits on %d CPUs, %s\n",
	       atomic_load(&totals->forks), atomic_load(&totals->faults),
	       atomic_load(&totals->exits), cpus,
	       atomic_load(&totals->errors) ? "NOT ok" :
	       atomic_load(&totals->forks) ? "ok" : "NOT ok, nothing was done");
off:
	fflush(NULL);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
