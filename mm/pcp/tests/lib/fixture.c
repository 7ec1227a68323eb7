// SPDX-License-Identifier: GPL-2.0
/*
 * A made-up zone for the suites of the helpers, see fixture.h. stubs.c has the
 * functions that replace the seam.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fixture.h"
#include "workers.h"

static void pcp_fx_free_pages(void *ptr)
{
	struct page *base = ptr;
	unsigned long i;

	/* A case may have left a page on a list, which goes away with the fixture. */
	for (i = 0; i < MAX_ORDER_NR_PAGES; i++) {
		struct page *page = base + i;

		if (PagePCPBuddy(page))
			pcp_clear_mark(page);
		if (PageBuddy(page))
			__ClearPageBuddy(page);
		set_page_private(page, 0);
		INIT_LIST_HEAD(&page->lru);
	}
	set_page_count(base, 1);
	__free_pages(base, MAX_PAGE_ORDER);
}

/*
 * Cases set page flags that the real zone would believe, were it to free the
 * buddy of a block. So the fixture has all pages that a block can merge with.
 */
static void pcp_fx_get_blocks(struct pcp_fixture *fx)
{
	struct kunit *test = fx->test;
	struct page *base = NULL;
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		unsigned long index = i * pageblock_nr_pages % MAX_ORDER_NR_PAGES;

		if (!index) {
			base = alloc_pages(GFP_KERNEL, MAX_PAGE_ORDER);
			KUNIT_ASSERT_NOT_NULL(test, base);
			KUNIT_ASSERT_EQ(test, 0,
					kunit_add_action_or_reset(test, pcp_fx_free_pages,
								  base));
			set_page_count(base, 0);
		}
		fx->base[i] = base + index;
		pageblock_data_init(&fx->block[i], 1);
		pcp_fx_type(fx, i, MIGRATE_MOVABLE);
	}
}

static void pcp_fx_free_percpu(void *ptr)
{
	free_percpu((struct per_cpu_pages __percpu *)ptr);
}

static void pcp_fx_init_pcp(struct per_cpu_pages *pcp, int cpu)
{
	int i;

	spin_lock_init(&pcp->lock);
	for (i = 0; i < NR_PCP_LISTS; i++)
		INIT_LIST_HEAD(&pcp->lists[i]);
	pcp_init(pcp, cpu);
	pcp->batch = 8;
	pcp->high_min = 4 * pageblock_nr_pages;
	pcp->high_max = 8 * pageblock_nr_pages;
	pcp->high = pcp->high_min;
	pcp_set_bound(pcp, pcp->high_max);
}

static struct per_cpu_pages __percpu *pcp_fx_pcps(struct kunit *test)
{
	struct per_cpu_pages __percpu *pcps = alloc_percpu(struct per_cpu_pages);
	int cpu;

	KUNIT_ASSERT_NOT_NULL(test, (void __force *)pcps);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, pcp_fx_free_percpu,
						  (void __force *)pcps));
	for_each_possible_cpu(cpu)
		pcp_fx_init_pcp(per_cpu_ptr(pcps, cpu), cpu);
	return pcps;
}

/**
 * pcp_fx_migrate() - from now on, the PCP of this CPU is another one
 * @fx: the fixture
 *
 * As if the task had been moved to another CPU. To be undone with
 * pcp_fx_come_back().
 */
void pcp_fx_migrate(struct pcp_fixture *fx)
{
	fx->zone->per_cpu_pageset = fx->spare;
}

/**
 * pcp_fx_come_back() - undo pcp_fx_migrate()
 * @fx: the fixture
 */
void pcp_fx_come_back(struct pcp_fixture *fx)
{
	fx->zone->per_cpu_pageset = fx->pcps;
}

/**
 * pcp_fx_zone() - make up a zone
 * @fx: the fixture
 *
 * It has PCPs of its own, and shares the blocks and what the stubs give and
 * write down with the others. pcp_fx_check() checks it too.
 *
 * Return: the zone.
 */
struct zone *pcp_fx_zone(struct pcp_fixture *fx)
{
	struct kunit *test = fx->test;
	struct zone *zone;

