// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites share that work on the page allocator in use, see live.h.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/folio_batch.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "live.h"

#define LIVE_SLOTS	256
#define LIVE_MAX_PAGES	(16 * (pageblock_nr_pages < 4096 ? 4096 : pageblock_nr_pages))

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
	/* A tick apart: one who allocates may be kept from counting so long. */
	for (tries = 0; tries < 500 && same < 3; tries++) {
		sum = live_balance_now();
		same = sum == last ? same + 1 : 0;
		last = sum;
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_EQ_MSG(test, same, 3, "others allocate and free all the time");
	return last;
}

static bool live_whole_block(struct live *lv)
{
	unsigned long pfn = page_to_pfn(lv->pages[0]);
	unsigned int i, j;

	/* Pages of a block that was just broken up come in one run. */
	for (i = 0, j = 0; i < lv->nr; i++) {
		pfn = page_to_pfn(lv->pages[i]);
		if (j && pfn == page_to_pfn(lv->pages[i - 1]) + 1 &&
		    !pageblock_aligned(pfn)) {
			j++;
		} else {
			j = pageblock_aligned(pfn) ? 1 : 0;
		}
		if (j == pageblock_nr_pages) {
			/* Keep the run, give back the rest. */
			unsigned int first = i + 1 - j;
			unsigned int k;

			for (k = 0; k < lv->nr; k++) {
				if (k < first || k > i)
					__free_page(lv->pages[k]);
			}
			memmove(lv->pages, lv->pages + first,
				j * sizeof(*lv->pages));
			lv->nr = j;
			return true;
		}
	}
	return false;
}

/* On CPU a: allocate until there are enough pages of its own blocks. */
static long live_own_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	LIST_HEAD(strangers);
	struct page *page, *next;
	unsigned long tries;

	for (tries = 0; tries < LIVE_MAX_PAGES; tries++) {
		page = alloc_page(lv->gfp);
		if (!page)
			break;
		if (live_owner(page) != w->cpu ||
		    (lv->zone && page_zone(page) != lv->zone)) {
			list_add(&page->lru, &strangers);
			continue;
		}
		lv->zone = page_zone(page);
		lv->pages[lv->nr++] = page;
		if (lv->whole) {
			if (pageblock_aligned(page_to_pfn(page) + 1) &&
			    live_whole_block(lv))
				break;
		} else if (lv->nr == lv->want) {
			break;
		}
	}

	list_for_each_entry_safe(page, next, &strangers, lru)
		__free_page(page);
	return lv->whole ? lv->nr == pageblock_nr_pages : lv->nr == lv->want;
}

/* Why might CPU a own no block? */
static void live_tell(struct live *lv)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		struct per_cpu_pages *pcp = zone_pcp(zone, lv->a);

		kunit_info(lv->test, "%s: %lu free, %lu whole blocks, flags %lx; CPU %d: %d of %d pages (%d to %d), %d wait\n",
			   zone->name, zone_page_state(zone, NR_FREE_PAGES),
			   zone->free_area[pageblock_order].nr_free,
			   zone->flags, lv->a, READ_ONCE(pcp->count),
			   READ_ONCE(pcp->high), READ_ONCE(pcp->high_min),
			   READ_ONCE(pcp->high_max),
			   atomic_read(&pcp->nr_waiting));
	}
}

/* On CPU b: have some pages of the kind on its PCP. */
static long live_stock_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = alloc_page(lv->gfp);
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		if (page[i])
			__free_page(page[i]);
	}
	return 0;
}

/**
 * live_have_room() - have a CPU keep so many pages of others' blocks
 * @lv: the zone
 * @cpu: the CPU
 * @room: pages that it has before it pushes more
 *
 * A batch is all that the PCP may have, but for twice the room, so that little is trimmed.
 * See pcp_keep_mark(). Set back after the case.
 */
