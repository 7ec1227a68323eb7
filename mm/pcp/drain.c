// SPDX-License-Identifier: GPL-2.0
/*
 * Empty a PCP: drains, the vmstat workers, disabled PCPs, dead CPUs.
 */
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <trace/events/pcp.h>

#include "pcp.h"
#include "zone.h"

static void pcp_debug_drain(struct zone *zone, struct per_cpu_pages *pcp)
{
	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		return;
	spin_lock(&pcp->lock);
	pcp_debug_validate(zone, pcp);
	spin_unlock(&pcp->lock);
}

/* Absorbs of one drain, while others keep pushing to a PCP that is open. */
#define PCP_DRAIN_ABSORBS	8

/**
 * pcp_drain() - give all pages of a PCP back to the zone
 * @zone: the zone
 * @pcp: the PCP of any CPU
 *
 * Absorbs first, and goes on until nothing is cached and nothing waits. If
 * the PCP was closed before, nothing will be there after this either: see
 * pcp_push(). If it is open, and others push all the time, what comes after
 * some rounds is left to the next drain.
 *
 * Context: Takes pcp->lock and zone->lock. Not in interrupts.
 */
void pcp_drain(struct zone *zone, struct per_cpu_pages *pcp)
{
	int absorbs = PCP_DRAIN_ABSORBS;
	bool again;

	/* Pairs with llist_add_batch() in pcp_push(). */
	smp_mb();

	pcp_debug_drain(zone, pcp);
	do {
		int batch = READ_ONCE(pcp->batch);

		spin_lock(&pcp->lock);
		if (!pcp->count || absorbs == PCP_DRAIN_ABSORBS) {
			pcp_absorb(zone, pcp, 0, false, false);
			absorbs--;
		}
		pcp_free_bulk(zone, pcp, batch << CONFIG_PCP_BATCH_SCALE_MAX, 0);
		/* Not pcp_has_pages(): a push that is on its way may take long. */
		again = pcp->count || (pcp_has_waiting(pcp) &&
				       (absorbs > 0 || !pcp_open(pcp)));
		spin_unlock(&pcp->lock);
	} while (again);
	pcp_debug_drain(zone, pcp);
}

/**
 * pcp_detach_blocks() - empty the owned_blocks of a PCP
 * @zone: the zone
 * @pcp: a PCP without pages, of a dead CPU or of a zone that goes away
 *
 * Each entry is taken off by itself. Resetting the head alone would leave
 * nodes behind that still point to it and to each other: the next removal of
 * one corrupts the list.
 *
 * The blocks keep their owner, because pages of them may be in use.
 *
 * Context: Nobody adds to the list any more. Takes zone->lock.
 */
void pcp_detach_blocks(struct zone *zone, struct per_cpu_pages *pcp)
{
	struct pageblock_data *pbd, *next;
	unsigned long flags;

	pcp_zone_lock(zone, &flags, false);
	trace_mm_pcp_teardown(pcp->cpu, pcp->nr_owned_blocks);
	list_for_each_entry_safe(pbd, next, &pcp->owned_blocks, cpu_node) {
		pageblock_unlist(pcp, pbd);
		pbd->unlisted = true;
	}
	pcp_zone_unlock(zone, flags);
}

/**
 * pcp_cpu_dead() - the CPU of a PCP is gone
 * @zone: the zone
 * @pcp: its PCP
 *
 * Context: CPU hotplug, on another CPU. Takes pcp->lock and zone->lock.
 */
void pcp_cpu_dead(struct zone *zone, struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	WRITE_ONCE(pcp->dead, true);
	spin_unlock(&pcp->lock);

	/* Has the barrier between the flag and the look at the list. */
	pcp_drain(zone, pcp);

	spin_lock(&pcp->lock);
	pcp_detach_blocks(zone, pcp);
	spin_unlock(&pcp->lock);
}

/**
 * pcp_cpu_online() - the CPU of a PCP is about to come up
 * @zone: the zone
 * @pcp: its PCP
 *
 * Context: CPU hotplug, before the CPU runs. Takes pcp->lock.
 */
void pcp_cpu_online(struct zone *zone, struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	WRITE_ONCE(pcp->dead, false);
	pcp_absorb(zone, pcp, 0, false, false);
	spin_unlock(&pcp->lock);
}

/**
 * pcp_return_waiting() - take what waits for a PCP to the zone
 * @zone: the zone
 * @pcp: the PCP of any CPU
 *
 * A CPU that allocates takes in its pages before long. What still waits when
 * vmstat comes by is for a CPU that does not want it now.
 *
 * Context: Task context. Takes pcp->lock only if an allocation left pages
 * unsorted.
 * Return: true if something waited.
 */
bool pcp_return_waiting(struct zone *zone, struct per_cpu_pages *pcp)
{
	struct llist_node *first;

	if (!pcp_has_waiting(pcp))
		return false;

	/* zone_pcp_disable() waits for pages that are in our hands. */
	rcu_read_lock();
	pcp_flush_waiting(zone, pcp, false);
	if (READ_ONCE(pcp->taken)) {
		spin_lock(&pcp->lock);
		first = pcp->taken;
		WRITE_ONCE(pcp->taken, NULL);
		spin_unlock(&pcp->lock);
		pcp_waiting_to_zone(zone, pcp, first, false);
	}
	rcu_read_unlock();
	return true;
}

/**
 * pcp_shepherd() - take what waits for a CPU to the zones
 * @cpu: the CPU, online
 *
 * Called for each CPU once in a vmstat interval, also for those that are
 * isolated: nothing has to run on them.
 *
 * Context: Task context, CPU hotplug is excluded.
 */
void pcp_shepherd(int cpu)
{
	struct zone *zone;

	for_each_populated_zone(zone)
		pcp_return_waiting(zone, zone_pcp(zone, cpu));
}