	KUNIT_ASSERT_LT(test, fx->nr_zones, PCP_FIXTURE_ZONES);
	zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, zone);
	spin_lock_init(&zone->lock);

	zone->per_cpu_pageset = pcp_fx_pcps(test);
	fx->zones[fx->nr_zones++] = zone;
	return zone;
}

/**
 * pcp_fx_init() - init function of a suite on a made-up zone
 * @test: the test; its priv becomes the struct pcp_fixture
 *
 * Everything goes away with the test. Skips it where only one CPU is possible:
 * no PCP can belong to another one then.
 *
 * Return: 0.
 */
int pcp_fx_init(struct kunit *test)
{
	struct pcp_fixture *fx;
	int i, j, cpu;

	if (num_possible_cpus() < 2)
		pcp_workers_require(test, 2);
	if (pageblock_order < 3)
		kunit_skip(test, "a block of %lu pages is too small for the cases",
			   pageblock_nr_pages);

	fx = kunit_kzalloc(test, sizeof(*fx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fx);
	fx->test = test;
	fx->zone = pcp_fx_zone(fx);
	fx->pcps = fx->zone->per_cpu_pageset;
	fx->spare = pcp_fx_pcps(test);
	fx->cpu = raw_smp_processor_id();
	fx->pcp = zone_pcp(fx->zone, fx->cpu);
	for_each_possible_cpu(cpu) {
		if (cpu != fx->cpu && !fx->other)
			fx->other = zone_pcp(fx->zone, cpu);
	}
	KUNIT_ASSERT_NOT_NULL(test, fx->other);

	for (i = 0; i <= PAGE_BLOCK_MAX_ORDER; i++) {
		for (j = 0; j < MIGRATE_TYPES; j++)
			INIT_LIST_HEAD(&fx->area[i][j]);
	}
	INIT_LIST_HEAD(&fx->fallback);
	INIT_LIST_HEAD(&fx->freed);
	fx->nr_alloc = 8;
	fx->nr_free = -1;
	fx->hole = PCP_FIXTURE_BLOCKS;

	pcp_fx_get_blocks(fx);

	test->priv = fx;
	pcp_fx_stubs(test);
	return 0;
}

/**
 * pcp_fx_init_bound() - init function for helpers that look at this CPU
 * @test: the test
 *
 * Binds the test's thread to the CPU that the fixture is for. The thread ends
 * with the test. It is the last CPU, so that the other one is CPU 0, which a
 * helper could take for none.
 *
 * Return: 0.
 */
int pcp_fx_init_bound(struct kunit *test)
{
	const struct cpumask *here = cpumask_of(cpumask_last(cpu_online_mask));

	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, here));
	return pcp_fx_init(test);
}

/**
 * pcp_fx_page() - a page of a block
 * @fx: the fixture
 * @block: index of the block
 * @index: index of the page in the block
 *
 * Return: the page.
 */
struct page *pcp_fx_page(struct pcp_fixture *fx, int block, unsigned int index)
{
	KUNIT_ASSERT_LT(fx->test, (unsigned long)index, pageblock_nr_pages);
	return fx->base[block] + index;
}

/**
 * pcp_fx_own() - make a CPU the owner of a block
 * @fx: the fixture
 * @block: index of the block
 * @cpu: the CPU; -1 for none
 */
void pcp_fx_own(struct pcp_fixture *fx, int block, int cpu)
{
	pageblock_disown(fx->zone, &fx->block[block]);
	if (cpu >= 0)
		KUNIT_EXPECT_TRUE(fx->test,
				  pageblock_own(fx->zone,
						zone_pcp(fx->zone, cpu),
						&fx->block[block]));
}

/**
 * pcp_fx_room() - have a CPU keep so many pages of others' blocks
 * @pcp: its PCP
 * @room: base pages from now on; then it pushes them
 *
 * The batch is so large that nothing is trimmed. See pcp_keep_mark().
 */
void pcp_fx_room(struct per_cpu_pages *pcp, int room)
{
	pcp->batch = 4 * pageblock_nr_pages;
	pcp->high_min = 0;
	pcp->high = pcp->batch + 2 * (pcp->count + room);
}

