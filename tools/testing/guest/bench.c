// SPDX-License-Identifier: GPL-2.0
/*
 * The only program of the guest of make bench. It has the kernel run the cases
 * of pcp_bench.c, runs those that need processes itself, prints what was
 * measured, and powers the machine off. The last line is "bench: end".
 *
 * Arguments of the kernel, which come as environment:
 *
 *	BENCH_CASES=a,b		the cases, in this order
 *	BENCH_CORES=2		cores of the host
 *	BENCH_SAMPLES=5		samples, after one that is thrown away
 *	BENCH_MS=80		length of a sample
 *	BENCH_LOCKS=1		count acquisitions of zone->lock instead
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define MAX_CPUS	64
#define EXIT_BYTES	(256UL << 20)
#define PIECE		(1UL << 20)
#define FAULT_BYTES	(4UL << 20)
#define CLASS		"&zone->lock:"

/* Shared with all children. */
struct shared {
	atomic_int ready, go;
	atomic_long done[MAX_CPUS];
	atomic_long ns[MAX_CPUS];
	atomic_long stamp;
	atomic_int errors;
};

static struct shared *shared;
static long cpus, cores, samples, ms;

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? atol(text) : otherwise;
}

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		atomic_fetch_add(&shared->errors, 1);
}

static char *map(size_t bytes, int flags)
{
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	return area == MAP_FAILED ? NULL : area;
}

/* All workers of a case start together. */
static void meet(int expected)
{
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < expected)
		sched_yield();
}

/* One fork, and what the child does, and its end. */
static void cycle(int exec)
{
	int status = -1;
	pid_t pid = fork();

	if (pid < 0) {
		atomic_fetch_add(&shared->errors, 1);
		return;
	}
	if (!pid) {
		if (exec)
			execl("/init", "init", "true", NULL);
		_exit(exec);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		atomic_fetch_add(&shared->errors, 1);
}

/*
 * fork_exit, fork_exec: what a shell script or a build does all the time. Page
 * tables, stacks and the pages of the child come and go on one CPU.
 */
static void forker(int cpu, int exec)
{
	long start, count = 0;

	pin(cpu);
	meet(cores);
	start = now();
	do {
		cycle(exec);
		count++;
	} while (now() - start < ms * 1000000);
	atomic_store(&shared->ns[cpu], now() - start);
	atomic_store(&shared->done[cpu], count);
	_exit(0);
}

/*
 * faults, touches: a program with a thread on each core fills memory that it
 * just mapped, and gives it back. faults asks the kernel for all pages at once,
 * which shows the kernel's part; touches takes a fault for each page. Most of that
 * is the cost of UML's way into its kernel.
 */
struct toucher {
	int cpu, touch;
};

static void *toucher(void *data)
{
	const struct toucher *t = data;
	long start, ns = 0, count = 0, first;

	pin(t->cpu);
	meet(cores);
	first = now();
	do {
		char *area = map(FAULT_BYTES, MAP_PRIVATE);
		size_t i;

		if (!area) {
			atomic_fetch_add(&shared->errors, 1);
			break;
		}
		start = now();
		if (t->touch) {
			for (i = 0; i < FAULT_BYTES; i += PAGE)
				*(volatile char *)(area + i) = 1;
		} else if (madvise(area, FAULT_BYTES, MADV_POPULATE_WRITE)) {
			atomic_fetch_add(&shared->errors, 1);
		}
		ns += now() - start;
		count += FAULT_BYTES / PAGE;
		munmap(area, FAULT_BYTES);
	} while (now() - first < ms * 1000000);
	atomic_store(&shared->ns[t->cpu], ns);
	atomic_store(&shared->done[t->cpu], count);
	return NULL;
}

static void touchers(int touch)
{
	struct toucher t[MAX_CPUS];
	pthread_t thread[MAX_CPUS];
	long i;

	for (i = 0; i < cores; i++) {
		t[i] = (struct toucher){ .cpu = i, .touch = touch };
		if (pthread_create(&thread[i], NULL, toucher, &t[i])) {
			atomic_fetch_add(&shared->errors, 1);
			_exit(1);
		}
	}
	for (i = 0; i < cores; i++)
		pthread_join(thread[i], NULL);
	_exit(0);
}

/*
 * exit_256m: the end of a process with threads on all CPUs, such as a database
 * or a browser: one CPU frees what all of them allocated. Only the end is
 * measured. They fill a piece each in turn: UML has one lock for all page tables
 * of a process, and where CPUs share a core, those that spin on it take the
 * time of the one that has it, for minutes.
 */
static char *big;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *filler(void *data)
{
	long cpu = (long)data;
	size_t i;

	pin(cpu);
	for (i = cpu * PIECE; i < EXIT_BYTES; i += cpus * PIECE) {
		pthread_mutex_lock(&turn);
		if (madvise(big + i, PIECE, MADV_POPULATE_WRITE))
			atomic_fetch_add(&shared->errors, 1);
		pthread_mutex_unlock(&turn);
	}
	return NULL;
}

static void big_process(void)
{
	pthread_t thread[MAX_CPUS];
	long i;

	pin(0);
	big = map(EXIT_BYTES, MAP_PRIVATE);
	for (i = 0; i < cpus; i++) {
		if (!big || pthread_create(&thread[i], NULL, filler, (void *)i)) {
			atomic_fetch_add(&shared->errors, 1);
			_exit(1);
		}
	}
	for (i = 0; i < cpus; i++)
		pthread_join(thread[i], NULL);
	atomic_store(&shared->stamp, now());
	_exit(0);
}

/* Messages of the kernel ----------------------------------------------------- */

/* Text is cut to fit. */
static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t have = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while (have + 1 < size && (got = read(fd, text + have, size - have - 1)) > 0)
		have += got;
	close(fd);
	text[have] = 0;
	return 0;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good ? 0 : -1;
}

