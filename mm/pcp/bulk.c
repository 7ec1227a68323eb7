// SPDX-License-Identifier: GPL-2.0
/*
 * Give many pages of a PCP back to the zone: absorb, choose and merge under
 * pcp->lock, and only then take zone->lock for fewer and larger pieces.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "pcp.h"
#include "zone.h"

/*
 * Mergeable pages by order. Most calls have one or two orders, so a list is set
 * up with the first page of its order.
 */
struct pcp_cold {
	unsigned long orders;
	struct list_head lists[PAGE_BLOCK_MAX_ORDER + 1];
};

static struct list_head *pcp_cold_list(struct pcp_cold *cold, unsigned int order)
{
	if (!(cold->orders & BIT(order))) {
		cold->orders |= BIT(order);
		INIT_LIST_HEAD(&cold->lists[order]);
	}
	return &cold->lists[order];
}

/*
 * Choose @count base pages. Goes from list to list, beginning with @pindex, the
 * cold end of each first, as stock does. What can merge goes to @cold, keeps its
 * mark and stays in pcp->count; the rest is taken off, and keeps its order.
 */
static void pcp_choose(struct per_cpu_pages *pcp, int count,
		       unsigned int pindex, struct pcp_cold *cold,
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
			if (PagePCPBuddy(page))
				to = pcp_cold_list(cold, order);
			else
				pcp_count_add(pcp, -(1 << order));
			list_move_tail(&page->pcp_list, to);
		}
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
	/* To fill it would cost more than to merge the few pages of a call. */
	struct pcp_cold cold __uninitialized;

	cold.orders = 0;
	pcp_choose(pcp, count, pindex, &cold, victims);

	while (cold.orders) {
		unsigned int order = __ffs(cold.orders);
		struct list_head *list = &cold.lists[order];

		while (!list_empty(list)) {
			struct page *page = list_first_entry(list, struct page,
							     pcp_list);
			unsigned int merged = order;

			pcp_list_del(pcp, page, order);
			page = pcp_merge(pcp, page, &merged);
			set_page_private(page, merged);
			if (merged == order) {
				list_add_tail(&page->pcp_list, victims);
				continue;
			}

			/* It has new buddies: again, with those of its size. */
			__SetPagePCPBuddy(page);
			list_add_tail(&page->pcp_list, pcp_cold_list(&cold, merged));
			WRITE_ONCE(pcp->count, pcp->count + (1 << merged));
		}
		cold.orders &= ~BIT(order);
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
