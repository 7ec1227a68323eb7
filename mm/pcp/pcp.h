/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private header of mm/pcp/: the split per-CPU free path.
 *
 * Entry points, which page_alloc.c and others in mm/ call, each with its helpers below:
 *
 *	alloc.c			allocate: the lists, then what waits, then the zone
 *	  refill.c		take pages from the zone, adopt their blocks
 *	  absorb.c		take in what other CPUs gave back
 *	free.c batch.c		free a page, a batch of folios
 *	  free.h route.h	where does a freed page go?
 *	  commit.h commit.c	put it on the local PCP, trim to the high mark
 *	  bulk.c		choose, merge and give back many pages
 *	  push.c		give it to the CPU that owns its block
 *	  flush.c		take what waits for a CPU to the zone
 *	  watch.c		the timer that does so
 *	drain.c			drains, disabled PCPs, dead CPUs
 *	switch.c		turn owners off
 *	lockless.c		a page from the PCPs alone, for kvfree_rcu()
 *
 * Below all of them:
 *
 *	validate.c trace.c	check a PCP or the blocks of a zone; the tracepoints
 *	pcp.c			set up a PCP, and how much may wait for it
 *	waiting.h take.h	pages that wait for their CPU; take them all
 *	owner.h owner.c		which CPU gets the pages of a block back
 *	lists.h buddy.c		the lists of one PCP: add, split, merge
 *	lock.h fail.h fail.c	the lock of one PCP, and how its trylock is made to fail
 *	pageblock.h		the block of a page
 *	zone.h zone.c		the seam: all that is done to a zone
 *	point.h point.c		where suites get in
 *
 * Locks: pcp->lock nests outside zone->lock. The free_llist needs neither.
 * See Documentation/mm/pcp.rst.
 */
#ifndef __MM_PCP_PCP_H
#define __MM_PCP_PCP_H

#include <linux/mm.h>
#include <linux/mmzone.h>

#include "lists.h"
#include "lock.h"
#include "owner.h"
#include "waiting.h"

/*
 * Pages that a disabled PCP gives back under one hold of the locks, and that a check of
 * CONFIG_DEBUG_VM looks at. How many a drain takes is decided in pcp_drain().
 */
#define PCP_ZONE_CHUNK		1024

/*
 * Pieces of a free_llist that go to the zone under one hold of zone->lock, with interrupts
 * off. Each costs twice what a page of a trim does, and vmstat's worker may be the one that
 * frees them. When it trims a PCP, it holds the lock for some forty pages at most.
 */
#define PCP_FLUSH_CHUNK		20

/**
 * zone_pcp() - the PCP of a CPU in a zone
 * @zone: the zone
 * @cpu: the CPU, which may be dead
 *
 * Context: A caller that does not run on @cpu, and holds no page of @zone, is an RCU reader
 * as long as it uses the PCP, or holds one of the mutexes that zone_pcp_reset() takes.
 * Return: the PCP; it exists for each possible CPU.
 */
static __always_inline struct per_cpu_pages *zone_pcp(struct zone *zone, int cpu)
{
	return per_cpu_ptr(zone->per_cpu_pageset, cpu);
}

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
void __pcp_free_page(struct zone *zone, struct page *page, unsigned long pfn,
		     unsigned int order, bool order_allowed, bool nolock);

/**
 * pcp_free_page() - free a page of an order that a PCP may have
 * @zone: zone of @page
 * @page: first page, prepared for freeing
 * @pfn: its pfn
 * @order: order of @page
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * Context: Any with @nolock, else any but NMI. May take pcp->lock and
 * zone->lock.
 */
static __always_inline void pcp_free_page(struct zone *zone, struct page *page,
					  unsigned long pfn, unsigned int order,
					  bool nolock)
{
	__pcp_free_page(zone, page, pfn, order, true, nolock);
}

/**
 * pcp_free_uncached() - free a page of an order that no PCP may have
 * @zone: zone of @page
 * @page: first page, prepared for freeing
 * @pfn: its pfn
 * @order: order of @page
 * @nolock: FPI_NOLOCK, do not wait for a lock
 *
 * Context: Any with @nolock, else any but NMI. May take zone->lock.
 */
static __always_inline void pcp_free_uncached(struct zone *zone, struct page *page,
					      unsigned long pfn, unsigned int order,
					      bool nolock)
{
	__pcp_free_page(zone, page, pfn, order, false, nolock);
}

/*
 * batch.c
 *
 * Runs of a batch, and how many of them may be the one for a given PCP. So it is found at
 * once, and CPUs that differ in the last bits of their numbers have one each.
 */
#define PCP_BATCH_RUNS	16
#define PCP_BATCH_WAYS	4

/**
 * struct pcp_batch - a batch of folios on their way to the PCPs
 * @zone: zone of @pcp
 * @pcp: the local PCP, locked and the task pinned; NULL while it is not
 * @next_way: the run to send off when all that a PCP may have are in use
 * @used: a bit for each of @runs that is set up
 * @runs: folios for other CPUs, not pushed yet
 */
struct pcp_batch {
	struct zone *zone;
	struct per_cpu_pages *pcp;
	unsigned int next_way;
	unsigned long used;
	struct pcp_run runs[PCP_BATCH_RUNS];
};

/**
 * pcp_batch_begin() - begin a batch
 * @batch: the batch; its runs are not touched
 *
 * Context: Any.
 */
static __always_inline void pcp_batch_begin(struct pcp_batch *batch)
{
	batch->pcp = NULL;
	batch->next_way = 0;
	batch->used = 0;
}

void pcp_batch_free(struct pcp_batch *batch, struct zone *zone,
		    struct page *page, unsigned long pfn, unsigned int order);
void pcp_batch_end(struct pcp_batch *batch);

/* drain.c */
void pcp_drain(struct zone *zone, struct per_cpu_pages *pcp);
void pcp_drain_finish(struct zone *zone);
void pcp_cpu_dead(struct zone *zone, struct per_cpu_pages *pcp);
void pcp_cpu_online(struct per_cpu_pages *pcp);

/* validate.c */
int pcp_validate(struct zone *zone, struct per_cpu_pages *pcp);
int pcp_validate_blocks(struct zone *zone);

#if IS_ENABLED(CONFIG_KUNIT)
void pcp_validate_report(struct va_format *vaf);
__printf(1, 2) void pcp_validate_say(const char *fmt, ...);
int pcp_validate_block(struct zone *zone, struct pageblock_data *pbd,
		       unsigned long pfn, int *owned);
#endif

#ifdef CONFIG_DEBUG_VM
void pcp_debug_validate(struct zone *zone, struct per_cpu_pages *pcp);
#else
static inline void pcp_debug_validate(struct zone *zone,
				      struct per_cpu_pages *pcp) {}
#endif

#endif /* __MM_PCP_PCP_H */