void live_have_room(struct live *lv, int cpu, int room)
{
	struct per_cpu_pages *pcp = zone_pcp(lv->zone, cpu);
	int high = max(lv->zone->pageset_high_max, 2 * room + 1);

	spin_lock(&pcp->lock);
	WRITE_ONCE(pcp->high_min, room);
	WRITE_ONCE(pcp->high_max, high);
	WRITE_ONCE(pcp->high, high);
	WRITE_ONCE(pcp->batch, high - 2 * room);
	spin_unlock(&pcp->lock);
}

/**
 * live_have_enough() - have CPU b push what it frees of other CPUs' blocks
 * @lv: CPU b and the zone
 *
 * It has no room for them, and some on the list.
 */
void live_have_enough(struct live *lv)
{
	live_have_room(lv, lv->b, 4);
	pcp_on_cpu(lv->test, lv->b, live_stock_fn, lv);
}

/* A trim on CPU a, of what it did not keep, may have taken some blocks from it. */
static void live_own_again(struct live *lv)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		struct page *page = lv->pages[i];

		if (live_owner(page) != lv->a)
			pageblock_own(lv->zone, lv->pcp, live_pbd(page));
	}
}

/**
 * live_own() - have CPU a allocate pages of blocks that it owns
 * @lv: gets the pages, their zone and the PCP
 * @want: how many, if not @whole
 * @whole: all pages of one block instead
 */
void live_own(struct live *lv, unsigned int want, bool whole)
{
	int tries = 0;
	long ok;

	lv->want = want;
	lv->whole = whole;
	for (;;) {
		lv->nr = 0;
		lv->zone = NULL;
		ok = pcp_on_cpu(lv->test, lv->a, live_own_fn, lv);
		if (ok > 0 || ++tries == 4)
			break;
		/* No whole block was free, or the zone is short of memory. */
		live_tell(lv);
		while (lv->nr)
			__free_page(lv->pages[--lv->nr]);
		drain_all_pages(NULL);
	}
	KUNIT_ASSERT_GT_MSG(lv->test, ok, 0L,
			    "CPU %d got only %u pages of blocks of its own",
			    lv->a, lv->nr);
	lv->pcp = zone_pcp(lv->zone, lv->a);
	live_have_enough(lv);
	live_own_again(lv);
}

/* On CPU a: whole blocks, each in pages of order 0. */
static long live_blocks_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	while (lv->nr < lv->want) {
		struct page *page = alloc_pages(lv->gfp, pageblock_order);

		if (!page)
			return false;
		if (lv->zone && page_zone(page) != lv->zone) {
			__free_pages(page, pageblock_order);
			return false;
		}
		lv->zone = page_zone(page);
		split_page(page, pageblock_order);
		for (i = 0; i < pageblock_nr_pages; i++)
			lv->pages[lv->nr++] = page + i;
	}
	return true;
}

/**
 * live_blocks() - have whole blocks in use, in pages of order 0
 * @lv: gets the pages, block by block, their zone and the PCP of CPU a, which owns them
 * @nr: number of blocks
 */
void live_blocks(struct live *lv, unsigned int nr)
{
	unsigned int i;
	int tries = 0;
	long ok;

	lv->want = nr * pageblock_nr_pages;
	KUNIT_ASSERT_LE(lv->test, (unsigned long)lv->want, LIVE_MAX_PAGES);
	for (;;) {
		lv->nr = 0;
		lv->zone = NULL;
		ok = pcp_on_cpu(lv->test, lv->a, live_blocks_fn, lv);
		if (ok > 0 || ++tries == 4)
			break;
		while (lv->nr)
			__free_page(lv->pages[--lv->nr]);
		drain_all_pages(NULL);
	}
	KUNIT_ASSERT_GT_MSG(lv->test, ok, 0L, "only %u pages of whole blocks", lv->nr);
	lv->pcp = zone_pcp(lv->zone, lv->a);
	for (i = 0; i < lv->nr; i += pageblock_nr_pages)
		pageblock_own(lv->zone, lv->pcp, live_pbd(lv->pages[i]));
	live_have_enough(lv);
}

