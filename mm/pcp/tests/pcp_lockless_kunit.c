// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suites for mm/pcp/lockless.c: on made-up zones, which count what is
 * done to them, and in the page allocator in use, in each context.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "lib/fixture.h"

/* The second suite; userland builds have the first alone. */
#if IS_ENABLED(CONFIG_PCP_LIVE_KUNIT_TEST)
#include <linux/pgalloc_tag.h>
#include <linux/string.h>

#include "lib/live.h"
#endif

/* === Made-up zones === */

static void cache(struct pcp_fixture *fx, int block, unsigned int index,
		  unsigned int order, int migratetype)
{
	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, block, index), order, migratetype);
	spin_unlock(&fx->pcp->lock);
}

/* The zone's own locks and lists stay untouched, whatever happens. */
static struct page *take(struct pcp_fixture *fx)
{
	struct page *page = pcp_take_lockless(fx->zone);

	KUNIT_EXPECT_EQ(fx->test, fx->nr_locked, 0U);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_rmqueue, 0U);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0U);
	KUNIT_EXPECT_FALSE(fx->test, pcp_fx_locked(fx->pcp));
	if (page) {
		KUNIT_EXPECT_EQ(fx->test, page_private(page), 0UL);
		KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(page));
	}
	pcp_fx_check(fx);
	return page;
}

static void lockless_empty_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int pinned = pcp_fx_pinned();

	/* A page of the zone is out of reach. */
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 2, 0), 0);
	KUNIT_EXPECT_NULL(test, take(fx));
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), pinned);
}

static void lockless_migratetypes_in_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int mt;

	for (mt = MIGRATE_PCPTYPES - 1; mt >= 0; mt--)
		cache(fx, 0, 2 * mt, 0, mt);
	for (mt = 0; mt < MIGRATE_PCPTYPES; mt++)
		KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 0, 2 * mt));
	KUNIT_EXPECT_NULL(test, take(fx));
}

static void lockless_splits_a_larger_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, 0, 0, 2, MIGRATE_MOVABLE);
	KUNIT_EXPECT_NOT_NULL(test, take(fx));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 3);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0), 1U);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 1), 1U);
}

static void lockless_absorbs_when_the_lists_are_empty(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 1);
	KUNIT_EXPECT_NOT_NULL(test, take(fx));
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void lockless_absorbs_up_to_the_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	fx->pcp->high = 2;
	for (i = 0; i < 4; i++)
		pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, i), 0);
	KUNIT_EXPECT_NOT_NULL(test, take(fx));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 2);
}

static void lockless_leaves_waiting_alone_while_there_is_a_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, 1, 0, 0, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
}

static void lockless_bad_page_is_skipped(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, 0, 2, 0, MIGRATE_MOVABLE);
	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	fx->bad = pcp_fx_page(fx, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 0, 2));
	KUNIT_EXPECT_EQ(test, fx->nr_bad, 1U);
}

static void lockless_only_a_bad_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	fx->bad = pcp_fx_page(fx, 0, 0);
	KUNIT_EXPECT_NULL(test, take(fx));
	KUNIT_EXPECT_EQ(test, fx->nr_bad, 1U);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
}

static void lockless_lock_is_taken(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int pinned = pcp_fx_pinned();

	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	spin_lock(&fx->pcp->lock);
	KUNIT_EXPECT_NULL(test, pcp_take_lockless(fx->zone));
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, pcp_fx_pinned(), pinned);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void lockless_isolated_is_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_need_isolation(fx);
	pcp_fx_isolate(fx, 0, true);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 1U);
}

/* === Which blocks === */

struct block_case {
	const char *desc;
	int type;
	bool isolated;
	bool usable;
};

static const struct block_case block_cases[] = {
	{ "unmovable", MIGRATE_UNMOVABLE, false, true },
	{ "movable", MIGRATE_MOVABLE, false, true },
	{ "reclaimable", MIGRATE_RECLAIMABLE, false, true },
	{ "highatomic", MIGRATE_HIGHATOMIC, false, false },
#ifdef CONFIG_CMA
	{ "CMA", MIGRATE_CMA, false, false },
#endif
#ifdef CONFIG_MEMORY_ISOLATION
	{ "isolated unmovable", MIGRATE_UNMOVABLE, true, false },
	{ "isolated movable", MIGRATE_MOVABLE, true, false },
	{ "isolated reclaimable", MIGRATE_RECLAIMABLE, true, false },
	{ "isolated highatomic", MIGRATE_HIGHATOMIC, true, false },
#endif
#if defined(CONFIG_MEMORY_ISOLATION) && defined(CONFIG_CMA)
	{ "isolated CMA", MIGRATE_CMA, true, false },
#endif
};

