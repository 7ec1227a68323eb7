// SPDX-License-Identifier: GPL-2.0
/*
 * The zone of a userland build, behind the seam in mm/pcp/zone.h: a buddy
 * allocator that can merge, split and account for owners as the real one, with
 * one migratetype for all that is not asked for by name.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "pcp.h"
#include "zone.h"

/* Marks and batches are the real ones. */
#include <taken/nr_pcp.h>

struct page pcp_user_pages[PCP_USER_NR_PAGES];
struct pglist_data contig_page_data;

static struct pageblock_data blocks[PCP_USER_NR_PAGES >> PAGE_BLOCK_MAX_ORDER];

/* As in the kernel: a made-up zone has no node, and its calls go to stubs. */
#define PCP_SEAM(fn, zone, ...)						\
do {									\
	if (unlikely(!(zone)->zone_pgdat))				\
		KUNIT_STATIC_STUB_REDIRECT(fn, zone, ##__VA_ARGS__);	\
} while (0)

struct pageblock_data *__pcp_pageblock(struct zone *zone, const struct page *page,
				       unsigned long pfn)
{
	PCP_SEAM(__pcp_pageblock, zone, page, pfn);

	return pfn_to_pageblock(page, pfn);
}

/* No timer here: the threads call pcp_shepherd() themselves. */
bool pcp_watched;

void pcp_watch(void)
{
	WRITE_ONCE(pcp_watched, true);
}

/* === The buddy allocator, under zone->lock === */

static void buddy_add(struct zone *zone, struct page *page, unsigned int order,
		      int migratetype)
{
	set_page_private(page, order);
	__SetPageBuddy(page);
	list_add_tail(&page->buddy_list, &zone->free_area[order].free_list[migratetype]);
	zone->free_area[order].nr_free++;
}

static void buddy_del(struct zone *zone, struct page *page, unsigned int order)
{
	pcp_user_check(PageBuddy(page) && page_private(page) == order,
		       "not a free page of that order");
	list_del(&page->buddy_list);
	__ClearPageBuddy(page);
	set_page_private(page, 0);
	zone->free_area[order].nr_free--;
}

static int block_type(struct zone *zone, struct page *page)
{
	return pageblock_migratetype(pcp_pageblock(zone, page, page_to_pfn(page)));
}

/* Pages of more than a block belong to the first one's type. */
static void buddy_free(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct pageblock_data *pbd = pcp_pageblock(zone, page, pfn);

	pcp_user_check(!PageBuddy(page) && !PagePCPBuddy(page),
		       "a page is freed that is free");
	while (order < MAX_PAGE_ORDER) {
		unsigned long buddy_pfn = pfn ^ (1UL << order);
		struct page *buddy = pfn_to_page(buddy_pfn);

		if (!PageBuddy(buddy) || page_private(buddy) != order)
			break;
		buddy_del(zone, buddy, order);
		pfn &= buddy_pfn;
		order++;
	}
	pageblock_freed(zone, pbd, order);
	buddy_add(zone, pfn_to_page(pfn), order, block_type(zone, pfn_to_page(pfn)));
}

static void free_nodes(struct zone *zone, struct llist_node *node)
{
	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		node = node->next;
		pcp_clear_mark(page);
		buddy_free(zone, page, page_private(page));
	}
}

static void free_deferred(struct zone *zone)
{
	free_nodes(zone, llist_del_all(&zone->trylock_free_pages));
}

static void defer(struct zone *zone, struct page *page, unsigned int order)
{
	pcp_clear_mark(page);
	set_page_private(page, order);
	llist_add(&page->pcp_llist, &zone->trylock_free_pages);
}

static struct page *buddy_take(struct zone *zone, unsigned int order, int migratetype)
{
	unsigned int high;

	for (high = order; high <= MAX_PAGE_ORDER; high++) {
		struct list_head *list = &zone->free_area[high].free_list[migratetype];
		struct page *page = list_first_entry_or_null(list, struct page,
							     buddy_list);

		if (!page)
			continue;
		buddy_del(zone, page, high);
		while (high-- > order)
			buddy_add(zone, page + (1UL << high), high,
				  block_type(zone, page + (1UL << high)));
		return page;
	}
	return NULL;
}

