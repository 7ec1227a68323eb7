// SPDX-License-Identifier: GPL-2.0
/*
 * A made-up zone for the suites of the helpers, see fixture.h.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fixture.h"
#include "workers.h"

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

/* The stubs. The seam calls them for made-up zones only. */

static struct pageblock_data *stub_pageblock(struct zone *zone,
					     const struct page *page,
					     unsigned long pfn)
{
	struct pcp_fixture *fx = pcp_fx();
	int i = pcp_fx_block_of(fx, pfn);

	if (i < 0)
		return pfn_to_pageblock(page, pfn);
	if (fx->on_pageblock)
		fx->on_pageblock(fx);
	return &fx->block[i];
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

/* As the real one: the upper halves of what is split stay in the zone, at the head. */
static struct page *stub_take(struct zone *zone, unsigned int order,
			      unsigned int max_order, int migratetype,
			      unsigned int *from)
{
	struct pcp_fixture *fx = pcp_fx();
	unsigned int high;

	KUNIT_EXPECT_TRUE(fx->test, fx->locked);
	KUNIT_EXPECT_LE(fx->test, order, max_order);
	fx->nr_take++;
	for (high = order; high <= pageblock_order; high++) {
		struct page *page;

		page = list_first_entry_or_null(&fx->area[high][migratetype],
						struct page, buddy_list);
		if (!page)
			continue;
		pcp_fx_zone_del(page);
		*from = high;
		while (high > max_order) {
			struct page *half = page + (1UL << --high);

			set_page_private(half, high);
			__SetPageBuddy(half);
			list_add(&half->buddy_list, &fx->area[high][migratetype]);
		}
		return page;
	}
	return NULL;
}

static unsigned long stub_end(struct zone *zone)
{
	return zone->zone_start_pfn + PCP_FIXTURE_BLOCKS * pageblock_nr_pages;
}

/* The made-up zone begins at pfn 0, and its blocks lie side by side. */
static struct pageblock_data *stub_block(struct zone *zone, unsigned long pfn)
{
	struct pcp_fixture *fx = pcp_fx();
	unsigned long i = pfn >> pageblock_order;

	fx->nr_blocks_seen++;
	return i == fx->hole ? NULL : &fx->block[i];
}

static struct page *stub_rmqueue(struct zone *zone, unsigned int order,
				 int migratetype, unsigned int alloc_flags,
				 int *mode)
{
	struct pcp_fixture *fx = pcp_fx();
	struct page *page;

	KUNIT_EXPECT_TRUE(fx->test, fx->locked);
	fx->nr_rmqueue++;
	fx->rmqueue_order = order;
	fx->rmqueue_type = migratetype;
	fx->rmqueue_flags = alloc_flags;
	fx->rmqueue_mode = (*mode)++;
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
	pcp_fx()->nr_asked_high++;
	pcp->high = min(pcp->high, pcp->high_max);
	return free_high ? 0 : pcp->high;
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
	fx->free_nolock = nolock;
	pcp_fx_note_freed(fx, page, order);
}

static void stub_defer(struct zone *zone, struct page *page, unsigned int order)
{
	struct pcp_fixture *fx = pcp_fx();

	fx->nr_deferred += 1U << order;
	set_page_private(page, 0);
}

static void pcp_fx_on_free(struct pcp_fixture *fx)
{
	if (fx->on_free)
		fx->on_free(fx);
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
	fx->free_nolock = false;
	pcp_fx_on_free(fx);
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
		pcp_clear_mark(page);
		if (nolock && fx->lock_busy)
			stub_defer(zone, page, page_private(page));
		else
			pcp_fx_note_freed(fx, page, page_private(page));
	}
	fx->free_nolock = nolock;
	pcp_fx_on_free(fx);
}

static void stub_defer_waiting(struct zone *zone, struct llist_node *node)
{
	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		node = node->next;
		pcp_clear_mark(page);
		stub_defer(zone, page, page_private(page));
	}
}

static bool stub_bad_page(struct zone *zone, struct page *page)
{
	struct pcp_fixture *fx = pcp_fx();

	if (page != fx->bad)
		return false;
	fx->nr_bad++;
	return true;
}

static void stub_hand_out(struct zone *zone, struct page *page,
			  struct zone *preferred)
{
	struct pcp_fixture *fx = pcp_fx();

	fx->nr_handed_out++;
	fx->handed_out_by = zone;
	fx->handed_out_for = preferred;
	KUNIT_EXPECT_FALSE(fx->test, PagePCPBuddy(page));
	KUNIT_EXPECT_EQ(fx->test, page_private(page), 0UL);
}

