// SPDX-License-Identifier: GPL-2.0
/*
 * The first program of the guest of make stress: workers that allocate pages
 * on one CPU and free them on another, threads that make random calls, and
 * schedulers that meanwhile unplug CPUs and memory, take huge pages, make
 * trylocks fail, and have the kernel keep types of pages apart.
 *
 * Kernel arguments: STRESS_SECONDS, STRESS_SEED, STRESS_NOISE, and STRESS_FUZZ, which is
 * 1, 0 for no random calls, or "only" for no other workers. It tells the host something by a
 * kernel message: text that a process writes to the console comes in pieces, between
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
 * On any machine "init calls SEED WORKER FIRST COUNT" prints random calls, and makes none.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

#define KSM_RUN	"/sys/kernel/mm/ksm/run"

/* Random calls beside the workers, without them, or none. */
static enum { FUZZ_NONE, FUZZ_TOO, FUZZ_ONLY } fuzz_mode;
/* Calls of the warm-up are others than those that the seed names. */
enum { WARM_UP = 1 << 16 };

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

static int start_fuzz(unsigned int number, uint64_t first_worker)
{
	int pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	put("/proc/self/oom_score_adj", "-900");
	fuzz_run(number, first_worker + number * FUZZ_THREADS);
	_exit(0);
}

static void release(void)
{
	put(FAIL_DIR "probability", "0");
	put(KSM_RUN, "0");
	put(DEFRAG_MODE, "0");
	put("/proc/sys/vm/nr_hugepages", "0");
	unpoison(0, LONG_MAX);
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

static unsigned long fuzz_calls(void)
{
	unsigned long sum = 0;

	for (int i = 0; i < NR_FUZZ; i++)
		sum += atomic_load(&shared->fuzz_done[i]);
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

static void run(double seconds, uint64_t first_worker)
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
	int first_program;

	snprintf(timeout, sizeof(timeout), "%ds", (int)seconds);
	nr_others = 0;
	for (int i = 0; i < NR_SCHEDULERS; i++)
		others[nr_others++] = start(schedulers[i], NR_WORKERS, 4096 + i);
	if (fuzz_mode != FUZZ_NONE) {
		put(KSM_RUN, "1");
		for (int i = 0; i < fuzz_processes(); i++)
			others[nr_others++] = start_fuzz(i, first_worker);
	}
	for (int id = 0; fuzz_mode != FUZZ_ONLY && id < NR_WORKERS; id++)
		for (int i = 0; i < worker_copies(id); i++)
			others[nr_others++] = start(worker_fns[id], id, id * 64 + i);
	first_program = nr_others;
	if (fuzz_mode != FUZZ_ONLY && !access(ng[0], X_OK))
		start_program(ng);
	if (fuzz_mode != FUZZ_ONLY && !access(sh[0], X_OK))
		start_program(sh);

	while (now() - begin < seconds) {
		rest(200);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (now() < next)
			continue;
		next += 10;
		say("progress seconds=%.0f iterations=%lu cpu_cycles=%lu memory_cycles=%lu "
		    "huge_pages=%lu injected=%ld calls=%lu",
		    now() - begin, iterations(), atomic_load(&shared->cpu_cycles),
		    atomic_load(&shared->mem_cycles), atomic_load(&shared->huge_pages),
		    injected(), fuzz_calls());
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
		/* Programs run until they are told to stop. */
		for (int j = first_program; i == 20 && j < nr_others; j++)
			kill(-others[j], SIGKILL);
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

/* Numbers from here on are of the run, not of the warm-up. */
static void count_anew(void)
{
	for (int i = 0; i < NR_WORKERS; i++)
		atomic_store(&shared->iterations[i], 0);
	for (int i = 0; i < NR_FUZZ; i++) {
		atomic_store(&shared->fuzz_tried[i], 0);
		atomic_store(&shared->fuzz_done[i], 0);
	}
	atomic_store(&shared->cpu_cycles, 0);
	atomic_store(&shared->mem_cycles, 0);
	atomic_store(&shared->mem_failed, 0);
	atomic_store(&shared->defrag_cycles, 0);
	atomic_store(&shared->huge_pages, 0);
}

static void fuzz_results(void)
{
	char key[48];

	for (int i = 0; i < NR_FUZZ; i++) {
		snprintf(key, sizeof(key), "fuzz_tried_%s", fuzz_name(i));
		result(key, atomic_load(&shared->fuzz_tried[i]));
		snprintf(key, sizeof(key), "fuzz_done_%s", fuzz_name(i));
		result(key, atomic_load(&shared->fuzz_done[i]));
	}
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
	verdict("the_workers_worked", iterations() + fuzz_calls() > 0);
	verdict("the_kernel_did_not_complain", taints >= 0 && !(taints & TAINTED));
}

int main(int argc, char **argv)
{
	const char *seconds = getenv("STRESS_SECONDS"), *text = getenv("STRESS_SEED");
	const char *fuzz = getenv("STRESS_FUZZ");
	long before, after, lost, given_up, used_before, used_after, traces;

	if (argc > 1)
		return strcmp(argv[1], "calls") ? 0 : fuzz_print(argv + 2, argc - 2);

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
	fuzz_mode = !fuzz || !strcmp(fuzz, "1") ? FUZZ_TOO :
		    strcmp(fuzz, "only") ? FUZZ_NONE : FUZZ_ONLY;
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
	run(10, WARM_UP);
	release();
	count_anew();
	before = balance();
	used_before = unaccounted_at_rest(6, LONG_MIN);
	traces = stack_depot();
	atomic_store(&shared->stop, 0);

	run(seconds ? atof(seconds) : 60, 0);
	release();
	rest(500);
	after = balance();
	given_up = atomic_load(&shared->nr_given_up);
	used_after = unaccounted_at_rest(120, used_before + given_up + 16) - given_up;
	lost = before - after - block_pages() * (long)atomic_load(&shared->mem_cycles);

	for (int i = 0; i < NR_WORKERS; i++) {
		char key[32];

		snprintf(key, sizeof(key), "iterations_%s", worker_names[i]);
		result(key, atomic_load(&shared->iterations[i]));
	}
	result("iterations", iterations());
	if (fuzz_mode != FUZZ_NONE)
		fuzz_results();
	result("calls", fuzz_calls());
	result("cpu_cycles", atomic_load(&shared->cpu_cycles));
	result("memory_cycles", atomic_load(&shared->mem_cycles));
	result("memory_busy", atomic_load(&shared->mem_failed));
	result("defrag_cycles", atomic_load(&shared->defrag_cycles));
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
	result("given_up", given_up);
	result("poisoned", unpoison(0, LONG_MAX) - given_up);
	result("errors", atomic_load(&shared->errors));
	say("counted");
	verdicts(used_after - used_before);
	say("end");
	reboot(RB_POWER_OFF);
	return 0;
}
