// SPDX-License-Identifier: GPL-2.0
/*
 * The guest of make frag QEMU=1: processes that want more memory than there is.
 * frag.c has the arguments.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frag.h"

#define MAX_CHILDREN	512
#define MAX_KILLS	1024
/* A page with so many random bytes can be compressed to a little more than these. */
#define RANDOM_BYTES	384

/* Swap on zram ----------------------------------------------------------------- */

static void write_page(char *page, uint64_t *state)
{
	size_t i;

	for (i = 0; i < RANDOM_BYTES; i += sizeof(uint64_t)) {
		uint64_t value = random_of(state);

		memcpy(page + i, &value, sizeof(value));
	}
}

/* Writes what mkswap would write. */
static void swap_on_zram(long pages)
{
	static union {
		char bytes[PAGE];
		struct {
			char boot[1024];
			uint32_t version, last_page, nr_badpages;
		} info;
	} header;
	int fd;

	put_number("/sys/block/zram0/disksize", pages * PAGE);
	header.info.version = 1;
	header.info.last_page = pages - 1;
	memcpy(header.bytes + PAGE - 10, "SWAPSPACE2", 10);
	fd = open("/dev/zram0", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, &header, PAGE, 0) != (ssize_t)PAGE || fsync(fd))
		die("/dev/zram0");
	close(fd);
	if (swapon("/dev/zram0", 0))
		die("swap on zram");
}

/*
 * Each of them fills its part, and then uses pages of it at random; at times it gives
 * back 32 in a row. It goes from CPU to CPU as the scheduler likes.
 */
static void anon_child(long index, long pages)
{
	/* FRAG_STEPS=20000: pages that each uses. */
	long steps = number("STEPS", 20000), i;
	uint64_t state = (seed * 4711 + index + 1) * 0x9e3779b97f4a7c15ULL;
	char *area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		die("an area");
	for (i = 0; i < pages; i++)
		write_page(area + i * PAGE, &state);
	for (i = 0; i < steps; i++) {
		long where = random_of(&state) % (pages - 32);

		if (i % 64)
			write_page(area + where * PAGE, &state);
		else if (madvise(area + where * PAGE, 32 * PAGE, MADV_DONTNEED))
			die("MADV_DONTNEED");
	}
	_exit(0);
}

/* FRAG_OVER=150: what is wanted, in percent of the memory. */
void run_anon(void)
{
	long total = memory_of("MemTotal:") / 4, i;
	long pages = total * number("OVER", 150) / 100 / cpus;
	int status;

	swap_on_zram(total * 3 / 2);
	start_phase();
	for (i = 0; i < cpus; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			anon_child(i, pages);
	}
	for (i = 0; i < cpus; i++)
		if (wait(&status) < 0 || status) {
			errno = ECHILD;
			die("a child");
		}
	end_phase();
}

/* The OOM killer ---------------------------------------------------------------- */

/* Shared with the child that watches. */
static struct shared {
	atomic_int ready, kills;
	struct kill {
		atomic_long pcp, waiting;
	} kill[MAX_KILLS];
} *shared;

/*
 * Reads the kernel's log. When the killer is about to choose, it looks at what is free
 * and not in the zones' lists. It must get no memory meanwhile: the file keeps its buffer.
 */
