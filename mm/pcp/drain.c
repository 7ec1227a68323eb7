// SPDX-License-Identifier: GPL-2.0
/*
 * Empty a PCP: drains, disabled PCPs, dead CPUs.
 */
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <trace/events/pcp.h>

#include "pcp.h"
#include "point.h"
#include "zone.h"

/*
 * People use kernels with CONFIG_DEBUG_VM, and compaction drains once for each block. So
 * this looks at no more pages under the lock than the drain gives back under it.
 */
static void pcp_debug_drain(struct zone *zone, struct per_cpu_pages *pcp)
{
	if (!IS_ENABLED(CONFIG_DEBUG_VM) || READ_ONCE(pcp->count) > PCP_ZONE_CHUNK)
		return;
	spin_lock(&pcp->lock);
	pcp_debug_validate(zone, pcp);
	spin_unlock(&pcp->lock);
}

/* Flushes of one drain, while others keep pushing to a PCP that is open. */
#define PCP_DRAIN_FLUSHES	8

/**
 * pcp_drain() - give all pages of a PCP back to the zone
 * @zone: the zone
 * @pcp: the PCP of any CPU
 *
 * Goes on until nothing is cached and nothing waits. If the PCP was closed before,
 * nothing will be there after this either: see pcp_push(). If it is open, and others
 * push all the time, what comes after some rounds is left to the next drain.
 *
 * Context: Takes pcp->lock and zone->lock. Not in interrupts.
 */
void pcp_drain(struct zone *zone, struct per_cpu_pages *pcp)
{
	int flushes = PCP_DRAIN_FLUSHES;
	bool waiting;
	int count;

	/*
	 * Pairs with llist_add_batch() in pcp_push(). Litmus tests: pcp-dead-look,
	 * pcp-disable-look.
	 */
	smp_mb();

	pcp_debug_drain(zone, pcp);
	do {
		int batch = READ_ONCE(pcp->batch);

		spin_lock(&pcp->lock);
		/* Halved, as the pages are merged under the lock, too. */
		pcp_free_bulk(zone, pcp, max(1, (batch << CONFIG_PCP_BATCH_SCALE_MAX) / 2), 0);
		/*
		 * With the lock still held: its CPU may absorb what waits, and take that to
		 * the zone. Then it has pages in its hands that are neither counted nor
		 * waiting, until it unlocks.
		 *
		 * Not pcp_has_pages(): a push that is on its way may take long.
		 */
		count = pcp->count;
		waiting = pcp_has_waiting(pcp);
		spin_unlock(&pcp->lock);

		if (!count && waiting) {
			rcu_read_lock();
			pcp_return_waiting(zone, pcp);
			rcu_read_unlock();
			flushes--;
		}
	} while (count || (waiting && (flushes > 0 || !pcp_open(pcp))));
	pcp_debug_drain(zone, pcp);
}

/* About as long as it takes to bring a refill to the zone. */
#define PCP_CARRIER_SPINS	2000

/*
 * Most carriers are done in a moment, and a grace period takes long for somebody who
 * reclaims. So look a few times: once the number is 0, all that were carriers before are
 * done. It may stay above 0 if one is preempted or others follow. Returns false if so.
 *
 * A carrier that is done has deferred the pages that it could not bring to the zone.
 */
static bool pcp_zone_await_carriers(struct zone *zone, int *spins)
{
	bool none = true;
	int cpu;

	/* A reader before it finds the PCPs: see zone_pcp_reset(). */
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

		/*
		 * Pairs with llist_add() of the deferred pages, which are looked at without
		 * a lock next. Litmus tests: pcp-carriers-deferred, pcp-carriers-zone.
		 */
		while (atomic_read_acquire(&pcp->carriers)) {
			none = (*spins)-- > 0;
			if (!none)
				goto out;
			pcp_point(pcp, PCP_POINT_CARRIED);
			cpu_relax();
		}
	}
out:
	rcu_read_unlock();
	return none;
}

/**
 * pcp_drain_finish() - after the drain of all CPUs, see to what it could not see
 * @zone: the zone, or NULL for all
 *
 * Pages that somebody took off a free_llist before the drain, and has not brought to the
 * zone yet, are in nobody's sight. Such a carrier is an RCU reader. There is seldom one
 * that takes long, so others do not pay for a grace period. It defers pages that it cannot
 * bring to the zone, so the deferred pages come last.
 *
 * Context: Task context, after pcp_drain(). May sleep. Takes zone->lock.
 */
void pcp_drain_finish(struct zone *zone)
{
	int spins = PCP_CARRIER_SPINS;
	bool carriers = false;
	struct zone *z;

	pcp_point(NULL, PCP_POINT_DRAINED);
	/*
	 * Pairs with llist_del_all() of the carrier, or the barrier before it took what was
	 * taken: its lists were seen empty. Litmus tests: pcp-carriers, pcp-carriers-taken.
	 */
	smp_mb();
	if (zone) {
		carriers = !pcp_zone_await_carriers(zone, &spins);
	} else {
		for_each_populated_zone(z)
			carriers |= !pcp_zone_await_carriers(z, &spins);
	}
	/* Litmus test: pcp-carriers-rcu. */
	if (unlikely(carriers)) {
		pcp_point(NULL, PCP_POINT_GRACE);
		synchronize_rcu();
	}

	if (zone) {
		pcp_zone_flush_deferred(zone);
	} else {
		for_each_populated_zone(z)
			pcp_zone_flush_deferred(z);
	}
}

/**
 * pcp_cpu_dead() - the CPU of a PCP is gone
 * @zone: the zone
 * @pcp: its PCP
 *
 * It no longer owns a block. Pages of its blocks are freed to the PCP of the CPU that frees
 * them, as in blocks that never had an owner.
 *
 * Context: CPU hotplug, on another CPU. Takes pcp->lock and zone->lock.
 */
void pcp_cpu_dead(struct zone *zone, struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	WRITE_ONCE(pcp->dead, true);
	spin_unlock(&pcp->lock);

	trace_mm_pcp_teardown(pcp->cpu, atomic_read(&pcp->owned_blocks));
	pageblock_disown_cpu(zone, pcp);

	/* Has the barrier between the flag and the look at the list: pcp-dead-look. */
	pcp_drain(zone, pcp);
}

/**
 * pcp_cpu_online() - the CPU of a PCP is about to come up
 * @pcp: its PCP
 *
 * Context: CPU hotplug, before the CPU runs. Takes pcp->lock.
 */
void pcp_cpu_online(struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	WRITE_ONCE(pcp->dead, false);
	spin_unlock(&pcp->lock);
}
