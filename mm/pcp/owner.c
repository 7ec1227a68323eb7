// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPU owns a pageblock, and which owned blocks have fragments in the
 * zone buddy. All under zone->lock.
 */
#include <linux/mmdebug.h>

#include "pcp.h"
#include "zone.h"

/**
 * pageblock_claim() - make a CPU the owner of a block
 * @pbd: a block that was just taken from the zone as a whole
 * @cpu: its new owner
 *
 * Context: zone->lock is held. Lockless readers either hold no page of the
 * block, or see the owner that they will free to.
 */
void pageblock_claim(struct pageblock_data *pbd, int cpu)
{
	VM_WARN_ON_ONCE(pbd->owner != PAGEBLOCK_NO_OWNER);
	VM_WARN_ON_ONCE(!list_empty(&pbd->cpu_node));
	WRITE_ONCE(pbd->owner, cpu + 1);
}

/**
 * pageblock_list() - put a block on its owner's owned_blocks
 * @pcp: the owner's PCP
 * @pbd: the block, not on the list yet
 *
 * Context: zone->lock is held.
 */
void pageblock_list(struct per_cpu_pages *pcp, struct pageblock_data *pbd)
{
	pbd->unlisted = false;
	list_add_tail(&pbd->cpu_node, &pcp->owned_blocks);
	pcp->nr_owned_blocks++;
}

/**
 * pageblock_unlist() - take a block off its owner's owned_blocks
 * @pcp: the owner's PCP
 * @pbd: the block, on the list
 *
 * Leaves the node empty: whoever frees into the block next asks it whether
 * the block is listed.
 *
 * Context: zone->lock is held.
 */
void pageblock_unlist(struct per_cpu_pages *pcp, struct pageblock_data *pbd)
{
	list_del_init(&pbd->cpu_node);
	pcp->nr_owned_blocks--;
}

/**
 * pageblock_disown() - take a block from its owner
 * @zone: zone of the block
 * @pbd: a block that is wholly free in the zone, or goes away
 *
 * Context: zone->lock is held.
 */
void pageblock_disown(struct zone *zone, struct pageblock_data *pbd)
{
	int cpu = pageblock_owner_cpu(pbd);

	if (cpu < 0)
		return;
	if (!list_empty(&pbd->cpu_node))
		pageblock_unlist(zone_pcp(zone, cpu), pbd);
	pbd->unlisted = false;
	WRITE_ONCE(pbd->owner, PAGEBLOCK_NO_OWNER);
}

/**
 * pageblock_zone_freed() - pages of an owned block came to the zone buddy
 * @zone: the zone
 * @pbd: block of the pages
 * @order: order that they have merged to
 *
 * A block that is whole in the zone again has no owner. Any smaller piece is
 * a fragment, which the owner would like to have back; unless its CPU is
 * dead: its list was emptied under zone->lock, after the dead flag was set,
 * and has to stay empty.
 *
 * Context: zone->lock is held.
 */
void pageblock_zone_freed(struct zone *zone, struct pageblock_data *pbd,
			  unsigned int order)
{
	struct per_cpu_pages *pcp;
	int cpu = pageblock_owner_cpu(pbd);

	if (cpu < 0)
		return;
	if (order >= pageblock_order) {
		pageblock_disown(zone, pbd);
		return;
	}

	pcp = zone_pcp(zone, cpu);
	if (!list_empty(&pbd->cpu_node))
		return;
	if (likely(!READ_ONCE(pcp->dead)))
		pageblock_list(pcp, pbd);
	else
		pbd->unlisted = true;
}

/**
 * pageblock_disown_range() - no block of a range has an owner any more
 * @zone: zone of the range
 * @start_pfn: first pfn of the range
 * @end_pfn: pfn after the range
 *
 * For memory that goes offline. A block is normally disowned when it is whole
 * in the zone, but one with a hwpoisoned or PageOffline page never is.
 *
 * Context: zone->lock is held.
 */
void pageblock_disown_range(struct zone *zone, unsigned long start_pfn,
			    unsigned long end_pfn)
{
	unsigned long pfn;

	for (pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages)
		pageblock_disown(zone, pcp_pageblock(zone, pfn_to_page(pfn),
						     pfn));
}