KUNIT_ARRAY_PARAM_DESC(block, block_cases, desc);

/* All types have one case, and another one if they can be isolated. */
static_assert(ARRAY_SIZE(block_cases) ==
	      (__MIGRATE_TYPE_END + 1) * (1 + IS_ENABLED(CONFIG_MEMORY_ISOLATION)));

static void make_block(struct pcp_fixture *fx, const struct block_case *c)
{
	pcp_fx_type(fx, 0, c->type);
	if (c->isolated)
		pcp_fx_isolate(fx, 0, true);
}

/* The block became what it is after its page was cached. */
static void lockless_only_of_blocks_that_the_kernel_may_use(struct kunit *test)
{
	const struct block_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 2);
	int list = pcp_list_type(c->type);

	cache(fx, 0, 2, 0, list);
	make_block(fx, c);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), c->usable ? page : NULL);
	/* A page that it must not use stays where it was. */
	KUNIT_EXPECT_EQ(test, fx->pcp->count, !c->usable);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, list, 0), (unsigned int)!c->usable);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, 0U);
}

/* It is split before it is looked at. */
static void lockless_only_pieces_that_the_kernel_may_use(struct kunit *test)
{
	const struct block_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;

	cache(fx, 0, 4, 2, pcp_list_type(c->type));
	make_block(fx, c);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), c->usable ? pcp_fx_page(fx, 0, 4) : NULL);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, c->usable ? 3 : 4);
}

/* Not those that isolate the block: the absorb itself sends these to the zone. */
static void lockless_only_waiting_pages_that_the_kernel_may_use(struct kunit *test)
{
	const struct block_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_push(fx, fx->pcp, page, 0);
	make_block(fx, c);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), c->usable ? page : NULL);
	KUNIT_EXPECT_EQ(test, fx->nr_deferred, (unsigned int)c->isolated);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, !c->usable && !c->isolated);
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(fx->pcp));
}

static void lockless_takes_of_the_next_type_what_the_first_has_not(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	cache(fx, 1, 0, 0, MIGRATE_RECLAIMABLE);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_NULL(test, take(fx));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

/* Or each try would find it again, and nothing behind it. */
static void lockless_page_of_no_use_goes_to_the_cold_end(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	cache(fx, 1, 0, 0, MIGRATE_MOVABLE);
	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_NULL(test, take(fx));
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static void lockless_absorbs_when_all_that_is_cached_is_of_no_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 1, 0));
}

static void lockless_at_the_mark_absorbs_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	WRITE_ONCE(fx->pcp->high, 1);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 0), 0);
	KUNIT_EXPECT_NULL(test, take(fx));
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 1);
}

/* The owner of its block is of no interest, and stays the owner. */
static void lockless_page_of_another_cpus_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_PTR_EQ(test, take(fx), pcp_fx_page(fx, 0, 0));
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
	pcp_fx_check_blocks(fx);
}

/* === Several zones === */

/* A zonelist of the fixture's zone and another, in this order. */
static struct zonelist *two_zones(struct pcp_fixture *fx, enum zone_type type)
{
	struct zonelist *list;

	list = kunit_kzalloc(fx->test, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fx->test, list);
	list->_zonerefs[0].zone = fx->zone;
	list->_zonerefs[0].zone_idx = type;
	list->_zonerefs[1].zone = pcp_fx_zone(fx);
	list->_zonerefs[1].zone_idx = ZONE_NORMAL;
	return list;
}

static void lockless_zones_in_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zonelist *list = two_zones(fx, ZONE_NORMAL);
	struct per_cpu_pages *second = zone_pcp(fx->zones[1], fx->cpu);
	struct page *page;

	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	spin_lock(&second->lock);
	pcp_list_add(second, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	spin_unlock(&second->lock);

	page = pcp_lockless_from(list, ZONE_NORMAL);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, fx->handed_out_by, fx->zone);
	KUNIT_EXPECT_PTR_EQ(test, fx->handed_out_for, fx->zone);

	page = pcp_lockless_from(list, ZONE_NORMAL);
	KUNIT_EXPECT_PTR_EQ(test, page, pcp_fx_page(fx, 1, 0));
	KUNIT_EXPECT_PTR_EQ(test, fx->handed_out_by, fx->zones[1]);
	KUNIT_EXPECT_PTR_EQ(test, fx->handed_out_for, fx->zone);

	KUNIT_EXPECT_NULL(test, pcp_lockless_from(list, ZONE_NORMAL));
	KUNIT_EXPECT_EQ(test, fx->nr_handed_out, 2U);
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 0U);
}