/**
 * pcp_fx_enough() - this CPU has pages enough, so that it keeps none of others' blocks
 * @fx: the fixture
 * @migratetype: below MIGRATE_PCPTYPES
 * @order: the order; a page of it is put on the PCP
 *
 * The page is the last one of the last block, whose owner does not matter.
 *
 * Return: the page.
 */
struct page *pcp_fx_enough(struct pcp_fixture *fx, int migratetype, unsigned int order)
{
	struct page *page = fx->base[PCP_FIXTURE_BLOCKS - 1] + pageblock_nr_pages -
			    (1UL << order);

	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, page, order, migratetype);
	pcp_fx_room(fx->pcp, 0);
	spin_unlock(&fx->pcp->lock);
	return page;
}

/**
 * pcp_fx_type() - set the migratetype of a block
 * @fx: the fixture
 * @block: index of the block
 * @migratetype: its type, not MIGRATE_ISOLATE
 */
void pcp_fx_type(struct pcp_fixture *fx, int block, int migratetype)
{
	fx->block[block].flags &= ~(unsigned long)PAGEBLOCK_MIGRATETYPE_MASK;
	fx->block[block].flags |= migratetype;
}

/**
 * pcp_fx_isolate() - isolate a block, or end its isolation
 * @fx: the fixture
 * @block: index of the block
 * @isolate: isolate it
 */
void pcp_fx_isolate(struct pcp_fixture *fx, int block, bool isolate)
{
	if (isolate)
		fx->block[block].flags |= PAGEBLOCK_ISO_MASK;
	else
		fx->block[block].flags &= ~(unsigned long)PAGEBLOCK_ISO_MASK;
}

/**
 * pcp_fx_disable() - disable a PCP, as zone_pcp_disable() does
 * @pcp: the PCP, which keeps its pages until somebody drains it
 */
void pcp_fx_disable(struct per_cpu_pages *pcp)
{
	pcp->high_min = 0;
	pcp->high_max = 0;
	pcp_set_bound(pcp, 0);
}

/**
 * pcp_fx_zone_add() - make a page free in the made-up zone
 * @fx: the fixture
 * @page: first page
 * @order: its order
 */
void pcp_fx_zone_add(struct pcp_fixture *fx, struct page *page,
		     unsigned int order)
{
	struct pageblock_data *pbd = pcp_pageblock(fx->zone, page, page_to_pfn(page));
	int migratetype = pageblock_migratetype(pbd);

	set_page_private(page, order);
	__SetPageBuddy(page);
	list_add_tail(&page->buddy_list, &fx->area[order][migratetype]);
}

/**
 * pcp_fx_add() - put a movable page on the hot end of its list of the PCP under test
 * @fx: the fixture
 * @page: first page
 * @order: its order
 */
void pcp_fx_add(struct pcp_fixture *fx, struct page *page, unsigned int order)
{
	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE);
	pcp_fx_check(fx);
}

/**
 * pcp_fx_fill() - put movable pages on the PCP under test, from block 1 on
 * @fx: the fixture
 * @nr: how many pages of order 0
 *
 * See pcp_fx_fill_type().
 */
void pcp_fx_fill(struct pcp_fixture *fx, unsigned int nr)
{
	pcp_fx_fill_type(fx, 1, nr, MIGRATE_MOVABLE);
}

/**
 * pcp_fx_fill_type() - put pages on the PCP under test that are in the way of no case
 * @fx: the fixture
 * @block: the first block that they are of; each gives four
 * @nr: how many pages of order 0
 * @migratetype: the list that they go on
 *
 * No two of them are buddies, so each is one page when it goes.
 */
void pcp_fx_fill_type(struct pcp_fixture *fx, int block, unsigned int nr, int migratetype)
{
	unsigned int i;

	spin_lock(&fx->pcp->lock);
	for (i = 0; i < nr; i++)
		pcp_list_add(fx->pcp, pcp_fx_page(fx, block + i / 4, i % 4 * 2), 0,
			     migratetype);
	spin_unlock(&fx->pcp->lock);
	pcp_fx_check(fx);
}

