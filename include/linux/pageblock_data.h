/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page allocator keeps this for each block of pageblock_nr_pages pages.
 */
#ifndef _LINUX_PAGEBLOCK_DATA_H
#define _LINUX_PAGEBLOCK_DATA_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Value of pageblock_data::owner when no CPU owns the block. */
#define PAGEBLOCK_NO_OWNER	0

/**
 * struct pageblock_data - one block of pageblock_nr_pages pages
 * @flags: migratetype and standalone bits, see enum pageblock_bits. Read
 *	without a lock, so every update is atomic.
 * @owner: the CPU that the pages of this block are given back to, plus one;
 *	PAGEBLOCK_NO_OWNER if there is none. No lock protects it: each change is one
 *	atomic operation. It only says where a page is wanted. A reader that acts on an
 *	old answer sends a page to a CPU that no longer wants it, and does no harm.
 */
struct pageblock_data {
	unsigned long flags;
	int owner;
};

/**
 * pageblock_owner_cpu() - the CPU that owns a block
 * @pbd: the block
 *
 * Context: Any. The answer may be out of date.
 * Return: the CPU, or -1 if no CPU owns the block.
 */
static inline int pageblock_owner_cpu(const struct pageblock_data *pbd)
{
	return READ_ONCE(pbd->owner) - 1;
}

#endif /* _LINUX_PAGEBLOCK_DATA_H */
