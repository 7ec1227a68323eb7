// SPDX-License-Identifier: GPL-2.0
/*
 * Check a whole PCP, or all blocks of a zone, against what the rest of
 * mm/pcp/ promises. Slow; for suites, and for drains with CONFIG_DEBUG_VM.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/cpumask.h>
#include <linux/memory_hotplug.h>
#include <linux/mmdebug.h>
#include <linux/printk.h>

#include "../internal.h"
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

static __printf(1, 2) void pcp_validate_say(const char *fmt, ...)
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
	struct pageblock_data *pbd = pcp_pageblock(zone, page, pfn);
	bool owned = pageblock_owner_cpu(pbd) == pcp->cpu;
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
	bad += PCP_CHECK(PagePCPBuddy(page) == owned,
			 "cpu %d pfn %lx: mergeable %d but owned %d",
			 pcp->cpu, pfn, PagePCPBuddy(page), owned);
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

		bad += PCP_CHECK(!PagePCPBuddy(page) && !PageBuddy(page),
				 "cpu %d pfn %lx: waits and is free elsewhere",
				 pcp->cpu, page_to_pfn(page));
		taken += 1 << page_private(page);
	}
	bad += PCP_CHECK(taken <= atomic_read(&pcp->nr_waiting),
			 "cpu %d: %d pages taken but nr_waiting is %d",
			 pcp->cpu, taken, atomic_read(&pcp->nr_waiting));
	return bad;
}

VISIBLE_IF_KUNIT int pcp_validate_block(struct zone *zone,
					struct pageblock_data *pbd)
{
	unsigned long pfn = pbd->block_pfn, end = pfn + pageblock_nr_pages;
	int cpu = pageblock_owner_cpu(pbd), nr_fragments = 0, bad = 0;
	bool listed = !list_empty(&pbd->cpu_node);
	unsigned long start = pfn;

	if (cpu < 0)
		return PCP_CHECK(!listed, "block %lx: listed but not owned",
				 start);
	/* Such a CPU has no PCP to look at. */
	if (PCP_CHECK(cpu < nr_cpu_ids && cpu_possible(cpu),
		      "block %lx: owner %d", start, cpu))
		return 1;
	bad += PCP_CHECK(pbd->cpu_node.prev->next == &pbd->cpu_node &&
			 pbd->cpu_node.next->prev == &pbd->cpu_node,
			 "block %lx: on a list that does not know it", start);

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (!PageBuddy(page)) {
			pfn++;
			continue;
		}
		bad += PCP_CHECK(buddy_order(page) < pageblock_order,
				 "block %lx: wholly free but owned by %d",
				 start, cpu);
		nr_fragments++;
		pfn += 1UL << buddy_order(page);
	}

	bad += PCP_CHECK(!listed || !pbd->unlisted,
			 "block %lx: listed, but said not to be", start);
	bad += PCP_CHECK(!nr_fragments || listed || pbd->unlisted,
			 "block %lx: %d fragments, not listed", start,
			 nr_fragments);
	return bad;
}

VISIBLE_IF_KUNIT int pcp_validate_owned_blocks(struct zone *zone, int cpu)
{
	struct per_cpu_pages *pcp = zone_pcp(zone, cpu);
	struct list_head *pos, *prev = &pcp->owned_blocks;
	int nr = 0, bad = 0;

	list_for_each(pos, &pcp->owned_blocks) {
		struct pageblock_data *pbd;

		if (PCP_CHECK(pos->prev == prev,
			      "cpu %d: owned_blocks has a broken link", cpu))
			return bad + 1;
		if (PCP_CHECK(nr++ < pcp->nr_owned_blocks,
			      "cpu %d: more owned_blocks than the %d counted",
			      cpu, pcp->nr_owned_blocks))
			return bad + 1;
		pbd = list_entry(pos, struct pageblock_data, cpu_node);
		bad += PCP_CHECK(pageblock_owner_cpu(pbd) == cpu,
				 "block %lx of cpu %d on owned_blocks of cpu %d",
				 pbd->block_pfn, pageblock_owner_cpu(pbd), cpu);
		prev = pos;
	}
	bad += PCP_CHECK(nr == pcp->nr_owned_blocks,
			 "cpu %d: %d owned_blocks but %d counted", cpu, nr,
			 pcp->nr_owned_blocks);
	bad += PCP_CHECK(!nr || !READ_ONCE(pcp->dead),
			 "cpu %d is dead and has %d owned_blocks", cpu, nr);
	return bad;
}

/**
 * pcp_validate_blocks() - check the blocks of a zone
 * @zone: a populated zone
 *
 * Owners against free pages and against the owned_blocks of each CPU. Each
 * error fails the KUnit test that runs in this task, if one does.
 *
 * Context: Takes zone->lock, for long.
 * Return: the number of errors.
 */
int pcp_validate_blocks(struct zone *zone)
{
	unsigned long pfn, flags;
	int cpu, bad = 0;

	spin_lock_irqsave(&zone->lock, flags);
	for (pfn = pageblock_start_pfn(zone->zone_start_pfn);
	     pfn < zone_end_pfn(zone); pfn += pageblock_nr_pages) {
		struct page *page = pfn_to_online_page(pfn);
		struct pageblock_data *pbd;

		if (!page || page_zone(page) != zone)
			continue;
		pbd = pcp_pageblock(zone, page, pfn);
		bad += PCP_CHECK(pbd->block_pfn == pfn,
				 "block %lx says that it is block %lx", pfn,
				 pbd->block_pfn);
		bad += pcp_validate_block(zone, pbd);
	}
	for_each_possible_cpu(cpu)
		bad += pcp_validate_owned_blocks(zone, cpu);
	spin_unlock_irqrestore(&zone->lock, flags);

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
