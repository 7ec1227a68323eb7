// SPDX-License-Identifier: GPL-2.0
/*
 * The init program of make rcuscale. Its environment says what to do. The kernel
 * puts arguments there that it does not know:
 *
 *	SITUATION	plenty; pressure: other processes want more memory than
 *			there is; held: the worker that refills the cache of
 *			kvfree_rcu() waits longer than the test takes
 *	THREADS, LOOPS, ALLOCS	for rcuscale
 *	HOG		what those processes want, in percent of MemTotal: 95 is
 *			more than the kernel leaves them
 *	PLACES		names and trials for nolock_bench.c, instead of rcuscale
 *
 * Each run ends with a line "rcuscale: run ..."; the last line is "rcuscale: done".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_FREE
#define MADV_FREE	8
#endif
#define PAGE		4096UL
#define CHUNK		256UL		/* pages that a hog gives up together */
#define MAX_CPUS	64
#define SECONDS		120		/* that a run may take */
#define MODULE		"rcuscale"

static struct shared {
	atomic_long rounds[MAX_CPUS];	/* of each hog, over all its memory */
	atomic_int sampling;		/* 1: go on, 0: rest */
	atomic_long samples;
	atomic_long peak;		/* kB that the kernel uses */
} *shared;

static pid_t children[MAX_CPUS + 1];
static int nr_children;

__attribute__((noreturn)) static void off(void)
{
	fflush(NULL);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	printf("rcuscale: ");
	vprintf(format, args);
	printf(": %s, NOT ok\n", strerror(error));
	va_end(args);
	off();
}

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? atol(text) : otherwise;
}

static void nap(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU %d", cpu);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("%s to %s", text, path);
	close(fd);
}

static size_t get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t got;

	if (fd < 0) {
		text[0] = 0;
		return 0;
	}
	while (len < size - 1 && (got = read(fd, text + len, size - 1 - len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
	return len;
}

/* The number behind a word at the start of a line, -1 if there is none. */
static long field(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; text; text = strchr(text, '\n'), text += !!text)
		if (!strncmp(text, word, len) && strchr(": ", text[len]))
			return atol(text + len + 1 + strspn(text + len + 1, " "));
	return -1;
}

/* === What is looked at === */

struct counters {
	long page, head, sync, sheaf, sheaf_fail, stall, oom;
};

static long total(const char *path)
{
	char text[4096];

	return get(path, text, sizeof(text)) ? atol(text) : -1;
}

static struct counters counters(void)
{
	static char text[1 << 16];
	struct counters c;

	get("/proc/vmstat", text, sizeof(text));
	c.page = field(text, "kvfree_rcu_page");
	c.head = field(text, "kvfree_rcu_head");
	c.sync = field(text, "kvfree_rcu_sync");
	c.stall = field(text, "allocstall_normal") + field(text, "allocstall_movable");
	c.oom = field(text, "oom_kill");
	c.sheaf = total("/sys/kernel/slab/kmalloc-32/free_rcu_sheaf");
	c.sheaf_fail = total("/sys/kernel/slab/kmalloc-32/free_rcu_sheaf_fail");
	return c;
}

/* Memory that is neither free nor some process's: kB. */
static long kernel_memory(void)
{
	static char text[8192];

	get("/proc/meminfo", text, sizeof(text));
	return field(text, "MemTotal") - field(text, "MemFree") -
	       field(text, "Active(anon)") - field(text, "Inactive(anon)") -
	       field(text, "Active(file)") - field(text, "Inactive(file)") -
	       field(text, "Unevictable");
}

static void sampler(void)
{
	for (;;) {
		if (atomic_load(&shared->sampling)) {
			long now = kernel_memory();

			if (now > atomic_load(&shared->peak))
				atomic_store(&shared->peak, now);
			atomic_fetch_add(&shared->samples, 1);
		}
		nap(5);
	}
}

/* === Memory pressure === */

/*
 * Pages that nobody needs any more (MADV_FREE) are taken away without swap, so
 * there is no end to the pressure, and nobody has to be killed.
 */
static void hog(int cpu, unsigned long pages)
{
	unsigned long chunk, i;
	char *area;

	pin(cpu);
	/* As the threads of rcuscale. */
	setpriority(PRIO_PROCESS, 0, 19);
	put("/proc/self/oom_score_adj", "1000");
	area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		die("a hog");
	for (;;) {
		for (chunk = 0; chunk + CHUNK <= pages; chunk += CHUNK) {
			for (i = chunk; i < chunk + CHUNK; i++)
				area[i * PAGE]++;
			if (madvise(area + chunk * PAGE, CHUNK * PAGE, MADV_FREE))
				die("MADV_FREE");
		}
		atomic_fetch_add(&shared->rounds[cpu], 1);
	}
}

static void start(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		fn();
		_exit(0);
	}
	children[nr_children++] = pid;
}

static int hog_cpu;
static unsigned long hog_pages;