/**
 * live_set_type() - make blocks a CMA area, a reserve, or of another type
 * @lv: all pages of whole blocks, in use
 * @migratetype: their new type
 */
void live_set_type(struct live *lv, int migratetype)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i += pageblock_nr_pages) {
		struct pageblock_data *pbd = live_pbd(lv->pages[i]);
		unsigned long word = READ_ONCE(pbd->flags), new, flags;
		int old = word & PAGEBLOCK_MIGRATETYPE_MASK;

		do {
			new = (word & ~PAGEBLOCK_MIGRATETYPE_MASK) | migratetype;
		} while (!try_cmpxchg(&pbd->flags, &word, new));

		spin_lock_irqsave(&lv->zone->lock, flags);
		if (migratetype == MIGRATE_HIGHATOMIC)
			lv->zone->nr_reserved_highatomic += pageblock_nr_pages;
		if (old == MIGRATE_HIGHATOMIC)
			lv->zone->nr_reserved_highatomic -= pageblock_nr_pages;
		spin_unlock_irqrestore(&lv->zone->lock, flags);
	}
}

#ifdef CONFIG_CONTIG_ALLOC
/**
 * live_get_back() - have all pages of the blocks in use again, and make them movable
 * @lv: pages of whole blocks, free, or in use by somebody who frees them or lets them move
 *
 * Return: false if some block cannot be had.
 */
bool live_get_back(struct live *lv)
{
	unsigned int i, tries;

	for (i = 0; i < lv->nr; i += pageblock_nr_pages) {
		unsigned long start = page_to_pfn(lv->pages[i]);
		acr_flags_t acr = ACR_FLAGS_NONE;
		int ret = -EBUSY;

		if (is_migrate_cma(pageblock_migratetype(live_pbd(lv->pages[i]))))
			acr = ACR_FLAGS_CMA;
		for (tries = 0; tries < 20 && ret; tries++) {
			ret = alloc_contig_range(start, start + pageblock_nr_pages, acr,
						 GFP_KERNEL);
			if (ret)
				schedule_timeout_uninterruptible(1);
		}
		if (ret)
			return false;
	}
	live_set_type(lv, MIGRATE_MOVABLE);
	return true;
}
#endif

/**
 * live_set_bound() - let other numbers of pages wait for CPU a, until the case ends
 * @lv: its PCP
 * @bound: base pages
 */
void live_set_bound(struct live *lv, int bound)
{
	WRITE_ONCE(lv->pcp->bound_short, bound);
	WRITE_ONCE(lv->pcp->bound, bound);
}

/**
 * live_reset_bound() - undo live_set_bound()
 * @lv: the PCP of CPU a
 */
void live_reset_bound(struct live *lv)
{
	pcp_set_bound(lv->pcp, lv->pcp->high_max);
}

/**
 * live_free_fn() - worker: free all pages
 * @w: on any CPU
 *
 * Return: how many.
 */
long live_free_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;

	for (i = 0; i < lv->nr; i++)
		__free_page(lv->pages[i]);
	return lv->nr;
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
 * live_is_own() - is it one of the pages that CPU a had?
 * @lv: the pages
 * @page: a page
 *
 * Return: true if it is.
 */
bool live_is_own(struct live *lv, struct page *page)
{
	unsigned int i;

	for (i = 0; i < lv->nr; i++) {
		if (lv->pages[i] == page)
			return true;
	}
	return false;
}

/**
 * live_in_zone() - of the pages that were freed, how many the zone buddy has
 * @lv: the pages
 *
 * Return: how many.
 */
unsigned int live_in_zone(struct live *lv)
{
	unsigned int i, nr = 0;

	for (i = 0; i < lv->nr; i++)
		nr += is_free_buddy_page(lv->pages[i]);
	return nr;
}

