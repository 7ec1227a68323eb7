/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that other CPUs gave back, and that wait for the CPU they are for.
 */
#ifndef __MM_PCP_WAITING_H
#define __MM_PCP_WAITING_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "lists.h"

/*
 * Pages sorted by one absorb of an allocation. It bounds the time that the lock is held
 * for work that other CPUs left behind.
 */
#define PCP_ABSORB_NODES	64

/**
 * pcp_open() - may other CPUs push to this PCP?
 * @pcp: the PCP
 *
 * Read after a push, see pcp_push().
 *
 * Context: Any.
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
 * Context: Any.
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
 * raised, and read before it. Litmus test: pcp-has-pages.
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
	pcp_set_mark(page, PCP_MARK_WAITS);
	page->pcp_llist.next = run->first;
	if (!run->first)
		run->last = &page->pcp_llist;
	run->first = &page->pcp_llist;
	run->nr_pages += 1U << order;
}

/* pcp.c */
void pcp_init(struct per_cpu_pages *pcp, int cpu);
void pcp_set_bound(struct per_cpu_pages *pcp, int high_max);
unsigned long pcp_zone_nr_pages(struct zone *zone, const struct cpumask *cpus);

/* push.c */
void pcp_push(struct pcp_run *run, bool nolock);
void pcp_push_page(struct zone *zone, int owner, struct page *page, unsigned int order,
		   bool nolock);
struct per_cpu_pages *pcp_push_pinned(struct pcp_run *run, struct per_cpu_pages *local);

/* absorb.c */
enum pcp_absorb_flags {
	PCP_ABSORB_TO_HIGH	= 0x1,	/* stop at the high mark */
	PCP_ABSORB_NOLOCK	= 0x2,	/* keep off zone->lock */
};

unsigned int pcp_absorb(struct zone *zone, struct per_cpu_pages *pcp,
			unsigned int flags);

/* flush.c */
unsigned int pcp_flush_waiting(struct zone *zone, struct per_cpu_pages *pcp,
			       bool nolock);
unsigned int pcp_flush_cpu(struct zone *zone, int cpu);
bool pcp_return_waiting(struct zone *zone, struct per_cpu_pages *pcp);
bool pcp_shepherd(int cpu);
bool pcp_return_all(void);

/* watch.c */
#ifdef CONFIG_SMP
extern bool pcp_watched;
void pcp_watch(void);
#if IS_ENABLED(CONFIG_KUNIT)
struct delayed_work;
extern struct delayed_work pcp_watch_work;
#endif
#else
/* Nobody pushes. READ_ONCE() wants a variable. */
static const bool pcp_watched __maybe_unused = true;
static inline void pcp_watch(void) {}
#endif

#endif /* __MM_PCP_WAITING_H */
