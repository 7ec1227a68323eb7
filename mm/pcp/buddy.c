// SPDX-License-Identifier: GPL-2.0
/*
 * The lists of one PCP as a small buddy allocator: pages are split and merged
 * here, under pcp->lock alone.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "lists.h"

/**
 * pcp_list_add_tail() - put a free page on the cold end of its list
 * @pcp: the PCP
 * @page: first page, on no list
 * @order: order of @page
 * @migratetype: below MIGRATE_PCPTYPES
 *
 * A refill uses this, so that pages are handed out by ascending pfn, which
 * devices that merge requests like.
 *
 * Context: @pcp->lock is held.
 */
void pcp_list_add_tail(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int order, int migratetype)
{
	__pcp_list_add(pcp, page, order,
		       pcp->lists[pcp_pindex(migratetype, order)].prev);
	pcp_count_add(pcp, 1 << order);
}

/**
 * pcp_add_split() - put a free page on the cold end of a list, in pieces of one order
 * @pcp: the PCP
 * @page: first page, on no list
 * @from: order of @page
 * @order: order of the pieces, at most @from
 * @migratetype: below MIGRATE_PCPTYPES
 *
 * Context: @pcp->lock is held.
 */
void pcp_add_split(struct per_cpu_pages *pcp, struct page *page, unsigned int from,
		   unsigned int order, int migratetype)
{
	struct page *end = page + (1UL << from);

	for (; page < end; page += 1UL << order)
		pcp_list_add_tail(pcp, page, order, migratetype);
}

/**
 * pcp_take() - take a page of an order off the PCP
 * @pcp: the PCP
 * @order: order that is wanted, up to pageblock_order
 * @migratetype: below MIGRATE_PCPTYPES
 *
 * Takes the smallest page that is large enough. If it is larger, the upper
 * halves stay on the PCP.
 *
 * Context: @pcp->lock is held.
 * Return: the page, or NULL if there is none.
 */
struct page *pcp_take(struct per_cpu_pages *pcp, unsigned int order,
		      int migratetype)
{
	unsigned int high;

	for (high = order; high <= pageblock_order; high++) {
		struct list_head *list = &pcp->lists[pcp_pindex(migratetype, high)];
		struct page *page;

		page = list_first_entry_or_null(list, struct page, pcp_list);
		if (!page)
			continue;

		__pcp_list_del(page);
		while (high > order) {
			high--;
			__pcp_list_add(pcp, page + (1UL << high), high,
				       &pcp->lists[pcp_pindex(migratetype, high)]);
		}
		pcp_count_add(pcp, -(1 << order));
		return page;
	}

	return NULL;
}

/**
 * pcp_merge() - merge a page with its buddies on the PCP
 * @pcp: the PCP
 * @page: first page, on no list
 * @order: its order on entry, the order of the merged page on return
 *
 * A buddy that has the mark of this PCP is on one of its lists, as nobody else
 * sets that mark. It may be on the list of another migratetype, if the type of the
 * block changed. Stops at pageblock_order, so the buddy is of the same block.
 *
 * Context: @pcp->lock is held.
 * Return: first page of the merged page, which is on no list.
 */
struct page *pcp_merge(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int *order)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned int merged = 0;
	struct page *buddy;

	while ((buddy = pcp_buddy(pcp, page, pfn, *order))) {
		pcp_list_del(pcp, buddy, *order);
		merged += 1U << *order;
		page -= pfn & (1UL << *order);
		(*order)++;
	}

	if (merged)
		__count_vm_events(PCP_MERGE, merged);
	return page;
}
