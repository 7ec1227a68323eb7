// SPDX-License-Identifier: GPL-2.0
/*
 * Refill a PCP from the zone, under one hold of zone->lock.
 *
 * The pages are those that __rmqueue() would take one by one: the smallest that will do
 * come first, so that whole blocks are broken up last. But it would split page by page
 * under the lock. This takes large pieces, and splits them when the lock is released. This
 * CPU becomes the owner of their blocks.
 */
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <trace/events/pcp.h>

#include "../page_alloc.h"
#include "pcp.h"
#include "zone.h"

/* The order of the largest piece of a refill that still wants @want base pages. */
static unsigned int pcp_max_piece(unsigned int order, int want)
{
	/* The zone leaves guards behind what it splits itself. */
	if (debug_guardpage_enabled())
		return order;
	return min_t(unsigned int, ilog2(want), pageblock_order);
}

/* A piece of a whole block: set in page_private() beside the order. */
#define PCP_PIECE_OF_WHOLE	0x100UL

/*
 * Take up to @want base pages, in pieces of at least @order, whose order page_private()
 * keeps. __rmqueue() finds pages of other types, and of CMA areas. After it has given a
 * block the wanted type, the pieces of that are taken like all others.
 */
static void pcp_take_pieces(struct zone *zone, unsigned int order, int want,
			    int migratetype, unsigned int alloc_flags,
			    struct list_head *pieces)
{
	int mode = 0;

	while (want >= 1 << order) {
		unsigned int from = order, max_order = pcp_max_piece(order, want);
		struct page *page = NULL;

		if (!mode && !pcp_zone_cma_first(zone, alloc_flags))
			page = pcp_zone_take(zone, order, max_order, migratetype, &from);
		if (!page) {
			page = pcp_zone_rmqueue(zone, order, migratetype,
						alloc_flags, &mode);
			from = order;
		}
		if (!page)
			return;
		set_page_private(page, min(from, max_order) |
				       (from >= pageblock_order ? PCP_PIECE_OF_WHOLE : 0));
		list_add_tail(&page->pcp_list, pieces);
		want -= 1 << min(from, max_order);
	}
}

/*
 * Pages of a block shall come back to the CPU that took some last, kernel pages and user
 * pages alike, however the block was found. If the block stayed with an owner
 * that takes none, this CPU would push to it the pages that it allocates and frees itself.
 */
static void pcp_adopt(struct zone *zone, struct per_cpu_pages *pcp,
		      struct page *page, bool whole, int migratetype)
{
	unsigned long pfn = page_to_pfn(page);
	struct pageblock_data *pbd = pcp_pageblock(zone, page, pfn);

	/* Nobody can give pages back to a disabled PCP, nor to one of the early boot. */
	if (!pcp_open(pcp) || !pcp_owners_on())
		return;
	if (pageblock_owner_cpu(pbd) == pcp->cpu) {
		__count_vm_event(PCP_RECOVER);
	} else if (pageblock_own(zone, pcp, pbd)) {
		trace_mm_pcp_claim(pcp->cpu, pfn, migratetype);
		__count_vm_event(whole ? PCP_CLAIM : PCP_ADOPT);
	}
}

/**
 * pcp_refill() - refill a PCP from the zone
 * @zone: the zone
 * @pcp: this CPU's PCP
 * @order: order that the allocation wants
 * @migratetype: type that it wants, below MIGRATE_PCPTYPES
 * @alloc_flags: ALLOC_*; with ALLOC_NOLOCK nothing is done unless zone->lock
 *	is free
 *
 * Context: @pcp->lock is held. Takes zone->lock.
 * Return: base pages that arrived, in pages of @order.
 */
unsigned int pcp_refill(struct zone *zone, struct per_cpu_pages *pcp,
			unsigned int order, int migratetype,
			unsigned int alloc_flags)
{
	struct page *page, *next;
	unsigned int nr_pages = 0;
	LIST_HEAD(pieces);
	unsigned long flags;
	int want;

	/* Sets pcp->high, too. */
	want = pcp_zone_nr_alloc(zone, pcp, order) << order;
	/*
	 * All of a refill could come back before the next page is missing here. If that were
	 * more than may wait, it would go to the zone each time.
	 */
	want = max(min(want, READ_ONCE(pcp->bound) / 2), 1 << order);

	if (!pcp_zone_lock(zone, &flags, alloc_flags & ALLOC_NOLOCK))
		return 0;
	pcp_take_pieces(zone, order, want, migratetype, alloc_flags, &pieces);
	pcp_zone_unlock(zone, flags);

	list_for_each_entry_safe(page, next, &pieces, pcp_list) {
		unsigned int piece = page_private(page) & ~PCP_PIECE_OF_WHOLE;

		pcp_adopt(zone, pcp, page, page_private(page) & PCP_PIECE_OF_WHOLE,
			  migratetype);
		pcp_add_split(pcp, page, piece, order, migratetype);
		nr_pages += 1U << piece;
	}
	return nr_pages;
}
