// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of every migratetype, isolated or not, against every path of the page allocator
 * in use that caches a page or hands one out. The kernel gets no page of a CMA area
 * or of a reserve, nobody gets one of an isolated block, and these areas have all their
 * pages back afterwards.
 */
#include <kunit/test.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../route.h"
#include "lib/live.h"

#if defined(CONFIG_CMA) && defined(CONFIG_CONTIG_ALLOC)

/* When a block is isolated. */
enum live_isolated {
	LIVE_NOT_ISOLATED,
	LIVE_ISOLATED_IN_USE,	/* its pages are freed afterwards */
	LIVE_ISOLATED_FREE,	/* its pages are cached, wait, or are deferred */
	LIVE_ISOLATED_DRAINED,	/* as before, and then the zone is drained */
};

struct live_type_param {
	int migratetype;
	enum live_isolated isolated;
};

static const int live_types[] = {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_HIGHATOMIC,
	MIGRATE_CMA,
};

static const void *live_type_gen_params(struct kunit *test, const void *prev, char *desc)
{
	static const char * const types[] = {
		[MIGRATE_UNMOVABLE] = "unmovable",
		[MIGRATE_MOVABLE] = "movable",
		[MIGRATE_RECLAIMABLE] = "reclaimable",
		[MIGRATE_HIGHATOMIC] = "highatomic",
		[MIGRATE_CMA] = "CMA",
	};
	static const char * const isolated[] = {
		[LIVE_NOT_ISOLATED] = "not isolated",
		[LIVE_ISOLATED_IN_USE] = "isolated before the frees",
		[LIVE_ISOLATED_FREE] = "isolated after the frees",
		[LIVE_ISOLATED_DRAINED] = "isolated after the frees, and drained",
	};
	static struct live_type_param params[ARRAY_SIZE(live_types) * ARRAY_SIZE(isolated)];
	const struct live_type_param *last = prev;
	unsigned int i = last ? last - params + 1 : 0;

	if (i == ARRAY_SIZE(params))
		return NULL;
	params[i].migratetype = live_types[i / ARRAY_SIZE(isolated)];
	params[i].isolated = i % ARRAY_SIZE(isolated);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", types[params[i].migratetype],
		 isolated[params[i].isolated]);
	return &params[i];
}

/* === The ways in === */

enum live_way_in {
	LIVE_FREE_LOCAL,
	LIVE_FREE_LOCAL_BATCH,
	LIVE_FREE_LOCAL_NOLOCK,
	LIVE_FREE_DEFERRED,
	LIVE_NR_LOCAL_WAYS,
	LIVE_FREE_REMOTE = LIVE_NR_LOCAL_WAYS,
	LIVE_FREE_REMOTE_BATCH,
	LIVE_FREE_REMOTE_NOLOCK,
	LIVE_NR_WAYS_IN,
};

static void live_free_by(struct live *lv, struct page *page, enum live_way_in way)
{
	struct folio_batch batch;

	switch (way) {
	case LIVE_FREE_LOCAL:
	case LIVE_FREE_REMOTE:
		__free_page(page);
		break;
	case LIVE_FREE_LOCAL_BATCH:
	case LIVE_FREE_REMOTE_BATCH:
		folio_batch_init(&batch);
		folio_batch_add(&batch, page_folio(page));
		folios_put(&batch);
		break;
	case LIVE_FREE_DEFERRED:
		if (!IS_ENABLED(CONFIG_PREEMPT_RT)) {
			live_defer(lv, page, 0);
			break;
		}
		fallthrough;
	default:
		free_pages_nolock(page, 0);
		break;
	}
}

/* On CPU a or b: the pages that go in by ways of this CPU. */
static long live_free_ways_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		enum live_way_in way = i % LIVE_NR_WAYS_IN;
		unsigned int cpu = way < LIVE_NR_LOCAL_WAYS ? lv->a : lv->b;

		if (cpu == w->cpu)
			live_free_by(lv, lv->pages[i], way);
	}
	return 0;
}

/* === The ways out === */

