/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private header of mm/pcp/: the split per-CPU free path.
 *
 * Layers, each of which knows only those below it:
 *
 *	free.c batch.c alloc.c	entry points, called by page_alloc.c
 *	lockless.c		a page from the PCPs alone, for kvfree_rcu()
 *	route.h			where does a freed page go?
 *	push.c			give a page to the CPU that owns its block
 *	absorb.c		take in what other CPUs gave back
 *	commit.h commit.c	put a page on the local PCP, trim to the high mark
 *	refill.c		recover fragments, claim blocks, take chunks
 *	drain.c			drains, disabled PCPs, dead CPUs
 *	bulk.c			choose, merge and give back many pages
 *	owner.c			which CPU owns a block, owned_blocks
 *	buddy.c			the lists of one PCP: add, split, merge
 *	zone.h			the seam: all that is done to a zone
 *
 * Locks: pcp->lock nests outside zone->lock. The free_llist needs neither.
 * See Documentation/mm/pcp.rst.
 */
#ifndef __MM_PCP_PCP_H
#define __MM_PCP_PCP_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "fail.h"
#include "pageblock.h"

/*
 * Pages sorted by one absorb in an allocation or a free. It bounds the time that
 * the lock is held for work that other CPUs left behind.
 */
#define PCP_ABSORB_NODES	64

/*
 * Base pages that may wait for an absorb to restore the order that they came in,
 * since it looks at each of them for that. About as many as the largest refill
 * has, with the default batch: an allocation may have to wait for that, too.
 */
#define PCP_ORDER_PAGES		2048

/* owned_blocks entries that one refill looks at, and pages that it scans. */
#define PCP_RECOVER_LOOKS	16
#define PCP_RECOVER_PAGES	2048

/* Pages that go to the zone under one hold of zone->lock. */
#define PCP_ZONE_CHUNK		64

/*
 * Locking a pcp requires a PCP lookup followed by a spinlock. The task stays
 * on its CPU in between, so that no other CPU's PCP is locked. On PREEMPT_RT
 * the spinlock may sleep, so there only migration is off.
 */
#ifndef CONFIG_PREEMPT_RT
#define pcpu_task_pin()		preempt_disable()
#define pcpu_task_unpin()	preempt_enable()
#else
#define pcpu_task_pin()		migrate_disable()
#define pcpu_task_unpin()	migrate_enable()
#endif

/**
 * pcp_trylock() - try to lock the local PCP
 * @pcp: this CPU's PCP
 * @side: who tries, for fault injection
 *
 * Fails when this CPU holds the lock already, i.e. an interrupt hit the
 * allocator, or when another CPU drains the PCP. With CONFIG_SMP=n a trylock
 * cannot fail and so would not notice the former: there the PCP is not used.
 *
 * Context: Any where can_spin_trylock() is true; the task is pinned.
 * Return: true with @pcp->lock held, false without.
 */
static __always_inline bool pcp_trylock(struct per_cpu_pages *pcp,
					enum pcp_side side)
{
	if (!IS_ENABLED(CONFIG_SMP))
		return false;
	if (likely(!pcp_should_fail_trylock(side) && spin_trylock(&pcp->lock)))
		return true;
	count_vm_event(PCP_TRYLOCK_FAIL);
	return false;
}

/**
 * pcp_unlock() - unlock the local PCP, leave the task pinned
 * @pcp: this CPU's PCP
 */
static __always_inline void pcp_unlock(struct per_cpu_pages *pcp)
{
	spin_unlock(&pcp->lock);
}

/**
 * zone_pcp() - the PCP of a CPU in a zone
 * @zone: the zone
 * @cpu: the CPU, which may be dead
 *
 * Return: the PCP; it exists for each possible CPU.
 */
static __always_inline struct per_cpu_pages *zone_pcp(struct zone *zone, int cpu)
{
	return per_cpu_ptr(zone->per_cpu_pageset, cpu);
}

/**
 * pcp_pindex() - index of a PCP list
 * @migratetype: below MIGRATE_PCPTYPES
 * @order: up to pageblock_order
 *
 * Context: Any.
 * Return: index into per_cpu_pages::lists.
 */
static __always_inline unsigned int pcp_pindex(int migratetype, unsigned int order)
{
	return MIGRATE_PCPTYPES * order + migratetype;
}

/**
 * pcp_open() - may other CPUs push to this PCP?
 * @pcp: the PCP
 *
 * Read again after a push, see pcp_push().
 *
 * Return: false if its CPU is dead or the PCP is disabled.
 */
static __always_inline bool pcp_open(const struct per_cpu_pages *pcp)
{
	return READ_ONCE(pcp->bound) && !READ_ONCE(pcp->dead);
}

/**
 * pcp_disabled() - is this PCP disabled?
 * @pcp: the PCP
 *
 * Looks at the lines of the owner, unlike pcp_open().
 *
 * Return: true between zone_pcp_disable() and zone_pcp_enable(), and for a
 * boot pageset.
 */
static __always_inline bool pcp_disabled(const struct per_cpu_pages *pcp)
{
	return !READ_ONCE(pcp->high_max);
}

