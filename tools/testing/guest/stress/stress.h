/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of the guest of make stress. main.c says what the program is.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define FAIL_DIR	"/sys/kernel/debug/fail_pcp_trylock/"
#define DEFRAG_MODE	"/proc/sys/vm/defrag_mode"

enum worker_id {
	W_ANON, W_CACHE, W_FORK, W_PIPE, W_SOCKET, W_THREADS, W_THP, W_HUGETLB,
	W_MLOCK, W_MIGRATE, W_PRESSURE, NR_WORKERS,
};

/* The calls that the fuzz draws. draw.c has their names, calls.c what each does. */
enum fuzz_kind {
	F_WRITE, F_READ, F_MMAP, F_MUNMAP, F_MREMAP, F_MPROTECT, F_MADVISE, F_MLOCK, F_MUNLOCK,
	F_MBIND, F_MOVE_PAGES, F_MIGRATE_PAGES, F_MEMFD, F_USERFAULTFD, F_PROCESS_MADVISE,
	F_FORK, F_EXIT, F_HWPOISON, F_SOFT_OFFLINE,
	/* Not drawn: it follows the two above. */
	F_UNPOISON, NR_FUZZ,
};

#define NR_GIVEN_UP	1024

/* Shared by all processes. */
struct shared {
	atomic_ulong iterations[NR_WORKERS];
	atomic_ulong fuzz_tried[NR_FUZZ], fuzz_done[NR_FUZZ];
	atomic_ulong cpu_cycles, mem_cycles, mem_failed, defrag_cycles, compactions;
	atomic_ulong huge_pages, thp_pages, oom_kills, errors;
	/* Page frames that stay bad, see poison.c. */
	atomic_ulong given_up[NR_GIVEN_UP];
	atomic_uint nr_given_up;
	atomic_int stop;
};

extern struct shared *shared;
extern int nr_cpus, nr_nodes;
extern uint64_t seed;

/* lib.c: what everybody needs */
uint64_t rnd(uint64_t *state);
double now(void);
void rest(uint64_t ms);
int stopped(void);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void error(const char *what);
int put(const char *path, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
long get(const char *path);
void pin(unsigned int cpu);
void *map(size_t size, int flags);
void touch(char *p, size_t size, char with);

/* load.c: the workers */
extern const char *const worker_names[NR_WORKERS];
extern void (*const worker_fns[NR_WORKERS])(uint64_t *r);
int worker_copies(enum worker_id id);

/* schedule.c: the schedulers */
enum { NR_SCHEDULERS = 5 };
extern void (*const schedulers[NR_SCHEDULERS])(uint64_t *r);
long block_pages(void);

/* books.c: the pages that there are */
long vmstat_sum(const char *prefix, int whole);
long balance(void);
long stack_depot(void);
long unaccounted_at_rest(int looks, long enough);

/* draw.c: which calls the fuzz makes */
enum { FUZZ_THREADS = 4, FUZZ_ARGS = 4, ARENA_PAGES = 2048, HUGE_PAGES = 512 };
enum { WORDS = PAGE / sizeof(uint64_t) };

struct fuzz_call {
	enum fuzz_kind kind;
	unsigned int page, pages;	/* of the arena */
	uint32_t arg[FUZZ_ARGS];
};

const char *fuzz_name(enum fuzz_kind kind);
void fuzz_draw(struct fuzz_call *c, uint64_t from, uint64_t worker, uint64_t step);
int fuzz_print(char **argv, int argc);

/* fuzz.c: the processes and threads that make them */
extern char *arena;
extern int uffd;
extern unsigned int fuzz_process;
/* The upper half of the first word of a page of the arena has this, or 0. */
#define FUZZ_MARK	(0xf0220000UL + fuzz_process)
/* Accesses that may end by SIGSEGV or SIGBUS: they return whether they did not. */
int fuzz_poke(volatile uint64_t *p, uint64_t word);
int fuzz_peek(const volatile uint64_t *p, uint64_t *first, uint64_t *middle);
int fuzz_poison_page(char *page, int advice);

int fuzz_processes(void);
void fuzz_run(unsigned int number, uint64_t first_worker);
int fuzz_fork(const struct fuzz_call *c, uint64_t worker, uint64_t step);
void fuzz_count(enum fuzz_kind kind, int done);

/* calls.c: what each call does; they return whether it succeeded */
int fuzz_do(const struct fuzz_call *c);

/* poison.c: pages that have gone bad, and are good again */
int fuzz_poison(const struct fuzz_call *c);
int poison_lock(int how);
void poison_unlock(int fd);
long unpoison(unsigned long pfn, unsigned long nr);

#endif
