/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which CPU gets the pages of a block back.
 *
 * The last CPU that took pages of a block from the zone is its owner: it will want
 * pages again. It stops being the owner when it gives pages of the block back itself,
 * when they waited for it through an interval, when the block is whole or its memory goes
 * offline, and when the CPU dies.
 *
 * The owner is a hint where to send pages, so no lock protects it. Each change is one
 * atomic operation, so the blocks of each CPU are counted right. Litmus tests: pcp-own,
 * pcp-disown, pcp-old-owner.
 */
#ifndef __MM_PCP_OWNER_H
#define __MM_PCP_OWNER_H

#include <linux/jump_label.h>
#include <linux/mmzone.h>

#include "pageblock.h"

DECLARE_STATIC_KEY_TRUE(pcp_owners);

/**
 * pcp_owners_on() - do pages go back to the CPU that owns their block?
 *
 * Context: Any.
 * Return: false while that is turned off, see switch.c.
 */
static __always_inline bool pcp_owners_on(void)
{
	return static_branch_likely(&pcp_owners);
}

bool pageblock_own(struct zone *zone, struct per_cpu_pages *pcp,
		   struct pageblock_data *pbd);
void __pageblock_disown(struct zone *zone, struct pageblock_data *pbd);
void pageblock_disown_range(struct zone *zone, unsigned long start_pfn,
			    unsigned long end_pfn);
void pageblock_disown_cpu(struct zone *zone, struct per_cpu_pages *pcp);

/* switch.c */
void pcp_set_owners(bool on);
#if IS_ENABLED(CONFIG_KUNIT)
int pcp_owners_get(void *data, u64 *on);
int pcp_owners_set(void *data, u64 on);
#endif

/**
 * pageblock_disown() - nobody owns a block any more
 * @zone: zone of the block
 * @pbd: the block, with an owner or without
 *
 * Context: Any. Memory of the block is in the caller's hands, or zone->lock is held.
 */
static __always_inline void pageblock_disown(struct zone *zone,
					     struct pageblock_data *pbd)
{
	if (READ_ONCE(pbd->owner) != PAGEBLOCK_NO_OWNER)
		__pageblock_disown(zone, pbd);
}

/**
 * pageblock_freed() - pages came to the zone buddy
 * @zone: the zone
 * @pbd: block of the pages
 * @order: order that they have merged to
 *
 * Whole blocks have no owner.
 *
 * Context: zone->lock is held.
 */
static __always_inline void pageblock_freed(struct zone *zone,
					    struct pageblock_data *pbd,
					    unsigned int order)
{
	if (unlikely(order >= pageblock_order))
		pageblock_disown(zone, pbd);
}

#endif /* __MM_PCP_OWNER_H */
