// SPDX-License-Identifier: GPL-2.0
/*
 * Give many pages of a PCP back to the zone: choose and merge under
 * pcp->lock, and only then take zone->lock for fewer and larger pieces.
 */
#include <linux/minmax.h>

#include "pcp.h"
#include "zone.h"

/*
 * Choose @count base pages. Goes from list to list, beginning with @pindex, the
 * cold end of each first. Pages with a buddy go to @cold, the others
 * to @victims. All stay in pcp->count and keep their order and mark: a page without
 * a buddy may be the buddy of a page that merges later.
 */
static void pcp_choose(struct per_cpu_pages *pcp, int count,
		       unsigned int pindex, struct list_head *cold,
		       struct list_head *victims)
{
	count = min(pcp->count, count);
	for (; count > 0; pindex = (pindex + 1) % NR_PCP_LISTS) {
		struct list_head *list = &pcp->lists[pindex];
		unsigned int order = pindex / MIGRATE_PCPTYPES;

		while (count > 0 && !list_empty(list)) {
			struct page *page = list_last_entry(list, struct page,
							    pcp_list);
			struct list_head *to = victims;

			count -= 1 << order;
			if (pcp_buddy(pcp, page, page_to_pfn(page), order))
				to = cold;
			list_move_tail(&page->pcp_list, to);
		}
	}
}

/**
 * pcp_collect() - choose pages to give back and merge them
 * @zone: the zone
 * @pcp: the PCP
 * @count: base pages to take off; more may go, since the buddies that they
 *	merge with go along
 * @pindex: list to begin with, pcp_pindex()
 * @victims: gets the pages; page_private() of each is its order. Empty on entry
 *
 * Each chosen page merges as far up as it can, with cached pages and with others
 * that were chosen. All keep their mark until that is done, so that a block in
 * pieces comes out whole.
 *
 * This CPU did not want them. It no longer owns their blocks, until it takes pages of
 * them again.
 *
 * Context: @pcp->lock is held.
 */
void pcp_collect(struct zone *zone, struct per_cpu_pages *pcp, int count,
		 unsigned int pindex, struct list_head *victims)
{
	LIST_HEAD(cold);
	struct page *page;
	int nr_pages = 0;

	pcp_choose(pcp, count, pindex, &cold, victims);

	while (!list_empty(&cold)) {
		unsigned int order;

		page = list_first_entry(&cold, struct page, pcp_list);
		order = page_private(page);
		pcp_list_del(pcp, page, order);
		page = pcp_merge(pcp, page, &order);
		__pcp_list_add(pcp, page, order, victims->prev);
		pcp_count_add(pcp, 1 << order);
	}

	list_for_each_entry(page, victims, pcp_list) {
		struct pageblock_data *pbd;

		nr_pages += 1 << page_private(page);
		pcp_clear_mark(page);
		pbd = pcp_pageblock(zone, page, page_to_pfn(page));
		if (pageblock_owner_cpu(pbd) == pcp->cpu)
			__pageblock_disown(zone, pbd);
	}
	pcp_count_add(pcp, -nr_pages);
}

/**
 * pcp_free_bulk() - give pages of a PCP back to the zone
 * @zone: the zone
 * @pcp: the PCP
 * @count: base pages to give back
 * @pindex: list to begin with, pcp_pindex()
 *
 * Context: @pcp->lock is held. Takes zone->lock.
 */
void pcp_free_bulk(struct zone *zone, struct per_cpu_pages *pcp, int count,
		   unsigned int pindex)
{
	LIST_HEAD(victims);

	pcp_collect(zone, pcp, count, pindex, &victims);
	if (!list_empty(&victims))
		pcp_zone_free_list(zone, &victims);
}
