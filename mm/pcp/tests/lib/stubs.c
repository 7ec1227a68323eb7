// SPDX-License-Identifier: GPL-2.0
/*
 * The stubs of the made-up zone, one for each function of the seam in zone.h.
 * struct pcp_fixture in fixture.h says what they give and what they write down.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>

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

/* The seam calls what follows for made-up zones only. */

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

/**
 * pcp_fx_stubs() - put the stubs in place of the functions of the seam
 * @test: the test; its priv is the fixture that the stubs work on
 *
 * Until the test ends.
 */
void pcp_fx_stubs(struct kunit *test)
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
