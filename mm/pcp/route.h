/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where does a freed page go? A pure decision: all that it looks at is
 * passed in, and it changes nothing.
 */
#ifndef __MM_PCP_ROUTE_H
#define __MM_PCP_ROUTE_H

#include <linux/mm.h>
#include <linux/page-isolation.h>

/**
 * enum pcp_route - destination of a freed page
 * @PCP_ROUTE_LOCAL: this CPU's PCP, by trylock
 * @PCP_ROUTE_REMOTE: the free_llist of the CPU that owns the block
 * @PCP_ROUTE_ZONE: the zone buddy
 * @PCP_ROUTE_DEFER: the zone's llist of deferred pages
 */
enum pcp_route {
	PCP_ROUTE_LOCAL,
	PCP_ROUTE_REMOTE,
	PCP_ROUTE_ZONE,
	PCP_ROUTE_DEFER,
};

/**
 * struct pcp_route_in - what the route of a page depends on
 * @migratetype: of the page's block
 * @owner: CPU that owns the block, -1 if none does
 * @keep: the page is of use here: the task needs it back at once, or this CPU has
 *	room for it
 * @cpu: this CPU; the task is pinned
 * @order_allowed: pages of this order may be on a PCP
 * @nolock: FPI_NOLOCK, the caller allows no lock to be waited for
 * @can_trylock: can_spin_trylock() allows a trylock in this context
 */
struct pcp_route_in {
	int migratetype;
	int owner;
	int cpu;
	bool keep;
	bool order_allowed;
	bool nolock;
	bool can_trylock;
};

/**
 * pcp_decide_route() - decide where a freed page goes
 * @in: all that counts
 *
 * A page of another CPU's block may go to that CPU from any context, because
 * the push takes no lock. Whether that CPU is still there is seen after the push.
 *
 * A CPU that has room for a page keeps it: otherwise it may have to get another one from
 * the zone. Reclaim frees pages for somebody who waits until the watermarks see them, and
 * compaction until they make up a block. Both look at the local PCP and at the zone.
 *
 * The zone takes care of FPI_NOLOCK itself where a trylock is possible.
 *
 * Context: Any.
 * Return: the destination.
 */
static __always_inline enum pcp_route pcp_decide_route(struct pcp_route_in in)
{
	bool locks = !in.nolock || in.can_trylock;

	if (unlikely(!in.order_allowed || is_migrate_isolate(in.migratetype)))
		return locks ? PCP_ROUTE_ZONE : PCP_ROUTE_DEFER;

	if (in.owner >= 0 && in.owner != in.cpu && !(in.keep && locks))
		return PCP_ROUTE_REMOTE;

	return likely(locks) ? PCP_ROUTE_LOCAL : PCP_ROUTE_DEFER;
}

/**
 * pcp_route_busy() - decide again, after the local trylock failed
 * @nolock: FPI_NOLOCK
 *
 * Context: Any.
 * Return: the destination.
 */
static __always_inline enum pcp_route pcp_route_busy(bool nolock)
{
	/* Without SMP it always fails, and the zone decides, as without mm/pcp/. */
	if (!IS_ENABLED(CONFIG_SMP))
		return PCP_ROUTE_ZONE;
	return nolock ? PCP_ROUTE_DEFER : PCP_ROUTE_ZONE;
}

/**
 * pcp_list_type() - the PCP migratetype of a block that is not isolated
 * @migratetype: of the block
 *
 * HIGHATOMIC and CMA blocks are cached as movable, so that the areas can be
 * had back without freeing excessively into the zone.
 *
 * Context: Any.
 * Return: a type below MIGRATE_PCPTYPES.
 */
static __always_inline int pcp_list_type(int migratetype)
{
	return likely(migratetype < MIGRATE_PCPTYPES) ? migratetype :
							MIGRATE_MOVABLE;
}

#endif /* __MM_PCP_ROUTE_H */
