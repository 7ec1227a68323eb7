// SPDX-License-Identifier: GPL-2.0
/*
 * How the suites on the page allocator in use see that all is well: counters, owners, sums
 * that hold whatever others do, free lists, and the kernel's log.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmstat.h>

#include "../../../internal.h"
#include "../../../page_alloc.h"
#include "../../pcp.h"
#include "live.h"

/**
 * live_event() - a counter of /proc/vmstat
 * @item: which
 *
 * Return: its value, summed over all CPUs.
 */
unsigned long live_event(enum vm_event_item item)
{
	static unsigned long events[NR_VM_EVENT_ITEMS];

	all_vm_events(events);
	return events[item];
}

/**
 * live_pbd() - the data of a page's block
 * @page: the page
 *
 * Return: the block.
 */
struct pageblock_data *live_pbd(struct page *page)
{
	return pfn_to_pageblock(page, page_to_pfn(page));
}

/**
 * live_owner() - the CPU that owns a page's block
 * @page: the page
 *
 * Return: the CPU, -1 for none.
 */
int live_owner(struct page *page)
{
	return pageblock_owner_cpu(live_pbd(page));
}

/**
 * live_check() - validate every PCP and every block of every zone
 * @test: the test, which fails if something is wrong
 */
void live_check(struct kunit *test)
{
	struct zone *zone;
	int cpu;

	for_each_populated_zone(zone) {
		for_each_possible_cpu(cpu) {
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);
			int bad;

			spin_lock(&pcp->lock);
			bad = pcp_validate(zone, pcp);
			spin_unlock(&pcp->lock);
			KUNIT_EXPECT_EQ_MSG(test, bad, 0, "zone %s cpu %d",
					    zone->name, cpu);
		}
		KUNIT_EXPECT_EQ_MSG(test, pcp_validate_blocks(zone), 0,
				    "zone %s", zone->name);
	}
}

/* Free pages by the lists, and what each counter is off by. */
struct live_sums {
	long free, cma, highatomic;
	unsigned int wrong_nr_free;
};

static struct live_sums live_compare_free_lists(struct zone *zone)
{
	struct live_sums sums = {};
	unsigned int order, mt;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		unsigned long nr_area = 0;

		for (mt = 0; mt < MIGRATE_TYPES; mt++) {
			unsigned long nr;

			nr = list_count_nodes(&zone->free_area[order].free_list[mt]);
			nr_area += nr;
			if (is_migrate_isolate(mt))
				continue;
			sums.free += nr << order;
			if (is_migrate_cma(mt))
				sums.cma += nr << order;
			if (mt == MIGRATE_HIGHATOMIC)
				sums.highatomic += nr << order;
		}
		sums.wrong_nr_free += nr_area != zone->free_area[order].nr_free;
	}
	sums.free -= zone_page_state_snapshot(zone, NR_FREE_PAGES);
	if (IS_ENABLED(CONFIG_CMA))
		sums.cma -= zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES);
	sums.highatomic -= zone->nr_free_highatomic;
	spin_unlock_irqrestore(&zone->lock, flags);
	return sums;
}

/**
 * live_check_free_lists() - compare a zone's free lists with its counters
 * @test: the test, which fails if they differ
 * @zone: the zone
 *
 * vmstat folds the counters of a CPU without the lock, so look again.
 */
void live_check_free_lists(struct kunit *test, struct zone *zone)
{
	struct live_sums sums;
	int tries;

	for (tries = 0; tries < 50; tries++) {
		sums = live_compare_free_lists(zone);
		if (!sums.free && !sums.cma && !sums.highatomic &&
		    !sums.wrong_nr_free)
			return;
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_EQ_MSG(test, sums.free, 0L, "zone %s", zone->name);
	KUNIT_EXPECT_EQ_MSG(test, sums.cma, 0L, "zone %s", zone->name);
	KUNIT_EXPECT_EQ_MSG(test, sums.highatomic, 0L, "zone %s", zone->name);
	KUNIT_EXPECT_EQ_MSG(test, sums.wrong_nr_free, 0U, "zone %s", zone->name);
}

/*
 * Pages that were allocated or are free, wherever they are. Each allocation
 * moves pages from one to the other, so this never changes, whoever allocates
 * and frees: unless a counter is wrong, or a page is lost.
 */
static long live_balance_now(void)
{
	static unsigned long events[NR_VM_EVENT_ITEMS];
	struct zone *zone;
	long sum = 0;
	int cpu, i;

	all_vm_events(events);
	for (i = 0; i < MAX_NR_ZONES; i++)
		sum += events[PGALLOC_NORMAL - ZONE_NORMAL + i];
	sum -= events[PGFREE];

	for_each_populated_zone(zone) {
		sum += zone_page_state_snapshot(zone, NR_FREE_PAGES);
		for_each_possible_cpu(cpu) {
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

			sum += READ_ONCE(pcp->count);
			sum += atomic_read(&pcp->nr_waiting);
		}
	}
	return sum;
}

/*
 * Wait for all that allocate or free and have not counted yet. They are RCU readers, unless
 * tasks may be preempted there.
 */
static void live_let_count(void)
{
	if (IS_ENABLED(CONFIG_PREEMPTION))
		schedule_timeout_uninterruptible(1);
	else
		synchronize_rcu_expedited();
}

/**
 * live_balance() - pages that were allocated or are free, wherever they are
 * @test: the test, which fails if the sum never rests
 *
 * Return: the sum, in base pages. Only the difference of two means something.
 */
long live_balance(struct kunit *test)
{
	int same = 0, tries;
	long sum, last = 0;

	drain_all_pages(NULL);
	for (tries = 0; tries < 500; tries++) {
		sum = live_balance_now();
		same = sum == last ? same + 1 : 0;
		last = sum;
		if (same == 3)
			break;
		live_let_count();
	}
	KUNIT_EXPECT_EQ_MSG(test, same, 3, "others allocate and free all the time");
	return last;
}

/**
 * live_count() - base pages on the lists of a PCP
 * @pcp: the PCP
 *
 * Return: the count, read with the lock: an allocation that is under way counts what
 * it hands out.
 */
int live_count(struct per_cpu_pages *pcp)
{
	int count;

	spin_lock(&pcp->lock);
	count = pcp->count;
	spin_unlock(&pcp->lock);
	return count;
}

/**
 * live_log_mark() - go to the end of the kernel's log
 * @log: where live_log_next() goes on
 */
void live_log_mark(struct kmsg_dump_iter *log)
{
	kmsg_dump_rewind(log);
	while (kmsg_dump_get_line(log, false, NULL, 0, NULL))
		;
}

/**
 * live_log_next() - a line that was logged since
 * @log: where to look
 * @line: gets the line, without a newline
 * @size: of @line
 *
 * Return: false if there is none.
 */
bool live_log_next(struct kmsg_dump_iter *log, char *line, size_t size)
{
	size_t len;

	if (!kmsg_dump_get_line(log, false, line, size - 1, &len))
		return false;
	line[len] = '\0';
	return true;
}
