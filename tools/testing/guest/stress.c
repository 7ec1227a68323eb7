// SPDX-License-Identifier: GPL-2.0
/*
 * The first program of the guest of make stress: workers that allocate pages
 * on one CPU and free them on another, and schedulers that meanwhile unplug
 * CPUs and memory, take huge pages, and make trylocks fail.
 *
 * Kernel arguments: STRESS_SECONDS, STRESS_SEED, STRESS_NOISE. What it tells the host, as a
 * kernel message: what a process writes to the console comes in pieces, between
 * those of the kernel.
 *
 *	stress: start				from here on messages count
 *	stress: progress key=value ...		every few seconds
 *	stress: error text			a worker could not go on
 *	stress: result key=value		at the end, one each
 *	stress: counted				no result comes after it
 *	stress: cases				from here on cases
 *	stress: case name pass|fail		one each
 *	stress: end
 *
 * The cases are for a host that does not know more, such as a lab. make stress
 * judges by the results, and by all that the kernel wrote.
 *
 * Pages lost are those that nothing explains when all is at rest again: neither
 * free, nor on a per-CPU list, nor in one of the counters of what the kernel
 * and the processes use. A page that is free and on no list is one of these,
 * and so is one that was allocated and forgotten.
 *
 * The sum of pgalloc, pgfree and the free pages says the same, but for memory
 * that was unplugged and came back, and for the free pages that compaction takes
 * for its own use: both are counted when freed, and not when taken. With no
 * compaction it has to match, so it is printed too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define MAX_CPUS	64
#define FAIL_DIR	"/sys/kernel/debug/fail_pcp_trylock/"

enum worker_id {
	W_ANON, W_CACHE, W_FORK, W_PIPE, W_SOCKET, W_THREADS, W_THP, W_HUGETLB,
	W_MLOCK, W_MIGRATE, W_PRESSURE, NR_WORKERS,
};

static const char *const worker_names[NR_WORKERS] = {
	"anon", "cache", "fork", "pipe", "socket", "threads", "thp", "hugetlb",
	"mlock", "migrate", "pressure",
};

/* Shared by all processes. */
static struct shared {
	atomic_ulong iterations[NR_WORKERS];
	atomic_ulong cpu_cycles, mem_cycles, mem_failed, compactions;
	atomic_ulong huge_pages, thp_pages, oom_kills, errors;
	atomic_int stop;
} *shared;

static int nr_cpus, nr_nodes;
static uint64_t seed;