/* ZONE_MOVABLE, say: the kernel cannot move what it has in a page. */
static void lockless_zone_that_is_too_high(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zonelist *list = two_zones(fx, ZONE_MOVABLE);

	cache(fx, 0, 0, 0, MIGRATE_MOVABLE);
	KUNIT_EXPECT_NULL(test, pcp_lockless_from(list, ZONE_NORMAL));
	KUNIT_EXPECT_EQ(test, fx->nr_handed_out, 0U);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 1);
}

static struct kunit_case lockless_cases[] = {
	KUNIT_CASE(lockless_empty_pcp),
	KUNIT_CASE(lockless_migratetypes_in_order),
	KUNIT_CASE(lockless_splits_a_larger_page),
	KUNIT_CASE(lockless_absorbs_when_the_lists_are_empty),
	KUNIT_CASE(lockless_absorbs_up_to_the_high_mark),
	KUNIT_CASE(lockless_leaves_waiting_alone_while_there_is_a_page),
	KUNIT_CASE(lockless_bad_page_is_skipped),
	KUNIT_CASE(lockless_only_a_bad_page),
	KUNIT_CASE(lockless_lock_is_taken),
	KUNIT_CASE(lockless_isolated_is_deferred),
	KUNIT_CASE_PARAM(lockless_only_of_blocks_that_the_kernel_may_use, block_gen_params),
	KUNIT_CASE_PARAM(lockless_only_pieces_that_the_kernel_may_use, block_gen_params),
	KUNIT_CASE_PARAM(lockless_only_waiting_pages_that_the_kernel_may_use, block_gen_params),
	KUNIT_CASE(lockless_takes_of_the_next_type_what_the_first_has_not),
	KUNIT_CASE(lockless_page_of_no_use_goes_to_the_cold_end),
	KUNIT_CASE(lockless_absorbs_when_all_that_is_cached_is_of_no_use),
	KUNIT_CASE(lockless_at_the_mark_absorbs_nothing),
	KUNIT_CASE(lockless_page_of_another_cpus_block),
	KUNIT_CASE(lockless_zones_in_order),
	KUNIT_CASE(lockless_zone_that_is_too_high),
	{}
};

static struct kunit_suite lockless_suite = {
	.name = "pcp_lockless",
	.init = pcp_fx_init_bound,
	.test_cases = lockless_cases,
};

/* === The page allocator in use === */

#if IS_ENABLED(CONFIG_PCP_LIVE_KUNIT_TEST)

struct contexts {
	raw_spinlock_t lock;
	struct irq_work work;
	unsigned long page;
	bool done;
};

static void lockless_in_hardirq(struct irq_work *work)
{
	struct contexts *c = container_of(work, struct contexts, work);

	c->page = __rcu_alloc_page_lockless();
	WRITE_ONCE(c->done, true);
}

static struct contexts lockless_contexts = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(lockless_contexts.lock),
	.work = IRQ_WORK_INIT_HARD(lockless_in_hardirq),
};

/* Have the PCP hold pages: one that is allocated and freed here. */
static void lockless_fill(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (page)
		__free_page(page);
}

/* Returns in which contexts it got a page, a bit each. */
static long lockless_contexts_fn(struct pcp_worker *w)
{
	struct contexts *c = &lockless_contexts;
	unsigned long page, flags;
	long got = 0;

	lockless_fill();
	page = __rcu_alloc_page_lockless();
	got |= page ? BIT(0) : 0;
	free_page(page);

	lockless_fill();
	raw_spin_lock(&c->lock);
	page = __rcu_alloc_page_lockless();
	raw_spin_unlock(&c->lock);
	got |= page ? BIT(1) : 0;
	free_page(page);

	lockless_fill();
	raw_spin_lock_irqsave(&c->lock, flags);
	page = __rcu_alloc_page_lockless();
	raw_spin_unlock_irqrestore(&c->lock, flags);
	got |= page ? BIT(2) : 0;
	free_page(page);

	lockless_fill();
	WRITE_ONCE(c->done, false);
	irq_work_queue(&c->work);
	irq_work_sync(&c->work);
	got |= c->page ? BIT(3) : 0;
	free_page(c->page);
	return got;
}

