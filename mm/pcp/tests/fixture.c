// SPDX-License-Identifier: GPL-2.0
/*
 * A made-up zone for the suites of the helpers, see fixture.h.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "fixture.h"

static struct pcp_fixture *pcp_fx(void)
{
	return kunit_get_current_test()->priv;
}

static int pcp_fx_block_of(struct pcp_fixture *fx, unsigned long pfn)
{
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		if (fx->base[i] &&
		    pageblock_start_pfn(pfn) == page_to_pfn(fx->base[i]))
			return i;
	}
	return -1;
}

/*
 * The stubs. Interrupts may hit the test's task and free real pages: those
 * find their real block, and the seam asks for the real zone.
 */

static struct pageblock_data *stub_pageblock(const struct page *page,
					     unsigned long pfn)
{
	struct pcp_fixture *fx = pcp_fx();
	int i = pcp_fx_block_of(fx, pfn);

	return i >= 0 ? &fx->block[i] : pfn_to_pageblock(page, pfn);
}

static bool stub_lock(struct zone *zone, unsigned long *flags, bool nolock)
{
	struct pcp_fixture *fx = pcp_fx();

	KUNIT_EXPECT_PTR_EQ(fx->test, zone, fx->zone);
	KUNIT_EXPECT_FALSE_MSG(fx->test, fx->locked, "zone->lock taken twice");
	*flags = 0;
	if (nolock && fx->lock_busy)
		return false;
	fx->locked = true;
	fx->nr_locked++;
	return true;
}

static void stub_unlock(struct zone *zone, unsigned long flags)
{
	struct pcp_fixture *fx = pcp_fx();

	KUNIT_EXPECT_TRUE(fx->test, fx->locked);
	fx->locked = false;
}

static bool stub_cma_first(struct zone *zone, unsigned int alloc_flags)
{
	return pcp_fx()->cma_first;
}

static bool stub_short(struct zone *zone)
{
	return pcp_fx()->zone_short;
}

static void pcp_fx_zone_del(struct page *page)
{
	list_del(&page->buddy_list);
	__ClearPageBuddy(page);
	set_page_private(page, 0);
}

static struct page *stub_take_chunk(struct zone *zone, unsigned int order,
				    int migratetype)
{
	struct pcp_fixture *fx = pcp_fx();
	struct page *page;

	KUNIT_EXPECT_TRUE(fx->test, fx->locked);
	page = list_first_entry_or_null(&fx->area[order][migratetype],
					struct page, buddy_list);
	if (page)
		pcp_fx_zone_del(page);
	return page;
}

static struct page *stub_take_block(struct zone *zone, int migratetype)
{
	return stub_take_chunk(zone, pageblock_order, migratetype);
}

static void stub_take_fragment(struct zone *zone, struct page *page,
			       unsigned int order, int migratetype)
{
	struct pcp_fixture *fx = pcp_fx();

	KUNIT_EXPECT_TRUE(fx->test, fx->locked);
	KUNIT_EXPECT_TRUE(fx->test, PageBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), order);
	pcp_fx_zone_del(page);
}

static struct page *stub_rmqueue(struct zone *zone, unsigned int order,
				 int migratetype, unsigned int alloc_flags,
				 int *mode)
{
	struct pcp_fixture *fx = pcp_fx();
	struct page *page;

	KUNIT_EXPECT_TRUE(fx->test, fx->locked);
	fx->nr_rmqueue++;
	page = list_first_entry_or_null(&fx->fallback, struct page, buddy_list);
	if (page)
		list_del(&page->buddy_list);
	return page;
}

static int stub_nr_alloc(struct zone *zone, struct per_cpu_pages *pcp,
			 unsigned int order)
{
	return pcp_fx()->nr_alloc;
}

static int stub_high(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		     bool free_high)
{
	struct pcp_fixture *fx = pcp_fx();

	if (free_high)
		return 0;
	return fx->high < 0 ? pcp->high : fx->high;
}

