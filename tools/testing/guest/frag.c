// SPDX-License-Identifier: GPL-2.0
/*
 * The only program of the guest of make frag QEMU=1: what memory that was used and
 * freed is still good for, as far as that needs processes. Arguments of the kernel,
 * which come as environment:
 *
 *	FRAG_RUN=load,thp	the phases, in this order
 *
 *	load		threads on all CPUs fill and empty slots of one table at random
 *	fill		one CPU fills all slots of the table
 *	thin		another CPU empties most of them
 *	thp		a process touches memory that is to have huge pages
 *	khugepaged	khugepaged makes huge pages out of the small ones of a process
 *	hugetlb		the pool of huge pages is raised to all that should be possible
 *	anon		processes want more memory than there is, with swap on zram
 *	oom		many small processes want more memory than there is, without swap
 *
 * The other arguments are explained where they are read. A full slot is a page of a
 * file in memory, which can be moved, or a pipe with a page in it, which cannot.
 *
 * Each figure is a line of the kernel's log, as what a process writes to the console
 * comes in pieces, between those of the kernel:
 *
 *	frag: PHASE KEY VALUE...
 *	frag: PHASE failed WHY
 *	frag: end
 *
 * Keys that begin with event_ are what /proc/vmstat counted during the phase.
 * frag_over.c has the phases that want more memory than there is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "frag.h"

#define HUGE		(2UL << 20)
#define PER_HUGE	(HUGE / PAGE)
#define MAX_CPUS	64
#define FILES		64
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define KHUGEPAGED	THP "khugepaged/"

static const char *phase = "setup";
long cpus, seed;

/* Talking to the host and to the kernel --------------------------------------- */

void say(const char *key, const char *format, ...)
{
	char text[512];
	va_list args;
	int fd, len;

	len = snprintf(text, sizeof(text), "<4>frag: %s %s ", phase, key);
	va_start(args, format);
	len += vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	if (len > (int)sizeof(text) - 1)
		len = sizeof(text) - 1;
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != len)
		fprintf(stderr, "%s\n", text + 3);
	if (fd >= 0)
		close(fd);
}