enum live_way_out {
	/* None of these may have to do with blocks that are not for the kernel. */
	LIVE_GET_LISTS_ALONE,
	LIVE_GET_NOLOCK,
	LIVE_GET_KERNEL,
	LIVE_GET_KERNEL_BULK,
	LIVE_GET_KERNEL_ORDER_2,
	LIVE_GET_RECLAIMABLE,
	LIVE_GET_ATOMIC,
	LIVE_GET_ATOMIC_ORDER_2,
	LIVE_NR_KERNEL_WAYS,
	LIVE_GET_MOVABLE = LIVE_NR_KERNEL_WAYS,
	LIVE_GET_MOVABLE_BULK,
	LIVE_GET_MOVABLE_ORDER_2,
	LIVE_NR_WAYS_OUT,
};

/* Pages that each way asks for: more than there are on a list, so that it refills. */
#define LIVE_WAY_PAGES	160
#define LIVE_QUIET	(__GFP_NORETRY | __GFP_NOWARN)

/* A page or several, each a reference of its own. Returns how many base pages. */
static unsigned int live_get_by(enum live_way_out way, struct page **pages)
{
	static const gfp_t gfp[] = {
		[LIVE_GET_KERNEL] = GFP_KERNEL | LIVE_QUIET,
		[LIVE_GET_KERNEL_BULK] = GFP_KERNEL | LIVE_QUIET,
		[LIVE_GET_KERNEL_ORDER_2] = GFP_KERNEL | LIVE_QUIET,
		[LIVE_GET_RECLAIMABLE] = GFP_KERNEL | __GFP_RECLAIMABLE | LIVE_QUIET,
		[LIVE_GET_ATOMIC] = GFP_ATOMIC | LIVE_QUIET,
		[LIVE_GET_ATOMIC_ORDER_2] = GFP_ATOMIC | LIVE_QUIET,
		[LIVE_GET_MOVABLE] = LIVE_GFP,
		[LIVE_GET_MOVABLE_BULK] = LIVE_GFP,
		[LIVE_GET_MOVABLE_ORDER_2] = LIVE_GFP,
	};
	unsigned long address;
	unsigned int i;

	switch (way) {
	case LIVE_GET_LISTS_ALONE:
		address = __rcu_alloc_page_lockless();
		pages[0] = address ? virt_to_page((void *)address) : NULL;
		return !!address;
	case LIVE_GET_NOLOCK:
		pages[0] = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
		return !!pages[0];
	case LIVE_GET_KERNEL_BULK:
	case LIVE_GET_MOVABLE_BULK:
		memset(pages, 0, 8 * sizeof(*pages));
		return alloc_pages_bulk(gfp[way], 8, pages);
	case LIVE_GET_KERNEL_ORDER_2:
	case LIVE_GET_ATOMIC_ORDER_2:
	case LIVE_GET_MOVABLE_ORDER_2:
		pages[0] = alloc_pages(gfp[way], 2);
		if (!pages[0])
			return 0;
		split_page(pages[0], 2);
		for (i = 1; i < 4; i++)
			pages[i] = pages[0] + i;
		return 4;
	default:
		pages[0] = alloc_page(gfp[way]);
		return !!pages[0];
	}
}

/**
 * struct live_ways - what one load found
 * @lv: the block
 * @param: its type, and when it is isolated
 * @got: pages of the block that each way got
 * @wrong: of these, how many it must not have got
 * @cached: pages of the block that were on a PCP list when the block was isolated
 */
struct live_ways {
	struct live *lv;
	const struct live_type_param *param;
	unsigned int got[LIVE_NR_WAYS_OUT];
	unsigned int wrong[LIVE_NR_WAYS_OUT];
	unsigned long *cached;
};

static bool live_in_block(struct live *lv, struct page *page)
{
	return page >= lv->pages[0] && page < lv->pages[0] + lv->nr;
}

