/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Put a freed page on the local PCP. Each local free does this, so what most of
 * them need is inline; commit.c has the rest.
 */
#ifndef __MM_PCP_COMMIT_H
#define __MM_PCP_COMMIT_H

#include <linux/mm.h>
#include <linux/vmstat.h>

#include "pcp.h"
#include "zone.h"

bool pcp_commit_trim(struct zone *zone, struct per_cpu_pages *pcp,
		     unsigned int pindex, int batch, bool free_high);

/*
 * Note a free for the heuristics. Pages of a small order above 0 fragment
 * the zone while they are cached, so a CPU that frees many of them in a row,
 * and allocates none, is told to give all of them back.
 */
static __always_inline bool pcp_note_free(struct per_cpu_pages *pcp,
					  unsigned int order, int batch)
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
 * Would pcp_zone_high() only say that there is room? It can lower pcp->high while
 * the zone is short, or because high_max was lowered, and raises it when the PCP
 * is full. Most frees end here, without that call.
 */
static __always_inline bool pcp_below_high(struct zone *zone,
					   struct per_cpu_pages *pcp)
{
	int high = READ_ONCE(pcp->high);

	return pcp->count < high && high <= READ_ONCE(pcp->high_max) &&
	       !pcp_zone_short(zone);
}

/**
 * pcp_commit() - put a freed page on the local PCP
 * @zone: zone of @page
 * @pcp: this CPU's PCP
 * @page: first page, prepared for freeing
 * @migratetype: below MIGRATE_PCPTYPES
 * @order: order of @page
 * @nolock: FPI_NOLOCK. zone->lock is out of reach, so the PCP may stay over
 *	its high mark until the next free
 *
 * Context: @pcp->lock is held and the task pinned. Takes zone->lock if the PCP
 * has to be trimmed.
 * Return: true if that is still so, false if the lock was lost; the task is pinned,
 * maybe to another CPU.
 */
static __always_inline bool pcp_commit(struct zone *zone,
				       struct per_cpu_pages *pcp,
				       struct page *page, int migratetype,
				       unsigned int order, bool nolock)
{
	int batch = READ_ONCE(pcp->batch);
	bool free_high;

	__count_vm_events(PGFREE, 1 << order);
	pcp_list_add(pcp, page, order, migratetype);
	free_high = pcp_note_free(pcp, order, batch);
	if (unlikely(nolock) || likely(!free_high && pcp_below_high(zone, pcp)))
		return true;

	return pcp_commit_trim(zone, pcp, pcp_pindex(migratetype, order), batch,
			       free_high);
}

#endif /* __MM_PCP_COMMIT_H */
