// SPDX-License-Identifier: GPL-2.0
/*
 * Put a freed page on the local PCP and keep the PCP below its high mark.
 */
#include <linux/minmax.h>

#include "pcp.h"
#include "zone.h"

/*
 * Note a free for the heuristics. Pages of a small order above 0 fragment
 * the zone while they are cached, so a CPU that frees many of them in a row,
 * and allocates none, is told to give all of them back.
 */
static bool pcp_note_free(struct per_cpu_pages *pcp, unsigned int order,
			  int batch)
{
	bool free_high = false;

	/* Allocate in smaller batches from here on, see nr_pcp_alloc(). */
	pcp->alloc_factor >>= 1;

	if (order && order <= PAGE_ALLOC_COSTLY_ORDER) {
		bool keep_batch = pcp->flags & PCPF_FREE_HIGH_BATCH;

		free_high = pcp->free_count >= batch + READ_ONCE(pcp->high_min) / 2 &&
			    (pcp->flags & PCPF_PREV_FREE_HIGH_ORDER) &&
			    (!keep_batch || pcp->count >= batch);
		pcp->flags |= PCPF_PREV_FREE_HIGH_ORDER;
	} else if (pcp->flags & PCPF_PREV_FREE_HIGH_ORDER) {
		pcp->flags &= ~PCPF_PREV_FREE_HIGH_ORDER;
	}

	if (pcp->free_count < (batch << CONFIG_PCP_BATCH_SCALE_MAX))
		pcp->free_count += 1 << order;

	return free_high;
}

/*
 * Unlock, and lock again if this is still the same CPU. Others may run in
 * between. Returns false with the lock lost and the task not pinned.
 */
static bool pcp_relock(struct zone *zone, struct per_cpu_pages *pcp)
{
	pcp_unlock(pcp);
	pcpu_task_unpin();

	pcpu_task_pin();
	/* Not this CPU's any more, or not in use, if the zone was reset. */
	if (likely(this_cpu_ptr(zone->per_cpu_pageset) == pcp) &&
	    pcp_trylock(pcp, PCP_SIDE_FREE))
		return true;
	pcpu_task_unpin();
	return false;
}

/* Give @to_free base pages back, one batch for each hold of the lock. */
static bool pcp_trim(struct zone *zone, struct per_cpu_pages *pcp, int to_free,
		     int batch, unsigned int pindex)
{
	while (to_free > 0 && pcp->count > 0) {
		int nr = min(to_free, batch);

		pcp_free_bulk(zone, pcp, nr, pindex);
		to_free -= nr;
		if (to_free == 0 || pcp->count == 0)
			break;
		if (!pcp_relock(zone, pcp))
			return false;
	}
	return true;
}

/**
 * pcp_commit() - put a freed page on the local PCP
 * @zone: zone of @page
 * @pcp: this CPU's PCP
 * @page: first page, prepared for freeing
 * @migratetype: below MIGRATE_PCPTYPES
 * @order: order of @page
 * @owned: this CPU owns the page's block
 * @nolock: FPI_NOLOCK. zone->lock is out of reach, so the PCP may stay over
 *	its high mark until the next free
 *
 * Trims to the high mark as 7.3 does. Between batches the lock is dropped, so
 * that the task can be preempted or interrupted for long frees.
 *
 * Context: @pcp->lock is held and the task pinned. Takes zone->lock.
 * Return: true if that is still so, false if the lock was lost and the task
 * is not pinned.
 */
bool pcp_commit(struct zone *zone, struct per_cpu_pages *pcp, struct page *page,
		int migratetype, unsigned int order, bool owned, bool nolock)
{
	int batch = READ_ONCE(pcp->batch);
	bool locked, free_high;
	int high, to_free;

	__count_vm_events(PGFREE, 1 << order);
	pcp_list_add(pcp, page, order, migratetype, owned);
	free_high = pcp_note_free(pcp, order, batch);
	if (unlikely(nolock))
		return true;

	high = pcp_zone_high(zone, pcp, batch, free_high);
	if (likely(pcp->count < high))
		return true;

	/* A disabled PCP keeps nothing, not even what a merge left over. */
	if (unlikely(pcp_disabled(pcp))) {
		to_free = pcp->count;
		batch = PCP_ZONE_CHUNK;
	} else {
		to_free = pcp_zone_nr_free(zone, pcp, batch, high, free_high);
	}
	locked = pcp_trim(zone, pcp, to_free, batch,
			  pcp_pindex(migratetype, order));
	pcp_zone_relax(zone);
	return locked;
}