static int stub_nr_free(struct zone *zone, struct per_cpu_pages *pcp, int batch,
			int high, bool free_high)
{
	struct pcp_fixture *fx = pcp_fx();

	if (free_high)
		return pcp->count;
	return fx->nr_free < 0 ? batch : fx->nr_free;
}

static void stub_relax(struct zone *zone)
{
	pcp_fx()->nr_relaxed++;
}

static void pcp_fx_note_freed(struct pcp_fixture *fx, struct page *page,
			      unsigned int order)
{
	KUNIT_EXPECT_FALSE_MSG(fx->test, PagePCPBuddy(page),
			       "PagePCPBuddy went to the zone");
	set_page_private(page, order);
	list_add_tail(&page->pcp_list, &fx->freed);
	fx->nr_freed += 1U << order;
}

static void stub_free_one(struct zone *zone, struct page *page,
			  unsigned long pfn, unsigned int order, bool nolock)
{
	struct pcp_fixture *fx = pcp_fx();

	fx->nr_free_one++;
	fx->nr_free_calls++;
	pcp_fx_note_freed(fx, page, order);
}

static void stub_defer(struct zone *zone, struct page *page, unsigned int order)
{
	struct pcp_fixture *fx = pcp_fx();

	fx->nr_deferred += 1U << order;
	set_page_private(page, 0);
}

static void stub_free_list(struct zone *zone, struct list_head *pages)
{
	struct pcp_fixture *fx = pcp_fx();
	struct page *page, *next;

	KUNIT_EXPECT_PTR_EQ(fx->test, zone, fx->zone);
	fx->nr_free_calls++;
	list_for_each_entry_safe(page, next, pages, pcp_list) {
		list_del(&page->pcp_list);
		pcp_fx_note_freed(fx, page, page_private(page));
	}
}

static void stub_free_waiting(struct zone *zone, struct llist_node *node,
			      bool nolock)
{
	struct pcp_fixture *fx = pcp_fx();

	if (!node)
		return;
	fx->nr_free_calls++;
	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		node = node->next;
		if (nolock && fx->lock_busy)
			stub_defer(zone, page, page_private(page));
		else
			pcp_fx_note_freed(fx, page, page_private(page));
	}
}

static void stub_flush_deferred(struct zone *zone)
{
}

static void pcp_fx_stubs(struct kunit *test)
{
	kunit_activate_static_stub(test, pcp_pageblock, stub_pageblock);
	kunit_activate_static_stub(test, pcp_zone_lock, stub_lock);
	kunit_activate_static_stub(test, pcp_zone_unlock, stub_unlock);
	kunit_activate_static_stub(test, pcp_zone_cma_first, stub_cma_first);
	kunit_activate_static_stub(test, pcp_zone_short, stub_short);
	kunit_activate_static_stub(test, pcp_zone_take_block, stub_take_block);
	kunit_activate_static_stub(test, pcp_zone_take_chunk, stub_take_chunk);
	kunit_activate_static_stub(test, pcp_zone_take_fragment,
				   stub_take_fragment);
	kunit_activate_static_stub(test, pcp_zone_rmqueue, stub_rmqueue);
	kunit_activate_static_stub(test, pcp_zone_nr_alloc, stub_nr_alloc);
	kunit_activate_static_stub(test, pcp_zone_high, stub_high);
	kunit_activate_static_stub(test, pcp_zone_nr_free, stub_nr_free);
	kunit_activate_static_stub(test, pcp_zone_relax, stub_relax);
	kunit_activate_static_stub(test, pcp_zone_free_one, stub_free_one);
	kunit_activate_static_stub(test, pcp_zone_defer, stub_defer);
	kunit_activate_static_stub(test, pcp_zone_free_list, stub_free_list);
	kunit_activate_static_stub(test, pcp_zone_free_waiting,
				   stub_free_waiting);
	kunit_activate_static_stub(test, pcp_zone_flush_deferred,
				   stub_flush_deferred);
}

