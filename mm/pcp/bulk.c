// SPDX-License-Identifier: GPL-2.0
/*
 * Give many pages of a PCP back to the zone: absorb, choose and merge under
 * pcp->lock, and only then take zone->lock for fewer and larger pieces.
 */
#include <linux/minmax.h>

#include "pcp.h"
#include "zone.h"

/**
 * pcp_collect() - choose pages to give back and merge them
 * @pcp: the PCP
 * @count: base pages to take off; more may go, since merged pages go whole
 * @pindex: list to begin with, pcp_pindex()
 * @victims: gets the pages; page_private() of each is its order
 *
 * The cold end of each list goes first, list after list, as in stock. With
 * @pindex 0 the small orders are merged first, bottom-up.
 *
 * Context: @pcp->lock is held.
 */
void pcp_collect(struct per_cpu_pages *pcp, int count, unsigned int pindex,
		 struct list_head *victims)
{
	struct list_head *list;

	while (count > 0 && pcp->count > 0) {
		while (list_empty(&pcp->lists[pindex]))
			pindex = (pindex + 1) % NR_PCP_LISTS;
		list = &pcp->lists[pindex];

		do {
			struct page *page = list_last_entry(list, struct page,
							    pcp_list);
			unsigned int order = page_private(page);

			if (pcp_list_del(pcp, page, order))
				page = pcp_merge(pcp, page, &order);

			set_page_private(page, order);
			list_add_tail(&page->pcp_list, victims);
			count -= 1 << order;
		} while (count > 0 && !list_empty(list));

		pindex = (pindex + 1) % NR_PCP_LISTS;
	}
}

/**
 * pcp_free_bulk() - give pages of a PCP back to the zone
 * @zone: the zone
 * @pcp: the PCP
 * @count: base pages to give back
 * @pindex: list to begin with, pcp_pindex()
 *
 * Absorbs first, so that pages freed from afar can merge with those that are
 * here, and gives back as many more pages as that brought in: a caller that
 * trims to a mark gets there all the same.
 *
 * Context: @pcp->lock is held. Takes zone->lock.
 */
void pcp_free_bulk(struct zone *zone, struct per_cpu_pages *pcp, int count,
		   unsigned int pindex)
{
	LIST_HEAD(victims);
	int before = pcp->count;

	count = min(before, count);
	if (pcp_has_waiting(pcp)) {
		pcp_absorb(zone, pcp, PCP_ABSORB_NODES, false);
		count += pcp->count - before;
	}

	pcp_collect(pcp, count, pindex, &victims);
	if (!list_empty(&victims))
		pcp_zone_free_list(zone, &victims);
}