static uint64_t rnd(uint64_t *state)
{
	/* xorshift64*, so that a seed gives the same schedule everywhere. */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void rest(uint64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static int stopped(void)
{
	return atomic_load_explicit(&shared->stop, memory_order_relaxed);
}

/* A message of the level that the console shows, whole whoever else prints. */
static void say(const char *fmt, ...)
{
	static const char head[] = "<4>stress: ";
	char text[256];
	va_list args;
	int fd, len;

	strcpy(text, head);
	va_start(args, fmt);
	len = vsnprintf(text + sizeof(head) - 1, sizeof(text) - sizeof(head), fmt, args);
	va_end(args);
	len += sizeof(head) - 1;
	if (len > (int)sizeof(text) - 1)
		len = sizeof(text) - 1;
	fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len)
		fprintf(stderr, "%s\n", text + 3);
	if (fd >= 0)
		close(fd);
}

static void error(const char *what)
{
	int why = errno;

	if (atomic_fetch_add(&shared->errors, 1) < 20)
		say("error %s: %s", what, strerror(why));
}

static int put(const char *path, const char *fmt, ...)
{
	char text[128];
	va_list args;
	int fd, ret;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long get(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtol(text, NULL, 0);
}

/* A CPU that is unplugged at the moment is no error. */
static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % nr_cpus, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *map(size_t size, int flags)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void touch(char *p, size_t size, char with)
{
	for (size_t i = 0; i < size; i += PAGE)
		p[i] = with;
}

static void check(const char *p, size_t size, char with)
{
	for (size_t i = 0; i < size; i += PAGE) {
		if (p[i] != with) {
			errno = EIO;
			error("a page changed its contents");
			return;
		}
	}
}

/* === Workers: each call is one iteration === */

static void do_anon(uint64_t *r)
{
	size_t size = (1 + rnd(r) % 64) * PAGE;
	char *p = map(size, 0);

	if (p == MAP_FAILED)
		return;
	touch(p, size, 5);
	/* Freed on another CPU than the one that allocated it. */
	pin(rnd(r));
	check(p, size, 5);
	munmap(p, size);
}

static void do_cache(uint64_t *r)
{
	static char data[16 * PAGE];
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/tmp/f%d.%d", getpid(), (int)(rnd(r) % 4));
	fd = open(name, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return;
	for (unsigned int i = rnd(r) % 8; i; i--)
		if (write(fd, data, sizeof(data)) < 0)
			break;
	lseek(fd, 0, SEEK_SET);
	if (read(fd, data, sizeof(data)) < 0)
		error("read");
	pin(rnd(r));
	if (rnd(r) % 2)
		unlink(name);
	else if (ftruncate(fd, 0))
		error("ftruncate");
	close(fd);
}

static void do_fork(uint64_t *r)
{
	int pid = fork(), status;

	if (!pid) {
		pin(rnd(r));
		if (rnd(r) % 4 == 0)
			execl("/init", "/init", "exit", NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

static void do_pipe(uint64_t *r)
{
	static int fds[2] = { -1, -1 };
	static char data[16 * PAGE];

	if (fds[0] < 0 && pipe2(fds, O_NONBLOCK))
		return;
	if (write(fds[1], data, sizeof(data)) < 0 && errno != EAGAIN)
		error("write to a pipe");
	pin(rnd(r));
	while (read(fds[0], data, sizeof(data)) > 0)
		;
}

static void do_socket(uint64_t *r)
{
	static int fds[2] = { -1, -1 };
	static char data[8 * PAGE];

	if (fds[0] < 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		return;
	if (send(fds[1], data, sizeof(data), 0) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS)
		error("send");
	pin(rnd(r));
	while (recv(fds[0], data, sizeof(data), 0) > 0)
		;
}

struct area {
	char *p;
	size_t size;
	unsigned int cpu;
};

static void *free_area(void *data)
{
	struct area *a = data;

	pin(a->cpu);
	check(a->p, a->size, 7);
	munmap(a->p, a->size);
	return NULL;
}

/* A purger thread, as allocators in userland have them. */
static void do_threads(uint64_t *r)
{
	struct area a = { .size = (1 + rnd(r) % 128) * PAGE, .cpu = rnd(r) };
	pthread_t thread;

	a.p = map(a.size, 0);
	if (a.p == MAP_FAILED)
		return;
	touch(a.p, a.size, 7);
	if (pthread_create(&thread, NULL, free_area, &a)) {
		munmap(a.p, a.size);
		return;
	}
	pthread_join(thread, NULL);
}

static void do_thp(uint64_t *r)
{
	char *p = map(2 * HUGE, 0), *start;

	if (p == MAP_FAILED)
		return;
	start = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	madvise(start, HUGE, MADV_HUGEPAGE);
	touch(start, HUGE, 9);
	pin(rnd(r));
	if (rnd(r) % 2)
		madvise(start, HUGE / 2, MADV_DONTNEED);
	munmap(p, 2 * HUGE);
	rest(5);
}

static void do_hugetlb(uint64_t *r)
{
	char *p;

	/* Only what the scheduler has put into the pool. */
	p = map(HUGE, MAP_HUGETLB);
	if (p != MAP_FAILED) {
		p[rnd(r) % HUGE] = 1;
		pin(rnd(r));
		munmap(p, HUGE);
	}
	rest(10);
}

static void do_mlock(uint64_t *r)
{
	size_t size = (1 + rnd(r) % 32) * PAGE;
	char *p = map(size, 0);

	if (p == MAP_FAILED)
		return;
	if (!mlock(p, size))
		pin(rnd(r));
	munmap(p, size);
}

static void do_migrate(uint64_t *r)
{
	size_t size = (8 + rnd(r) % 64) * PAGE;
	unsigned long mask = 1UL << (rnd(r) % nr_nodes);
	char *p = map(size, 0);

	if (p == MAP_FAILED)
		return;
	touch(p, size, 3);
	syscall(SYS_mbind, p, size, MPOL_PREFERRED, &mask, 64UL, MPOL_MF_MOVE);
	check(p, size, 3);
	munmap(p, size);
	if (rnd(r) % 256 == 0) {
		put("/proc/sys/vm/compact_memory", "1");
		atomic_fetch_add(&shared->compactions, 1);
	}
}

/* A child takes more than there is: kswapd, direct reclaim, the OOM killer. */
static void do_pressure(uint64_t *r)
{
	int pid, status;

	rest(8000 + rnd(r) % 4000);
	if (stopped())
		return;
	pid = fork();
	if (!pid) {
		put("/proc/self/oom_score_adj", "1000");
		for (;;) {
			char *p = map(HUGE, 0);

			if (p == MAP_FAILED || stopped())
				_exit(0);
			touch(p, HUGE, 1);
		}
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		atomic_fetch_add(&shared->oom_kills, 1);
}

static void (*const worker_fns[NR_WORKERS])(uint64_t *r) = {
	do_anon, do_cache, do_fork, do_pipe, do_socket, do_threads, do_thp,
	do_hugetlb, do_mlock, do_migrate, do_pressure,
};

/* The plain ones once for each CPU, the others once. */
static int worker_copies(enum worker_id id)
{
	return id <= W_THREADS ? nr_cpus / 2 + 1 : 1;
}

static int start(void (*fn)(uint64_t *), enum worker_id id, uint64_t which)
{
	int pid = fork();
	uint64_t r = seed * 0x9E3779B97F4A7C15ULL + which * 0xD1B54A32D192ED03ULL + 1;

	if (pid)
		return pid;
	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	put("/proc/self/oom_score_adj", "-900");
	while (!stopped()) {
		fn(&r);
		if (id < NR_WORKERS)
			atomic_fetch_add_explicit(&shared->iterations[id], 1,
						  memory_order_relaxed);
	}
	_exit(0);
}

/* === Schedulers === */

static void schedule_cpus(uint64_t *r)
{
	int cpu = 1 + rnd(r) % (nr_cpus - 1);
	char path[80];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	if (!put(path, "0")) {
		rest(rnd(r) % 1000);
		if (put(path, "1"))
			error("a CPU does not come back");
		else
			atomic_fetch_add(&shared->cpu_cycles, 1);
	}
	rest(1000 + rnd(r) % 2000);
}

/* Blocks that may go: those of a movable zone, as the kernel says it. */
static int movable_blocks(char names[][32], int max)
{
	DIR *dir = opendir("/sys/devices/system/memory");
	struct dirent *entry;
	int nr = 0;

	while (dir && nr < max && (entry = readdir(dir))) {
		char path[320], zones[64] = "";
		int fd;

		if (strncmp(entry->d_name, "memory", 6) || strlen(entry->d_name) > 30)
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/valid_zones",
			 entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (read(fd, zones, sizeof(zones) - 1) > 0 && !strncmp(zones, "Movable", 7))
			strcpy(names[nr++], entry->d_name);
		close(fd);
	}
	if (dir)
		closedir(dir);
	return nr;
}

static int set_block(const char *name, const char *state)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/state", name);
	return put(path, state);
}

static void schedule_memory(uint64_t *r)
{
	char names[64][32];
	int nr = movable_blocks(names, 64);

	if (nr > 1) {
		const char *name = names[rnd(r) % nr];

		/* It gives up after a signal, or never, if a page stays in use. */
		if (set_block(name, "offline")) {
			atomic_fetch_add(&shared->mem_failed, 1);
		} else {
			rest(rnd(r) % 500);
			if (set_block(name, "online_movable"))
				error("memory does not come back");
			else
				atomic_fetch_add(&shared->mem_cycles, 1);
		}
	}
	rest(2000 + rnd(r) % 4000);
}

static void schedule_huge(uint64_t *r)
{
	long want = 2 + rnd(r) % 8, got;

	put("/proc/sys/vm/nr_hugepages", "%ld", want);
	got = get("/proc/sys/vm/nr_hugepages");
	if (got > 0)
		atomic_fetch_add(&shared->huge_pages, got);
	rest(500 + rnd(r) % 2000);
	put("/proc/sys/vm/nr_hugepages", "0");
	rest(500 + rnd(r) % 2000);
}

static void schedule_failures(uint64_t *r)
{
	static const int probability[] = { 0, 1, 5, 20, 100 };
	int side = rnd(r) % 3;

	put(FAIL_DIR "ignore-free", side == 1 ? "Y" : "N");
	put(FAIL_DIR "ignore-alloc", side == 2 ? "Y" : "N");
	put(FAIL_DIR "probability", "%d", probability[rnd(r) % 5]);
	rest(200 + rnd(r) % 1500);
}

static void (*const schedulers[])(uint64_t *r) = {
	schedule_cpus, schedule_memory, schedule_huge, schedule_failures,
};

/* === Books === */

static long vmstat_sum(const char *prefix, int whole)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char name[64];
	long value, sum = 0;

	while (f && fscanf(f, "%63s %ld", name, &value) == 2)
		if (whole ? !strcmp(name, prefix) :
			    !strncmp(name, prefix, strlen(prefix)))
			sum += value;
	if (f)
		fclose(f);
	return sum;
}

/* Cached and waiting pages of all PCPs. */
static long on_pcps(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	char line[256];
	long value, sum = 0;
	int in_pagesets = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "pagesets"))
			in_pagesets = 1;
		else if (!strncmp(line, "Node", 4))
			in_pagesets = 0;
		else if (in_pagesets && (sscanf(line, " count: %ld", &value) == 1 ||
					 sscanf(line, " waiting: %ld", &value) == 1))
			sum += value;
	}
	if (f)
		fclose(f);
	return sum;
}

static long balance_now(void)
{
	return vmstat_sum("nr_free_pages", 1) + on_pcps() +
	       vmstat_sum("pgalloc_", 0) - vmstat_sum("pgfree", 1);
}

/* Reading allocates, too: several equal results in a row are true. */
static long balance(void)
{
	long last = 0, sum;
	int same = 0;

	for (int tries = 0; tries < 300 && same < 3; tries++) {
		put("/proc/sys/vm/stat_refresh", "1");
		sum = balance_now();
		same = sum == last ? same + 1 : 0;
		last = sum;
		rest(50);
	}
	return last;
}

/*
 * Pages that KASAN and others keep stack traces in. They are never given back, and
 * a path that was not taken before adds to them.
 */
static long stack_depot(void)
{
	enum { POOL_PAGES = 4 };	/* DEPOT_POOL_ORDER */
	FILE *f = fopen("/sys/kernel/debug/stackdepot/stats", "r");
	long pools;

	if (!f)
		return 0;
	if (fscanf(f, "pools: %ld", &pools) != 1)
		pools = 0;
	fclose(f);
	return pools * POOL_PAGES;
}

/* Pages in use that no counter of the kernel explains. */
static long unaccounted(void)
{
	static const char *const names[] = {
		"nr_zone_inactive_anon", "nr_zone_active_anon",
		"nr_zone_inactive_file", "nr_zone_active_file",
		"nr_zone_unevictable", "nr_slab_reclaimable",
		"nr_slab_unreclaimable", "nr_page_table_pages", "nr_vmalloc",
	};
	FILE *f;
	char name[64], line[256];
	long managed = 0, known = vmstat_sum("nr_free_pages", 1) + on_pcps() + stack_depot();
	long value;

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		known += vmstat_sum(names[i], 1);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %ld", name, &value) != 2)
			continue;
		if (!strcmp(name, "MemTotal"))
			managed = value / 4;
		if (!strcmp(name, "KernelStack") || !strcmp(name, "VmallocUsed") ||
		    !strcmp(name, "Percpu"))
			known += value / 4;
	}
	if (f)
		fclose(f);
	return managed - known;
}

/*
 * The same at rest: the least of some looks, or the first that is @enough. Pages
 * that compaction has isolated, or a process that still exits, are not counted
 * either, but they come back; a page that is lost does not.
 */
static long unaccounted_at_rest(int looks, long enough)
{
	long least = LONG_MAX;

	while (looks-- && least > enough) {
		long value;

		put("/proc/sys/vm/stat_refresh", "1");
		value = unaccounted();
		if (value < least)
			least = value;
		if (least > enough)
			rest(500);
	}
	return least;
}

static void release(void)
{
	put(FAIL_DIR "probability", "0");
	put("/proc/sys/vm/nr_hugepages", "0");
	for (int i = 0; i < 2; i++) {
		sync();
		put("/proc/sys/vm/drop_caches", "3");
		put("/proc/sys/vm/compact_memory", "1");
		rest(500);
	}
}

static void remove_files(void)
{
	DIR *dir = opendir("/tmp");
	struct dirent *entry;
	char path[320];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/tmp/%s", entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}

static unsigned long iterations(void)
{
	unsigned long sum = 0;

	for (int i = 0; i < NR_WORKERS; i++)
		sum += atomic_load(&shared->iterations[i]);
	return sum;
}

static long injected(void)
{
	long nr_free = get(FAIL_DIR "injected-free");
	long nr_alloc = get(FAIL_DIR "injected-alloc");

	return (nr_free > 0 ? nr_free : 0) + (nr_alloc > 0 ? nr_alloc : 0);
}

static int others[512], nr_others;

/* Programs that somebody else keeps well: stress-ng, and busybox in a shell. */
static void start_program(char *const argv[])
{
	int pid = fork();

	if (!pid) {
		int fd = open("/dev/null", O_RDWR);

		setpgid(0, 0);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid > 0)
		others[nr_others++] = pid;
}

static void run(double seconds)
{
	char timeout[16];
	char *const ng[] = { "/bin/stress-ng", "--vm", "1", "--vm-bytes", "48m",
			     "--mmap", "1", "--mmap-bytes", "16m", "--fork", "1",
			     "--pipe", "1", "--shm", "1", "--shm-bytes", "4m",
			     "--brk", "1", "--brk-bytes", "16m",
			     "--timeout", timeout, NULL };
	char *const sh[] = { "/bin/busybox", "sh", "-c",
			     "while :; do /bin/busybox dd if=/dev/zero bs=64k count=16 2>&- | "
			     "/bin/busybox gzip | /bin/busybox gunzip > /tmp/sh; done", NULL };
	double begin = now(), next = begin + 10;

	snprintf(timeout, sizeof(timeout), "%ds", (int)seconds);
	nr_others = 0;
	for (int id = 0; id < NR_WORKERS; id++)
		for (int i = 0; i < worker_copies(id); i++)
			others[nr_others++] = start(worker_fns[id], id, id * 64 + i);
	for (unsigned int i = 0; i < sizeof(schedulers) / sizeof(*schedulers); i++)
		others[nr_others++] = start(schedulers[i], NR_WORKERS, 4096 + i);
	if (!access(ng[0], X_OK))
		start_program(ng);
	if (!access(sh[0], X_OK))
		start_program(sh);

	while (now() - begin < seconds) {
		rest(200);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (now() < next)
			continue;
		next += 10;
		say("progress seconds=%.0f iterations=%lu cpu=%lu memory=%lu huge=%lu injected=%ld",
		    now() - begin, iterations(), atomic_load(&shared->cpu_cycles),
		    atomic_load(&shared->mem_cycles),
		    atomic_load(&shared->huge_pages), injected());
	}

	atomic_store(&shared->stop, 1);
	/* Give the schedulers the time to put things back. */
	for (int i = 0; i < 300 && nr_others; i++) {
		int left = 0;

		rest(100);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		for (int j = 0; j < nr_others; j++) {
			if (!kill(others[j], 0))
				left++;
			if (i == 100)
				kill(-others[j], SIGTERM);
			if (i == 200)
				kill(-others[j], SIGKILL);
		}
		/* These two run until they are told to stop. */
		if (i == 20 && nr_others > 2) {
			kill(-others[nr_others - 1], SIGKILL);
			kill(-others[nr_others - 2], SIGKILL);
		}
		if (!left)
			break;
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	remove_files();
}

static void result(const char *key, long value)
{
	say("result %s=%ld", key, value);
}

static void verdict(const char *name, int good)
{
	say("case %s %s", name, good ? "pass" : "fail");
}

/* Bad pages, an oops, a warning, a soft lockup, as the kernel has them. */
#define TAINTED	(1L << 5 | 1L << 7 | 1L << 9 | 1L << 14)

static void verdicts(long lost)
{
	const char *text = getenv("STRESS_NOISE");
	long taints = get("/proc/sys/kernel/tainted");

	say("cases");
	verdict("no_page_is_lost", labs(lost) <= (text ? strtol(text, NULL, 0) : 0));
	verdict("no_worker_has_an_error", !atomic_load(&shared->errors));
	verdict("each_cpu_came_back", sysconf(_SC_NPROCESSORS_ONLN) == nr_cpus);
	verdict("the_workers_worked", iterations() > 0);
	verdict("the_kernel_did_not_complain", taints >= 0 && !(taints & TAINTED));
}

int main(int argc, char **argv)
{
	const char *seconds = getenv("STRESS_SECONDS"), *text = getenv("STRESS_SEED");
	long before, after, block_pages, lost, used_before, used_after, traces;

	(void)argv;

	if (argc > 1)
		return 0;

	/* Of the guest, whose initramfs this is the init of; not of the host. */
	mkdir("/tmp", 0700);
	if (mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("sys", "/sys", "sysfs", 0, NULL) ||
	    mount("tmp", "/tmp", "tmpfs", 0, "size=64m") ||
	    mount("dev", "/dev", "devtmpfs", 0, NULL) ||
	    mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL))
		say("error mount: %s", strerror(errno));
	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	nr_nodes = access("/sys/devices/system/node/node1", F_OK) ? 1 : 2;
	seed = text ? strtoull(text, NULL, 0) : 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	put(FAIL_DIR "verbose", "0");
	put(FAIL_DIR "times", "-1");
	put("/proc/sys/vm/panic_on_oom", "0");
	say("start");

	/* Fill the kernel's caches that keep pages for good. */
	run(10);
	release();
	for (int i = 0; i < NR_WORKERS; i++)
		atomic_store(&shared->iterations[i], 0);
	atomic_store(&shared->cpu_cycles, 0);
	atomic_store(&shared->mem_cycles, 0);
	atomic_store(&shared->mem_failed, 0);
	atomic_store(&shared->huge_pages, 0);
	before = balance();
	used_before = unaccounted_at_rest(6, LONG_MIN);
	traces = stack_depot();
	atomic_store(&shared->stop, 0);

	run(seconds ? atof(seconds) : 60);
	release();
	rest(500);
	after = balance();
	used_after = unaccounted_at_rest(120, used_before + 16);

	{
		char size[32] = "";
		int fd = open("/sys/devices/system/memory/block_size_bytes", O_RDONLY);

		if (fd >= 0 && read(fd, size, sizeof(size) - 1) < 0)
			size[0] = 0;
		block_pages = strtol(size, NULL, 16) / (long)PAGE;
	}
	lost = before - after -
	       block_pages * (long)atomic_load(&shared->mem_cycles);

	for (int i = 0; i < NR_WORKERS; i++) {
		char key[32];

		snprintf(key, sizeof(key), "iterations_%s", worker_names[i]);
		result(key, atomic_load(&shared->iterations[i]));
	}
	result("iterations", iterations());
	result("cpu_cycles", atomic_load(&shared->cpu_cycles));
	result("memory_cycles", atomic_load(&shared->mem_cycles));
	result("memory_busy", atomic_load(&shared->mem_failed));
	result("huge_pages", atomic_load(&shared->huge_pages));
	result("thp", vmstat_sum("thp_fault_alloc", 1));
	result("compactions", atomic_load(&shared->compactions));
	result("oom_kills", atomic_load(&shared->oom_kills));
	result("injected", injected());
	result("pushed", vmstat_sum("pcp_push", 1));
	result("rescued", vmstat_sum("pcp_rescue", 1));
	result("overflows", vmstat_sum("pcp_overflow", 1));
	result("cpus", sysconf(_SC_NPROCESSORS_ONLN));
	result("cpus_started", nr_cpus);
	result("pages_lost", used_after - used_before);
	result("stack_traces", stack_depot() - traces);
	result("compaction_took", -lost);
	result("errors", atomic_load(&shared->errors));
	say("counted");
	verdicts(used_after - used_before);
	say("end");
	reboot(RB_POWER_OFF);
	return 0;
}
