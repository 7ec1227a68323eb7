// SPDX-License-Identifier: GPL-2.0
/*
 * The lists of one PCP as a small buddy allocator: a page of a block that
 * this CPU owns can be split and merged here, under pcp->lock alone.
 */
#include "pcp.h"

/**
 * pcp_list_add_tail() - put a free page on the cold end of its list
 * @pcp: the PCP
 * @page: first page, on no list
 * @order: order of @page
 * @migratetype: below MIGRATE_PCPTYPES
 * @mergeable: the CPU of @pcp owns the block, so it may merge here
 *
 * A refill uses this, so that pages are handed out by ascending pfn, which
 * devices that merge requests like.
 *
 * Context: @pcp->lock is held.
 */
void pcp_list_add_tail(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int order, int migratetype, bool mergeable)
{
	__pcp_list_add(page, order, mergeable,
		       pcp->lists[pcp_pindex(migratetype, order)].prev);
	pcp_count_add(pcp, 1 << order);
}

/**
 * pcp_take() - take a page of an order off the PCP
 * @pcp: the PCP
 * @order: order that is wanted, up to pageblock_order
 * @migratetype: below MIGRATE_PCPTYPES
 *
 * Takes the smallest page that is large enough. If it is larger, the upper
 * halves stay on the PCP, mergeable if the page was.
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
		bool mergeable;

		page = list_first_entry_or_null(list, struct page, pcp_list);
		if (!page)
			continue;

		mergeable = __pcp_list_del(page);
		while (high > order) {
			high--;
			__pcp_list_add(page + (1 << high), high, mergeable,
				       &pcp->lists[pcp_pindex(migratetype, high)]);
		}
		pcp_count_add(pcp, -(1 << order));
		return page;
	}

	return NULL;
}

/**
 * pcp_merge() - merge a page with its buddies on the PCP
 * @pcp: the PCP of the CPU that owns the page's block
 * @page: first page, on no list
 * @order: its order on entry, the order of the merged page on return
 *
 * The buddy is looked at without any lock of its own: no other CPU can set
 * PagePCPBuddy on a page of this block, because the owner does not change
 * while a page of the block is out of the zone. Stops at pageblock_order, so
 * the buddy is always of the same block.
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

	while ((buddy = pcp_buddy(page, pfn, *order))) {
		pcp_list_del(pcp, buddy, *order);
		merged += 1U << *order;
		if (buddy < page) {
			page = buddy;
			pfn -= 1UL << *order;
		}
		(*order)++;
	}

	if (merged)
		__count_vm_events(PCP_MERGE, merged);
	return page;
}
