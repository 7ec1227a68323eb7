// SPDX-License-Identifier: GPL-2.0
/*
 * Check a whole PCP, or all blocks of a zone, against what the rest of
 * mm/pcp/ promises. Slow; for suites, and for drains with CONFIG_DEBUG_VM.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <kunit/visibility.h>
#include <linux/cpumask.h>
#include <linux/mmdebug.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../page_alloc.h"
#include "pcp.h"
#include "zone.h"

/*
 * Say what is wrong, and fail the test that runs, which a WARN would not. The
 * suite of this file puts a stub here, as it wants the errors.
 *
 * Not kunit_fail_current_test(), which allocates: zone->lock may be held.
 */
VISIBLE_IF_KUNIT void pcp_validate_report(struct va_format *vaf)
{
	KUNIT_STATIC_STUB_REDIRECT(pcp_validate_report, vaf);

	pr_err("pcp: %pV\n", vaf);
	if (IS_ENABLED(CONFIG_KUNIT) && kunit_get_current_test())
		kunit_set_failure(kunit_get_current_test());
}

VISIBLE_IF_KUNIT __printf(1, 2) void pcp_validate_say(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	pcp_validate_report(&vaf);
	va_end(args);
}

/* Evaluates to the number of errors, 0 or 1. */
#define PCP_CHECK(cond, fmt, ...)					\
({									\
	bool __ok = (cond);						\
									\
	if (!__ok)							\
		pcp_validate_say(fmt, ##__VA_ARGS__);			\
	!__ok;								\
})

/* Nothing inside of a free page may be free a second time. */
static int pcp_validate_inside(struct page *page, unsigned int order)
{
	unsigned long i;
	int bad = 0;

	for (i = 1; i < 1UL << order; i++)
		bad += PCP_CHECK(!PagePCPBuddy(page + i) && !PageBuddy(page + i),
				 "pfn %lx is free inside of free pfn %lx order %u",
				 page_to_pfn(page + i), page_to_pfn(page), order);
	return bad;
}

static int pcp_validate_page(struct zone *zone, struct per_cpu_pages *pcp,
			     struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	int bad = 0;

	bad += PCP_CHECK(page_private(page) == order,
			 "cpu %d pfn %lx: private %lx on the list of order %u",
			 pcp->cpu, pfn, page_private(page), order);
	bad += PCP_CHECK(IS_ALIGNED(pfn, 1UL << order),
			 "cpu %d pfn %lx is not aligned to order %u",
			 pcp->cpu, pfn, order);
	bad += PCP_CHECK(!PageBuddy(page) && !page_ref_count(page),
			 "cpu %d pfn %lx: in use, or in the zone too",
			 pcp->cpu, pfn);
	bad += PCP_CHECK(pcp_has_mark(page, pcp_mark(pcp)),
			 "cpu %d pfn %lx: page type %x is not that of the PCP",
			 pcp->cpu, pfn, page->page_type);
	return bad + pcp_validate_inside(page, order);
}

/* A page on two lists breaks the links of one of them. */
static int pcp_validate_list(struct zone *zone, struct per_cpu_pages *pcp,
			     unsigned int pindex, int *count)
{
	struct list_head *list = &pcp->lists[pindex], *pos, *prev = list;
	unsigned int order = pindex / MIGRATE_PCPTYPES;
	int bad = 0;

	for (pos = list->next; pos != list; prev = pos, pos = pos->next) {
		if (PCP_CHECK(pos->prev == prev,
			      "cpu %d list %u: broken link", pcp->cpu, pindex))
			return bad + 1;
		*count += 1 << order;
		if (PCP_CHECK(*count <= pcp->count,
			      "cpu %d list %u: more pages than count %d",
			      pcp->cpu, pindex, pcp->count))
			return bad + 1;
		bad += pcp_validate_page(zone, pcp,
					 list_entry(pos, struct page, pcp_list),
					 order);
	}
	return bad;
}

/**
 * pcp_validate() - check one PCP
 * @zone: the zone
 * @pcp: its PCP of any CPU
 *
 * Counts against lists; order, alignment and flags of each page against its
 * list and its block; no page twice. Each error fails the KUnit test that
 * runs in this task, if one does.
 *
 * Context: @pcp->lock is held.
 * Return: the number of errors.
 */
int pcp_validate(struct zone *zone, struct per_cpu_pages *pcp)
{
	struct llist_node *node;
	unsigned int pindex;
	int count = 0, taken = 0, bad = 0;

	lockdep_assert_held(&pcp->lock);

	for (pindex = 0; pindex < NR_PCP_LISTS; pindex++)
		bad += pcp_validate_list(zone, pcp, pindex, &count);
	bad += PCP_CHECK(count == pcp->count,
			 "cpu %d: %d pages on the lists but count is %d",
			 pcp->cpu, count, pcp->count);

	for (node = pcp->taken; node; node = node->next) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		bad += PCP_CHECK(pcp_has_mark(page, PCP_MARK_WAITS),
				 "cpu %d pfn %lx: waits, but has page type %x",
				 pcp->cpu, page_to_pfn(page), page->page_type);
		taken += 1 << page_private(page);
	}
	bad += PCP_CHECK(taken <= atomic_read(&pcp->nr_waiting),
			 "cpu %d: %d pages taken but nr_waiting is %d",
			 pcp->cpu, taken, atomic_read(&pcp->nr_waiting));
	return bad;
}

