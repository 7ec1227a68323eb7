// SPDX-License-Identifier: GPL-2.0
/*
 * The fast paths, for make count: count.c steps through them.
 */
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/timex.h>

#include "pcp_bench.h"

/* Operations that are counted, by id; bench/count.py has the words for them. */
enum counted {
	EMPTY = 1,		/* two marks with nothing between */
	ALLOC,
	FREE,
	REMOTE_FREE,
	BURST_O3,
	PAIR_O1,
	PAIR_O3,
	PAIR_O9,
	BURST_O0,
	FOLIOS,
	REMOTE_FOLIOS,
	BULK,
	NOLOCK,
	LOCKLESS,		/* the series alone has it */
	NR_PATHS,
};

static const char *const path_names[NR_PATHS] = {
	"", "path_1", "path_2", "path_3", "path_4", "path_5", "path_6", "path_7", "path_8",
	"path_9", "path_10", "path_11", "path_12", "path_13", "path_14",
};

/* Each path is gone through so many times. The last one counts, of bulk ones the median. */
#define TURNS	8
#define BATCH	FOLIO_BATCH_SIZE
/*
 * Before that, so many pages of another CPU are freed that the PCP has enough, and more
 * are pushed than may wait. When these go to the zone, that CPU no longer owns their
 * blocks. So as many pages lie between them and those that are measured.
 */
#define GAP	4096
/* Pages of this CPU whose frees are counted, and of the other one. */
#define NR_MEASURED	(TURNS * (1 + BATCH))
/* Pages of a burst, and of a bulk allocation. */
#define BURST	64

static struct {
	unsigned long id;
	cycles_t start;
	u64 nr[NR_PATHS];
} marked;

/*
 * Under UML, count.c waits for this function and counts the instructions from one call to
 * the next, unless the first one has the id 0. Under QEMU, whose clock goes on by one with
 * each instruction, it reads that clock.
 */
noinline __noclone void bench_mark(unsigned long id);
noinline __noclone void bench_mark(unsigned long id)
{
	/* The id has to be in its register. */
	asm volatile("" : : "r" (id) : "memory");
	if (IS_ENABLED(CONFIG_UML))
		return;
	if (marked.id)
		marked.nr[marked.id] = get_cycles() - marked.start;
	marked.id = id;
	marked.start = get_cycles();
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
static __always_inline bool count_bursts(struct worker *w, unsigned int order, enum counted path)
{
	const struct bench b = { .order = order };
	unsigned int i;

	for (i = 0; i < 1024; i++) {
		bench_mark(i == 1023 ? path : 0);
		if (!bench_alloc(&b, w->pages, BURST))
			return false;
		bench_free(w->pages, BURST, order);
	}
	bench_mark(0);
	return true;
}

/* A page comes and goes: nothing but the PCP, where it may have that order. */
static bool count_pairs(unsigned int order, enum counted path)
{
	unsigned int i;

	for (i = 1; i <= TURNS; i++) {
		struct page *page;

		bench_mark(i == TURNS ? path : 0);
		page = alloc_pages(GFP_BENCH, order);
		if (page)
			__free_pages(page, order);
		bench_mark(0);
		if (!page)
			return false;
	}
	return true;
}

static void count_folios(struct page **pages, enum counted path)
{
	struct folio_batch batch;
	unsigned int i;

	folio_batch_init(&batch);
	for (i = 0; i < BATCH; i++)
		folio_batch_add(&batch, page_folio(pages[i]));
	bench_mark(path);
	folios_put(&batch);
	bench_mark(0);
}

/* As many are allocated as are freed, so that the PCP is not over its mark. */
static bool count_batches(const struct bench *b, struct page **local, struct page **remote)
{
	struct page *held[BATCH];
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		unsigned long on = i == TURNS - 1;

		if (!bench_alloc(b, held, BATCH))
			return false;
		count_folios(local + i * BATCH, on * FOLIOS);
		memcpy(local + i * BATCH, held, sizeof(held));
		count_folios(remote + i * BATCH, on * REMOTE_FOLIOS);
	}
	return true;
}

static bool count_bulk(struct worker *w)
{
	unsigned long got;
	unsigned int i;

	for (i = 1; i <= TURNS; i++) {
		memset(w->pages, 0, BURST * sizeof(*w->pages));
		/* One of them may have to refill the PCP anew. */
		bench_mark(BULK);
		got = alloc_pages_bulk(GFP_BENCH, BURST, w->pages);
		bench_mark(0);
		bench_free(w->pages, got, 0);
		if (got != BURST)
			return false;
	}
	return true;
}

