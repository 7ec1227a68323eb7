// SPDX-License-Identifier: GPL-2.0
/*
 * Refill a PCP from the zone, in four phases under one hold of zone->lock:
 * recover, claim, chunks, fallback.
 */
#include <linux/minmax.h>
#include <trace/events/pcp.h>

#include "../internal.h"
#include "../page_alloc.h"
#include "pcp.h"
#include "zone.h"

/*
 * A refill on its way.
 * @want: base pages wanted, in pages of at least @order
 * @room: base pages that the high mark leaves room for
 * @got: base pages that arrived in pages of at least @order
 */
struct pcp_refill_ctx {
	struct zone *zone;
	struct per_cpu_pages *pcp;
	unsigned int order;
	int migratetype;
	int want;
	int room;
	int got;
};

static void pcp_refill_add(struct pcp_refill_ctx *ctx, struct page *page,
			   unsigned int order, bool owned)
{
	pcp_list_add_tail(ctx->pcp, page, order, ctx->migratetype, owned);
	ctx->room -= 1 << order;
	if (order >= ctx->order)
		ctx->got += 1 << order;
}

/*
 * Take the fragments of one owned block. Returns true if none is left.
 */
static bool pcp_recover_block(struct pcp_refill_ctx *ctx,
			      struct pageblock_data *pbd)
{
	unsigned long pfn = pbd->block_pfn, end = pfn + pageblock_nr_pages;
	struct page *page = pfn_to_page(pfn);
	unsigned int nr_fragments = 0;
	bool all = true;

	while (pfn < end) {
		unsigned long step = 1;

		if (PageBuddy(page)) {
			unsigned int order = buddy_order(page);

			step = 1UL << order;
			if (step <= ctx->room) {
				pcp_zone_take_fragment(ctx->zone, page, order,
						       ctx->migratetype);
				pcp_refill_add(ctx, page, order, true);
				nr_fragments++;
			} else {
				all = false;
			}
		} else if (PagePCPBuddy(page)) {
			step = 1UL << page_private(page);
		}
		pfn += step;
		page += step;
	}

	count_vm_events(PCP_RECOVER, nr_fragments);
	return all;
}

/*
 * Phase 0: fragments of blocks that this CPU owns. They can merge again with
 * their neighbours here. Looks at few entries, and scans fewer, but one block
 * at least, since zone->lock is held; what it looked at goes to the end of the
 * line.
 */
static void pcp_recover(struct pcp_refill_ctx *ctx)
{
	int looks = min(ctx->pcp->nr_owned_blocks, PCP_RECOVER_LOOKS);
	long scan = PCP_RECOVER_PAGES;

	while (looks-- && scan > 0 && ctx->got < ctx->want && ctx->room > 0) {
		struct pageblock_data *pbd;

		pbd = list_first_entry(&ctx->pcp->owned_blocks,
				       struct pageblock_data, cpu_node);
		list_move_tail(&pbd->cpu_node, &ctx->pcp->owned_blocks);
		if (pageblock_migratetype(pbd) != ctx->migratetype)
			continue;
		scan -= pageblock_nr_pages;
		if (pcp_recover_block(ctx, pbd))
			pageblock_unlist(ctx->pcp, pbd);
	}
}

/*
 * Phase 1: whole free blocks, which this CPU then owns. Only while the PCP
 * has room for a block below its high mark.
 */
static void pcp_claim(struct pcp_refill_ctx *ctx)
{
	while (ctx->got < ctx->want && ctx->room >= (int)pageblock_nr_pages) {
		struct page *page;
		unsigned long pfn;

		page = pcp_zone_take_block(ctx->zone, ctx->migratetype);
		if (!page)
			return;
		pfn = page_to_pfn(page);
		pageblock_claim(pcp_pageblock(ctx->zone, page, pfn),
				ctx->pcp->cpu);
		trace_mm_pcp_claim(ctx->pcp->cpu, pfn, ctx->migratetype);
		pcp_refill_add(ctx, page, pageblock_order, true);
		count_vm_event(PCP_CLAIM);
	}
}

/*
 * A piece that came off the zone's free lists is this CPU's own if it is a
 * fragment that recovery did not get to.
 */
static bool pcp_owns(struct pcp_refill_ctx *ctx, struct page *page)
{
	struct pageblock_data *pbd = pcp_pageblock(ctx->zone, page,
						   page_to_pfn(page));

	return pageblock_owner_cpu(pbd) == ctx->pcp->cpu;
}

/*
 * Phase 2: pieces smaller than a block, of the wanted type, smallest first
 * and none broken up.
 */
static void pcp_chunks(struct pcp_refill_ctx *ctx)
{
	unsigned int order = ctx->order;

	while (order < pageblock_order && ctx->got + (1 << order) <= ctx->want) {
		struct page *page;

		page = pcp_zone_take_chunk(ctx->zone, order, ctx->migratetype);
		if (page)
			pcp_refill_add(ctx, page, order, pcp_owns(ctx, page));
		else
			order++;
	}
}

/* Phase 3: what stock does, page by page, other migratetypes included. */
static void pcp_fallback(struct pcp_refill_ctx *ctx, unsigned int alloc_flags)
{
	int mode = 0;

	while (ctx->got < ctx->want) {
		struct page *page;

		page = pcp_zone_rmqueue(ctx->zone, ctx->order, ctx->migratetype,
					alloc_flags, &mode);
		if (!page)
			return;
		pcp_refill_add(ctx, page, ctx->order, pcp_owns(ctx, page));
	}
}

/**
 * pcp_refill() - refill a PCP from the zone
 * @zone: the zone
 * @pcp: this CPU's PCP
 * @order: order that the allocation wants
 * @migratetype: type that it wants, below MIGRATE_PCPTYPES
 * @alloc_flags: ALLOC_*; with ALLOC_NOLOCK nothing is done unless zone->lock
 *	is free
 *
 * With free memory mostly in CMA areas, everything comes from the fallback
 * phase, which knows how to balance them.
 *
 * Context: @pcp->lock is held. Takes zone->lock.
 * Return: base pages that arrived in pages of at least @order.
 */
unsigned int pcp_refill(struct zone *zone, struct per_cpu_pages *pcp,
			unsigned int order, int migratetype,
			unsigned int alloc_flags)
{
	struct pcp_refill_ctx ctx = {
		.zone = zone,
		.pcp = pcp,
		.order = order,
		.migratetype = migratetype,
	};
	unsigned long flags;

	/* Sets pcp->high, which room depends on. */
	ctx.want = pcp_zone_nr_alloc(zone, pcp, order) << order;
	ctx.room = READ_ONCE(pcp->high) - pcp->count;

	if (!pcp_zone_lock(zone, &flags, alloc_flags & ALLOC_NOLOCK))
		return 0;

	if (!pcp_zone_cma_first(zone, alloc_flags)) {
		pcp_recover(&ctx);
		if (!pcp_zone_short(zone))
			pcp_claim(&ctx);
		pcp_chunks(&ctx);
	}
	pcp_fallback(&ctx, alloc_flags);

	pcp_zone_unlock(zone, flags);
	return ctx.got;
}