static void pcp_fx_free_block(void *ptr)
{
	struct page *base = ptr;
	unsigned long i;

	/* Whatever list a case left a page on goes away with the fixture. */
	for (i = 0; i < pageblock_nr_pages; i++) {
		struct page *page = base + i;

		if (PagePCPBuddy(page))
			__ClearPagePCPBuddy(page);
		if (PageBuddy(page))
			__ClearPageBuddy(page);
		set_page_private(page, 0);
		INIT_LIST_HEAD(&page->lru);
	}
	set_page_count(base, 1);
	__free_pages(base, pageblock_order);
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
	pcp_set_bound(pcp, pcp->high_min, pcp->high_max);
}

/**
 * pcp_fx_init() - init function of a suite on a made-up zone
 * @test: the test; its priv becomes the struct pcp_fixture
 *
 * Everything goes away with the test.
 *
 * Return: 0.
 */
int pcp_fx_init(struct kunit *test)
{
	struct pcp_fixture *fx = kunit_kzalloc(test, sizeof(*fx), GFP_KERNEL);
	struct per_cpu_pages __percpu *pcps;
	int i, j, cpu;

	KUNIT_ASSERT_NOT_NULL(test, fx);
	fx->test = test;
	fx->zone = kunit_kzalloc(test, sizeof(*fx->zone), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fx->zone);
	spin_lock_init(&fx->zone->lock);

	pcps = alloc_percpu(struct per_cpu_pages);
	KUNIT_ASSERT_NOT_NULL(test, pcps);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, pcp_fx_free_percpu,
						  (void __force *)pcps));
	fx->zone->per_cpu_pageset = pcps;
	for_each_possible_cpu(cpu)
		pcp_fx_init_pcp(per_cpu_ptr(pcps, cpu), cpu);
	fx->cpu = raw_smp_processor_id();
	fx->pcp = per_cpu_ptr(pcps, fx->cpu);
	for_each_possible_cpu(cpu) {
		if (cpu != fx->cpu)
			fx->other = per_cpu_ptr(pcps, cpu);
	}
	KUNIT_ASSERT_NOT_NULL_MSG(test, fx->other,
				  "the suites need CONFIG_NR_CPUS above 1");

	for (i = 0; i <= PAGE_BLOCK_MAX_ORDER; i++) {
		for (j = 0; j < MIGRATE_TYPES; j++)
			INIT_LIST_HEAD(&fx->area[i][j]);
	}
	INIT_LIST_HEAD(&fx->fallback);
	INIT_LIST_HEAD(&fx->freed);
	fx->high = -1;
	fx->nr_alloc = 8;
	fx->nr_free = -1;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		struct page *base = alloc_pages(GFP_KERNEL, pageblock_order);

		KUNIT_ASSERT_NOT_NULL(test, base);
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, pcp_fx_free_block,
							  base));
		set_page_count(base, 0);
		fx->base[i] = base;
		pageblock_data_init(&fx->block[i], 1, page_to_pfn(base));
		pcp_fx_type(fx, i, MIGRATE_MOVABLE);
	}

	test->priv = fx;
	pcp_fx_stubs(test);
	return 0;
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
	fx->block[block].owner = cpu + 1;
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
 * pcp_fx_zone_add() - make a page free in the made-up zone
 * @fx: the fixture
 * @page: first page
 * @order: its order
 */
void pcp_fx_zone_add(struct pcp_fixture *fx, struct page *page,
		     unsigned int order)
{
	struct pageblock_data *pbd = stub_pageblock(page, page_to_pfn(page));
	int migratetype = pageblock_migratetype(pbd);

	set_page_private(page, order);
	__SetPageBuddy(page);
	list_add_tail(&page->buddy_list, &fx->area[order][migratetype]);
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
	int cpu;

	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(fx->zone, cpu);
		int bad;

		spin_lock(&pcp->lock);
		bad = pcp_validate(fx->zone, pcp);
		spin_unlock(&pcp->lock);
		KUNIT_EXPECT_EQ(fx->test, bad, 0);
	}
	KUNIT_EXPECT_FALSE(fx->test, fx->locked);
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
