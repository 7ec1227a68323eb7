// SPDX-License-Identifier: GPL-2.0
/*
 * Which calls the fuzz makes. Step n of a worker is a function of the seed, the worker
 * and n, and of nothing else: neither what calls returned nor how far others came
 * changes it. So a seed gives the same calls again, though not the same interleaving.
 */
#include <stdio.h>
#include <stdlib.h>

#include "stress.h"

static const struct {
	const char *name;
	unsigned int weight;
} kinds[NR_FUZZ] = {
	[F_WRITE]		= { "write", 24 },
	[F_READ]		= { "read", 12 },
	[F_MMAP]		= { "mmap", 16 },
	[F_MUNMAP]		= { "munmap", 6 },
	[F_MREMAP]		= { "mremap", 8 },
	[F_MPROTECT]		= { "mprotect", 6 },
	[F_MADVISE]		= { "madvise", 24 },
	[F_MLOCK]		= { "mlock", 4 },
	[F_MUNLOCK]		= { "munlock", 6 },
	[F_MBIND]		= { "mbind", 4 },
	[F_MOVE_PAGES]		= { "move_pages", 6 },
	[F_MIGRATE_PAGES]	= { "migrate_pages", 1 },
	[F_MEMFD]		= { "memfd", 8 },
	[F_USERFAULTFD]		= { "userfaultfd", 10 },
	[F_PROCESS_MADVISE]	= { "process_madvise", 6 },
	[F_FORK]		= { "fork", 3 },
	[F_EXIT]		= { "exit", 2 },
	[F_HWPOISON]		= { "hwpoison", 1 },
	[F_SOFT_OFFLINE]	= { "soft_offline", 1 },
	[F_UNPOISON]		= { "unpoison", 0 },
};

const char *fuzz_name(enum fuzz_kind kind)
{
	return kinds[kind].name;
}

/* One start for each step, the finalizer of splitmix64. */
static uint64_t mix(uint64_t from, uint64_t worker, uint64_t step)
{
	uint64_t z = from + worker * 0xD1B54A32D192ED03ULL + step * 0x9E3779B97F4A7C15ULL;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	z ^= z >> 31;
	/* xorshift stays at 0. */
	return z ? z : 1;
}

static enum fuzz_kind draw_kind(uint64_t r)
{
	unsigned int sum = 0, kind = 0;

	for (int i = 0; i < NR_FUZZ; i++)
		sum += kinds[i].weight;
	for (r %= sum; r >= kinds[kind].weight; kind++)
		r -= kinds[kind].weight;
	return kind;
}

void fuzz_draw(struct fuzz_call *c, uint64_t from, uint64_t worker, uint64_t step)
{
	uint64_t r = mix(from, worker, step);

	c->kind = draw_kind(rnd(&r) >> 32);
	switch (rnd(&r) >> 61) {
	case 0:
		c->pages = 1;
		break;
	case 5:
	case 6:
		c->pages = 1 + (rnd(&r) >> 32) % 128;
		break;
	case 7:
		/* As much as one huge page. */
		c->pages = HUGE_PAGES;
		break;
	default:
		c->pages = 1 + (rnd(&r) >> 32) % 16;
	}
	c->page = (rnd(&r) >> 32) % (ARENA_PAGES - c->pages + 1);
	if (c->pages == HUGE_PAGES)
		c->page -= c->page % HUGE_PAGES;
	for (int i = 0; i < FUZZ_ARGS; i++)
		c->arg[i] = rnd(&r) >> 32;
}

/* Print calls: SEED WORKER FIRST COUNT. */
int fuzz_print(char **argv, int argc)
{
	uint64_t number[4];

	if (argc != 4) {
		fprintf(stderr, "usage: init calls SEED WORKER FIRST COUNT\n");
		return 2;
	}
	for (int i = 0; i < 4; i++)
		number[i] = strtoull(argv[i], NULL, 0);
	for (uint64_t step = number[2]; step < number[2] + number[3]; step++) {
		struct fuzz_call c;

		fuzz_draw(&c, number[0], number[1], step);
		printf("%llu %s page %u pages %u", (unsigned long long)step, fuzz_name(c.kind),
		       c.page, c.pages);
		for (int i = 0; i < FUZZ_ARGS; i++)
			printf(" %u", c.arg[i]);
		printf("\n");
	}
	return 0;
}
