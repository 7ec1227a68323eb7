// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting pages that their CPU does not take in go to the zone: too many wait, the
 * CPU is idle or dead, the PCP is disabled or drained.
 *
 * llist_del_all() takes a free_llist whole, and gives sole use of its pages. Nobody else
 * sees them until the zone has them. Therefore a task that takes them is counted in the PCP's
 * carriers before, and is an RCU reader. See pcp_drain_finish(). Litmus tests:
 * pcp-carriers, pcp-carriers-taken, pcp-carriers-rcu.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "pcp.h"
#include "point.h"
#include "take.h"
#include "zone.h"

/* Is @other, which has @order too, the buddy of @page within its block? */
static bool pcp_joins(struct page *page, struct page *other, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	return order < pageblock_order && page_private(other) == order &&
	       other == page + ((pfn ^ (1UL << order)) - pfn);
}

/*
 * Merge pages that were freed one behind the other and lie side by side, as those of a
 * process that ends or of a file that is truncated: the zone gets few pieces, and
 * zone->lock is held for as few. The pieces so far are a stack. This turns the list round:
 * @node is the page that was freed last, and the result begins with the one that was freed
 * first. Adds the number of base pages to @nr_pages.
 */
static struct llist_node *pcp_join(struct llist_node *node, unsigned int *nr_pages)
{
	struct llist_node *joined = NULL;
	unsigned int merged = 0;

	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);
		unsigned int order = page_private(page);

		node = node->next;
		*nr_pages += 1U << order;
		while (joined) {
			struct page *other = llist_entry(joined, struct page, pcp_llist);
			struct page *upper = max(page, other);

			if (!pcp_joins(page, other, order))
				break;
			joined = joined->next;
			merged += 1U << order;
			set_page_private(upper, 0);
			pcp_clear_mark(upper);
			page = min(page, other);
			set_page_private(page, ++order);
		}
		page->pcp_llist.next = joined;
		joined = &page->pcp_llist;
	}
	if (merged)
		count_vm_events(PCP_MERGE, merged);
	return joined;
}

/*
 * Pages that were taken, linked with the last free first. They no longer wait: say so
 * before the zone takes its time, or other pushers would come here for a handful of
 * pages each. Returns the number of base pages.
 */
static unsigned int pcp_waiting_to_zone(struct zone *zone, struct per_cpu_pages *pcp,
					struct llist_node *last, bool nolock)
{
	struct llist_node *first;
	unsigned int nr_pages = 0;

	if (!last)
		return 0;

	first = pcp_join(last, &nr_pages);
	atomic_sub(nr_pages, &pcp->nr_waiting);

	pcp_zone_free_waiting(zone, first, nolock);
	return nr_pages;
}

/* The CPU does not take in its pages, so it shall get no more pages of these blocks. */
static void pcp_disown_waiting(struct zone *zone, struct per_cpu_pages *pcp,
			       struct llist_node *node)
{
	for (; node; node = node->next) {
		struct page *page = llist_entry(node, struct page, pcp_llist);
		struct pageblock_data *pbd;

		pbd = pcp_pageblock(zone, page, page_to_pfn(page));
		if (pageblock_owner_cpu(pbd) == pcp->cpu)
			__pageblock_disown(zone, pbd);
	}
}

/* From here on somebody carries pages. */
static void pcp_begin_carrying(struct per_cpu_pages *pcp)
{
	atomic_inc(&pcp->carriers);
	/*
	 * A drain that finds the lists empty because of that sees it: llist_del_all() would
	 * order it, but the lock of pcp->taken does not. Litmus test: pcp-carriers-taken.
	 */
	smp_mb__after_atomic();
}

/* The zone has them, or the list of deferred pages. */
static void pcp_end_carrying(struct per_cpu_pages *pcp)
{
	atomic_dec(&pcp->carriers);
}

/**
 * pcp_flush_waiting() - take what waits for a PCP to the zone
 * @zone: the zone
 * @pcp: the PCP, usually of another CPU
 * @nolock: do not wait for zone->lock
 *
 * They go in the order in which they were freed, as they would from the PCP of the CPU
 * that freed them, but those that make up a larger page go as one. Compaction relies on
 * where in the zone's lists old and new pages are.
 *
 * The pages that an absorb took and did not get to are under @pcp->lock, which may only
 * be tried here. If somebody has it, those pages stay.
 *
 * Context: Any, NMI included with @nolock; an RCU reader. Takes zone->lock.
 * Return: the number of base pages.
 */
unsigned int pcp_flush_waiting(struct zone *zone, struct per_cpu_pages *pcp,
			       bool nolock)
{
	struct llist_node *last;
	unsigned int nr_pages;

	pcp_begin_carrying(pcp);
	/* Those that an absorb took were freed before those that wait now. */
	last = llist_reverse_order(pcp_take_taken(pcp, false));
	nr_pages = pcp_waiting_to_zone(zone, pcp, last, nolock);

	last = pcp_take_waiting(pcp, false);
	pcp_point(pcp, PCP_POINT_TAKEN);
	nr_pages += pcp_waiting_to_zone(zone, pcp, last, nolock);
	pcp_end_carrying(pcp);
	return nr_pages;
}

