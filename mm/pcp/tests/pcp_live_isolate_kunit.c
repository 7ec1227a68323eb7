// SPDX-License-Identifier: GPL-2.0
/*
 * Isolated blocks, and ranges that are allocated whole, in the page allocator in use.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "lib/live.h"

#ifdef CONFIG_MEMORY_ISOLATION
/* Deferred pages are marked, but are not on a PCP. */
static unsigned int live_block_pages_cached(struct live *lv)
{
	unsigned int i, nr = 0;

	for (i = 0; i < lv->nr; i++)
		nr += PagePCPBuddy(lv->pages[i]) &&
		      !pcp_has_mark(lv->pages[i], PCP_MARK_WAITS);
	return nr;
}

/* All pages of a block wait, are isolated, and are absorbed as an allocation would. */
static void live_isolate_what_waits(struct kunit *test, unsigned int flags)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	int tries, ret = -1;
	unsigned int absorbed = 0;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = start_isolate_page_range(start, end, PB_ISOLATE_MODE_OTHER);
		/* Not drained. */
		absorbed = live_absorb_all(lv, flags);
		live_reset_bound(lv);
		if (!ret) {
			KUNIT_EXPECT_EQ(test, live_block_pages_cached(lv), 0U);
			undo_isolate_page_range(start, end);
		}
		if (!ret && absorbed >= pageblock_nr_pages)
			break;
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, absorbed, (unsigned int)pageblock_nr_pages);
}

static void live_isolated_while_waiting_goes_to_the_zone(struct kunit *test)
{
	live_isolate_what_waits(test, 0);
	live_check(test);
}

/* By an absorb that may not take zone->lock. PGFREE is counted once. */
static void live_isolated_while_waiting_is_deferred(struct kunit *test)
{
	long before = live_balance(test);

	live_isolate_what_waits(test, PCP_ABSORB_NOLOCK);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}
#endif

#ifdef CONFIG_CONTIG_ALLOC
static void live_contig_alloc_gets_pages_that_wait(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	int ret = -1, tries;

	/* Somebody else may get a page of the block first. */
	for (tries = 0; tries < 8 && ret; tries++) {
		live_own(lv, 0, true);
		start = page_to_pfn(lv->pages[0]);
		end = start + pageblock_nr_pages;
		live_set_bound(lv, INT_MAX);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		ret = alloc_contig_range(start, end, ACR_FLAGS_NONE, GFP_KERNEL);
		live_reset_bound(lv);
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ_MSG(test, live_owner(pfn_to_page(start)), -1,
			    "the block was whole in the zone meanwhile");
	live_check(test);
	free_contig_range(start, pageblock_nr_pages);
	live_check(test);
}

/**
 * struct live_held - a page that the kernel has until a grace period has gone by
 * @rcu: frees it
 * @page: the page
 * @lv: tells the reader to come to an end
 */
struct live_held {
	struct rcu_head rcu;
	unsigned long page;
	struct live *lv;
};

static void live_free_held(struct rcu_head *rcu)
{
	struct live_held *held = container_of(rcu, struct live_held, rcu);

	free_page(held->page);
}

/* On CPU b: a reader that takes its time. */
static long live_reader_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	rcu_read_lock();
	WRITE_ONCE(lv->done, true);
	while (!READ_ONCE(lv->stop))
		cpu_relax();
	rcu_read_unlock();
	return 0;
}

/* On CPU a: with the block on its lists alone, take a page of it as kvfree_rcu() does. */
static long live_hold_fn(struct pcp_worker *w)
{
	struct live_held *held = w->arg;
	struct live *lv = held->lv;

	drain_local_pages(NULL);
	pcpu_task_pin();
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	held->page = __rcu_alloc_page_lockless();
	pcpu_task_unpin();
	return held->page && virt_to_page((void *)held->page) >= lv->pages[0] &&
	       virt_to_page((void *)held->page) < lv->pages[0] + lv->nr;
}