static void stub_flush_deferred(struct zone *zone)
{
}

static void pcp_fx_stubs(struct kunit *test)
{
	kunit_activate_static_stub(test, __pcp_pageblock, stub_pageblock);
	kunit_activate_static_stub(test, pcp_zone_lock, stub_lock);
	kunit_activate_static_stub(test, pcp_zone_unlock, stub_unlock);
	kunit_activate_static_stub(test, pcp_zone_cma_first, stub_cma_first);
	kunit_activate_static_stub(test, __pcp_zone_short, stub_short);
	kunit_activate_static_stub(test, pcp_zone_take, stub_take);
	kunit_activate_static_stub(test, pcp_zone_end, stub_end);
	kunit_activate_static_stub(test, pcp_zone_block, stub_block);
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
	kunit_activate_static_stub(test, pcp_zone_defer_waiting,
				   stub_defer_waiting);
	kunit_activate_static_stub(test, pcp_zone_bad_page, stub_bad_page);
	kunit_activate_static_stub(test, pcp_zone_hand_out, stub_hand_out);
	kunit_activate_static_stub(test, pcp_zone_flush_deferred,
				   stub_flush_deferred);
}

static void pcp_fx_free_pages(void *ptr)
{
	struct page *base = ptr;
	unsigned long i;

	/* Whatever list a case left a page on goes away with the fixture. */
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
 * pcp_fx_zone_add() - make a page free in the made-up zone
 * @fx: the fixture
 * @page: first page
 * @order: its order
 */
void pcp_fx_zone_add(struct pcp_fixture *fx, struct page *page,
		     unsigned int order)
{
	struct pageblock_data *pbd = stub_pageblock(fx->zone, page, page_to_pfn(page));
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

static long pcp_fx_rival(struct pcp_worker *w)
{
	struct pcp_fx_rival *rival = w->arg;

	while (!READ_ONCE(rival->go)) {
		if (kthread_should_stop())
			return 0;
		cpu_relax();
		cond_resched();
	}

	spin_lock(&rival->pcp->lock);
	WRITE_ONCE(rival->got, true);
	while (!READ_ONCE(rival->release) && !kthread_should_stop())
		cpu_relax();
	spin_unlock(&rival->pcp->lock);
	return 0;
}

/**
 * pcp_fx_rival_start() - start a thread that will want the lock of a PCP
 * @fx: the fixture; the test is bound to @fx->cpu
 * @pcp: the PCP
 *
 * Ends with the test, if pcp_fx_rival_stop() does not end it before. Skips the
 * test where there is no other CPU, or where locks sleep.
 *
 * Return: the rival.
 */
struct pcp_fx_rival *pcp_fx_rival_start(struct pcp_fixture *fx,
					struct per_cpu_pages *pcp)
{
	struct kunit *test = fx->test;
	struct pcp_fx_rival *rival;
	struct cpumask *elsewhere;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "not with CONFIG_PREEMPT_RT");
	pcp_workers_require(test, 2);

	elsewhere = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, elsewhere);
	cpumask_andnot(elsewhere, cpu_online_mask, cpumask_of(fx->cpu));

	rival = kunit_kzalloc(test, sizeof(*rival), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rival);
	rival->pcp = pcp;
	rival->workers = pcp_workers_start(test, elsewhere, 1, pcp_fx_rival,
					   rival);
	return rival;
}

/**
 * pcp_fx_rival_queue() - let the rival wait for the lock
 * @rival: the rival
 *
 * From here on it gets the lock when that is released, and a trylock fails:
 * spinlocks are fair. Those of some virtual machines are not, and do not tell
 * that somebody waits.
 *
 * Context: The caller holds the lock.
 * Return: true when it waits, false if that could not be seen.
 */
bool pcp_fx_rival_queue(struct pcp_fx_rival *rival)
{
	unsigned long end = jiffies + 5 * HZ;

	WRITE_ONCE(rival->go, true);
	while (!spin_is_contended(&rival->pcp->lock)) {
		if (time_after(jiffies, end))
			return false;
		cpu_relax();
	}
	return true;
}

/**
 * pcp_fx_rival_stop() - let the rival release the lock and end
 * @fx: the fixture
 * @rival: the rival
 *
 * Context: The caller does not hold the lock.
 */
void pcp_fx_rival_stop(struct pcp_fixture *fx, struct pcp_fx_rival *rival)
{
	WRITE_ONCE(rival->release, true);
	WRITE_ONCE(rival->go, true);
	pcp_workers_wait(fx->test, rival->workers);
}