/* The migratetype that a way asks for. */
static int live_way_type(enum live_way_out way)
{
	if (way >= LIVE_NR_KERNEL_WAYS)
		return MIGRATE_MOVABLE;
	return way == LIVE_GET_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

/* May this way have this page of the block? */
static bool live_may_have(struct live_ways *ways, enum live_way_out way, struct page *page)
{
	int migratetype = ways->param->migratetype;

	switch (ways->param->isolated) {
	case LIVE_ISOLATED_IN_USE:
	case LIVE_ISOLATED_DRAINED:
		return false;
	case LIVE_ISOLATED_FREE:
		/*
		 * A drain follows the isolation. Until then, an allocation that does not look at
		 * the block can get what was on the lists, as it could without mm/pcp/.
		 */
		return way != LIVE_GET_LISTS_ALONE &&
		       test_bit(page - ways->lv->pages[0], ways->cached) &&
		       live_way_type(way) == pcp_list_type(migratetype);
	case LIVE_NOT_ISOLATED:
		break;
	}
	if (is_migrate_cma(migratetype))
		return way >= LIVE_NR_KERNEL_WAYS;
	/* Cached as movable, and for whom the reserve is. */
	if (migratetype == MIGRATE_HIGHATOMIC)
		return way >= LIVE_NR_KERNEL_WAYS || way == LIVE_GET_ATOMIC ||
		       way == LIVE_GET_ATOMIC_ORDER_2;
	return true;
}

/* On CPU a: get pages by every way, those first that get the fewest. */
static long live_get_ways_fn(struct pcp_worker *w)
{
	struct live_ways *ways = w->arg;
	struct page *pages[8], *page, *next;
	struct live *lv = ways->lv;
	enum live_way_out way;
	unsigned int i, k, nr;
	LIST_HEAD(all);

	for (way = 0; way < LIVE_NR_WAYS_OUT; way++) {
		for (i = 0; i < LIVE_WAY_PAGES; i += nr) {
			nr = live_get_by(way, pages);
			if (!nr)
				break;
			for (k = 0; k < nr; k++) {
				list_add(&pages[k]->lru, &all);
				if (!live_in_block(lv, pages[k]))
					continue;
				ways->got[way]++;
				ways->wrong[way] += !live_may_have(ways, way, pages[k]);
			}
		}
	}
	list_for_each_entry_safe(page, next, &all, lru)
		__free_page(page);
	return 0;
}

/* === One block === */

static int live_isolate(struct live *lv)
{
	unsigned long start = page_to_pfn(lv->pages[0]);
	bool cma = is_migrate_cma(pageblock_migratetype(live_pbd(lv->pages[0])));

	return start_isolate_page_range(start, start + lv->nr,
					cma ? PB_ISOLATE_MODE_CMA_ALLOC :
					      PB_ISOLATE_MODE_OTHER);
}

static void live_undo_isolate(struct live *lv)
{
	unsigned long start = page_to_pfn(lv->pages[0]);

	undo_isolate_page_range(start, start + lv->nr);
}

/* Pages in use can be isolated in a CMA area alone; the type below is not looked at. */
static int live_isolate_in_use(struct live *lv, int migratetype)
{
	int ret;

	live_set_type(lv, MIGRATE_CMA);
	ret = live_isolate(lv);
	live_set_type(lv, migratetype);
	return ret;
}

/*
 * Pages of the block that are on PCP lists, and that are on the wrong one. Which of them
 * are there is noted.
 */
static unsigned int live_look_at_lists(struct live_ways *ways, unsigned int *wrong)
{
	int want = pcp_list_type(ways->param->migratetype);
	struct live *lv = ways->lv;
	unsigned int nr = 0, i, k;
	struct page *page;
	int cpu;

	bitmap_zero(ways->cached, lv->nr);
	for_each_online_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(lv->zone, cpu);

		spin_lock(&pcp->lock);
		for (i = 0; i < NR_PCP_LISTS; i++) {
			list_for_each_entry(page, &pcp->lists[i], pcp_list) {
				if (!live_in_block(lv, page))
					continue;
				nr++;
				*wrong += i % MIGRATE_PCPTYPES != want;
				for (k = 0; k < 1U << page_private(page); k++)
					__set_bit(page - lv->pages[0] + k, ways->cached);
			}
		}
		spin_unlock(&pcp->lock);
	}
	return nr;
}

static unsigned int live_nr_free(struct live *lv)
{
	unsigned int tries, nr = 0;

	/* Somebody may still have one for a moment. */
	for (tries = 0; tries < 20 && nr < lv->nr; tries++) {
		if (tries)
			schedule_timeout_uninterruptible(1);
		drain_all_pages(NULL);
		nr = live_in_zone(lv);
	}
	return nr;
}

/* Get the block back, or leave it to the allocator if it is of a type that all have. */
static void live_give_up_block(struct live_ways *ways)
{
	int migratetype = ways->param->migratetype;
	struct live *lv = ways->lv;
	struct kunit *test = lv->test;

	if (migratetype < MIGRATE_PCPTYPES)
		return;
	KUNIT_EXPECT_EQ(test, live_nr_free(lv), lv->nr);
	KUNIT_EXPECT_TRUE(test, live_get_back(lv));
	live_free_fn(&(struct pcp_worker){ .arg = lv });
}