#ifdef __rcu_alloc_page_lockless
static bool count_lockless(void)
{
	unsigned long address;
	unsigned int i;

	/* That takes kernel pages, and from the PCP alone. */
	free_page(__get_free_page(GFP_KERNEL));
	for (i = 1; i <= TURNS; i++) {
		bench_mark(i == TURNS ? LOCKLESS : 0);
		address = __rcu_alloc_page_lockless();
		bench_mark(0);
		if (!address)
			return false;
		free_page(address);
	}
	return true;
}
#else
static bool count_lockless(void)
{
	return true;
}
#endif

static bool count_nolock(void)
{
	struct page *page;
	unsigned int i;

	for (i = 1; i <= TURNS; i++) {
		bench_mark(i == TURNS ? NOLOCK : 0);
		page = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
		bench_mark(0);
		if (!page)
			return false;
		free_pages_nolock(page, 0);
	}
	return true;
}

/* A local allocation, a local free, and a free of another CPU's page, in turn. */
static bool count_singles(struct page **local, struct page **remote)
{
	struct page *page;
	unsigned int i;

	for (i = 1; i <= TURNS; i++) {
		unsigned long on = i == TURNS;

		bench_mark(on * EMPTY);
		bench_mark(on * ALLOC);
		page = alloc_pages(GFP_BENCH, 0);
		bench_mark(0);
		if (!page)
			return false;
		bench_mark(on * FREE);
		__free_pages(local[i - 1], 0);
		bench_mark(0);
		/* It may be one of another CPU's block, which this CPU kept. */
		local[i - 1] = page;
		bench_mark(on * REMOTE_FREE);
		__free_pages(remote[i - 1], 0);
		bench_mark(0);
	}
	return true;
}

/* The fast paths, each after it was gone through before. */
static void counting_worker(struct worker *w)
{
	struct page **remote = w->gang->w[1].pages;
	/* The last block belongs to this CPU, which took the pages that were left of it. */
	unsigned int nr = w->gang->b->burst, first = nr / 2, end = first + NR_MEASURED;

	wait_for_completion(&w->gang->allocated);
	BUILD_BUG_ON(NR_MEASURED > MAX_CHUNK);
	if (!bench_alloc(w->gang->b, w->pages, NR_MEASURED))
		return;
	bench_free(remote, first - GAP, 0);
	w->nr = count_singles(w->pages, remote + first) &&
		count_batches(w->gang->b, w->pages + TURNS, remote + first + TURNS);
	bench_free(w->pages, NR_MEASURED, 0);
	bench_free(remote + first - GAP, GAP, 0);
	bench_free(remote + end, nr - end, 0);
	w->nr = w->nr && count_bursts(w, 3, BURST_O3) && count_bursts(w, 0, BURST_O0) &&
		count_pairs(1, PAIR_O1) && count_pairs(3, PAIR_O3) && count_pairs(9, PAIR_O9) &&
		count_bulk(w) && count_nolock() && count_lockless();
}

static void record_counts(void)
{
	unsigned int i;

	for (i = EMPTY; i < NR_PATHS; i++)
		if (marked.nr[i])
			bench_record(path_names[i], marked.nr[i]);
}

/*
 * For count.c, and for QEMU with -icount: elsewhere this measures nothing. An interrupt
 * may come between two marks under QEMU, so there are some samples.
 */
void bench_run_count(const struct bench *b)
{
	unsigned int samples = IS_ENABLED(CONFIG_UML) ? 1 : bench_samples, i;
	struct gang *gang;

	if (!bench_enough_cpus(2))
		return;
	for (i = 0; i < samples && !bench_result.failed; i++) {
		memset(&marked, 0, sizeof(marked));
		gang = gang_alloc(b);
		if (!gang || !gang_add(gang, 0, counting_worker) ||
		    !gang_add(gang, 1, allocating_worker) || !gang_run(gang) || !gang->w[0].nr)
			bench_result.failed = "no memory to count with";
		else
			record_counts();
		if (gang)
			gang_free(gang);
	}
	if (!bench_result.failed)
		bench_record("done", samples);
}