static char text[1 << 20];

/* How far apart the cores are now, in nanoseconds; 0 if that cannot be said. */
static double hop(void)
{
	const char *key = "hop_ns ";
	char *value;

	if (write_file("/proc/pcp_bench", "hop") ||
	    read_file("/proc/pcp_bench", text, sizeof(text)))
		return 0;
	value = strstr(text, key);
	return value ? atof(value + strlen(key)) : 0;
}

/* The cases ----------------------------------------------------------------- */

enum kind { FORK_EXIT, FORK_EXEC, FAULTS, TOUCHES, EXIT_256M, NR_KINDS };

static const char *const names[] = { "fork_exit", "fork_exec", "faults", "touches", "exit_256m" };

/* One sample, in nanoseconds for each fork or page; below 0 if it failed. */
static double sample(enum kind kind)
{
	int forks = kind == FORK_EXIT || kind == FORK_EXEC;
	long i, children = forks ? cores : 1, ns = 0, done = 0;
	pid_t pid[MAX_CPUS];

	memset(shared, 0, sizeof(*shared));
	for (i = 0; i < children; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			return -1;
		if (pid[i])
			continue;
		if (forks)
			forker(i, kind == FORK_EXEC);
		if (kind == EXIT_256M)
			big_process();
		touchers(kind == TOUCHES);
	}
	for (i = 0; i < children; i++) {
		int status;

		if (waitpid(pid[i], &status, 0) != pid[i] || status)
			atomic_fetch_add(&shared->errors, 1);
	}
	if (kind == EXIT_256M)
		return atomic_load(&shared->errors) ? -1 :
			(double)(now() - atomic_load(&shared->stamp)) / (EXIT_BYTES / PAGE);
	for (i = 0; i < cores; i++) {
		ns += atomic_load(&shared->ns[i]);
		done += atomic_load(&shared->done[i]);
	}
	return atomic_load(&shared->errors) || !done ? -1 : (double)ns / done;
}

/* hop_ns is told for each sample, as pcp_bench.c does. */
static void run_here(enum kind kind)
{
	/* UML takes seconds to fill the memory. */
	long nr = kind == EXIT_256M && samples > 3 ? 3 : samples, i;
	double values[64], hops[64];

	for (i = 0; i <= nr; i++) {
		double before = hop(), after;

		values[i] = sample(kind);
		if (values[i] < 0) {
			printf("bench %s failed in a child: %s\n", names[kind], strerror(errno));
			return;
		}
		after = hop();
		hops[i] = !before || !after ? 0 : before > after ? before : after;
	}
	printf("bench %s ns", names[kind]);
	for (i = 1; i <= nr; i++)
		printf(" %.3f", values[i]);
	printf("\nbench %s hop_ns", names[kind]);
	for (i = 1; i <= nr; i++)
		printf(" %.3f", hops[i]);
	printf("\n");
}

