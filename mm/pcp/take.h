/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Take the pages that wait for a PCP, to absorb them or to bring them to the zone. The caller
 * lowers nr_waiting when the pages are counted elsewhere, or on their way to the zone.
 */
#ifndef __MM_PCP_TAKE_H
#define __MM_PCP_TAKE_H

#include <linux/llist.h>
#include <linux/mmzone.h>
#include <linux/spinlock.h>

#include "../internal.h"

/**
 * pcp_take_waiting() - take the free_llist
 * @pcp: the PCP
 * @in_order: in the order of the pushes; else the last push comes first, as on the list
 *
 * A CPU mostly frees many pages in the order in which they were handed out. They will
 * be handed out in this order again. So pages that lie side by side in memory stay
 * side by side, and their struct pages are in the caches before they are asked for,
 * here and on the CPU that frees them. With any other order, each page is soon a miss
 * for both. No more than two refills wait, see pcp_set_bound(), so this takes no longer
 * than they do.
 *
 * Context: Any. Gives sole use of the pages. An absorb has @pcp->lock, anybody else is
 * noted as a carrier.
 * Return: the first page, or NULL.
 */
static inline struct llist_node *pcp_take_waiting(struct per_cpu_pages *pcp, bool in_order)
{
	struct llist_node *node = llist_del_all(&pcp->free_llist);

	return in_order ? llist_reverse_order(node) : node;
}

/**
 * pcp_take_taken() - take the pages that an absorb took and did not get to
 * @pcp: the PCP
 * @wait: wait for its lock; else they stay if somebody has it
 *
 * They were pushed before those on the free_llist, and are in the order of the pushes.
 *
 * Context: Any without @wait. The caller is noted as a carrier. Takes @pcp->lock.
 * Return: the first page, or NULL.
 */
static inline struct llist_node *pcp_take_taken(struct per_cpu_pages *pcp, bool wait)
{
	struct llist_node *taken;

	if (likely(!READ_ONCE(pcp->taken)))
		return NULL;
	if (wait)
		spin_lock(&pcp->lock);
	else if (!can_spin_trylock() || !spin_trylock(&pcp->lock))
		return NULL;
	taken = pcp->taken;
	WRITE_ONCE(pcp->taken, NULL);
	spin_unlock(&pcp->lock);
	return taken;
}

#endif /* __MM_PCP_TAKE_H */
