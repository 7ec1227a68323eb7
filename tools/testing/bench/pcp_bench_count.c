// SPDX-License-Identifier: GPL-2.0
/*
 * The fast paths, for make count: count.c steps through them.
 */
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "pcp_bench.h"

/*
 * count.c waits for this function and counts the instructions from one call to
 * the next, unless the first one has the id 0.
 */
noinline __noclone void bench_mark(unsigned long id);
noinline __noclone void bench_mark(unsigned long id)
{
	/* The id has to be in its register. */
	asm volatile("" : : "r" (id) : "memory");
}

/* On another CPU. So many that some are of a block which that CPU owns. */
static void allocating_worker(struct worker *w)
{
	bench_alloc(w->gang->b, w->pages, w->gang->b->burst);
	complete(&w->gang->allocated);
}

/*
 * Bursts as local_o3 has them, until one is like the next. Each gives back to the
 * zone what it took, so this sees the refill and the bulk free.
 */
static bool count_bursts(struct worker *w)
{
	static const struct bench o3 = { .order = 3 };
	unsigned int i;

	for (i = 0; i < 1024; i++) {
		bench_mark(i == 1023 ? 5 : 0);
		if (!bench_alloc(&o3, w->pages, 64))
			return false;
		bench_free(w->pages, 64, o3.order);
	}
	bench_mark(0);
	return true;
}

/*
 * The fast paths, each after it was gone through before. Under count.c only: by
 * itself this measures nothing. Ids: 1 two marks with nothing
 * between, 2 a local allocation, 3 a local free, 4 a free of another CPU's page,
 * 5 a burst of 64 of order 3.
 */
static void counting_worker(struct worker *w)
{
	struct page **remote = w->gang->w[1].pages;
	unsigned int nr = w->gang->b->burst, i;
	struct page *page;

	wait_for_completion(&w->gang->allocated);
	if (!bench_alloc(w->gang->b, w->pages, MAX_CHUNK))
		return;
	bench_free(w->pages, MAX_CHUNK, 0);
	bench_free(remote, nr - 8, 0);
	for (i = nr - 8; i < nr; i++) {
		unsigned long on = i == nr - 1;

		bench_mark(on * 1);
		bench_mark(on * 2);
		page = alloc_pages(GFP_BENCH, 0);
		bench_mark(0);
		if (!page)
			return;
		bench_mark(on * 3);
		__free_pages(page, 0);
		bench_mark(0);
		bench_mark(on * 4);
		__free_pages(remote[i], 0);
		bench_mark(0);
	}
	w->nr = count_bursts(w);
}

void bench_run_count(const struct bench *b)
{
	struct gang *gang;

	if (!bench_enough_cpus(2))
		return;
	gang = gang_alloc(b);
	if (gang && gang_add(gang, 0, counting_worker) && gang_add(gang, 1, allocating_worker) &&
	    gang_run(gang))
		bench_record("done", gang->w[0].nr);
	else
		bench_result.failed = "no memory to count with";
	if (gang)
		gang_free(gang);
}
