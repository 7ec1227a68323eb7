// SPDX-License-Identifier: GPL-2.0
/*
 * Set up what mm/pcp/ keeps in a PCP, and how much may wait for it.
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/threads.h>

#include "pcp.h"

/* per_cpu_pages::cpu, in the hole behind free_count. */
static_assert(NR_CPUS <= 1 << 16);

/**
 * pcp_init() - set up what mm/pcp/ keeps in a PCP
 * @pcp: the PCP, zeroed, its lists initialised
 * @cpu: the CPU that it is for
 *
 * The PCP is disabled until pcp_set_bound() says otherwise.
 *
 * Context: Before anybody can look the PCP up.
 */
void pcp_init(struct per_cpu_pages *pcp, int cpu)
{
	pcp->cpu = cpu;
	pcp->taken = NULL;
	atomic_set(&pcp->owned_blocks, 0);
	init_llist_head(&pcp->free_llist);
	atomic_set(&pcp->nr_waiting, 0);
	atomic_set(&pcp->carriers, 0);
	pcp->bound = 0;
	pcp->bound_short = 0;
	pcp->dead = false;
	pcp->stale = false;
}

/**
 * pcp_set_bound() - how many pages may wait for a PCP
 * @pcp: the PCP
 * @high_max: its new high_max, in base pages; 0 disables the PCP
 *
 * As many as two of the largest refills, but no more than may be cached. A push that finds more
 * takes them all to the zone. If fewer could wait, a CPU that is woken up before it
 * allocates again would find none left. For all CPUs together it is at most an eighth of
 * the zone, however many CPUs there are. While the zone is short, no more than a batch may
 * wait, as the watermarks do not see these pages.
 *
 * Context: As for pageset_update(). A caller that disables a PCP drains it afterwards.
 */
void pcp_set_bound(struct per_cpu_pages *pcp, int high_max)
{
	int batch = READ_ONCE(pcp->batch);

	WRITE_ONCE(pcp->bound_short, min(high_max, batch));
	WRITE_ONCE(pcp->bound,
		   min(high_max, batch << CONFIG_PCP_BATCH_SCALE_MAX));
}

/**
 * pcp_zone_nr_pages() - free pages that the PCPs of a zone keep from it
 * @zone: the zone
 * @cpus: the CPUs of these PCPs
 *
 * Context: Any. Without the locks the answer may be out of date.
 * Return: base pages that are cached or wait.
 */
unsigned long pcp_zone_nr_pages(struct zone *zone, const struct cpumask *cpus)
{
	unsigned long nr_pages = 0;
	int cpu;

	/* A reader before it finds the PCPs: see zone_pcp_reset(). */
	rcu_read_lock();
	for_each_cpu(cpu, cpus)
		nr_pages += pcp_nr_pages(zone_pcp(zone, cpu));
	rcu_read_unlock();
	return nr_pages;
}