/* === The seam === */

bool pcp_zone_lock(struct zone *zone, unsigned long *flags, bool nolock)
{
	unsigned long irqflags = 0;

	PCP_SEAM(pcp_zone_lock, zone, flags, nolock);

	if (nolock) {
		if (!spin_trylock_irqsave(&zone->lock, irqflags))
			return false;
	} else {
		spin_lock_irqsave(&zone->lock, irqflags);
	}
	*flags = irqflags;
	return true;
}

void pcp_zone_unlock(struct zone *zone, unsigned long flags)
{
	PCP_SEAM(pcp_zone_unlock, zone, flags);

	spin_unlock_irqrestore(&zone->lock, flags);
}

bool pcp_zone_cma_first(struct zone *zone, unsigned int alloc_flags)
{
	PCP_SEAM(pcp_zone_cma_first, zone, alloc_flags);

	return false;
}

bool __pcp_zone_short(struct zone *zone)
{
	PCP_SEAM(__pcp_zone_short, zone);

	return zone_flags_short(zone);
}

struct page *pcp_zone_take(struct zone *zone, unsigned int order,
			   unsigned int max_order, int migratetype,
			   unsigned int *from)
{
	unsigned int high;

	PCP_SEAM(pcp_zone_take, zone, order, max_order, migratetype, from);

	for (high = order; high <= MAX_PAGE_ORDER; high++) {
		if (list_empty(&zone->free_area[high].free_list[migratetype]))
			continue;
		*from = high;
		return buddy_take(zone, min(high, max_order), migratetype);
	}
	return NULL;
}

unsigned long pcp_zone_end(struct zone *zone)
{
	PCP_SEAM(pcp_zone_end, zone);

	return zone_end_pfn(zone);
}

struct pageblock_data *pcp_zone_block(struct zone *zone, unsigned long pfn)
{
	PCP_SEAM(pcp_zone_block, zone, pfn);

	return pfn_to_pageblock(pfn_to_page(pfn), pfn);
}

struct page *pcp_zone_rmqueue(struct zone *zone, unsigned int order,
			      int migratetype, unsigned int alloc_flags,
			      int *mode)
{
	PCP_SEAM(pcp_zone_rmqueue, zone, order, migratetype, alloc_flags, mode);

	return buddy_take(zone, order, migratetype);
}

int pcp_zone_nr_alloc(struct zone *zone, struct per_cpu_pages *pcp,
		      unsigned int order)
{
	PCP_SEAM(pcp_zone_nr_alloc, zone, pcp, order);

	return nr_pcp_alloc(pcp, zone, order);
}

int pcp_zone_high(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		  bool free_high)
{
	PCP_SEAM(pcp_zone_high, zone, pcp, batch, free_high);

	return nr_pcp_high(pcp, zone, batch, free_high);
}

int pcp_zone_nr_free(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		     int high, bool free_high)
{
	PCP_SEAM(pcp_zone_nr_free, zone, pcp, batch, high, free_high);

	return nr_pcp_free(pcp, batch, high, free_high);
}

void pcp_zone_relax(struct zone *zone)
{
	PCP_SEAM(pcp_zone_relax, zone);
}

void pcp_zone_free_one(struct zone *zone, struct page *page, unsigned long pfn,
		       unsigned int order, bool nolock)
{
	unsigned long flags;

	PCP_SEAM(pcp_zone_free_one, zone, page, pfn, order, nolock);

	count_vm_events(PGFREE, 1 << order);
	if (!pcp_zone_lock(zone, &flags, nolock)) {
		defer(zone, page, order);
		return;
	}
	if (!nolock)
		free_deferred(zone);
	buddy_free(zone, page, order);
	pcp_zone_unlock(zone, flags);
}

