/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A made-up zone for the suites of the helpers: a zone structure, its PCPs,
 * some pageblocks, and stubs for every function of the seam in zone.h that
 * write down what they are asked to do. Nothing reaches the real allocator.
 *
 * The struct pages are real ones, of blocks that the fixture has allocated,
 * so that pfns, alignment and page flags are as in life. The pageblock data
 * is not: pcp_pageblock() is stubbed to find the fixture's own.
 */
#ifndef __MM_PCP_TESTS_FIXTURE_H
#define __MM_PCP_TESTS_FIXTURE_H

#include <kunit/test.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/vmstat.h>

#include "../../pcp.h"
#include "../../route.h"
#include "../../zone.h"

#define PCP_FIXTURE_BLOCKS	3
#define PCP_FIXTURE_ZONES	(PCP_BATCH_WAYS + 2)

/**
 * struct pcp_fixture - the made-up zone and what was done to it
 * @test: the test that it is for
 * @zone: the zone; only its PCPs and its flags are set
 * @cpu: the CPU whose PCP is under test
 * @pcps: all PCPs of @zone
 * @spare: others, for pcp_fx_migrate()
 * @pcp: its PCP, enabled, with a high mark of 4 blocks
 * @other: PCP of another (possible or not) CPU; @other->cpu is not @cpu
 * @block: pageblock data of the blocks
 * @base: first page of each block. Larger pages that the zone could merge
 *	them to are the fixture's as well
 *
 * The stubs give these. A case may change them:
 * @area: free pages of the zone, by order and migratetype: take() takes from there, put
 *	there with pcp_fx_zone_add()
 * @fallback: pages that rmqueue() hands out, in order
 * @nr_alloc: answer of pcp_zone_nr_alloc()
 * @nr_free: answer of pcp_zone_nr_free(); -1: pcp->batch
 * @cma_first: answer of pcp_zone_cma_first()
 * @zone_short: answer of pcp_zone_short()
 * @lock_busy: a trylock of the zone fails
 * @bad: a page that fails the check for new pages
 * @hole: pcp_zone_block() finds no block of this index
 * @on_pageblock: called, if not NULL, when the block of a page is looked up
 * @on_free: called, if not NULL, by free_list() and free_waiting(): what may
 *	happen on another CPU meanwhile
 *
 * The stubs write these down:
 * @freed: pages that went to the zone, page_private() is the order, in order
 * @nr_freed: their base pages
 * @nr_free_calls: calls that brought them
 * @nr_deferred: base pages deferred
 * @nr_locked: times that zone->lock was taken
 * @locked: the lock is held now
 * @nr_asked_high: calls of pcp_zone_high(), which answers pcp->high, up to
 *	high_max
 * @nr_relaxed: calls of pcp_zone_relax()
 * @nr_take: calls of pcp_zone_take()
 * @nr_blocks_seen: calls of pcp_zone_block()
 * @nr_rmqueue: calls of pcp_zone_rmqueue()
 * @rmqueue_order: order that the last of them asked for
 * @rmqueue_type: migratetype that it asked for
 * @rmqueue_flags: its ALLOC_*
 * @rmqueue_mode: its mode; the stub adds one
 * @nr_free_one: pages that pcp_zone_free_one() got
 * @nr_bad: pages that failed the check
 * @nr_handed_out: pages handed out
 * @handed_out_by: zone of the last of them
 * @handed_out_for: zone that it was asked of first
 * @free_nolock: the last call that freed to the zone had FPI_NOLOCK
 *
 * @zones: the zones, @zone is the first; see pcp_fx_zone()
 * @nr_zones: how many there are
 */
struct pcp_fixture {
	struct kunit *test;
	struct zone *zone;
	int cpu;
	struct per_cpu_pages __percpu *pcps;
	struct per_cpu_pages __percpu *spare;
	struct per_cpu_pages *pcp;
	struct per_cpu_pages *other;
	struct pageblock_data block[PCP_FIXTURE_BLOCKS];
	struct page *base[PCP_FIXTURE_BLOCKS];

	struct list_head area[PAGE_BLOCK_MAX_ORDER + 1][MIGRATE_TYPES];
	struct list_head fallback;
	int nr_alloc;
	int nr_free;
	bool cma_first;
	bool zone_short;
	bool lock_busy;
	struct page *bad;
	unsigned int hole;
	void (*on_pageblock)(struct pcp_fixture *fx);
	void (*on_free)(struct pcp_fixture *fx);

	struct list_head freed;
	unsigned int nr_freed;
	unsigned int nr_free_calls;
	unsigned int nr_deferred;
	unsigned int nr_locked;
	bool locked;
	unsigned int nr_asked_high;
	unsigned int nr_relaxed;
	unsigned int nr_take;
	unsigned int nr_blocks_seen;
	unsigned int nr_rmqueue;
	unsigned int rmqueue_order;
	int rmqueue_type;
	unsigned int rmqueue_flags;
	int rmqueue_mode;
	unsigned int nr_free_one;
	unsigned int nr_bad;
	unsigned int nr_handed_out;
	struct zone *handed_out_by;
	struct zone *handed_out_for;
	bool free_nolock;

