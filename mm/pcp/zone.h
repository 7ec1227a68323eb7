/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam between mm/pcp/ and the zone buddy: everything that a helper does
 * to a zone is one of these functions. A KUnit suite can replace each of them
 * with a static stub. zone.c implements them, inside of page_alloc.c.
 */
#ifndef __MM_PCP_ZONE_H
#define __MM_PCP_ZONE_H

#include <linux/llist.h>
#include <linux/mmzone.h>

#include "pageblock.h"
#include "point.h"

bool pcp_zone_lock(struct zone *zone, unsigned long *flags, bool nolock)
	__cond_acquires(true, &zone->lock);
void pcp_zone_unlock(struct zone *zone, unsigned long flags)
	__releases(&zone->lock);

bool pcp_zone_cma_first(struct zone *zone, unsigned int alloc_flags);
struct page *pcp_zone_take(struct zone *zone, unsigned int order,
			   unsigned int max_order, int migratetype,
			   unsigned int *from);
struct page *pcp_zone_rmqueue(struct zone *zone, unsigned int order,
			      int migratetype, unsigned int alloc_flags,
			      int *mode);

int pcp_zone_nr_alloc(struct zone *zone, struct per_cpu_pages *pcp,
		      unsigned int order);
int pcp_zone_high(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		  bool free_high);
int pcp_zone_nr_free(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		     int high, bool free_high);
void pcp_zone_relax(struct zone *zone);

void pcp_zone_free_one(struct zone *zone, struct page *page, unsigned long pfn,
		       unsigned int order, bool nolock);
void pcp_zone_defer(struct zone *zone, struct page *page, unsigned int order);
void pcp_zone_free_list(struct zone *zone, struct list_head *pages);
void pcp_zone_free_waiting(struct zone *zone, struct llist_node *pages,
			   bool nolock);
void pcp_zone_defer_waiting(struct zone *zone, struct llist_node *pages);
void pcp_zone_flush_deferred(struct zone *zone);

unsigned long pcp_zone_end(struct zone *zone);
struct pageblock_data *pcp_zone_block(struct zone *zone, unsigned long pfn);

bool pcp_zone_bad_page(struct zone *zone, struct page *page);
void pcp_zone_hand_out(struct zone *zone, struct page *page,
		       struct zone *preferred);

/*
 * Each free or allocation asks these, so they are inline. A suite replaces the function with
 * underscores.
 */
struct pageblock_data *__pcp_pageblock(struct zone *zone, const struct page *page,
				       unsigned long pfn);
bool __pcp_zone_short(struct zone *zone);

/**
 * pcp_pageblock() - the block of a page
 * @zone: zone of the page
 * @page: a page of the block
 * @pfn: its pfn
 *
 * Context: Any, see pfn_to_pageblock().
 * Return: the data of the block.
 */
static __always_inline struct pageblock_data *
pcp_pageblock(struct zone *zone, const struct page *page, unsigned long pfn)
{
	if (pcp_tested())
		return __pcp_pageblock(zone, page, pfn);
	return pfn_to_pageblock(page, pfn);
}

/* The two flags that make nr_pcp_high() lower pcp->high. */
static __always_inline bool zone_flags_short(const struct zone *zone)
{
	return READ_ONCE(zone->flags) &
	       (BIT(ZONE_BELOW_HIGH) | BIT(ZONE_RECLAIM_ACTIVE));
}

/**
 * pcp_zone_short() - is the zone short of free pages?
 * @zone: the zone
 *
 * Context: Any.
 * Return: true below the high watermark, or while it is reclaimed from.
 */
static __always_inline bool pcp_zone_short(struct zone *zone)
{
	if (pcp_tested())
		return __pcp_zone_short(zone);
	return zone_flags_short(zone);
}

#endif /* __MM_PCP_ZONE_H */