/* The counters of the split path meanwhile; stock has none. */
static void show_counters(const char *name, const char *before)
{
	static char after[1 << 16];
	char *line, *rest = NULL;

	if (read_file("/proc/vmstat", after, sizeof(after)))
		return;
	printf("bench: %s:", name);
	for (line = strtok_r(after, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char key[64];
		const char *old;
		long value;

		if (sscanf(line, "pcp_%60s %ld", key, &value) != 2)
			continue;
		snprintf(text, sizeof(text), "\npcp_%s ", key);
		old = strstr(before, text);
		value -= old ? atol(old + strlen(text)) : 0;
		if (value)
			printf(" %s %ld", key, value);
	}
	printf("\n");
}

static int run_in_kernel(const char *name)
{
	static char before[1 << 16];

	if (read_file("/proc/vmstat", before, sizeof(before)))
		before[0] = 0;
	if (write_file("/proc/pcp_bench", name)) {
		printf("bench %s failed to run: %s\n", name, strerror(errno));
		return -1;
	}
	show_counters(name, before);
	if (read_file("/proc/pcp_bench", text, sizeof(text))) {
		printf("bench %s failed to tell: %s\n", name, strerror(errno));
		return -1;
	}
	return 0;
}

/* All that took zone->lock since the last reset, or -1. */
static long acquisitions(void)
{
	static char stat[1 << 20];
	long total = 0, nr;
	char *line;

	if (read_file("/proc/lock_stat", stat, sizeof(stat)))
		return -1;
	/* Without the colon come the places that wait for it. */
	for (line = strstr(stat, CLASS); line; line = strstr(line + 1, CLASS))
		if (sscanf(line + strlen(CLASS), "%*s %*s %*s %*s %*s %*s %*s %ld", &nr) == 1)
			total += nr;
	return total;
}

static void count_locks(const char *name)
{
	long pages, locks;
	char *last;

	/* Once before, to get to a steady state. */
	if (run_in_kernel(name) || write_file("/proc/lock_stat", "0") || run_in_kernel(name))
		return;
	locks = acquisitions();
	last = strstr(text, "total_pages");
	if (last)
		*strchrnul(last, '\n') = 0;
	last = last ? strrchr(last, ' ') : NULL;
	pages = last ? atol(last) : 0;
	if (locks < 0 || pages <= 0)
		printf("bench locks_%s failed: %ld acquisitions, %ld pages\n", name, locks, pages);
	else
		printf("bench locks_%s per_1000 %.3f\n", name, locks * 1000.0 / pages);
}

static void run(const char *name)
{
	long i;

	for (i = 0; i < NR_KINDS; i++) {
		if (!strcmp(names[i], name)) {
			run_here(i);
			return;
		}
	}
	if (getenv("BENCH_LOCKS"))
		count_locks(name);
	else if (!run_in_kernel(name))
		fputs(text, stdout);
}

int main(int argc, char **argv)
{
	char *list = getenv("BENCH_CASES"), *name;

	if (argc > 1 && !strcmp(argv[1], "true"))
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("/proc", 0755);
	shared = (struct shared *)map(sizeof(*shared), MAP_SHARED);
	if (!list || !shared || mount("proc", "/proc", "proc", 0, NULL)) {
		printf("bench: could not start: %s\n", strerror(errno));
		goto off;
	}
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus > MAX_CPUS)
		cpus = MAX_CPUS;
	cores = number("BENCH_CORES", 2);
	if (cores > cpus)
		cores = cpus;
	samples = number("BENCH_SAMPLES", 5);
	if (samples > 63)
		samples = 63;
	ms = number("BENCH_MS", 80);
	printf("bench: start on %ld CPUs\n", cpus);
	list = strdup(list);
	for (name = strtok(list, ","); name; name = strtok(NULL, ","))
		run(name);
	printf("bench: end\n");
off:
	fflush(NULL);
	reboot(RB_POWER_OFF);
	return 1;
}
