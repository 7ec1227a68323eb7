// SPDX-License-Identifier: GPL-2.0
/*
 * Free a batch of folios. Those for other CPUs are gathered into runs, one
 * for each PCP, that are pushed at once; the local lock is kept meanwhile.
 */
#include <linux/bits.h>
#include <trace/events/kmem.h>

#include "commit.h"
#include "free.h"

/* The run of a PCP, or one that is free for it, or else one that has to be sent off. */
static struct pcp_run *pcp_batch_find_run(struct pcp_batch *batch,
					  struct per_cpu_pages *pcp, int owner)
{
	unsigned int way, nr;

	for (way = 0; way < PCP_BATCH_WAYS; way++) {
		nr = (owner + way) % PCP_BATCH_RUNS;
		if (!(batch->used & BIT(nr))) {
			batch->used |= BIT(nr);
			batch->runs[nr] = (struct pcp_run){};
			return &batch->runs[nr];
		}
		if (likely(batch->runs[nr].pcp == pcp))
			return &batch->runs[nr];
	}
	way = batch->next_way++ % PCP_BATCH_WAYS;
	return &batch->runs[(owner + way) % PCP_BATCH_RUNS];
}

/* The task is pinned. May lose the lock of the local PCP. */
static void pcp_batch_add_run(struct pcp_batch *batch, struct zone *zone, int owner,
			      struct page *page, unsigned int order)
{
	struct per_cpu_pages *pcp = zone_pcp(zone, owner);
	struct pcp_run *run = pcp_batch_find_run(batch, pcp, owner);

	if (run->pcp != pcp) {
		if (run->pcp)
			batch->pcp = pcp_push_pinned(run, batch->pcp);
		run->zone = zone;
		run->pcp = pcp;
	}
	pcp_run_add(run, page, order);
}

/* Lock the local PCP of @zone. The task is pinned. */
static bool pcp_batch_lock(struct pcp_batch *batch, struct zone *zone)
	__no_context_analysis
{
	struct per_cpu_pages *pcp;

	if (batch->pcp) {
		if (batch->zone == zone)
			return true;
		pcp_unlock(batch->pcp);
		batch->pcp = NULL;
	}

	/*
	 * A trylock, because folios are also freed from interrupts, after an
	 * I/O completion.
	 */
	pcp = this_cpu_ptr(zone->per_cpu_pageset);
	if (!pcp_trylock(pcp, PCP_SIDE_FREE))
		return false;
	batch->zone = zone;
	batch->pcp = pcp;
	return true;
}

/**
 * pcp_batch_free() - free one folio of a batch
 * @batch: the batch
 * @zone: zone of @page
 * @page: first page of the folio, prepared for freeing
 * @pfn: its pfn
 * @order: its order, one that a PCP may have
 *
 * Context: Any but NMI. May leave with the local PCP locked and the task
 * pinned, so pcp_batch_end() must follow.
 */
void pcp_batch_free(struct pcp_batch *batch, struct zone *zone,
		    struct page *page, unsigned long pfn, unsigned int order)
{
	struct pcp_route_in in = { .order_allowed = true };
	enum pcp_route route;

	if (!batch->pcp)
		pcpu_task_pin();

	route = pcp_route_page(&in, zone, page, pfn, order);
	if (likely(route == PCP_ROUTE_LOCAL) &&
	    unlikely(!pcp_batch_lock(batch, zone)))
		route = PCP_ROUTE_ZONE;

	switch (route) {
	case PCP_ROUTE_REMOTE:
		trace_mm_page_free_batched(page);
		pcp_batch_add_run(batch, zone, in.owner, page, order);
		break;
	case PCP_ROUTE_LOCAL:
		trace_mm_page_free_batched(page);
		if (!pcp_commit(zone, batch->pcp, page,
				pcp_list_type(in.migratetype), order, false))
			batch->pcp = NULL;
		break;
	default:
		/* free_unref_folios() marks what is on its way to a PCP. */
		pcp_clear_mark(page);
		pcp_zone_free_one(zone, page, pfn, order, false);
		break;
	}

	if (!batch->pcp)
		pcpu_task_unpin();
}

/**
 * pcp_batch_end() - send off the runs and unlock
 * @batch: the batch
 *
 * Context: Any but NMI. Nothing is locked nor pinned on return.
 */
void pcp_batch_end(struct pcp_batch *batch)
	__no_context_analysis
{
	unsigned int nr;

	if (batch->pcp) {
		pcp_unlock(batch->pcp);
		pcpu_task_unpin();
		batch->pcp = NULL;
	}

	for (nr = 0; batch->used >> nr; nr++) {
		if (batch->used & BIT(nr))
			pcp_push(&batch->runs[nr], false);
	}
	batch->used = 0;
}