static void hog_here(void)
{
	hog(hog_cpu, hog_pages);
}

/* Returns when all memory was used once. */
static void start_hogs(int cpus)
{
	static char text[8192];
	int cpu;

	get("/proc/meminfo", text, sizeof(text));
	hog_pages = field(text, "MemTotal") / 4 * number("HOG", 95) / 100 / cpus;
	for (hog_cpu = 0; hog_cpu < cpus; hog_cpu++)
		start(hog_here);
	for (cpu = 0; cpu < cpus; cpu++)
		while (!atomic_load(&shared->rounds[cpu]))
			nap(20);
	printf("rcuscale: %d hogs with %lu pages each\n", cpus, hog_pages);
}

/* === The runs === */

static void load(const char *name, const char *args)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, args, 0))
		die("%s %s", path, args);
	close(fd);
}

/* Wait for what the test prints at its end; -1 if it does not. */
static int result(int kmsg, unsigned long long *ns, long *batches, long *footprint)
{
	static const char text[] = "Total time taken by all kfree'ers: ";
	struct pollfd wait = { .fd = kmsg, .events = POLLIN };
	time_t end = time(NULL) + SECONDS;
	char line[8192];

	while (time(NULL) < end) {
		ssize_t len = read(kmsg, line, sizeof(line) - 1);
		char *found;

		if (len < 0 && errno == EAGAIN) {
			poll(&wait, 1, 1000);
			continue;
		}
		if (len <= 0)
			continue;
		line[len] = 0;
		found = strstr(line, text);
		if (found && sscanf(found + sizeof(text) - 1,
				    "%llu ns, loops: %*d, batches: %ld, memory footprint: %ldMB",
				    ns, batches, footprint) == 3)
			return 0;
	}
	return -1;
}

static void run(const char *mode, int held)
{
	long threads = number("THREADS", 4), loops = number("LOOPS", 8);
	long allocs = number("ALLOCS", 8000), batches, footprint, base;
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct counters before, after;
	unsigned long long ns;
	char args[256];

	if (kmsg < 0)
		die("/dev/kmsg");
	lseek(kmsg, 0, SEEK_END);
	/*
	 * The shrinker of kvfree_rcu() takes the cached blocks, and has the worker
	 * wait for slab_common.rcu_delay_page_cache_fill_msec when it is next wanted.
	 */
	if (held)
		put("/proc/sys/vm/drop_caches", "2");
	snprintf(args, sizeof(args),
		 "kfree_rcu_test=1 kfree_nthreads=%ld kfree_loops=%ld kfree_alloc_num=%ld kfree_rcu_test_%s=1",
		 threads, loops, allocs, mode);
	base = kernel_memory();
	atomic_store(&shared->peak, base);
	atomic_store(&shared->samples, 0);
	before = counters();
	atomic_store(&shared->sampling, 1);
	load(MODULE, args);
	if (result(kmsg, &ns, &batches, &footprint))
		die("%s does not end, mode %s", MODULE, mode);
	after = counters();
	atomic_store(&shared->sampling, 0);
	printf("rcuscale: run mode=%s calls=%ld ns=%llu batches=%ld footprint=%ld peak=%ld samples=%ld page=%ld head=%ld sync=%ld sheaf=%ld sheaf_fail=%ld stall=%ld oom=%ld\n",
	       mode, threads * loops * allocs, ns, batches, footprint,
	       atomic_load(&shared->peak) - base, atomic_load(&shared->samples),
	       after.page - before.page, after.head - before.head,
	       after.sync - before.sync, after.sheaf - before.sheaf,
	       after.sheaf_fail - before.sheaf_fail, after.stall - before.stall,
	       after.oom - before.oom);
	if (syscall(SYS_delete_module, MODULE, 0))
		die("rmmod %s", MODULE);
	close(kmsg);
}

/* PLACES=name:trials,name:trials */
static void places(char *text)
{
	char *place;

	/* The CPU that is looked at. */
	pin(0);
	for (place = strtok(text, ","); place; place = strtok(NULL, ",")) {
		char *colon = strchr(place, ':');

		if (colon)
			*colon = ' ';
		put("/sys/module/nolock_bench/parameters/run", place);
	}
}

int main(void)
{
	const char *situation = getenv("SITUATION");
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), i;
	char *wanted = getenv("PLACES");

	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) || mount("sysfs", "/sys", "sysfs", 0, NULL))
		die("mount");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || !situation || cpus > MAX_CPUS)
		die("set-up");
	printf("rcuscale: %s on %d CPUs\n", situation, cpus);
	if (!strcmp(situation, "pressure"))
		start_hogs(cpus);
	if (wanted) {
		places(wanted);
	} else {
		start(sampler);
		load("torture", "");
		run("double", !strcmp(situation, "held"));
		run("single", !strcmp(situation, "held"));
	}
	for (i = 0; i < nr_children; i++)
		kill(children[i], SIGKILL);
	printf("rcuscale: done\n");
	off();
}