__attribute__((noreturn)) static void off(void)
{
	/* QEMU is told to end then. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

/* A figure of half a phase does not count. */
void die(const char *what)
{
	say("failed", "%s: %s", what, strerror(errno));
	if (getpid() == 1)
		off();
	_exit(1);
}

long number(const char *name, long otherwise)
{
	char full[32];
	const char *text;

	snprintf(full, sizeof(full), "FRAG_%s", name);
	text = getenv(full);
	return text ? atol(text) : otherwise;
}

static size_t get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		die(path);
	while (len < size - 1 && (got = read(fd, text + len, size - 1 - len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
	return len;
}

static long get_number(const char *path)
{
	char text[64];

	get(path, text, sizeof(text));
	return atol(text);
}

void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

void put_number(const char *path, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	put(path, text);
}

/* The sum of all numbers that come behind a word, over all of a text. */
long sum_of(const char *text, const char *word)
{
	long sum = 0;

	for (text = strstr(text, word); text; text = strstr(text + 1, word))
		sum += atol(text + strlen(word));
	return sum;
}

long memory_of(const char *word)
{
	char text[8192];

	get("/proc/meminfo", text, sizeof(text));
	return sum_of(text, word);
}

/* All free pages, wherever they are; stock has no pages that wait. */
long free_pages(void)
{
	static char text[1 << 17];

	get("/proc/zoneinfo", text, sizeof(text));
	return memory_of("MemFree:") / 4 + sum_of(text, " count:") + sum_of(text, " waiting:");
}

void nap(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static void pin(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % cpus, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("no such CPU");
}

uint64_t random_of(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL >> 16;
}

/* Counters during a phase ----------------------------------------------------- */

static char before[1 << 16];
static long started;

void start_phase(void)
{
	get("/proc/vmstat", before, sizeof(before));
	started = now();
}

/* Numbers of the present begin with nr_; the others only grow. */
void end_phase(void)
{
	static char after[1 << 16];
	char *line, *rest = NULL, key[80], word[96];
	long took = now() - started, value;

	get("/proc/vmstat", after, sizeof(after));
	say("us", "%ld", took);
	for (line = strtok_r(after, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *old;

		if (sscanf(line, "%79s %ld", key, &value) != 2 || !strncmp(key, "nr_", 3))
			continue;
		snprintf(word, sizeof(word), "\n%s ", key);
		old = strstr(before, word);
		value -= old ? atol(old + strlen(word)) : 0;
		if (value <= 0)
			continue;
		snprintf(word, sizeof(word), "event_%s", key);
		say(word, "%ld", value);
	}
}

/* No drain: only the kernel can have one. */
static void show_memory(void)
{
	static char text[4096];
	long pieces[16] = { 0 }, whole = 0, order;
	char *line, *rest = NULL;

	get("/proc/buddyinfo", text, sizeof(text));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *at = strstr(line, "zone");

		/* Node 0, zone DMA 1 2 ... */
		at = at ? strpbrk(at + 5, "0123456789") : NULL;
		/* The name may have a digit, as DMA32. */
		while (at && at[-1] != ' ')
			at = strpbrk(at + 1, "0123456789");
		for (order = 0; at && order < 16; order++) {
			char *end;
			long nr = strtol(at, &end, 10);

			if (end == at)
				break;
			pieces[order] += nr;
			if (PAGE << order >= HUGE)
				whole += nr * ((PAGE << order) / HUGE);
			at = end;
		}
	}
	say("before_whole", "%ld", whole);
	say("before_possible", "%ld", free_pages() / (long)PER_HUGE);
	say("before_pieces", "%ld %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld", pieces[0], pieces[1],
	    pieces[2], pieces[3], pieces[4], pieces[5], pieces[6], pieces[7], pieces[8], pieces[9],
	    pieces[10]);
}

/* The table -------------------------------------------------------------------- */

/* A slot with a pipe has its ends, 24 bits each, above these. */
#define VACANT		0UL
#define BUSY		1UL
#define PAGE_OF_FILE	2UL
#define PIPE		3UL
#define END_BITS	24

static atomic_ulong *slots;
static long nr_slots;
static int files[FILES];
static long movable;
static atomic_long lacking;

/* FRAG_MOVABLE=100: percent of the slots that are for pages of files. A seed says which. */
static int can_move(long i)
{
	uint64_t state = (seed * 4711 + i + 1) * 0x9e3779b97f4a7c15ULL;

	random_of(&state);
	return (long)(random_of(&state) % 100) < movable;
}

static off_t place_of(long i)
{
	return i / FILES * PAGE;
}

static unsigned long filled_slot(long i, int moves)
{
	static const char page[PAGE] = "x";
	int ends[2];

	if (moves) {
		if (pwrite(files[i % FILES], page, PAGE, place_of(i)) == (ssize_t)PAGE)
			return PAGE_OF_FILE;
	} else if (!pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		if (write(ends[1], page, PAGE) == (ssize_t)PAGE)
			return (unsigned long)ends[0] << (2 * END_BITS) |
			       (unsigned long)ends[1] << END_BITS | PIPE;
		close(ends[0]);
		close(ends[1]);
	}
	atomic_fetch_add(&lacking, 1);
	return VACANT;
}

static void empty_slot(long i, unsigned long slot)
{
	if (slot == PAGE_OF_FILE) {
		if (fallocate(files[i % FILES], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      place_of(i), PAGE))
			die("punching a hole");
	} else if (slot != VACANT) {
		close(slot >> (2 * END_BITS));
		close(slot >> END_BITS & ((1 << END_BITS) - 1));
	}
}

/* Fill it if it is empty, and empty it if it is full, unless somebody else does. */
static void turn_slot(long i, int moves)
{
	unsigned long slot = atomic_load(&slots[i]);

	if (slot == BUSY || !atomic_compare_exchange_strong(&slots[i], &slot, BUSY))
		return;
	if (slot == VACANT) {
		slot = filled_slot(i, moves);
	} else {
		empty_slot(i, slot);
		slot = VACANT;
	}
	atomic_store(&slots[i], slot);
}

/* FRAG_SHARE=95: percent of the free memory that the slots would take, if all were full. */
static void make_table(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	long i;

	movable = number("MOVABLE", 100);
	/* load has half of them full at a time. A pipe takes about as much again. */
	nr_slots = free_pages() * number("SHARE", 95) / (200 - movable);
	slots = mmap(NULL, nr_slots * sizeof(*slots), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (slots == MAP_FAILED || setrlimit(RLIMIT_NOFILE, &limit))
		die("the table");
	for (i = 0; i < FILES; i++) {
		files[i] = memfd_create("frag", MFD_CLOEXEC);
		if (files[i] < 0 || ftruncate(files[i], (nr_slots / FILES + 1) * PAGE))
			die("a file in memory");
	}
}

static void *load_thread(void *data)
{
	/* FRAG_TURNS=4: how often each slot is filled or emptied. */
	long cpu = (long)data, steps = nr_slots * number("TURNS", 4) / cpus, i;
	uint64_t state = (seed * 4711 + cpu + 1) * 0x9e3779b97f4a7c15ULL;

	pin(cpu);
	for (i = 0; i < steps; i++) {
		long where = random_of(&state) % nr_slots;

		turn_slot(where, can_move(where));
	}
	return NULL;
}

static void *fill_thread(void *data)
{
	long i;

	pin((long)data);
	for (i = 0; i < nr_slots; i++)
		turn_slot(i, can_move(i));
	return NULL;
}

/* FRAG_KEPT=8: one slot of so many stays, which one is up to the seed; 0: none. */
static void *thin_thread(void *data)
{
	long i, kept = number("KEPT", 8);

	pin((long)data);
	for (i = 0; i < nr_slots; i++)
		if (atomic_load(&slots[i]) != VACANT && (!kept || i % kept != seed % kept))
			turn_slot(i, 0);
	return NULL;
}

static void run_threads(void *(*fn)(void *), long first, long nr)
{
	pthread_t thread[MAX_CPUS];
	long i;

	start_phase();
	for (i = 0; i < nr; i++) {
		errno = pthread_create(&thread[i], NULL, fn, (void *)(first + i));
		if (errno)
			die("a thread");
	}
	for (i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	end_phase();
	show_memory();
	say("slots", "%ld", nr_slots);
	say("lacking", "%ld", atomic_load(&lacking));
}

static void run_load(void)
{
	make_table();
	run_threads(load_thread, 0, cpus);
}

static void run_fill(void)
{
	make_table();
	run_threads(fill_thread, 0, 1);
}

/* FRAG_CPU=1: the CPU that does it. */
static void run_thin(void)
{
	if (!slots) {
		errno = EINVAL;
		die("comes after load or fill");
	}
	run_threads(thin_thread, number("CPU", 1), 1);
}

/* Huge pages ------------------------------------------------------------------- */

static char *huge_area(long nr)
{
	char *area = mmap(NULL, (nr + 1) * HUGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		die("an area for huge pages");
	return (char *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));
}

static long huge_pages_in_use(void)
{
	return memory_of("AnonHugePages:") * 1024 / HUGE;
}

/* By default there are none in so little memory. */
static void allow_huge_pages(void)
{
	put(THP "enabled", "madvise");
	put(THP "defrag", "madvise");
	put_number(KHUGEPAGED "defrag", 1);
}

/*
 * A place that gets no huge page costs one small page. Pages that the watermarks keep back
 * stay free. Otherwise a kernel that gets all the huge pages has no small one left, and kills.
 */
static void run_thp(void)
{
	long kept, nr, i;
	char *area;

	pin(number("CPU", 1));
	/* It raises the watermarks. */
	allow_huge_pages();
	kept = 2 * get_number("/proc/sys/vm/min_free_kbytes") * 1024 / PAGE;
	nr = (free_pages() - kept) / (long)PER_HUGE;
	area = huge_area(nr);
	if (madvise(area, nr * HUGE, MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
	start_phase();
	for (i = 0; i < nr; i++)
		*(volatile char *)(area + i * HUGE) = 1;
	end_phase();
	say("tried", "%ld", nr);
	say("got", "%ld", huge_pages_in_use());
}

/* FRAG_HUGE=64: huge pages to be made. FRAG_SCANS=5: how often khugepaged may go round. */
static void run_khugepaged(void)
{
	long nr = number("HUGE", 64), i, last;
	char *area = huge_area(nr);

	pin(number("CPU", 1));
	for (i = 0; i < nr * (long)PER_HUGE; i++)
		*(volatile char *)(area + i * PAGE) = 1;
	allow_huge_pages();
	start_phase();
	put_number(KHUGEPAGED "pages_to_scan", nr * PER_HUGE);
	put_number(KHUGEPAGED "scan_sleep_millisecs", 0);
	put_number(KHUGEPAGED "alloc_sleep_millisecs", 10);
	last = get_number(KHUGEPAGED "full_scans") + number("SCANS", 5);
	if (madvise(area, nr * HUGE, MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
	/* It tells nobody when it went round. */
	while (get_number(KHUGEPAGED "full_scans") < last && huge_pages_in_use() < nr)
		nap(20);
	end_phase();
	say("tried", "%ld", nr);
	say("got", "%ld", huge_pages_in_use());
}

static void run_hugetlb(void)
{
	long nr = free_pages() / PER_HUGE;

	pin(number("CPU", 1));
	start_phase();
	put_number("/proc/sys/vm/nr_hugepages", nr);
	end_phase();
	say("tried", "%ld", nr);
	say("got", "%ld", get_number("/proc/sys/vm/nr_hugepages"));
}

/* All of it --------------------------------------------------------------------- */

static void run_phase(void)
{
	if (!strcmp(phase, "load"))
		run_load();
	else if (!strcmp(phase, "fill"))
		run_fill();
	else if (!strcmp(phase, "thin"))
		run_thin();
	else if (!strcmp(phase, "thp"))
		run_thp();
	else if (!strcmp(phase, "khugepaged"))
		run_khugepaged();
	else if (!strcmp(phase, "hugetlb"))
		run_hugetlb();
	else if (!strcmp(phase, "anon"))
		run_anon();
	else if (!strcmp(phase, "oom"))
		run_oom();
	else
		die("no such phase");
}

int main(void)
{
	char *list = getenv("FRAG_RUN"), *rest = NULL;
	const char *next;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	/* The kernel may have mounted it. */
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
		off();
	if (mount("proc", "/proc", "proc", 0, NULL) || mount("sys", "/sys", "sysfs", 0, NULL))
		die("mount");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	seed = number("SEED", 1);
	if (!list || cpus > MAX_CPUS)
		die("what to run");
	for (next = strtok_r(list, ",", &rest); next; next = strtok_r(NULL, ",", &rest)) {
		phase = next;
		run_phase();
	}
	put("/dev/kmsg", "<4>frag: end\n");
	off();
}