static bool live_load(struct kunit *test, struct live_ways *ways)
{
	const struct live_type_param *param = ways->param;
	unsigned int wrong = 0, cached;
	struct live *lv = ways->lv;
	enum live_way_out way;
	bool reached = true;
	int ret = 0;

	live_blocks(lv, 1);
	live_set_type(lv, param->migratetype);
	if (param->isolated == LIVE_ISOLATED_IN_USE)
		ret = live_isolate_in_use(lv, param->migratetype);
	KUNIT_EXPECT_EQ(test, ret, 0);

	live_set_bound(lv, INT_MAX);
	pcp_on_cpu(test, lv->a, live_free_ways_fn, lv);
	pcp_on_cpu(test, lv->b, live_free_ways_fn, lv);
	if (param->isolated >= LIVE_ISOLATED_FREE)
		ret = live_isolate(lv);
	if (param->isolated == LIVE_ISOLATED_DRAINED)
		drain_all_pages(lv->zone);
	cached = live_look_at_lists(ways, &wrong);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	if (param->isolated == LIVE_ISOLATED_IN_USE ||
	    (param->isolated == LIVE_ISOLATED_DRAINED && !ret))
		KUNIT_EXPECT_EQ(test, cached, 0U);

	memset(ways->got, 0, sizeof(ways->got));
	if (!ret)
		pcp_on_cpu(test, lv->a, live_get_ways_fn, ways);
	live_reset_bound(lv);
	for (way = 0; way < LIVE_NR_WAYS_OUT; way++)
		KUNIT_EXPECT_EQ_MSG(test, ways->wrong[way], 0U, "way %d", way);

	/* Allocations that may have pages of the block do get some, or this shows nothing. */
	if (param->isolated == LIVE_NOT_ISOLATED) {
		switch (param->migratetype) {
		case MIGRATE_UNMOVABLE:
			reached = ways->got[LIVE_GET_KERNEL];
			break;
		case MIGRATE_RECLAIMABLE:
			reached = ways->got[LIVE_GET_RECLAIMABLE];
			break;
		default:
			reached = ways->got[LIVE_GET_MOVABLE];
		}
		/* The zone may be one that the kernel cannot have pages of. */
		if (zone_idx(lv->zone) > ZONE_NORMAL && param->migratetype != MIGRATE_MOVABLE)
			reached = true;
	}

	drain_all_pages(NULL);
	if (param->isolated != LIVE_NOT_ISOLATED && !ret)
		live_undo_isolate(lv);
	live_give_up_block(ways);
	return reached && !ret;
}

static void live_every_type_by_every_way(struct kunit *test)
{
	struct live_ways *ways = kunit_kzalloc(test, sizeof(*ways), GFP_KERNEL);
	struct live *lv = test->priv;
	bool reached = false;
	int tries;

	KUNIT_ASSERT_NOT_NULL(test, ways);
	ways->lv = lv;
	ways->param = test->param_value;
	ways->cached = kunit_kzalloc(test, BITS_TO_LONGS(pageblock_nr_pages) * sizeof(long),
				     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ways->cached);

	/* Others may take the pages first, or have one when it shall be isolated. */
	for (tries = 0; tries < 8 && !reached; tries++)
		reached = live_load(test, ways);
	live_check_free_lists(test, lv->zone);
	live_check(test);
	if (!reached && pageblock_nr_pages < 64)
		kunit_skip(test, "a block of %lu pages merges whole, and nobody has to split it",
			   pageblock_nr_pages);
	KUNIT_EXPECT_TRUE(test, reached);
}

/* === A load that uses every way === */

/* Rounds of each worker, and pages that it has at a time. */
#define LIVE_LOAD_ROUNDS	4000
#define LIVE_LOAD_PAGES		64

/* On all CPUs: pages come by any way and go by any, those of others included. */
static long live_ways_load_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *pages[8];
	struct rnd_state rnd;
	unsigned long enough = jiffies + LIVE_LOAD_TIME;
	unsigned int i, k, nr;
	long got = 0;

	prandom_seed_state(&rnd, lv->seed + w->index);
	for (i = 0; i < LIVE_LOAD_ROUNDS; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (i > LIVE_LOAD_ROUNDS / 8 && time_after(jiffies, enough))
			break;

		nr = live_get_by(r % LIVE_NR_WAYS_OUT, pages);
		got += nr;
		for (k = 0; k < nr; k++) {
			enum live_way_in way = (r >> 8) % LIVE_NR_WAYS_IN;
			unsigned int slot = (r >> 16) % LIVE_LOAD_PAGES;
			struct page *page;

			page = (struct page *)xchg(&lv->slots[slot],
						   (unsigned long)pages[k]);
			if (page && way == LIVE_FREE_DEFERRED && page_zone(page) != lv->zone)
				way = LIVE_FREE_LOCAL;
			if (page)
				live_free_by(lv, page, way);
			r = prandom_u32_state(&rnd);
		}
		cond_resched();
	}
	return got;
}

