// SPDX-License-Identifier: GPL-2.0
/*
 * Give many pages of a PCP back to the zone: absorb, choose and merge under
 * pcp->lock, and only then take zone->lock for fewer and larger pieces.
 */
#include <linux/minmax.h>

#include "pcp.h"
#include "zone.h"

/*
 * Move @count base pages to @cold, which has a list for each order. Goes from
 * list to list, beginning with @pindex, the cold end of each first, as stock
 * does. The pages keep their marks and stay in pcp->count.
 */
static void pcp_choose(struct per_cpu_pages *pcp, int count,
		       unsigned int pindex, struct list_head *cold)
{
	count = min(pcp->count, count);
	while (count > 0) {
		struct list_head *list = &pcp->lists[pindex];
		unsigned int order = pindex / MIGRATE_PCPTYPES;

		while (count > 0 && !list_empty(list)) {
			list_move_tail(list->prev, &cold[order]);
			count -= 1 << order;
		}
		pindex = (pindex + 1) % NR_PCP_LISTS;
	}
}

/**
 * pcp_collect() - choose pages to give back and merge them
 * @pcp: the PCP
 * @count: base pages to take off; more may go, since the buddies that they
 *	merge with go along
 * @pindex: list to begin with, pcp_pindex()
 * @victims: gets the pages; page_private() of each is its order
 *
 * Merges bottom-up: all of an order before the next one, so that a block in
 * pieces of order 0 comes out whole.
 *
 * Context: @pcp->lock is held.
 */
void pcp_collect(struct per_cpu_pages *pcp, int count, unsigned int pindex,
		 struct list_head *victims)
{
	struct list_head cold[PAGE_BLOCK_MAX_ORDER + 1];
	unsigned int order;

	for (order = 0; order <= PAGE_BLOCK_MAX_ORDER; order++)
		INIT_LIST_HEAD(&cold[order]);
	pcp_choose(pcp, count, pindex, cold);

	for (order = 0; order <= PAGE_BLOCK_MAX_ORDER; order++) {
		while (!list_empty(&cold[order])) {
			struct page *page = list_first_entry(&cold[order],
							     struct page,
							     pcp_list);
			unsigned int merged = order;

			if (pcp_list_del(pcp, page, order))
				page = pcp_merge(pcp, page, &merged);

			set_page_private(page, merged);
			if (merged == order) {
				list_add_tail(&page->pcp_list, victims);
				continue;
			}

			/* It has new buddies: again, with those of its size. */
			__SetPagePCPBuddy(page);
			list_add_tail(&page->pcp_list, &cold[merged]);
			WRITE_ONCE(pcp->count, pcp->count + (1 << merged));
		}
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
		pcp_absorb(zone, pcp, PCP_ABSORB_NODES, false, false);
		count += pcp->count - before;
	}

	pcp_collect(pcp, count, pindex, &victims);
	if (!list_empty(&victims))
		pcp_zone_free_list(zone, &victims);
}