static void watch_kills(void)
{
	static char line[8192], zones[1 << 17];
	int log = open("/dev/kmsg", O_RDONLY | O_CLOEXEC), info = open("/proc/zoneinfo", O_RDONLY);

	put("/proc/self/oom_score_adj", "-1000");
	if (log < 0 || info < 0 || lseek(log, 0, SEEK_END) < 0 ||
	    pread(info, zones, sizeof(zones) - 1, 0) <= 0 || mlockall(MCL_CURRENT))
		die("watching the log");
	atomic_store(&shared->ready, 1);
	for (;;) {
		ssize_t len = read(log, line, sizeof(line) - 1), part;
		size_t have = 0;
		int nr;

		if (len <= 0)
			continue;
		line[len] = 0;
		if (!strstr(line, "invoked oom-killer"))
			continue;
		while ((part = pread(info, zones + have, sizeof(zones) - 1 - have, have)) > 0)
			have += part;
		zones[have] = 0;
		nr = atomic_load(&shared->kills);
		if (nr == MAX_KILLS)
			continue;
		atomic_store(&shared->kill[nr].pcp, sum_of(zones, " count:"));
		atomic_store(&shared->kill[nr].waiting, sum_of(zones, " waiting:"));
		atomic_store(&shared->kills, nr + 1);
	}
}

static void oom_child(int gate, size_t bytes)
{
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;
	char c;

	if (area == MAP_FAILED)
		die("an area");
	/* All begin when the other end is closed. */
	if (read(gate, &c, 1))
		die("the gate");
	for (i = 0; i < bytes; i += PAGE)
		area[i] = 1;
	raise(SIGSTOP);
	_exit(0);
}

enum state { WANTS, FED, GONE };

/* Each child gets all that it wants, or is killed. Returns how many got it. */
static long oom_turn(long children, size_t bytes)
{
	static enum state states[MAX_CHILDREN];
	static pid_t pids[MAX_CHILDREN];
	long i, settled = 0, fed = 0;
	int gate[2], status;

	if (pipe2(gate, O_CLOEXEC))
		die("a pipe");
	for (i = 0; i < children; i++) {
		states[i] = WANTS;
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i]) {
			close(gate[1]);
			oom_child(gate[0], bytes);
		}
	}
	close(gate[0]);
	close(gate[1]);
	while (settled < children) {
		pid_t pid = waitpid(-1, &status, WUNTRACED);

		for (i = 0; i < children && pids[i] != pid; i++)
			;
		if (pid < 0 || i == children)
			die("waiting for the children");
		/* One that has all it wants may be killed later. */
		settled += states[i] == WANTS;
		fed += states[i] == WANTS && WIFSTOPPED(status);
		states[i] = WIFSTOPPED(status) ? FED : GONE;
	}
	for (i = 0; i < children; i++)
		if (states[i] == FED && (kill(pids[i], SIGKILL) || waitpid(pids[i], NULL, 0) < 0))
			die("the end of a child");
	return fed;
}

/*
 * FRAG_CHILDREN=96: how many there are. FRAG_MB=4: what each wants. FRAG_TURNS=4: how
 * often. As few have to be killed as do not fit.
 */
void run_oom(void)
{
	long children = number("CHILDREN", 96), turns = number("TURNS", 4), i, fed = 0, fit;
	size_t bytes = number("MB", 4) << 20;
	pid_t watcher;

	if (children > MAX_CHILDREN) {
		errno = E2BIG;
		die("FRAG_CHILDREN");
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die("what is shared");
	watcher = fork();
	if (watcher < 0)
		die("fork");
	if (!watcher)
		watch_kills();
	while (!atomic_load(&shared->ready)) {
		if (waitpid(watcher, NULL, WNOHANG))
			die("the child that watches");
		nap(10);
	}
	/* A list of all processes at each kill would take longer than the kill. */
	put_number("/proc/sys/vm/oom_dump_tasks", 0);
	fit = free_pages() * PAGE / bytes;
	start_phase();
	for (i = 0; i < turns; i++)
		fed += oom_turn(children, bytes);
	end_phase();
	say("children", "%ld", children * turns);
	say("fed", "%ld", fed);
	say("surplus", "%ld", children > fit ? (children - fit) * turns : 0);
	for (i = 0; i < atomic_load(&shared->kills); i++) {
		say("kill_pcp", "%ld", atomic_load(&shared->kill[i].pcp));
		say("kill_waiting", "%ld", atomic_load(&shared->kill[i].waiting));
	}
}