/* A movable block is busy while kvfree_rcu() has a page of it, and no longer. */
static void live_range_is_busy_until_the_grace_period_ends(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long start, end;
	struct live_held *held;
	struct pcp_workers *p;
	long got = 0;
	int tries;

	if (debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	held = kunit_kzalloc(test, sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	held->lv = lv;
	/* Somebody may take pages of the block first. */
	for (tries = 0; tries < 8 && !got; tries++) {
		live_blocks(lv, 1);
		if (zone_idx(lv->zone) > ZONE_NORMAL) {
			live_free_fn(&(struct pcp_worker){ .arg = lv });
			kunit_skip(test, "the kernel has no pages of zone %s", lv->zone->name);
		}
		got = pcp_on_cpu(test, lv->a, live_hold_fn, held);
		if (!got)
			free_page(held->page);
	}
	KUNIT_ASSERT_EQ(test, got, 1L);
	start = page_to_pfn(lv->pages[0]);
	end = start + pageblock_nr_pages;

	lv->stop = false;
	p = pcp_workers_start(test, cpumask_of(lv->b), 1, live_reader_fn, lv);
	while (!READ_ONCE(lv->done))
		cond_resched();
	call_rcu(&held->rcu, live_free_held);
	KUNIT_EXPECT_EQ(test, alloc_contig_range(start, end, ACR_FLAGS_NONE, GFP_KERNEL),
			-EBUSY);
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, live_get_back(lv));
	free_contig_range(start, pageblock_nr_pages);
	live_check(test);
}

/* More than the blocks have room for that kvfree_rcu() caches for a CPU. */
#define LIVE_OBJECTS	(16 * (PAGE_SIZE / sizeof(void *)))

struct live_object {
	struct rcu_head rcu;
	unsigned long data[6];
};

struct live_objects {
	struct live *lv;
	struct live_object **objects;
};

/* On CPU a: with the block on its lists alone, give objects to kvfree_rcu(). */
static long live_kvfree_fn(struct pcp_worker *w)
{
	unsigned long flags, pages = live_event(KVFREE_RCU_PAGE);
	struct live_objects *o = w->arg;
	unsigned int i;

	drain_local_pages(NULL);
	pcpu_task_pin();
	live_free_fn(&(struct pcp_worker){ .arg = o->lv });
	local_irq_save(flags);
	for (i = 0; i < LIVE_OBJECTS; i++) {
		if (o->objects[i])
			kvfree_rcu(o->objects[i], rcu);
	}
	local_irq_restore(flags);
	pcpu_task_unpin();
	return live_event(KVFREE_RCU_PAGE) - pages;
}

/* It caches some of the pages that it had. A movable one would be in the way for good. */
static void live_kvfree_rcu_keeps_no_page_of_a_movable_block(struct kunit *test)
{
	struct live *lv = test->priv;
	struct live_objects o = { .lv = lv };
	struct kmem_cache *cache;
	unsigned int i;
	long pages = 0;
	int tries;

	if (!IS_ENABLED(CONFIG_KVFREE_RCU_BATCHED))
		kunit_skip(test, "needs CONFIG_KVFREE_RCU_BATCHED");
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "no page with interrupts off with PREEMPT_RT");
	if (debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	/* SLAB_NOLEAKTRACE keeps the sheaves away, which would take the objects first. */
	cache = kmem_cache_create("kvfree_live", sizeof(struct live_object), 0,
				  SLAB_NO_MERGE | SLAB_NOLEAKTRACE, NULL);
	o.objects = vcalloc(LIVE_OBJECTS, sizeof(*o.objects));
	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_ASSERT_NOT_NULL(test, o.objects);
	/* Somebody may take pages of the block first. */
	for (tries = 0; tries < 8 && !pages; tries++) {
		live_blocks(lv, 1);
		for (i = 0; i < LIVE_OBJECTS; i++)
			o.objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		/* Blocks that come back late would do instead. */
		kvfree_rcu_barrier();
		pages = pcp_on_cpu(test, lv->a, live_kvfree_fn, &o);
		kvfree_rcu_barrier();
	}
	vfree(o.objects);
	kmem_cache_destroy(cache);
	KUNIT_EXPECT_GT(test, pages, 0L);
	KUNIT_EXPECT_TRUE(test, live_get_back(lv));
	free_contig_range(page_to_pfn(lv->pages[0]), pageblock_nr_pages);
	live_check(test);
}
#endif

static struct kunit_case live_isolate_cases[] = {
#ifdef CONFIG_MEMORY_ISOLATION
	KUNIT_CASE(live_isolated_while_waiting_goes_to_the_zone),
	KUNIT_CASE(live_isolated_while_waiting_is_deferred),
#endif
#ifdef CONFIG_CONTIG_ALLOC
	KUNIT_CASE(live_contig_alloc_gets_pages_that_wait),
	KUNIT_CASE(live_range_is_busy_until_the_grace_period_ends),
	KUNIT_CASE(live_kvfree_rcu_keeps_no_page_of_a_movable_block),
#endif
	{}
};

static struct kunit_suite live_isolate_suite = {
	.name = "pcp_live_isolate",
	.init = live_init,
	.test_cases = live_isolate_cases,
};

kunit_test_suite(live_isolate_suite);