void pcp_zone_defer(struct zone *zone, struct page *page, unsigned int order)
{
	PCP_SEAM(pcp_zone_defer, zone, page, order);

	count_vm_events(PGFREE, 1 << order);
	defer(zone, page, order);
}

void pcp_zone_free_list(struct zone *zone, struct list_head *pages)
{
	struct page *page, *next;
	unsigned long flags;

	PCP_SEAM(pcp_zone_free_list, zone, pages);

	spin_lock_irqsave(&zone->lock, flags);
	list_for_each_entry_safe(page, next, pages, pcp_list) {
		list_del(&page->pcp_list);
		buddy_free(zone, page, page_private(page));
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

void pcp_zone_defer_waiting(struct zone *zone, struct llist_node *node)
{
	PCP_SEAM(pcp_zone_defer_waiting, zone, node);

	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		node = node->next;
		defer(zone, page, page_private(page));
	}
}

void pcp_zone_free_waiting(struct zone *zone, struct llist_node *node,
			   bool nolock)
{
	unsigned long flags;

	PCP_SEAM(pcp_zone_free_waiting, zone, node, nolock);

	if (!pcp_zone_lock(zone, &flags, nolock)) {
		pcp_zone_defer_waiting(zone, node);
		return;
	}
	free_nodes(zone, node);
	pcp_zone_unlock(zone, flags);
}

void pcp_zone_flush_deferred(struct zone *zone)
{
	unsigned long flags;

	PCP_SEAM(pcp_zone_flush_deferred, zone);

	pcp_zone_lock(zone, &flags, false);
	free_deferred(zone);
	pcp_zone_unlock(zone, flags);
}

bool pcp_zone_bad_page(struct zone *zone, struct page *page)
{
	PCP_SEAM(pcp_zone_bad_page, zone, page);

	return false;
}

void pcp_zone_hand_out(struct zone *zone, struct page *page,
		       struct zone *preferred)
{
	PCP_SEAM(pcp_zone_hand_out, zone, page, preferred);

	set_page_count(page, 1);
}

/* === The allocator that the fixture uses === */

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct zone *zone = pcp_user_zone;
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	page = buddy_take(zone, order, MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (page)
		set_page_count(page, 1);
	return page;
}

void __free_pages(struct page *page, unsigned int order)
{
	set_page_count(page, 0);
	pcp_zone_free_one(pcp_user_zone, page, page_to_pfn(page), order, false);
}

void pcp_user_memory_init(void)
{
	struct zone *zone = pcp_user_zone;
	unsigned long i;
	int cpu, order, type;

	for (i = 0; i < MAX_NR_ZONES; i++)
		contig_page_data.node_zones[i].zone_pgdat = &contig_page_data;
	zone->zone_start_pfn = PCP_USER_START_PFN;
	zone->spanned_pages = PCP_USER_NR_PAGES;
	zone->present_pages = PCP_USER_NR_PAGES;
	zone->pageblock_data = blocks;
	pageblock_data_init(blocks, ARRAY_SIZE(blocks));
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i].flags = MIGRATE_MOVABLE;
	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		for (type = 0; type < MIGRATE_TYPES; type++)
			INIT_LIST_HEAD(&zone->free_area[order].free_list[type]);
	}
	zone->per_cpu_pageset = alloc_percpu(struct per_cpu_pages);
	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

		for (i = 0; i < NR_PCP_LISTS; i++)
			INIT_LIST_HEAD(&pcp->lists[i]);
		pcp_init(pcp, cpu);
		pcp->batch = 8;
	}
	for (i = 0; i < PCP_USER_NR_PAGES; i++)
		pcp_user_pages[i].page_type = UINT_MAX;
	for (i = 0; i < PCP_USER_NR_PAGES; i += MAX_ORDER_NR_PAGES)
		buddy_free(zone, &pcp_user_pages[i], MAX_PAGE_ORDER);
	contig_page_data.node_zonelists[0]._zonerefs[0].zone = zone;
	contig_page_data.node_zonelists[0]._zonerefs[0].zone_idx = ZONE_NORMAL;
}