/**
 * live_drain_fn() - worker: drain this CPU
 * @w: the CPU
 *
 * Return: 0.
 */
long live_drain_fn(struct pcp_worker *w)
{
	drain_local_pages(NULL);
	return 0;
}

/**
 * live_defer() - free a page where neither the local PCP nor the zone can be had
 * @lv: the zone
 * @page: a page of a block of this CPU, or of nobody
 * @order: its order
 */
void live_defer(struct live *lv, struct page *page, unsigned int order)
{
	struct per_cpu_pages *pcp;
	unsigned long flags;

	pcpu_task_pin();
	pcp = this_cpu_ptr(lv->zone->per_cpu_pageset);
	spin_lock(&pcp->lock);
	spin_lock_irqsave(&lv->zone->lock, flags);
	free_pages_nolock(page, order);
	spin_unlock_irqrestore(&lv->zone->lock, flags);
	spin_unlock(&pcp->lock);
	pcpu_task_unpin();
}

/**
 * live_absorb_all() - take in all that waits for CPU a
 * @lv: its PCP and zone
 * @flags: PCP_ABSORB_NOLOCK or 0
 *
 * Return: base pages that were taken in.
 */
unsigned int live_absorb_all(struct live *lv, unsigned int flags)
{
	unsigned int nr, sum = 0;

	spin_lock(&lv->pcp->lock);
	while ((nr = pcp_absorb(lv->zone, lv->pcp, flags)))
		sum += nr;
	spin_unlock(&lv->pcp->lock);
	return sum;
}

/**
 * live_empty_lists() - take all that is cached for CPU a to the zone, but nothing that waits
 * @lv: its PCP and zone
 */
void live_empty_lists(struct live *lv)
{
	LIST_HEAD(cached);

	spin_lock(&lv->pcp->lock);
	pcp_collect(lv->zone, lv->pcp, lv->pcp->count, 0, &cached);
	spin_unlock(&lv->pcp->lock);
	pcp_zone_free_list(lv->zone, &cached);
}

/**
 * live_waits() - push pages to CPU a and have them wait there
 * @lv: gets the pages
 * @want: how many
 *
 * Return: false if vmstat took them to the zone each time.
 */
bool live_waits(struct live *lv, unsigned int want)
{
	unsigned int i, waiting;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		live_own(lv, want, false);
		for (i = 1; lv->swapped && i < lv->nr; i += 2)
			swap(lv->pages[i - 1], lv->pages[i]);
		/* In a small zone, fewer may wait; set back after the case. */
		if (lv->pcp->bound_short < 2 * want)
			live_set_bound(lv, 2 * want);
		pcp_on_cpu(lv->test, lv->b, live_free_fn, lv);
		live_empty_lists(lv);
		waiting = atomic_read(&lv->pcp->nr_waiting);
		if (waiting >= want)
			return true;
		kunit_info(lv->test, "%u of %u wait, CPU %d has %d pages, %d at least\n",
			   waiting, want, lv->b, READ_ONCE(zone_pcp(lv->zone, lv->b)->count),
			   READ_ONCE(zone_pcp(lv->zone, lv->b)->high_min));
	}
	return false;
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

/* A page and its order in one word, never 0. */
static unsigned long live_slot(struct page *page, unsigned int order)
{
	return BIT(BITS_PER_LONG - 1) | page_to_pfn(page) << 4 | order;
}

static struct page *live_slot_page(unsigned long slot)
{
	return pfn_to_page((slot & ~BIT(BITS_PER_LONG - 1)) >> 4);
}

static unsigned int live_slot_order(unsigned long slot)
{
	return slot & 15;
}

/**
 * live_mixed_fn() - worker: exchange pages with the others through the slots
 * @w: on any CPU; ends after so many rounds, or when told to stop
 *
 * Return: how many pages it allocated.
 */