static void live_areas_have_all_pages_back(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	unsigned int i;
	long nr = 0;

	live_seed(lv);
	/* The first half is the CMA area, the other one the reserve. */
	live_blocks(lv, 2);
	lv->nr /= 2;
	live_set_type(lv, MIGRATE_CMA);
	lv->pages += lv->nr;
	live_set_type(lv, MIGRATE_HIGHATOMIC);
	lv->pages -= lv->nr;
	lv->nr *= 2;
	pcp_on_cpu(test, lv->a, live_free_fn, lv);

	p = pcp_workers_run(test, NULL, live_nr_workers(), live_ways_load_fn, lv);
	for (i = 0; i < p->nr; i++)
		nr += p->worker[i].ret;
	KUNIT_EXPECT_GT(test, nr, LIVE_LOAD_ROUNDS / 8L);
	for (i = 0; i < LIVE_LOAD_PAGES; i++) {
		struct page *page = (struct page *)xchg(&lv->slots[i], 0UL);

		if (page)
			__free_page(page);
	}

	KUNIT_EXPECT_EQ(test, live_nr_free(lv), lv->nr);
	for (i = 0; i < lv->nr; i += pageblock_nr_pages)
		KUNIT_EXPECT_EQ(test, (int)pageblock_migratetype(live_pbd(lv->pages[i])),
				i < lv->nr / 2 ? MIGRATE_CMA : MIGRATE_HIGHATOMIC);
	live_check_free_lists(test, lv->zone);
	KUNIT_EXPECT_TRUE(test, live_get_back(lv));
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_check(test);
}

/* === CMA allocations === */

#define LIVE_CMA_ROUNDS		20

/* On CPUs other than a: each frees its part of the area. */
static long live_free_part_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = w->index; i < lv->nr; i += w->pool->nr)
		__free_page(lv->pages[i]);
	return 0;
}

/* Two CPUs free pages of the area to a third one, each time before it is allocated. */
static void live_cma_gets_what_was_pushed(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int round, got = 0;
	unsigned long start;
	struct cpumask *cpus;

	pcp_workers_require(test, 3);
	cpus = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpus);
	cpumask_copy(cpus, cpu_online_mask);
	cpumask_clear_cpu(lv->a, cpus);

	live_blocks(lv, 1);
	live_set_type(lv, MIGRATE_CMA);
	start = page_to_pfn(lv->pages[0]);
	for (round = 0; round < LIVE_CMA_ROUNDS; round++) {
		pageblock_own(lv->zone, lv->pcp, live_pbd(lv->pages[0]));
		live_set_bound(lv, INT_MAX);
		pcp_workers_run(test, cpus, 2, live_free_part_fn, lv);
		if (!alloc_contig_range(start, start + lv->nr, ACR_FLAGS_CMA, GFP_KERNEL)) {
			got++;
		} else {
			KUNIT_ASSERT_TRUE(test, live_get_back(lv));
			live_set_type(lv, MIGRATE_CMA);
		}
		live_reset_bound(lv);
	}
	/* Somebody else may have a page for a moment. */
	KUNIT_EXPECT_GE(test, got, LIVE_CMA_ROUNDS - 1U);
	live_set_type(lv, MIGRATE_MOVABLE);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_check(test);
}

static struct kunit_case live_type_cases[] = {
	KUNIT_CASE_PARAM(live_every_type_by_every_way, live_type_gen_params),
	KUNIT_CASE(live_areas_have_all_pages_back),
	KUNIT_CASE(live_cma_gets_what_was_pushed),
	{}
};

static struct kunit_suite live_type_suite = {
	.name = "pcp_live_type",
	.init = live_init,
	.test_cases = live_type_cases,
};

kunit_test_suite(live_type_suite);

#endif /* CONFIG_CMA && CONFIG_CONTIG_ALLOC */
