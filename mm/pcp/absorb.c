// SPDX-License-Identifier: GPL-2.0
/*
 * Take in the pages that other CPUs gave back.
 */
#include <linux/prefetch.h>
#include <trace/events/pcp.h>

#include "pcp.h"
#include "route.h"
#include "take.h"
#include "zone.h"

/**
 * pcp_absorb() - move waiting pages to the PCP lists
 * @zone: the zone
 * @pcp: the PCP
 * @flags: PCP_ABSORB_TO_HIGH: stop when the PCP is at its high mark;
 *	PCP_ABSORB_NOLOCK: what has to go to the zone is deferred
 *
 * They go to the hot end, one behind the other. The pages that are there already did not
 * suit the caller.
 *
 * The free_llist can only be taken whole. Pages beyond PCP_ABSORB_NODES stay on
 * @pcp->taken. The next absorb begins there, before it takes the list again. So one
 * allocation does bounded work.
 *
 * The block's type is read anew: a block that was isolated meanwhile, or a
 * PCP that was disabled meanwhile, sends the page to the zone. Both set their
 * state first and drain under @pcp->lock afterwards, so a page that this
 * still sees in the old state is drained. Litmus test: pcp-isolate.
 *
 * Context: @pcp->lock is held. May take zone->lock.
 * Return: the number of base pages taken off the waiting lists.
 */
unsigned int pcp_absorb(struct zone *zone, struct per_cpu_pages *pcp,
			unsigned int flags)
{
	struct llist_node *node = pcp->taken, *to_zone = NULL;
	struct list_head *list, *last_list = NULL, *last = NULL;
	unsigned int nr_pages = 0, nr_nodes = 0;
	bool nolock = flags & PCP_ABSORB_NOLOCK;
	bool disabled = pcp_disabled(pcp);
	bool leftover = node;
	int high = INT_MAX;

	/* At the high mark, waiting pages stay where a flush finds them. */
	if ((flags & PCP_ABSORB_TO_HIGH) && !disabled)
		high = READ_ONCE(pcp->high);
	if (pcp->count >= high)
		return 0;

	if (!leftover)
		node = pcp_take_waiting(pcp, !nolock);

	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);
		unsigned int order = page_private(page);
		int migratetype;

		/* Nobody looks at a disabled PCP after this, so it gets rid of all. */
		if (!disabled && (nr_nodes == PCP_ABSORB_NODES || pcp->count >= high))
			break;

		node = node->next;
		if (!node && leftover) {
			leftover = false;
			node = pcp_take_waiting(pcp, !nolock);
		}
		prefetch(node);
		nr_nodes++;
		nr_pages += 1U << order;

		migratetype = pageblock_migratetype(pcp_pageblock(zone, page,
								  page_to_pfn(page)));
		if (unlikely(disabled || is_migrate_isolate(migratetype))) {
			page->pcp_llist.next = to_zone;
			to_zone = &page->pcp_llist;
			continue;
		}

		list = &pcp->lists[pcp_pindex(pcp_list_type(migratetype), order)];
		__pcp_list_add(pcp, page, order, list == last_list ? last : list);
		pcp_count_add(pcp, 1 << order);
		last_list = list;
		last = &page->pcp_list;
	}

	WRITE_ONCE(pcp->taken, node);
	if (unlikely(to_zone)) {
		if (nolock)
			pcp_zone_defer_waiting(zone, to_zone);
		else
			pcp_zone_free_waiting(zone, to_zone, false);
	}
	if (nr_pages) {
		if (unlikely(READ_ONCE(pcp->stale)))
			WRITE_ONCE(pcp->stale, false);
		/*
		 * Pairs with pcp_has_pages(): once it no longer sees that
		 * pages wait, it sees them counted, or in the zone. Litmus
		 * test: pcp-has-pages.
		 */
		(void)atomic_sub_return_release(nr_pages, &pcp->nr_waiting);
		__count_vm_events(PCP_ABSORB, nr_pages);
		trace_mm_pcp_absorb(pcp->cpu, nr_pages, node);
	}

	return nr_pages;
}