/**
 * pcp_flush_cpu() - take what waits for a CPU to the zone, for want of free pages there
 * @zone: the zone
 * @cpu: any possible CPU
 *
 * For an allocation that would fail otherwise. The watermarks do not see these pages, and it
 * may have no way to reclaim. The CPU keeps its blocks. A push that finds too many waiting
 * does as much.
 *
 * Context: Any but NMI. Takes zone->lock.
 * Return: the number of base pages.
 */
unsigned int pcp_flush_cpu(struct zone *zone, int cpu)
{
	struct per_cpu_pages *pcp;
	unsigned int nr_pages = 0;

	/* A reader before it finds the PCP: see zone_pcp_reset(). */
	rcu_read_lock();
	pcp = zone_pcp(zone, cpu);
	pcp_point(pcp, PCP_POINT_FOUND);
	if (pcp_has_waiting(pcp))
		nr_pages = pcp_flush_waiting(zone, pcp, false);
	rcu_read_unlock();
	return nr_pages;
}

/**
 * pcp_return_waiting() - take all that waits for a PCP to the zone, and its blocks from it
 * @zone: the zone
 * @pcp: the PCP of any CPU
 *
 * A CPU that allocates takes in its pages before long. If pages still wait when it is
 * drained, or when an interval has gone by, the CPU does not want them now.
 *
 * Context: Task context, an RCU reader: somebody may take the last page and offline
 * the zone's memory. Takes pcp->lock only if an allocation left pages unsorted.
 * Return: true if something waited.
 */
bool pcp_return_waiting(struct zone *zone, struct per_cpu_pages *pcp)
{
	struct llist_node *last;

	if (!pcp_has_waiting(pcp))
		return false;

	pcp_begin_carrying(pcp);
	last = llist_reverse_order(pcp_take_taken(pcp, true));
	pcp_disown_waiting(zone, pcp, last);
	pcp_waiting_to_zone(zone, pcp, last, false);

	last = pcp_take_waiting(pcp, false);
	pcp_point(pcp, PCP_POINT_TAKEN);
	pcp_disown_waiting(zone, pcp, last);
	pcp_waiting_to_zone(zone, pcp, last, false);
	pcp_end_carrying(pcp);
	return true;
}

/* Returns true if something waits, and may go to the zone the next time. */
static bool pcp_shepherd_pcp(struct zone *zone, struct per_cpu_pages *pcp)
{
	pcp_point(pcp, PCP_POINT_FOUND);
	if (!pcp_has_waiting(pcp))
		return false;
	if (!READ_ONCE(pcp->stale)) {
		WRITE_ONCE(pcp->stale, true);
		return true;
	}
	pcp_return_waiting(zone, pcp);
	WRITE_ONCE(pcp->stale, false);
	return false;
}

/**
 * pcp_shepherd() - take what has waited for a CPU through a whole interval to the zones
 * @cpu: the CPU
 *
 * The first look sets stale of the PCP, each absorb of the CPU clears it, and the second
 * look finds it set or not. Called for each CPU once in a vmstat interval, also for those
 * that are isolated: nothing has to run on them.
 *
 * Context: Task context.
 * Return: true if it has to look again.
 */
bool pcp_shepherd(int cpu)
{
	struct zone *zone;
	bool wait = false;

	for_each_populated_zone(zone) {
		/* A reader before it finds the PCP: see zone_pcp_reset(). */
		rcu_read_lock();
		wait |= pcp_shepherd_pcp(zone, zone_pcp(zone, cpu));
		rcu_read_unlock();
	}
	return wait;
}

/**
 * pcp_return_all() - take what waits for any CPU, and what was deferred, to the zones
 *
 * It is called before something that more free pages would make needless, such as to kill
 * a task. Cached pages stay on their PCPs, as in an allocator without waiting pages.
 *
 * Context: Task context, may sleep.
 * Return: true if something waited for a CPU.
 */
bool pcp_return_all(void)
{
	bool waited = false;
	struct zone *zone;
	int cpu;

	for_each_populated_zone(zone) {
		for_each_possible_cpu(cpu) {
			struct per_cpu_pages *pcp;

			/* As many as two refills for each CPU: so no reader for all. */
			rcu_read_lock();
			pcp = zone_pcp(zone, cpu);
			pcp_point(pcp, PCP_POINT_FOUND);
			waited |= pcp_return_waiting(zone, pcp);
			rcu_read_unlock();
			cond_resched();
		}
		/* Those that a free without a lock, or a flush, left there. */
		pcp_zone_flush_deferred(zone);
	}
	return waited;
}