long live_mixed_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned int i;
	struct folio_batch fbatch;
	struct rnd_state rnd;
	long nr = 0;

	prandom_seed_state(&rnd, lv->seed + w->index);
	folio_batch_init(&fbatch);
	for (i = 0; i < lv->round && !READ_ONCE(lv->stop); i++) {
		u32 r = prandom_u32_state(&rnd);
		unsigned int order = min_t(unsigned int, ffs(r | BIT(MAX_PAGE_ORDER)) - 1,
					   MAX_PAGE_ORDER);
		unsigned int slot = (r >> 16) % LIVE_SLOTS;
		unsigned long old, new = 0;
		struct page *page;

		/* Half of the time just free. */
		if (r & BIT(31)) {
			page = alloc_pages(LIVE_GFP, order);
			if (page)
				new = live_slot(page, order);
			nr += !!page;
		}
		old = xchg(&lv->slots[slot], new);
		if (!old)
			continue;
		page = live_slot_page(old);
		order = live_slot_order(old);
		if (!order && (r & BIT(30))) {
			if (!put_page_testzero(page))
				continue;
			if (!folio_batch_add(&fbatch, page_folio(page)))
				free_unref_folios(&fbatch);
		} else {
			__free_pages(page, order);
		}
		cond_resched();
	}
	if (folio_batch_count(&fbatch))
		free_unref_folios(&fbatch);
	return nr;
}

/**
 * live_nr_workers() - how many workers a load has
 *
 * Return: a number of CPUs. More than four would wait for each other most of the
 * time, where many virtual CPUs share few cores and whoever holds a lock may
 * not run.
 */
unsigned int live_nr_workers(void)
{
	return min(pcp_workers_online(), 4U);
}

/**
 * live_empty_slots() - free what a mixed load left in the slots
 * @lv: the slots
 */
void live_empty_slots(struct live *lv)
{
	unsigned int i;

	for (i = 0; i < LIVE_SLOTS; i++) {
		unsigned long old = xchg(&lv->slots[i], 0);

		if (old)
			__free_pages(live_slot_page(old), live_slot_order(old));
	}
}

/**
 * live_seed() - choose and log the seed of the random numbers
 * @lv: gets it
 */
void live_seed(struct live *lv)
{
	lv->seed = get_random_u32();
	kunit_info(lv->test, "seed %llu", lv->seed);
}

/* What a case set, and did not come to set back. */
static void live_restore(void *unused)
{
	struct zone *zone;
	int cpu;

	for_each_populated_zone(zone) {
		for_each_online_cpu(cpu) {
			struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

			if (pcp->dead)
				pcp_cpu_online(pcp);
			WRITE_ONCE(pcp->high_min, zone->pageset_high_min);
			WRITE_ONCE(pcp->high_max, zone->pageset_high_max);
			WRITE_ONCE(pcp->batch, zone->pageset_batch);
			pcp_set_bound(pcp, pcp->high_max);
		}
	}
}

static void live_free_mem(void *ptr)
{
	vfree(ptr);
}

/**
 * live_init() - init function of a suite
 * @test: gets a struct live as priv
 *
 * Return: 0; ends the test if there are not enough CPUs.
 */
int live_init(struct kunit *test)
{
	struct live *lv;

	pcp_workers_require(test, 2);
	lv = kunit_kzalloc(test, sizeof(*lv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lv);
	lv->test = test;
	lv->gfp = LIVE_GFP;
	lv->a = cpumask_first(cpu_online_mask);
	lv->b = cpumask_next(lv->a, cpu_online_mask);
	lv->pages = vzalloc(array_size(LIVE_MAX_PAGES, sizeof(*lv->pages)));
	KUNIT_ASSERT_NOT_NULL(test, lv->pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_free_mem,
							   lv->pages));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, live_restore, NULL));
	lv->slots = vzalloc(LIVE_SLOTS * sizeof(*lv->slots));
	KUNIT_ASSERT_NOT_NULL(test, lv->slots);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_free_mem,
							   lv->slots));
	test->priv = lv;
	return 0;
}