	struct zone *zones[PCP_FIXTURE_ZONES];
	unsigned int nr_zones;
};

void pcp_fx_stubs(struct kunit *test);
int pcp_fx_init(struct kunit *test);
int pcp_fx_init_bound(struct kunit *test);
struct zone *pcp_fx_zone(struct pcp_fixture *fx);
struct page *pcp_fx_page(struct pcp_fixture *fx, int block, unsigned int index);
void pcp_fx_own(struct pcp_fixture *fx, int block, int cpu);
void pcp_fx_room(struct per_cpu_pages *pcp, int room);
struct page *pcp_fx_enough(struct pcp_fixture *fx, int migratetype, unsigned int order);
void pcp_fx_type(struct pcp_fixture *fx, int block, int migratetype);
void pcp_fx_isolate(struct pcp_fixture *fx, int block, bool isolate);
void pcp_fx_disable(struct per_cpu_pages *pcp);
void pcp_fx_zone_add(struct pcp_fixture *fx, struct page *page,
		     unsigned int order);
void pcp_fx_add(struct pcp_fixture *fx, struct page *page, unsigned int order);
void pcp_fx_fill(struct pcp_fixture *fx, unsigned int nr);
void pcp_fx_fill_type(struct pcp_fixture *fx, int block, unsigned int nr, int migratetype);
void pcp_fx_push(struct pcp_fixture *fx, struct per_cpu_pages *pcp,
		 struct page *page, unsigned int order);
void pcp_fx_migrate(struct pcp_fixture *fx);
void pcp_fx_come_back(struct pcp_fixture *fx);
void pcp_fx_check(struct pcp_fixture *fx);
void pcp_fx_check_blocks(struct pcp_fixture *fx);
void pcp_fx_expect_owner(struct pcp_fixture *fx, int block, int cpu);
void pcp_fx_expect_empty(struct pcp_fixture *fx, struct per_cpu_pages *pcp);
void pcp_fx_expect_out(struct pcp_fixture *fx, struct page *page);
unsigned int pcp_fx_list_len(struct pcp_fixture *fx, int migratetype,
			     unsigned int order);
struct page *pcp_fx_freed(struct pcp_fixture *fx, unsigned int index);

/**
 * pcp_fx_pinned() - how deep this task is pinned
 *
 * A lock that is held adds to it, so compare it with what it was before.
 *
 * Return: the depth; always 0 where the kernel does not count it, which is
 * why one of the builds has CONFIG_PREEMPT_COUNT.
 */
static inline int pcp_fx_pinned(void)
{
#ifdef CONFIG_PREEMPT_RT
	return current->migration_disabled;
#else
	return preempt_count();
#endif
}

/**
 * pcp_fx_locked() - does somebody have the lock of a PCP?
 * @pcp: the PCP
 *
 * Return: true if this CPU or another one has it.
 */
static inline bool pcp_fx_locked(struct per_cpu_pages *pcp)
{
	if (!spin_trylock(&pcp->lock))
		return true;
	spin_unlock(&pcp->lock);
	return false;
}

/*
 * By how much @call moves the counter @item. Nothing else counts on this CPU
 * meanwhile: interrupts are off.
 */
#ifdef CONFIG_VM_EVENT_COUNTERS
#define PCP_FX_EVENTS(item, call)					\
({									\
	unsigned long __flags, __before, *__count;			\
									\
	local_irq_save(__flags);					\
	__count = &this_cpu_ptr(&vm_event_states)->event[item];		\
	__before = *__count;						\
	call;								\
	__before = *__count - __before;					\
	local_irq_restore(__flags);					\
	(long)__before;							\
})
#else
#define PCP_FX_EVENTS(item, call)	({ (void)(item); call; 0L; })
#endif

/**
 * pcp_fx_need_events() - go on only if events are counted
 * @fx: the fixture
 */
static inline void pcp_fx_need_events(struct pcp_fixture *fx)
{
	if (!IS_ENABLED(CONFIG_VM_EVENT_COUNTERS))
		kunit_skip(fx->test, "needs CONFIG_VM_EVENT_COUNTERS");
	/* Locks sleep there, and the calls run with interrupts off. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(fx->test, "not with CONFIG_PREEMPT_RT");
}

/**
 * pcp_fx_need_isolation() - go on only if blocks can be isolated
 * @fx: the fixture
 */
static inline void pcp_fx_need_isolation(struct pcp_fixture *fx)
{
	if (!IS_ENABLED(CONFIG_MEMORY_ISOLATION))
		kunit_skip(fx->test, "needs CONFIG_MEMORY_ISOLATION");
}

/**
 * pcp_fx_need_block_of() - go on only if a block has so many pages
 * @fx: the fixture
 * @nr: base pages
 */
static inline void pcp_fx_need_block_of(struct pcp_fixture *fx, unsigned int nr)
{
	if (pageblock_nr_pages < nr)
		kunit_skip(fx->test, "a block of %lu pages is too small",
			   pageblock_nr_pages);
}

#endif /* __MM_PCP_TESTS_FIXTURE_H */