/**
 * pcp_has_pages() - is there anything to drain?
 * @pcp: the PCP
 *
 * Sees the pages that wait on the free_llist, which @pcp->count does not, and
 * those that an absorb is moving: nr_waiting is lowered after the count was
 * raised, and read before it.
 *
 * Context: Any. Without the lock the answer may be out of date.
 * Return: true if a page is on a list of @pcp, or on its way to one.
 */
static inline bool pcp_has_pages(struct per_cpu_pages *pcp)
{
	return atomic_read_acquire(&pcp->nr_waiting) || READ_ONCE(pcp->count);
}

/**
 * pcp_nr_pages() - free pages that a PCP keeps from the zone
 * @pcp: the PCP
 *
 * Context: Any. Without the lock the answer may be out of date.
 * Return: base pages that are cached or wait.
 */
static inline unsigned long pcp_nr_pages(const struct per_cpu_pages *pcp)
{
	return READ_ONCE(pcp->count) + atomic_read(&pcp->nr_waiting);
}

/**
 * pcp_has_waiting() - are there pages that other CPUs gave back?
 * @pcp: the PCP
 *
 * Context: Any. Without the lock the answer may be out of date.
 * Return: true if pages wait to be absorbed.
 */
static __always_inline bool pcp_has_waiting(struct per_cpu_pages *pcp)
{
	return READ_ONCE(pcp->taken) || !llist_empty(&pcp->free_llist);
}

/**
 * struct pcp_run - pages that go to the same free_llist with one operation
 * @zone: their zone
 * @pcp: where they go; NULL for an empty run
 * @first: node that was added last
 * @last: node that was added first
 * @nr_pages: base pages in the run
 */
struct pcp_run {
	struct zone *zone;
	struct per_cpu_pages *pcp;
	struct llist_node *first;
	struct llist_node *last;
	unsigned int nr_pages;
};

/**
 * pcp_run_add() - add a page to a run
 * @run: a run whose zone and pcp are set
 * @page: first page, on no list
 * @order: order of @page, recorded in page_private()
 *
 * Context: Any.
 */
static __always_inline void pcp_run_add(struct pcp_run *run, struct page *page,
					unsigned int order)
{
	set_page_private(page, order);
	page->pcp_llist.next = run->first;
	if (!run->first)
		run->last = &page->pcp_llist;
	run->first = &page->pcp_llist;
	run->nr_pages += 1U << order;
}

/* KCSAN: drains, vmstat and zoneinfo look at the count without the lock. */
static __always_inline void pcp_count_add(struct per_cpu_pages *pcp,
					  int nr_pages)
{
	WRITE_ONCE(pcp->count, pcp->count + nr_pages);
}

/* Leaves pcp->count alone. Puts the page behind @after, on the list of its order. */
static __always_inline void __pcp_list_add(struct page *page, unsigned int order,
					   bool mergeable, struct list_head *after)
{
	set_page_private(page, order);
	if (mergeable)
		__SetPagePCPBuddy(page);
	list_add(&page->pcp_list, after);
}

/**
 * pcp_list_add() - put a free page on the hot end of its list
 * @pcp: the PCP
 * @page: first page, on no list
 * @order: order of @page
 * @migratetype: below MIGRATE_PCPTYPES
 * @mergeable: the CPU of @pcp owns the block, so it may merge here
 *
 * Inline, because each local free does this.
 *
 * Context: @pcp->lock is held.
 */
static __always_inline void pcp_list_add(struct per_cpu_pages *pcp,
					 struct page *page, unsigned int order,
					 int migratetype, bool mergeable)
{
	__pcp_list_add(page, order, mergeable,
		       &pcp->lists[pcp_pindex(migratetype, order)]);
	pcp_count_add(pcp, 1 << order);
}

/* Leaves pcp->count alone. */
static __always_inline bool __pcp_list_del(struct page *page)
{
	bool mergeable = PagePCPBuddy(page);

	list_del(&page->pcp_list);
	set_page_private(page, 0);
	if (mergeable)
		__ClearPagePCPBuddy(page);

	return mergeable;
}

/**
 * pcp_list_del() - take a page off its list
 * @pcp: the PCP that @page is on
 * @page: first page
 * @order: order of @page
 *
 * Context: @pcp->lock is held.
 * Return: true if the page was mergeable.
 */
static __always_inline bool pcp_list_del(struct per_cpu_pages *pcp,
					 struct page *page, unsigned int order)
{
	pcp_count_add(pcp, -(1 << order));
	return __pcp_list_del(page);
}

/**
 * pcp_buddy() - the page that a page can merge with on its PCP
 * @page: first page, of a block that the CPU of the PCP owns
 * @pfn: its pfn
 * @order: its order; there is no buddy from pageblock_order on
 *
 * Context: The pcp->lock is held.
 * Return: the buddy, which is marked and on some list, or NULL.
 */
static __always_inline struct page *pcp_buddy(struct page *page, unsigned long pfn,
					      unsigned int order)
{
	struct page *buddy = page + ((pfn ^ (1UL << order)) - pfn);

	if (order >= pageblock_order || !PagePCPBuddy(buddy) ||
	    page_private(buddy) != order)
		return NULL;
	return buddy;
}

