// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPU gets the pages of a block back, see owner.h.
 */
#include <linux/atomic.h>
#include <linux/sched.h>

#include "pcp.h"
#include "zone.h"

DEFINE_STATIC_KEY_TRUE(pcp_owners);

/**
 * pageblock_own() - a CPU becomes the owner of a block, whoever owned it
 * @zone: zone of the block
 * @pcp: PCP of the CPU in @zone
 * @pbd: the block
 *
 * Several CPUs may do so at once. Litmus test: pcp-own.
 *
 * Context: Any. Memory of the block is in the caller's hands, or zone->lock is held.
 * Return: false if it owned the block already.
 */
bool pageblock_own(struct zone *zone, struct per_cpu_pages *pcp,
		   struct pageblock_data *pbd)
{
	int owner = xchg(&pbd->owner, pcp->cpu + 1);

	if (owner == pcp->cpu + 1)
		return false;
	if (owner != PAGEBLOCK_NO_OWNER)
		atomic_dec(&zone_pcp(zone, owner - 1)->owned_blocks);
	atomic_inc(&pcp->owned_blocks);
	return true;
}

/**
 * __pageblock_disown() - nobody owns a block any more
 * @zone: zone of the block
 * @pbd: the block
 *
 * Another CPU may become the owner meanwhile. Litmus test: pcp-disown.
 *
 * Context: Any. Memory of the block is in the caller's hands, or zone->lock is held.
 */
void __pageblock_disown(struct zone *zone, struct pageblock_data *pbd)
{
	int owner = xchg(&pbd->owner, PAGEBLOCK_NO_OWNER);

	if (owner != PAGEBLOCK_NO_OWNER)
		atomic_dec(&zone_pcp(zone, owner - 1)->owned_blocks);
}

/**
 * pageblock_disown_range() - nobody owns a block of a range any more
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

/**
 * pageblock_disown_cpu() - a CPU owns no block of a zone any more
 * @zone: the zone
 * @pcp: PCP of the CPU, which is dead, so that it takes no more blocks
 *
 * Otherwise each page of its blocks would be pushed to it, be found there and go to the
 * zone, until the block is disowned for that.
 *
 * Context: CPU hotplug, which excludes memory hotplug.
 */
void pageblock_disown_cpu(struct zone *zone, struct per_cpu_pages *pcp)
{
	unsigned long pfn = pageblock_start_pfn(zone->zone_start_pfn);
	unsigned long end = pcp_zone_end(zone);

	for (; pfn < end && atomic_read(&pcp->owned_blocks); pfn += pageblock_nr_pages) {
		struct pageblock_data *pbd = pcp_zone_block(zone, pfn);

		if (pbd && pageblock_owner_cpu(pbd) == pcp->cpu)
			__pageblock_disown(zone, pbd);
		cond_resched();
	}
}
