/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How mm/ finds the struct pageblock_data of a page, for every memory model,
 * and how it sets up a new array of them.
 */
#ifndef __MM_PCP_PAGEBLOCK_H
#define __MM_PCP_PAGEBLOCK_H

#include <linux/mm.h>
#include <linux/mmzone.h>

/**
 * pfn_to_pageblock() - the block of a page
 * @page: a page of the block
 * @pfn: its pfn; passed in because most callers have it already
 *
 * Context: Any. The page's section must not go away meanwhile, which a
 * reference to the page, zone->lock or the hotplug lock ensures.
 * Return: the data of the block that holds @pfn.
 */
static __always_inline struct pageblock_data *
pfn_to_pageblock(const struct page *page, unsigned long pfn)
{
#ifdef CONFIG_SPARSEMEM
	struct pageblock_data *blocks = section_to_usemap(__pfn_to_section(pfn));

	return &blocks[(pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order];
#else
	struct zone *zone = page_zone(page);

	pfn -= pageblock_start_pfn(zone->zone_start_pfn);
	return &zone->pageblock_data[pfn >> pageblock_order];
#endif
}

/**
 * pageblock_flags_migratetype() - decode the migratetype of a block
 * @flags: a snapshot of pageblock_data::flags
 *
 * Isolation has a bit of its own and hides the type below it.
 *
 * Return: the migratetype, MIGRATE_ISOLATE for an isolated block.
 */
static __always_inline enum migratetype pageblock_flags_migratetype(unsigned long flags)
{
#ifdef CONFIG_MEMORY_ISOLATION
	if (flags & PAGEBLOCK_ISO_MASK)
		return MIGRATE_ISOLATE;
#endif
	return flags & PAGEBLOCK_MIGRATETYPE_MASK;
}

/**
 * pageblock_migratetype() - the migratetype of a block
 * @pbd: the block
 *
 * Context: Any. Races with writers, but never sees a torn value.
 * Return: the migratetype, MIGRATE_ISOLATE for an isolated block.
 */
static __always_inline enum migratetype
pageblock_migratetype(const struct pageblock_data *pbd)
{
	return pageblock_flags_migratetype(READ_ONCE(pbd->flags));
}

/**
 * pageblock_data_init() - set up an array of blocks
 * @pbd: first of the array
 * @nr: number of blocks
 *
 * The migratetypes are left zero; init_pageblock_migratetype() sets them.
 *
 * Context: Before anybody can look the blocks up.
 */
static inline void pageblock_data_init(struct pageblock_data *pbd, unsigned long nr)
{
	for (; nr--; pbd++) {
		pbd->flags = 0;
		pbd->owner = PAGEBLOCK_NO_OWNER;
	}
}

#endif /* __MM_PCP_PAGEBLOCK_H */