/**
 * pcp_fx_push() - push one page as another CPU would
 * @fx: the fixture
 * @pcp: the PCP that it is pushed to
 * @page: first page
 * @order: its order
 */
void pcp_fx_push(struct pcp_fixture *fx, struct per_cpu_pages *pcp,
		 struct page *page, unsigned int order)
{
	struct pcp_run run = { .zone = fx->zone, .pcp = pcp };

	pcp_run_add(&run, page, order);
	pcp_push(&run, false);
}

/**
 * pcp_fx_check() - validate all PCPs of the fixture
 * @fx: the fixture
 *
 * To be called after every step.
 */
void pcp_fx_check(struct pcp_fixture *fx)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < fx->nr_zones; i++) {
		for_each_possible_cpu(cpu) {
			struct zone *zone = fx->zones[i];
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);
			int bad;

			spin_lock(&pcp->lock);
			bad = pcp_validate(zone, pcp);
			spin_unlock(&pcp->lock);
			KUNIT_EXPECT_EQ(fx->test, bad, 0);
		}
	}
	KUNIT_EXPECT_FALSE(fx->test, fx->locked);
}

/**
 * pcp_fx_check_blocks() - validate the blocks of the fixture
 * @fx: the fixture
 *
 * To be called after every step that gives a block an owner, or takes it.
 */
void pcp_fx_check_blocks(struct pcp_fixture *fx)
{
	int i, cpu, *owned;

	owned = kunit_kcalloc(fx->test, nr_cpu_ids, sizeof(*owned), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fx->test, owned);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
		KUNIT_EXPECT_EQ(fx->test, 0,
				pcp_validate_block(fx->zone, &fx->block[i],
						   page_to_pfn(fx->base[i]), owned));
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(fx->test, owned[cpu],
				atomic_read(&zone_pcp(fx->zone, cpu)->owned_blocks));
}

/**
 * pcp_fx_expect_owner() - expect that a CPU owns a block
 * @fx: the fixture
 * @block: index of the block
 * @cpu: the CPU; -1: nobody does
 */
void pcp_fx_expect_owner(struct pcp_fixture *fx, int block, int cpu)
{
	int owner = pageblock_owner_cpu(&fx->block[block]);

	KUNIT_EXPECT_EQ_MSG(fx->test, owner, cpu, "block %d", block);
}

/**
 * pcp_fx_expect_empty() - expect that a PCP has no page, and none waits for it
 * @fx: the fixture
 * @pcp: the PCP
 */
void pcp_fx_expect_empty(struct pcp_fixture *fx, struct per_cpu_pages *pcp)
{
	KUNIT_EXPECT_EQ(fx->test, pcp->count, 0);
	KUNIT_EXPECT_NULL(fx->test, pcp->taken);
	KUNIT_EXPECT_TRUE(fx->test, llist_empty(&pcp->free_llist));
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&pcp->nr_waiting), 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_pages(pcp));
}

/**
 * pcp_fx_expect_out() - expect that a page was handed out, so looks like any page in use
 * @fx: the fixture
 * @page: the page; not NULL
 */
void pcp_fx_expect_out(struct pcp_fixture *fx, struct page *page)
{
	KUNIT_ASSERT_NOT_NULL(fx->test, page);
	KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), 0);
}

/**
 * pcp_fx_list_len() - length of a list of the PCP under test
 * @fx: the fixture
 * @migratetype: below MIGRATE_PCPTYPES
 * @order: the order
 *
 * Return: number of pages of @order.
 */
unsigned int pcp_fx_list_len(struct pcp_fixture *fx, int migratetype,
			     unsigned int order)
{
	return list_count_nodes(&fx->pcp->lists[pcp_pindex(migratetype, order)]);
}

/**
 * pcp_fx_freed() - a page that went to the zone
 * @fx: the fixture
 * @index: 0 for the first that went
 *
 * Return: the page, NULL if not so many went.
 */
struct page *pcp_fx_freed(struct pcp_fixture *fx, unsigned int index)
{
	struct page *page;

	list_for_each_entry(page, &fx->freed, pcp_list) {
		if (!index--)
			return page;
	}
	return NULL;
}