/* buddy.c */
void pcp_list_add_tail(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int order, int migratetype, bool mergeable);
struct page *pcp_take(struct per_cpu_pages *pcp, unsigned int order,
		      int migratetype);
struct page *pcp_merge(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int *order);

/* bulk.c */
void pcp_collect(struct per_cpu_pages *pcp, int count, unsigned int pindex,
		 struct list_head *victims);
void pcp_free_bulk(struct zone *zone, struct per_cpu_pages *pcp, int count,
		   unsigned int pindex);

/* push.c */
void pcp_init(struct per_cpu_pages *pcp, int cpu);
void pcp_set_bound(struct per_cpu_pages *pcp, int high_min, int high_max);
void pcp_push(struct pcp_run *run, bool nolock);
unsigned int pcp_waiting_to_zone(struct zone *zone, struct per_cpu_pages *pcp,
				 struct llist_node *first, bool nolock);
unsigned int pcp_flush_waiting(struct zone *zone, struct per_cpu_pages *pcp,
			       bool nolock);

/* absorb.c */
unsigned int pcp_absorb(struct zone *zone, struct per_cpu_pages *pcp,
			unsigned int max_nodes, bool to_high, bool nolock);

/* refill.c */
unsigned int pcp_refill(struct zone *zone, struct per_cpu_pages *pcp,
			unsigned int order, int migratetype,
			unsigned int alloc_flags);

/* alloc.c */
struct page *pcp_alloc(struct zone *zone, struct per_cpu_pages *pcp,
		       unsigned int order, int migratetype,
		       unsigned int alloc_flags);

/* lockless.c */
struct page *pcp_take_lockless(struct zone *zone);
struct page *pcp_lockless_from(struct zonelist *zonelist,
			       enum zone_type highest);

/* free.c */
void pcp_free_page(struct zone *zone, struct page *page, unsigned long pfn,
		   unsigned int order, bool order_allowed, bool nolock);

/* batch.c */
#define PCP_BATCH_RUNS	4

/**
 * struct pcp_batch - a batch of folios on their way to the PCPs
 * @zone: zone of @pcp
 * @pcp: the local PCP, locked and the task pinned; NULL while it is not
 * @next_run: the run to send off when all are in use
 * @runs: folios for other CPUs, not pushed yet
 */
struct pcp_batch {
	struct zone *zone;
	struct per_cpu_pages *pcp;
	unsigned int next_run;
	struct pcp_run runs[PCP_BATCH_RUNS];
};

void pcp_batch_free(struct pcp_batch *batch, struct zone *zone,
		    struct page *page, unsigned long pfn, unsigned int order,
		    bool order_allowed);
void pcp_batch_end(struct pcp_batch *batch);

/* owner.c */
void pageblock_claim(struct pageblock_data *pbd, int cpu);
void pageblock_list(struct per_cpu_pages *pcp, struct pageblock_data *pbd);
void pageblock_unlist(struct per_cpu_pages *pcp, struct pageblock_data *pbd);
void pageblock_zone_freed(struct zone *zone, struct pageblock_data *pbd,
			  unsigned int order);
void pageblock_disown(struct zone *zone, struct pageblock_data *pbd);
void pageblock_disown_range(struct zone *zone, unsigned long start_pfn,
			    unsigned long end_pfn);

/**
 * pageblock_freed() - pages came to the zone buddy
 * @zone: the zone
 * @pbd: block of the pages
 * @order: order that they have merged to
 *
 * Context: zone->lock is held. See pageblock_zone_freed().
 */
static __always_inline void pageblock_freed(struct zone *zone,
					    struct pageblock_data *pbd,
					    unsigned int order)
{
	if (unlikely(pbd->owner != PAGEBLOCK_NO_OWNER))
		pageblock_zone_freed(zone, pbd, order);
}

/* drain.c */
void pcp_drain(struct zone *zone, struct per_cpu_pages *pcp);
void pcp_cpu_dead(struct zone *zone, struct per_cpu_pages *pcp);
void pcp_cpu_online(struct zone *zone, struct per_cpu_pages *pcp);
void pcp_detach_blocks(struct zone *zone, struct per_cpu_pages *pcp);
bool pcp_return_waiting(struct zone *zone, struct per_cpu_pages *pcp);
void pcp_shepherd(int cpu);

/* validate.c */
int pcp_validate(struct zone *zone, struct per_cpu_pages *pcp);
int pcp_validate_blocks(struct zone *zone);

#if IS_ENABLED(CONFIG_KUNIT)
void pcp_validate_report(struct va_format *vaf);
int pcp_validate_block(struct zone *zone, struct pageblock_data *pbd);
int pcp_validate_owned_blocks(struct zone *zone, int cpu);
#endif

#ifdef CONFIG_DEBUG_VM
void pcp_debug_validate(struct zone *zone, struct per_cpu_pages *pcp);
#else
static inline void pcp_debug_validate(struct zone *zone,
				      struct per_cpu_pages *pcp) {}
#endif

#endif /* __MM_PCP_PCP_H */
