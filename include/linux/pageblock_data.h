/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the page allocator knows about one block of pageblock_nr_pages pages.
 */
#ifndef _LINUX_PAGEBLOCK_DATA_H
#define _LINUX_PAGEBLOCK_DATA_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/types.h>

/* Value of pageblock_data::owner when no CPU owns the block. */
#define PAGEBLOCK_NO_OWNER	0

/**
 * struct pageblock_data - one block of pageblock_nr_pages pages
 * @flags: migratetype and standalone bits, see enum pageblock_bits. Read
 *	without a lock, so every update is atomic.
 * @owner: the CPU that claimed the whole block, plus one; PAGEBLOCK_NO_OWNER
 *	if there is none. Read without a lock; written under zone->lock, and
 *	only while the block is complete, i.e. wholly free in the zone buddy
 *	or wholly taken from it. So it is stable for whoever holds a page.
 * @unlisted: the zone buddy got fragments while the owner was dead, so the
 *	block is not on owned_blocks; the next fragment puts it there. Under
 *	zone->lock.
 * @block_pfn: first pfn of the block. Set once, before the block is used.
 * @cpu_node: entry of the owner's per_cpu_pages::owned_blocks if the zone buddy
 *	may have fragments of the block; empty otherwise. Under zone->lock.
 */
struct pageblock_data {
	unsigned long flags;
	int owner;
	bool unlisted;
	unsigned long block_pfn;
	struct list_head cpu_node;
};

/**
 * pageblock_owner_cpu() - the CPU that owns a block
 * @pbd: the block
 *
 * Context: Any. No lock is needed; the answer is stable while the caller
 * holds a page of the block or zone->lock.
 * Return: the CPU, or -1 if no CPU owns the block.
 */
static inline int pageblock_owner_cpu(const struct pageblock_data *pbd)
{
	return READ_ONCE(pbd->owner) - 1;
}

#endif /* _LINUX_PAGEBLOCK_DATA_H */