static void lockless_live_contexts(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test), got = 0;
	/*
	 * With PREEMPT_RT a spinlock must not be tried under a raw one, which
	 * may be a pi_lock, nor in hardirq.
	 */
	long want = IS_ENABLED(CONFIG_PREEMPT_RT) ? 1 : 15;
	int tries = 0;

	/* A page would have to be mapped first. */
	if (debug_pagealloc_enabled_static())
		want = 0;

	/* Somebody may take the page first. */
	do {
		got |= pcp_on_cpu(test, lv->a, lockless_contexts_fn, lv);
	} while (got != want && ++tries < 8);
	KUNIT_EXPECT_EQ(test, got, want);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

/* With zone->lock held, which shows that it does without. Returns what it got. */
static long lockless_zone_locked_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned long flags, page[2];

	drain_local_pages(NULL);
	spin_lock_irqsave(&lv->zone->lock, flags);
	page[0] = __rcu_alloc_page_lockless();
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	lockless_fill();
	spin_lock_irqsave(&lv->zone->lock, flags);
	page[1] = __rcu_alloc_page_lockless();
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	free_page(page[0]);
	free_page(page[1]);
	return !!page[0] + 2 * !!page[1];
}

static void lockless_live_with_the_zone_locked(struct kunit *test)
{
	struct live *lv = test->priv;
	long got = -1;
	int tries;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "zone->lock sleeps with PREEMPT_RT");
	if (debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	live_own(lv, 1, false);
	__free_page(lv->pages[--lv->nr]);
	/* Empty lists give none, a page on them is given: nobody may interfere. */
	for (tries = 0; tries < 8 && got != 2; tries++)
		got = pcp_on_cpu(test, lv->a, lockless_zone_locked_fn, lv);
	KUNIT_EXPECT_EQ(test, got, 2L);
	live_check(test);
}

/* PGALLOC and the NUMA statistics count each page once. */
static long lockless_counts_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	for (lv->nr = 0; lv->nr < 16; lv->nr++) {
		unsigned long page;

		lockless_fill();
		page = __rcu_alloc_page_lockless();
		if (!page)
			break;
		lv->pages[lv->nr] = virt_to_page((void *)page);
	}
	return lv->nr;
}

static void lockless_live_counts_and_prepares(struct kunit *test)
{
	struct live *lv = test->priv;
	long before = live_balance(test);
	unsigned int i;

	if (debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	KUNIT_EXPECT_GT(test, pcp_on_cpu(test, lv->a, lockless_counts_fn, lv), 0L);
	for (i = 0; i < lv->nr; i++) {
		KUNIT_EXPECT_EQ(test, page_count(lv->pages[i]), 1);
		KUNIT_EXPECT_EQ(test, page_private(lv->pages[i]), 0UL);
		KUNIT_EXPECT_FALSE(test, PagePCPBuddy(lv->pages[i]));
		KUNIT_EXPECT_LE(test, page_zonenum(lv->pages[i]),
				(enum zone_type)ZONE_NORMAL);
		KUNIT_EXPECT_FALSE(test, is_migrate_cma(get_pageblock_migratetype(lv->pages[i])));
	}
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

#ifdef CONFIG_MEM_ALLOC_PROFILING
/* The page has the tag of its caller, and /proc/allocinfo counts it there. */
static void lockless_live_page_has_an_allocation_tag(struct kunit *test)
{
	struct live *lv = test->priv;
	struct alloc_tag *tag;

	if (debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	if (!mem_alloc_profiling_enabled())
		kunit_skip(test, "memory allocation profiling is off");
	KUNIT_ASSERT_GT(test, pcp_on_cpu(test, lv->a, lockless_counts_fn, lv), 0L);
	tag = pgalloc_tag_get(lv->pages[0]);
	KUNIT_ASSERT_NOT_NULL(test, tag);
	KUNIT_EXPECT_STREQ(test, tag->ct.function, "lockless_counts_fn");
	KUNIT_EXPECT_EQ(test, alloc_tag_read(tag).bytes, lv->nr * PAGE_SIZE);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	KUNIT_EXPECT_EQ(test, alloc_tag_read(tag).bytes, 0ULL);
}
#else
static void lockless_live_page_has_an_allocation_tag(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_MEM_ALLOC_PROFILING");
}
#endif

static struct kunit_case lockless_live_cases[] = {
	KUNIT_CASE(lockless_live_contexts),
	KUNIT_CASE(lockless_live_with_the_zone_locked),
	KUNIT_CASE(lockless_live_counts_and_prepares),
	KUNIT_CASE(lockless_live_page_has_an_allocation_tag),
	{}
};

static struct kunit_suite lockless_live_suite = {
	.name = "pcp_lockless_live",
	.init = live_init,
	.test_cases = lockless_live_cases,
};

kunit_test_suites(&lockless_suite, &lockless_live_suite);

#else

kunit_test_suites(&lockless_suite);

#endif