/* Counts a block that @owned, of nr_cpu_ids, has for its owner. */
VISIBLE_IF_KUNIT int pcp_validate_block(struct zone *zone,
					struct pageblock_data *pbd,
					unsigned long pfn, int *owned)
{
	int cpu = pageblock_owner_cpu(pbd), bad = 0;
	unsigned long start = pfn, end = pfn + pageblock_nr_pages;

	if (cpu < 0)
		return 0;
	/* Such a CPU has no PCP to look at. */
	if (PCP_CHECK(cpu < nr_cpu_ids && cpu_possible(cpu),
		      "block %lx: owner %d", start, cpu))
		return 1;
	owned[cpu]++;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (!PageBuddy(page)) {
			pfn++;
			continue;
		}
		bad += PCP_CHECK(buddy_order(page) < pageblock_order,
				 "block %lx: wholly free but owned by %d",
				 start, cpu);
		pfn += 1UL << buddy_order(page);
	}
	return bad;
}

static bool pcp_owners_are_counted(struct zone *zone, const int *owned)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (owned[cpu] != atomic_read(&zone_pcp(zone, cpu)->owned_blocks))
			return false;
	}
	return true;
}

/* Times that owners are counted until it counts as an error. */
#define PCP_OWNER_COUNTS	16

/**
 * pcp_validate_blocks() - check the blocks of a zone
 * @zone: a populated zone
 *
 * Owners against free pages, and against the number of blocks that each CPU owns.
 * Each error fails the KUnit test that runs in this task, if one does.
 *
 * No lock keeps the owners from changing meanwhile. So they are counted again if they do
 * not match.
 *
 * Context: Task context. Takes zone->lock, for long.
 * Return: the number of errors, or -ENOMEM.
 */
int pcp_validate_blocks(struct zone *zone)
	__no_context_analysis
{
	int cpu, bad, tries = PCP_OWNER_COUNTS;
	unsigned long pfn, flags;
	bool counted;
	int *owned;

	owned = kcalloc(nr_cpu_ids, sizeof(*owned), GFP_KERNEL);
	if (!owned)
		return -ENOMEM;

	do {
		bad = 0;
		memset(owned, 0, nr_cpu_ids * sizeof(*owned));
		pcp_zone_lock(zone, &flags, false);
		for (pfn = pageblock_start_pfn(zone->zone_start_pfn);
		     pfn < pcp_zone_end(zone); pfn += pageblock_nr_pages) {
			struct pageblock_data *pbd = pcp_zone_block(zone, pfn);

			if (pbd)
				bad += pcp_validate_block(zone, pbd, pfn, owned);
		}
		/* An owner that is counted from now on is not in @owned. */
		counted = pcp_owners_are_counted(zone, owned);
		pcp_zone_unlock(zone, flags);
		if (bad || counted)
			break;
		/* A task that changed an owner, and not yet the number, may not run now. */
		if (tries % 4 == 2)
			schedule_timeout_uninterruptible(1);
	} while (--tries);

	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(zone, cpu);
		int nr = atomic_read(&pcp->owned_blocks);

		bad += PCP_CHECK(tries || owned[cpu] == nr,
				 "cpu %d: owns %d blocks but %d are counted", cpu,
				 owned[cpu], nr);
		bad += PCP_CHECK(!owned[cpu] || !READ_ONCE(pcp->dead),
				 "cpu %d is dead and owns %d blocks", cpu,
				 owned[cpu]);
	}

	kfree(owned);
	return bad;
}

#ifdef CONFIG_DEBUG_VM
/**
 * pcp_debug_validate() - check one PCP in a debug build
 * @zone: the zone
 * @pcp: its PCP of any CPU
 *
 * Context: @pcp->lock is held.
 */
void pcp_debug_validate(struct zone *zone, struct per_cpu_pages *pcp)
{
	VM_WARN_ON_ONCE(pcp_validate(zone, pcp));
}
#endif
